"""What a sync does beside the rows: purges, formulas, limits, progress, a source that changes."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.base import OfferChangedError
from connectors.salesforce import SalesforceConnector, SalesforceSource
from connectors.salesforce.client import Client
from model.errors import LimitError
from monitor.progress import SILENT, Progress
from monitor.pulls import SourcePull, Wish
from sandbox.process import Running
from store.lake import Lake
from store.manifest import SourceState
from tests.connectors.narrow import Narrow, held, synced
from tests.connectors.org import CLOCK, truth

TABLES = ("leads", "activities", "attendees", "lead_changes", "opportunity_changes", "users")
LATER = CLOCK + timedelta(days=30)
Make = Callable[..., SalesforceSource]
FORMULA = {"leads.segment": "Score_Band__c", "leads.score": "Score__c"}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def pull(
    lake: Lake,
    make: Make,
    wish: Wish | None = None,
    before: SourceState | None = None,
    **more: object,
) -> tuple[dict[str, int], SourceState]:
    """A sync of `TABLES` that succeeds: rows read by table, and the state."""
    gathered, state = synced(lake, Narrow(make(**more), TABLES), wish, before)
    assert not gathered.failed
    return {name: report.read for name, report in gathered.tables.items()}, state


def same(one: Lake, two: Lake) -> None:
    found, expected = held(one, TABLES), held(two, TABLES)
    for table in TABLES:
        assert found[table].equals(expected[table]), table


def test_purged_records_go_with_a_reconciliation(
    lake: Lake, server: Running, settings: Make, tmp_path: Path
) -> None:
    _, state = pull(lake, settings)
    server.set_clock(LATER)
    _, state = pull(lake, settings, before=state, reconcile_days=365)
    before = held(lake, TABLES)
    cursors = {table: lake.cursor("crm", table) for table in TABLES}
    _, state = pull(lake, settings, Wish(reconcile=True), state)
    after = held(lake, TABLES)
    gone = {table for table in TABLES if after[table].num_rows < before[table].num_rows}
    assert {"leads", "activities", "lead_changes"} <= gone
    said = " ".join(state.reconciled)
    assert all(f"{table}: " in said and "purged" in said for table in gone)
    assert {table: lake.cursor("crm", table) for table in TABLES} == cursors
    whole = Lake(str(tmp_path / "whole"))
    pull(whole, settings)
    same(lake, whole)


def test_it_is_made_every_so_many_days(lake: Lake, server: Running, settings: Make) -> None:
    state, made = None, []
    for days in (0, 6, 8, 14, 16):
        server.set_clock(CLOCK + timedelta(days=days))
        _, state = pull(lake, settings, before=state, reconcile_days=7)
        assert state.reconciled_at is not None
        made.append((state.reconciled_at - CLOCK + timedelta(minutes=2)).days)
    assert made == [0, 0, 8, 8, 16]


def test_a_user_who_sees_less_loses_nothing(
    lake: Lake, server: Running, settings: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes out of sight was not purged; only a full pull believes it."""
    _, state = pull(lake, settings)
    before = held(lake, TABLES)["leads"]
    monkeypatch.setenv("REGIONAL", server.users["regional"].access_token)
    _, state = pull(lake, settings, Wish(reconcile=True), state, token_env="REGIONAL")
    assert any(note.startswith("leads: ") and "sight" in note for note in state.reconciled)
    assert held(lake, TABLES)["leads"].num_rows == before.num_rows
    pull(lake, settings, Wish(full=True), state, token_env="REGIONAL")
    assert held(lake, TABLES)["leads"].num_rows < 0.8 * before.num_rows


def test_formulas_are_brought_up_to_date_with_a_reconciliation(
    lake: Lake, server: Running, settings: Make, tmp_path: Path
) -> None:
    with Narrow(settings(fields=FORMULA), TABLES) as source:
        offer = source.offer()
    assert offer.drifting == {"leads"}
    assert any("Lead.Score_Band__c is a formula" in note for note in offer.notes)
    read, state = pull(lake, settings, fields=FORMULA)
    server.set_clock(LATER)
    more, state = pull(lake, settings, before=state, fields=FORMULA, reconcile_days=60)
    assert more["leads"] < read["leads"]
    all_, state = pull(lake, settings, Wish(reconcile=True), state, fields=FORMULA)
    assert all_["leads"] >= read["leads"]
    whole = Lake(str(tmp_path / "whole"))
    pull(whole, settings, fields=FORMULA)
    same(lake, whole)


