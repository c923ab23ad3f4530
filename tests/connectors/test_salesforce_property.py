"""Whatever the steps, the tables end as a full pull gives them: row for row, deleted ones too."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from connectors.salesforce import SalesforceConnector, SalesforceSource
from model.tables import TABLES
from monitor.pulls import Wish
from sandbox.process import Running
from store.lake import Lake
from store.manifest import SourceState
from tests.connectors.narrow import held, synced
from tests.connectors.org import CLOCK

MOST_DAYS = 38
Make = Callable[..., SalesforceSource]
# Minutes around a step matter as much as weeks: that is where rows become visible late.
steps = st.lists(
    st.one_of(st.integers(1, 40), st.integers(60, 60 * 24 * 12)), min_size=1, max_size=4
)


def stepped(server: Running, make: Make, minutes: Sequence[int], folder: Path) -> None:
    """Pulls after each of the steps, the last with a reconciliation, beside one full pull."""
    lake, state = Lake(str(folder / "steps")), None
    after = [sum(minutes[:number]) for number in range(len(minutes) + 1)]
    for number, passed in enumerate(after):
        moment = CLOCK - timedelta(days=10) + timedelta(minutes=passed)
        server.set_clock(min(moment, CLOCK + timedelta(days=MOST_DAYS)))
        missing, state = _sync(lake, make, Wish(reconcile=number == len(minutes)), state)
        assert not missing
    whole = Lake(str(folder / "whole"))
    assert not _sync(whole, make, Wish(), None)[0]
    same(lake, whole)
    assert not _sync(lake, make, Wish(full=True), state)[0]
    same(lake, whole)


def _sync(
    lake: Lake, make: Make, wish: Wish, before: SourceState | None
) -> tuple[list[str], SourceState]:
    gathered, state = synced(lake, SalesforceConnector("crm", make()), wish, before)
    return gathered.missing("crm"), state


def same(one: Lake, two: Lake) -> None:
    found, expected = held(one, TABLES), held(two, TABLES)
    for table in TABLES:
        assert found[table].equals(expected[table]), difference(table, found, expected)


def difference(
    table: str, found: dict[str, pa.Table], expected: dict[str, pa.Table]
) -> tuple[object, ...]:
    key = TABLES[table].key
    one = {row[key]: row for row in found[table].to_pylist()}
    two = {row[key]: row for row in expected[table].to_pylist()}
    unlike = [k for k in one.keys() | two.keys() if one.get(k) != two.get(k)]
    return table, len(unlike), one.get(unlike[0]), two.get(unlike[0])


@pytest.mark.parametrize(
    "minutes",
    [[7, 60 * 24 * 20], pytest.param([60 * 24 * 12, 11, 60 * 24 * 30], marks=pytest.mark.full)],
)
def test_some_steps_end_where_a_full_pull_ends(
    minutes: list[int], server: Running, settings: Make, tmp_path: Path
) -> None:
    stepped(server, settings, minutes, tmp_path)


@pytest.mark.full
@hypothesis.settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(minutes=steps)
def test_any_steps_end_where_a_full_pull_ends(
    minutes: list[int], server: Running, settings: Make
) -> None:
    with TemporaryDirectory() as folder:
        stepped(server, settings, minutes, Path(folder))


@pytest.mark.full
def test_bulk_steps_end_where_a_full_pull_ends(
    server: Running, settings: Make, tmp_path: Path
) -> None:
    def by_bulk(**changed: object) -> SalesforceSource:
        return settings(bulk_threshold=30, **changed)

    stepped(server, by_bulk, [90, 60 * 24 * 9, 60 * 24 * 20], tmp_path)
