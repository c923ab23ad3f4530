"""The same facts, figures and findings from every engine, over one company."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from config.settings import EngineSettings
from monitor import demo
from monitor.reading import Reading, with_records
from monitor.refresh import refresh
from monitor.workspace import Workspace
from store.duck_engine import DuckEngine

EXACT = 1e-9


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
            {name: rows(reading.records(name)) for name in with_records()},
        )
