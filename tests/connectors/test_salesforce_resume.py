"""A killed pull goes on where it stopped, up to the cutoff that it began with."""

import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from connectors.base import Pull
from connectors.salesforce import SalesforceSource
from model.tables import TABLES
from sandbox.process import Running
from tests.connectors.contract import pulled
from tests.connectors.narrow import Narrow
from tests.connectors.org import CLOCK

LATER = CLOCK + timedelta(days=3)
Open = Callable[..., Narrow]


@pytest.fixture
def opened(
    server: Running,
    settings: Callable[..., SalesforceSource],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Open]:
    """Connectors of leads alone by Bulk, in pages of 25, that keep their work in one folder."""
    monkeypatch.setattr("connectors.salesforce.bulk.PAGE_ROWS", 25)
    made: list[Narrow] = []

    def make(work: Path | None = tmp_path / "work", **changed: object) -> Narrow:
        made.append(Narrow(settings(bulk_threshold=0, **changed), ["leads"], work))
        return made[-1]

    server.clear_requests()
    yield make
    server.set_faults([])
    for connector in made:
        connector.close()


def begun(connector: Narrow, pages: int) -> Pull:
    """A pull of leads of which so many tables were read before the process died."""
    pull = connector.pull("leads", None)
    for _ in range(pages):
        next(pull.batches)
    pull.batches.close()  # type: ignore[attr-defined]
    connector._client.close()
    return pull


def calls(server: Running, endpoint: str, of: str = "Lead") -> int:
    return sum(r["endpoint"] == endpoint and r["object"] == of for r in server.requests())


def rest(pull: Pull) -> pa.Table:
    rows = pa.concat_tables([TABLES["leads"].empty(), *pull.batches])
    return rows.sort_by("lead_id")


def test_pages_on_disk_are_not_fetched_again(opened: Open, server: Running) -> None:
    undisturbed = pulled(opened(None), "leads")[1].sort_by("lead_id")
    server.clear_requests()
    died = begun(opened(), 3)
    got = calls(server, "bulk_results")
    again = opened().pull("leads", None)
    assert rest(again).equals(undisturbed)
    assert calls(server, "bulk_create") == 1
    pages = -(-undisturbed.num_rows // 25)
    assert calls(server, "bulk_results") in (pages, pages + 1)  # one was on its way
    assert got >= 3
    assert died.cursor() == again.cursor()


def test_a_resumed_pull_keeps_its_cutoff(opened: Open, server: Running) -> None:
    """Its rows are those of the first clock: a later cursor would skip what changed between."""
    begun(opened(), 2)
    server.set_clock(LATER)
    connector = opened()
    resumed = connector.pull("leads", None)
    rows = rest(resumed)
    assert resumed.complete_at == CLOCK - timedelta(minutes=2)
    assert connector.offer().cutoff_at == LATER - timedelta(minutes=2)
    assert calls(server, "bulk_create") == 1
    resumed.finish()
    further = connector.pull("leads", resumed.cursor())
    assert further.complete_at == connector.offer().cutoff_at
    changed = rest(further)
    assert 0 < changed.num_rows < rows.num_rows
    whole = pulled(opened(None), "leads")[1].sort_by("lead_id")
    upserted = {row["lead_id"]: row for row in [*rows.to_pylist(), *changed.to_pylist()]}
    for row in whole.to_pylist():
        assert upserted[row["lead_id"]] == row


def test_nothing_is_left_after_success(opened: Open, server: Running, tmp_path: Path) -> None:
    pull, _ = pulled(opened(), "leads")
    assert list((tmp_path / "work").rglob("*.csv"))
    assert calls(server, "bulk_delete") == calls(server, "bulk_create")
    pull.finish()
    assert not list((tmp_path / "work" / "leads").rglob("*"))


@pytest.mark.parametrize(
    "changed", [{"fields": {}}, {"overlap_minutes": 15, "fields": {"leads.score": "Score__c"}}]
)
def test_another_query_starts_anew(
    opened: Open, server: Running, tmp_path: Path, changed: dict[str, object]
) -> None:
    begun(opened(), 2)
    server.set_clock(LATER)
    other = opened(**changed)
    pull, rows = pulled(other, "leads")
    assert pull.complete_at == LATER - timedelta(minutes=2)
    assert calls(server, "bulk_create") == 2
    assert rows.num_rows


def test_another_cursor_starts_anew(opened: Open, server: Running) -> None:
    first, _ = pulled(opened(None), "leads")
    begun(opened(), 2)
    server.set_clock(LATER)
    assert opened().pull("leads", first.cursor()).complete_at == LATER - timedelta(minutes=2)


def test_a_job_that_salesforce_has_forgotten_starts_anew(opened: Open, server: Running) -> None:
    undisturbed = pulled(opened(None), "leads")[1].sort_by("lead_id")
    connector = opened()
    begun(connector, 2)
    job = next(connector._kept.plan("leads", _meaning(connector), CLOCK).jobs())
    from connectors.salesforce.bulk import drop_job

    drop_job(opened(None)._client, job.id)
    server.clear_requests()
    assert rest(opened().pull("leads", None)).equals(undisturbed)
    assert calls(server, "bulk_create") == 1


def _meaning(connector: Narrow) -> str:
    keys = [connector._key(stream) for stream in connector._members("leads")]
    return repr((None, keys, connector._identity))


def test_files_that_make_no_sense_start_anew(opened: Open, tmp_path: Path) -> None:
    undisturbed = pulled(opened(None), "leads")[1].sort_by("lead_id")
    begun(opened(), 2)
    for file in (tmp_path / "work").rglob("*.json"):
        file.write_text("{")
    assert rest(opened().pull("leads", None)).equals(undisturbed)


def test_a_missing_page_starts_anew(opened: Open, tmp_path: Path) -> None:
    undisturbed = pulled(opened(None), "leads")[1].sort_by("lead_id")
    begun(opened(), 3)
    next(iter(sorted((tmp_path / "work").rglob("0001.csv")))).unlink()
    assert rest(opened().pull("leads", None)).equals(undisturbed)


def test_what_is_older_than_two_days_goes(opened: Open, server: Running, tmp_path: Path) -> None:
    begun(opened(), 2)
    (tmp_path / "work" / "leads").rename(tmp_path / "work" / "gone_table")
    old = time.time() - timedelta(days=2, hours=1).total_seconds()
    for file in [*(tmp_path / "work").rglob("*"), tmp_path / "work" / "gone_table"]:
        os.utime(file, (old, old))
    opened().offer()
    assert not (tmp_path / "work" / "gone_table").exists()
    assert calls(server, "bulk_delete") == calls(server, "bulk_create")


def test_the_folder_is_nobody_elses(opened: Open, tmp_path: Path) -> None:
    begun(opened(), 1)
    folder = tmp_path / "work" / "leads"
    assert folder.stat().st_mode & 0o077 == 0
    assert json.loads((folder / "pull.json").read_text())["cutoff_at"] == "2026-06-01T11:58:00"


def test_an_interrupted_result_is_kept_for_the_next_sync(opened: Open, server: Running) -> None:
    undisturbed = pulled(opened(None), "leads")[1].sort_by("lead_id")
    server.clear_requests()
    fault = {"endpoint": "bulk_results", "kind": "unavailable", "skip": 3, "times": None}
    server.set_faults([fault])
    from model.errors import UnreachableError

    with pytest.raises(UnreachableError):
        pulled(opened(), "leads")
    server.set_faults([])
    got = calls(server, "bulk_create")
    assert rest(opened().pull("leads", None)).equals(undisturbed)
    assert calls(server, "bulk_create") == got == 1
