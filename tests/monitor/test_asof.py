"""As of any instant, today's lake says what a lake pulled at that instant said."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st

from config import Settings
from monitor import demo, snapshots
from monitor.progress import SILENT
from monitor.refresh import publish
from monitor.sync import sync
from monitor.workspace import CONFIG_NAME, Workspace
from sandbox.company import generate
from sandbox.process import Running, start
from sandbox.scenario import Scenario
from tests.monitor import past

ENDS_AT = datetime(2026, 6, 30, 12)
LATER = ENDS_AT + timedelta(days=20)  # by then what was deleted around the end is purged
MONTHS = 6
instants = st.integers(30 * 24 * 60, MONTHS * 30 * 24 * 60).map(
    lambda minutes: ENDS_AT - timedelta(days=MONTHS * 30) + timedelta(minutes=minutes)
)


@contextmanager
def served(
    folder: Path, scenario: Scenario, seed: int, leads: int, months: int = MONTHS
) -> Iterator[Running]:
    organisation = folder / "organisation"
    generate(
        organisation,
        scenario,
        seed=seed,
        leads=leads,
        ends_at=ENDS_AT,
        months=months,
        future_days=25,
    )
    with start(organisation, folder / "state.json", clock=ENDS_AT) as running:
        yield running


class Company:
    """A company behind a server, and all that it says at the end."""

    def __init__(self, running: Running, folder: Path) -> None:
        self.running, self.folder = running, folder
        self.settings: Settings = past.settings_of(running, folder)
        self.late = past.pulled(running, self.settings, folder, LATER)

    def as_pulled(self, at: datetime) -> tuple[past.Pulled, past.Tables]:
        """A lake pulled `at` an instant, and its tables with the gaps of which users are told."""
        settings, late = self.settings, self.late
        early = past.pulled(self.running, settings, self.folder, at)
        then = past.by_then(late, settings, early.cutoff_at)
        for name, rows in then.items():
            past.nothing_new(name, rows, early.tables[name])
        found = past.listed(late, settings, early.cutoff_at)
        gone = past.purged(self.folder / "organisation", LATER)
        return early, past.with_gaps(early, late, then, found, gone)

    def compare(self, at: datetime) -> None:
        """Facts from a lake pulled `at` an instant, and as of then from one pulled at the end."""
        settings, late = self.settings, self.late
        early, tables = self.as_pulled(at)
        as_of = early.cutoff_at
        with past.place() as here:
            one = past.built(here, past.known(here, tables, settings), early, settings, as_of)
            two = past.built(here, past.known(here, late.tables, settings), late, settings, as_of)
            for name in one:
                unlike = past.differences(name, here.run(one[name]), here.run(two[name]))
                assert not unlike, (name, len(unlike), unlike[:3])


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    folder = tmp_path_factory.mktemp("company")
    with (
        served(folder, Scenario.preset("defined"), 11, 250) as running,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv(demo.TOKEN_VARIABLE, running.access_token)
        yield Company(running, folder)


@hypothesis.settings(
    max_examples=1,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # shrinking would pull for an hour
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(at=instants)
def test_facts_of_a_past_instant_are_those_of_then(at: datetime, company: Company) -> None:
    company.compare(at)


@pytest.mark.full
@hypothesis.settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # shrinking would pull for an hour
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    at=instants,
    stage=st.sampled_from(["undefined", "defined", "aligned", "integrated"]),
    seed=st.integers(0, 1000),
    leads=st.integers(100, 500),
    currencies=st.sampled_from(["single", "multi"]),
    enhanced_email=st.booleans(),
)
def test_facts_of_any_company(
    at: datetime,
    stage: str,
    seed: int,
    leads: int,
    currencies: Literal["single", "multi"],
    enhanced_email: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen = replace(Scenario.preset(stage), currencies=currencies, enhanced_email=enhanced_email)
    with TemporaryDirectory() as name, served(Path(name), chosen, seed, leads) as running:
        monkeypatch.setenv(demo.TOKEN_VARIABLE, running.access_token)
        Company(running, Path(name)).compare(at)


def backfilled(company: Company, months: int) -> None:
    """Snapshots rebuilt from what the end holds, beside those that were taken on their days."""
    home = company.folder / "home"
    config = company.folder / CONFIG_NAME
    late = Workspace.open(config, home / "late")
    company.running.set_clock(LATER)
    sync(late)
    made = snapshots.backfill(late, months)
    assert len(made) == months
    for one in made:
        end = one.head.as_of_at.replace(microsecond=0)
        early, tables = company.as_pulled(end + timedelta(minutes=past.LAG_MINUTES))
        assert early.cutoff_at == end
        then = Workspace.open(config, home / f"{end:%Y-%m-%d}")
        states = past.state(early, one.head.as_of_at)
        publish(then, past.stored(then, tables), states, SILENT)
        live = snapshots.take(then)
        assert live.unknown == ()
        assert one.unknown
        shown = [snapshots.show(late, one.head.id), snapshots.show(then, live.head.id)]
        unlike = past.unlike_forms(*shown)
        assert not unlike, (f"{end:%Y-%m-%d}", len(unlike), unlike[:5])


@pytest.mark.full
def test_two_years_of_backfilled_snapshots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(tmp_path, Scenario.preset("aligned"), 4, 600, months=25) as running:
        monkeypatch.setenv(demo.TOKEN_VARIABLE, running.access_token)
        backfilled(Company(running, tmp_path), 24)
