"""A record that is gone from the CRM is gone from every file of the lake."""

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import store.lake
from model.availability import Availability
from model.tables import TABLES
from store.lake import Lake
from store.manifest import Manifest, SourceState

DAY = datetime(2026, 3, 31)
GONE, FIRST = "00Q000000000ZZZ", "00Q000000000AAA"  # greatest and least: what a log would keep


def leads(*ids: str) -> pa.Table:
    clocks = {"created_at": DAY, "recorded_at": DAY}
    return TABLES["leads"].conform([{"lead_id": one, **clocks} for one in ids])


def published(lake: Lake, fact: pa.Table) -> Manifest:
    versions = {"facts/handoffs": lake.write_fact("handoffs", fact), **lake.versions("crm")}
    state = SourceState(Availability({"leads": frozenset({"lead_id"})}), DAY)
    return lake.publish(Manifest.draft(versions, {"crm": state}, "abc"))


def holding(folder: Path, needle: str) -> list[str]:
    """The files that hold a text: in a column, in the footer, or as plain bytes."""
    found = []
    for file in (one for one in folder.rglob("*") if one.is_file()):
        texts = [file.read_bytes().decode("latin-1")]
        if file.suffix == ".parquet":
            texts.append(str(pq.ParquetFile(file).read().to_pylist()))
        if any(needle in text for text in texts):
            found.append(file.relative_to(folder).as_posix())
    return found


@pytest.mark.parametrize("rows", [3, 1000])
def test_a_record_gone_from_the_crm_leaves_every_file(
    rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.lake, "PARTITION_FROM_ROWS", rows)  # by month, and whole
    lake = Lake(str(tmp_path / "lake"))
    stay = [f"00Q00000000{n:04}" for n in range(8)]
    lake.upsert("crm", "leads", [leads(FIRST, *stay, GONE)], cursor=lambda: "1")
    quarter_end = published(lake, leads(FIRST, *stay, GONE))
    lake.retain("crm", "leads", [pa.array(stay)], whatever_is_lost=True)
    for _ in range(3):
        published(lake, leads(*stay))
    lake.vacuum(keep=[quarter_end.id])
    for one in (GONE, FIRST):
        assert any(name.startswith("crm/leads") for name in holding(tmp_path / "lake", one))
        assert any(name.startswith("facts/handoffs") for name in holding(tmp_path / "lake", one))
    assert len(lake.uris("crm/leads", quarter_end.versions["crm/leads"])) > 0

    published(lake, leads(*stay))
    lake.vacuum()
    for one in (GONE, FIRST):
        assert holding(tmp_path / "lake", one) == []
    assert holding(tmp_path / "lake", stay[-1])
    assert lake.manifest(quarter_end.id) is None