def test_what_takes_many_requests_is_pulled_with_a_reconciliation(
    lake: Lake, server: Running, settings: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.salesforce.pulling.COSTLY_IDS", 3)

    def read(wish: Wish) -> int:
        source = Narrow(settings(), ["content_links"])
        gathered, made = synced(lake, source, wish, state)
        assert any("content_links takes many requests" in note for note in made.notes)
        return gathered.tables["content_links"].read

    _, state = synced(lake, Narrow(settings(), ["content_links"]))
    server.clear_requests()
    assert read(Wish()) == 0
    assert not [r for r in server.requests() if r["object"] == "ContentDocumentLink" and r["query"]]
    assert read(Wish(reconcile=True)) > 0
    assert read(Wish(full=True)) > 0


def test_without_formulas_nothing_drifts(settings: Make) -> None:
    with Narrow(settings(), TABLES) as source:
        assert source.offer().drifting == frozenset()


def test_a_spent_limit_stops_and_keeps_what_was_committed(
    lake: Lake, server: Running, settings: Make
) -> None:
    fault = {"endpoint": "query", "kind": "limit_exceeded", "skip": 6, "times": None}
    server.set_faults([fault])
    gathered, _ = synced(lake, Narrow(settings(parallel=1), TABLES))
    server.set_faults([])
    assert gathered.tables
    assert any(isinstance(error, LimitError) for error in gathered.failed.values())
    assert any("not pulled" in line for line in gathered.missing("crm"))
    done = {name: lake.version("crm", name) for name in gathered.tables}
    pull(lake, settings)
    assert all(lake.version("crm", name) == version for name, version in done.items())


def test_a_field_that_disappears_half_way_is_described_again(
    lake: Lake, server: Running, settings: Make
) -> None:
    server.clear_requests()
    fault = {"endpoint": "query", "object": "Lead", "kind": "invalid_field", "times": 1}
    server.set_faults([fault])
    pull(lake, settings)
    described = [r["object"] for r in server.requests() if r["endpoint"] == "describe"]
    assert described.count("Lead") == 2


def test_one_that_stays_invalid_is_described_again_once(
    lake: Lake, server: Running, settings: Make
) -> None:
    server.clear_requests()
    fault = {"endpoint": "query", "object": "Lead", "kind": "invalid_field", "times": None}
    server.set_faults([fault])
    gathered, _ = synced(lake, Narrow(settings(), TABLES))
    server.set_faults([])
    assert isinstance(gathered.failed["leads"], OfferChangedError)
    assert set(gathered.tables) == set(TABLES) - {"leads"}
    described = [r["object"] for r in server.requests() if r["endpoint"] == "describe"]
    assert described.count("Lead") == 2


class Seen(Progress):
    """What a sync told."""

    def __init__(self) -> None:
        self.done: dict[str, int] = {}
        self.ended: list[str] = []
        self.used = 0

    def step(self, task: str, done: int, total: int | None) -> None:
        self.done[task] = done

    def calls(self, source: str, used: int) -> None:
        assert source == "crm"
        self.used = max(self.used, used)

    def end(self, task: str) -> None:
        self.ended.append(task)


def test_progress_names_objects_rows_and_calls(lake: Lake, settings: Make) -> None:
    seen = Seen()
    with Narrow(settings(), TABLES) as source:
        _, gathered, _ = SourcePull(lake, source, Wish(), None, seen).run()
        calls = source.api_calls
    assert sum(seen.done.values()) == sum(one.read for one in gathered.tables.values())
    assert seen.done["crm · Lead"] == gathered.tables["leads"].read
    both = {f"crm · Event for {table}" for table in ("activities", "attendees")}
    assert both | {"crm · Task", "crm · EventRelation"} < set(seen.done)
    assert sorted(seen.ended) == sorted(seen.done)
    assert 0 < seen.used <= calls


def test_tables_are_pulled_side_by_side_as_they_are_one_by_one(
    server: Running, settings: Make, tmp_path: Path
) -> None:
    lakes = []
    for parallel in (1, 6):
        lakes.append(Lake(str(tmp_path / f"lake{parallel}")))
        source = SalesforceConnector("crm", settings(parallel=parallel))
        with source:
            _, gathered, _ = SourcePull(lakes[-1], source, Wish(), None, SILENT).run()
        assert not gathered.failed
    same(*lakes)


def test_no_more_requests_are_made_at_a_time_than_are_allowed(
    server: Running, settings: Make
) -> None:
    server.set_faults([{"endpoint": "describe", "kind": "slow", "seconds": 0.1, "times": 6}])
    client = Client(settings(parallel=2))
    started = time.perf_counter()
    with closing(client), ThreadPoolExecutor(6) as pool:
        assert all(pool.map(client.describe, ["Lead"] * 6))
    assert time.perf_counter() - started > 0.3


def test_however_companions_are_asked_for_the_rows_are_the_same(
    server: Running, settings: Make, tmp_path: Path, organisation: Path
) -> None:
    """By id, whether the tasks came by REST or by Bulk; or all, since so many are wanted."""
    since = CLOCK - timedelta(minutes=15)
    changed = f"SELECT count(*) FROM {{Task}} WHERE SystemModstamp >= '{since}'"
    ((tasks,),) = truth(organisation, changed, CLOCK + timedelta(days=3))
    lakes = {}
    for threshold in (10_000, tasks, 0):
        lakes[threshold] = Lake(str(tmp_path / f"lake{threshold}"))
        server.set_clock(CLOCK)
        _, state = pull(lakes[threshold], settings)
        server.set_clock(CLOCK + timedelta(days=3))
        server.clear_requests()
        pull(lakes[threshold], settings, before=state, bulk_threshold=threshold)
        calls = [r for r in server.requests() if "FROM EmailMessage WHERE ActivityId" in r["query"]]
        counted = [r for r in calls if r["endpoint"] == "count"]
        assert bool(counted) == (threshold == 0)
        assert ("IN (" in " ".join(r["query"] for r in calls)) == (threshold > 0)
    same(lakes[10_000], lakes[0])
    same(lakes[10_000], lakes[tasks])
