"""A few indicators computed from the tables are, to the last digit, those that all facts give."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from metrics import evaluate, facts
from metrics.declaration import Result
from metrics.indicators import CATALOGUE
from metrics.loaded import Facts, Loaded
from model.tables import TABLES
from monitor.few import few
from monitor.refresh import HISTORY, keeping
from store.duck_engine import DuckEngine
from store.engines import Engine
from store.lake import Lake
from tests.metrics.company import EVERYTHING, Company
from tests.metrics.grown import AS_OF, grown
from tests.metrics.naive import unrestricted
from tests.store.workers import draft

LATER = AS_OF + timedelta(days=2)
FIVE = (
    "never_touched_rate",
    "mql_acceptance_rate",
    "decision_rate",
    "loss_reason_rate",
    "contact_role_coverage",
)
TOGETHER: tuple[tuple[str, ...], ...] = (
    FIVE,
    ("first_response_hours", "queue_wait_share"),
    ("rules_compliance_rate", "shared_metric_coverage", "common_head"),
    ("forecast_accuracy", "pipeline_hygiene", "funnel_continuity"),
)


class Whole:
    """A dirty company in a lake without facts, and its indicators by all of them."""

    def __init__(
        self, company: Company, folder: Path, steps: ExitStack, as_of: datetime = AS_OF
    ) -> None:
        self._definitions, self._as_of = company.definitions, as_of
        lake = Lake(str(folder))
        versions = {}
        for name, rows in company.rows.items():
            made = TABLES[name].conform(rows)
            lake.upsert("crm", name, [made], cursor=lambda: "1")
            versions[f"crm/{name}"] = 0
        manifest = lake.publish(draft(versions))
        self.engine: Engine = steps.enter_context(DuckEngine(lake, manifest))
        given = self.engine.canonical, self._definitions, EVERYTHING
        built = facts.build(*given, as_of, as_of - HISTORY, keeping(self.engine, steps))
        made_facts = steps.enter_context(self.engine.materialise(built))
        known = EVERYTHING, self._definitions, as_of, self.engine.run
        self.loaded = evaluate.loaded(lambda: made_facts, *known)

    def few(self, ids: Sequence[str]) -> list[Any]:
        needed = evaluate.needed(self._definitions, ids)
        known = EVERYTHING, self._definitions, self._as_of

        def results(computed: Facts) -> list[Any]:
            loaded = evaluate.loaded(lambda: computed, *known, self.engine.run, few=needed)
            return figures(loaded, ids)

        return few(self.engine, self.engine.canonical, *known, needed, results)


def figures(loaded: Loaded, ids: Sequence[str]) -> list[Any]:
    found = evaluate.evaluate(loaded, only=ids, by=() if len(ids) % 2 else ("month",))
    return [
        (one.indicator.id, one.segment, one.score, said(one.estimate), variants(one))
        for one in found
    ]


def variants(one: Result) -> Any:
    return {name: said(estimate) for name, estimate in one.variants.items()}


def said(one: Any) -> Any:
    return (one.value, one.bound, one.low, one.high, one.n, one.clusters, one.status, one.reason)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    with ExitStack() as steps:
        yield Whole(unrestricted(grown(3)), tmp_path_factory.mktemp("few"), steps)


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    with ExitStack() as steps:
        yield Whole(unrestricted(grown(3)), tmp_path_factory.mktemp("later"), steps, LATER)


@pytest.mark.parametrize("ids", TOGETHER)
def test_few_are_as_of_all(whole: Whole, ids: tuple[str, ...]) -> None:
    assert whole.few(ids) == figures(whole.loaded, ids)


@pytest.mark.parametrize("ids", TOGETHER)
def test_they_are_when_all_rows_were_recorded_by_then(later: Whole, ids: tuple[str, ...]) -> None:
    assert AS_OF < max(later.engine.recorded_until.values()) < LATER
    assert later.few(ids) == figures(later.loaded, ids)


def test_only_what_is_looked_at_is_computed(whole: Whole) -> None:
    needed = evaluate.needed(whole.loaded.definitions, ["loss_reason_rate"])
    known = EVERYTHING, whole.loaded.definitions, AS_OF
    columns = few(
        whole.engine,
        whole.engine.canonical,
        *known,
        needed,
        lambda computed: set(computed["opportunities"].columns),
    )
    assert [*needed] == ["opportunities"]
    assert {"is_loss_reason_agreed", "closed_at", "cluster"} <= columns
    assert not columns & {"is_clean", "last_touch_at", "is_traceable", "region"}


@pytest.mark.full
@pytest.mark.parametrize("name", CATALOGUE)
def test_each_alone_is_as_of_all(whole: Whole, name: str) -> None:
    assert whole.few([name]) == figures(whole.loaded, [name])


@pytest.mark.full
@pytest.mark.parametrize("seed", range(4, 8))
def test_of_other_companies_as_well(tmp_path: Path, seed: int) -> None:
    with ExitStack() as steps:
        whole = Whole(unrestricted(grown(seed)), tmp_path, steps)
        for ids in TOGETHER:
            assert whole.few(ids) == figures(whole.loaded, ids)
