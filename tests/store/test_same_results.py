"""The same facts, figures and findings from every engine, over one company."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from config.settings import EngineSettings
from metrics.declaration import Result, Shown
from monitor import demo
from monitor.reading import Reading
from monitor.refresh import refresh
from monitor.workspace import Workspace
from store.duck_engine import DuckEngine

pytestmark = pytest.mark.full
EXACT = 1e-9
LISTED = ("lead_followup_rate", "loss_reason_rate", "win_rate")


@dataclass(frozen=True)
class Told:
    """What an engine makes of the company, in plain values."""

    facts: Mapping[str, list[dict[str, Any]]]
    indicators: list[dict[str, Any]]
    shown: list[dict[str, Any]]
    findings: list[dict[str, Any]]
    stage: dict[str, Any]
    records: Mapping[str, list[dict[str, Any]]]


def told(company: demo.Company, home: Path, url: str | None) -> Told:
    """The facts rebuilt and the figures worked out in a copy of the company's lake."""
    shutil.copytree(company.workspace.home / "lake", home / "lake")
    settings = company.workspace.settings.model_copy(update={"engine": EngineSettings(url=url)})
    workspace = Workspace(home, settings)
    manifest = refresh(workspace)
    with DuckEngine(workspace.lake, manifest) as engine:
        facts = {name: rows(engine.run(fact)) for name, fact in engine.facts().items()}
    with Reading.open(workspace) as reading:
        indicators = reading.indicators()
        outcomes, evidence = reading.shown()
        return Told(
            facts,
            [plain(one) for one in [*indicators, *reading.indicators(by=["region"])]],
            [plain(one) for one in [*outcomes, *evidence]],
            [plain(one) for one in reading.findings()],
            plain(reading.verdict_of(indicators)),
            {name: rows(reading.records(name)) for name in LISTED},
        )


def rows(table: pa.Table) -> list[dict[str, Any]]:
    """The rows in an order of their own, columns by name."""
    ordered = table.select(sorted(table.column_names))
    return sorted(ordered.to_pylist(), key=lambda row: repr(list(map(coarse, row.values()))))


def coarse(value: object) -> object:
    """So that an order does not hang on the last digits."""
    return f"{value:.6g}" if isinstance(value, float) else value


def plain(value: Any) -> Any:
    """A figure in numbers, text and containers; what it is declared to be by its id alone."""
    if isinstance(value, Result | Shown):
        declared = value.indicator if isinstance(value, Result) else value.measure
        return {**plain_fields(value), "declared": declared.id}
    if is_dataclass(value):
        return plain_fields(value)
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value


def plain_fields(value: Any) -> dict[str, Any]:
    left_out = {"indicator", "measure", "statistics"}
    return {f.name: plain(getattr(value, f.name)) for f in fields(value) if f.name not in left_out}


def assert_same(one: Any, other: Any, where: str = "") -> None:
    """Equal, numbers to within 1e-9 of their size."""
    assert type(one) is type(other), (where, one, other)
    if isinstance(one, Mapping):
        assert one.keys() == other.keys(), where
        for key in one:
            assert_same(one[key], other[key], f"{where}/{key}")
    elif isinstance(one, list):
        assert len(one) == len(other), where
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            assert_same(left, right, f"{where}/{number}")
    elif isinstance(one, float):
        assert one == pytest.approx(other, rel=EXACT, abs=EXACT, nan_ok=True), where
    else:
        assert one == other, where


@pytest.fixture(scope="module")
def by_duckdb(demonstration: demo.Company, tmp_path_factory: pytest.TempPathFactory) -> Told:
    return told(demonstration, tmp_path_factory.mktemp("by-duckdb"), None)


@pytest.fixture(scope="module")
def by_spark(
    demonstration: demo.Company, spark_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Told:
    return told(demonstration, tmp_path_factory.mktemp("by-spark"), spark_url)


def test_every_fact_is_the_same_row_for_row(by_duckdb: Told, by_spark: Told) -> None:
    assert len(by_duckdb.facts["handoffs"]) > 300
    assert sum(map(bool, by_duckdb.facts.values())) > 15
    assert_same(by_duckdb.facts, by_spark.facts)


def test_every_figure_is_the_same(by_duckdb: Told, by_spark: Told) -> None:
    assert sum(one["estimate"]["value"] is not None for one in by_duckdb.indicators) > 80
    assert_same(by_duckdb.indicators, by_spark.indicators)
    assert_same(by_duckdb.shown, by_spark.shown)
    assert_same(by_duckdb.stage, by_spark.stage)


def test_the_records_and_findings_behind_them_are_the_same(by_duckdb: Told, by_spark: Told) -> None:
    assert sum(map(len, by_duckdb.records.values())) > 150
    assert_same(by_duckdb.records, by_spark.records)
    assert sum(one["count"] for one in by_duckdb.findings) > 10
    assert_same(by_duckdb.findings, by_spark.findings)
