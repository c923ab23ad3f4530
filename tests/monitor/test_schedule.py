"""The right runs, once: whatever the clock does, whoever sleeps, dies or comes second."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from sqlalchemy import text

from config import Settings
from config.settings import ScheduleSettings
from model.errors import BusyError, ConfigurationError, SourceError
from monitor import timetable
from monitor.progress import Progress
from monitor.schedule import LASTS, Worker
from monitor.timetable import RunForm
from monitor.workspace import Workspace
from store.records.schedule import Outcome
from store.records.transactions import connect
from tests.monitor import killed
from tests.store.workers import pipe, spawn

BERLIN = "Europe/Berlin"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 6, 1, 9, 7)


@dataclass
class Office:
    """A worker whose clock we set, and what it did: (kind, when by that clock)."""

    workspace: Workspace
    now: datetime = START
    done: list[tuple[str, datetime]] = field(default_factory=list)
    told: list[RunForm] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    during: Callable[[str, Progress], None] = lambda kind, progress: None

    def __post_init__(self) -> None:
        work = {kind: self._work(kind) for kind in timetable.KINDS}
        self.worker = Worker(
            self.workspace, self.said.append, self.told.append, clock=lambda: self.now, work=work
        )

    def _work(self, kind: str) -> Callable[[Workspace, Progress], Outcome]:
        def work(workspace: Workspace, progress: Progress) -> Outcome:
            self.during(kind, progress)
            progress.step(kind, 1, 1)
            self.done.append((kind, self.now))
            return Outcome("done", 5, 7, {"kind": kind})

        return work

    def at(self, now: datetime) -> list[str]:
        """What is done when the worker beats and looks then, as its loop does."""
        self.now, before = now, len(self.done)
        self.worker.beat()
        self.worker.look()
        return [kind for kind, _ in self.done[before:]]

    def runs(self) -> list[RunForm]:
        return timetable.listing(self.workspace, self.now)["runs"]

    def due_of(self, kind: str) -> list[str]:
        return [run["due_at"] for run in self.runs() if run["kind"] == kind]


def workspace_of(url: str, folder: Path, **times: str | None) -> Workspace:
    return Workspace(folder, Settings(schedule=ScheduleSettings(**times)))


@pytest.fixture
def office(records_url: str, tmp_path: Path) -> Iterator[Office]:
    with_records = opened(records_url, tmp_path)
    yield Office(with_records)
    with_records.records.close()


def opened(url: str, folder: Path, **times: str | None) -> Workspace:
    """A workspace whose records are at `url`, password and all."""
    from store.records import Records

    workspace = workspace_of(url, folder, **times)
    workspace.__dict__["records"] = Records.open(url)
    return workspace


def test_what_was_due_last_is_done_at_once_then_each_in_its_turn(office: Office) -> None:
    assert office.at(START) == ["sync", "snapshot"]
    assert office.at(START + 7 * MINUTE) == []
    assert office.at(datetime(2026, 6, 1, 9, 15)) == ["sync"]
    assert office.at(datetime(2026, 6, 1, 9, 29, 59)) == []
    assert office.due_of("sync") == ["2026-06-01T09:00:00Z", "2026-06-01T09:15:00Z"]
    assert office.due_of("snapshot") == ["2026-06-01T06:00:00Z"]
    told = office.told[0]
    assert (told["state"], told["rows"], told["api_calls"], told["attempts"]) == ("done", 5, 7, 1)
    coming = timetable.listing(office.workspace, office.now)
    assert coming["next"][0] == {"kind": "sync", "due_at": "2026-06-01T09:30:00Z"}
    assert str(coming["holder"]).endswith(str(office.worker._holder.rpartition(":")[2]))


def test_a_machine_that_slept_three_days_catches_up_once(office: Office) -> None:
    office.at(START)
    office.at(START + 8 * MINUTE)
    awake = START + 3 * DAY
    assert office.at(awake) == ["sync", "snapshot"]
    assert office.at(awake + MINUTE) == []
    assert office.due_of("sync")[-1] == "2026-06-04T09:00:00Z"
    assert office.due_of("snapshot") == ["2026-06-01T06:00:00Z", "2026-06-04T06:00:00Z"]


def test_a_clock_that_is_set_back_repeats_nothing(office: Office) -> None:
    office.at(START)
    office.at(START + 2 * HOUR)
    for back in (HOUR, 30 * MINUTE, 20 * HOUR):
        assert office.at(START + 2 * HOUR - back) == []
    assert office.at(START + 2 * HOUR + 8 * MINUTE) == ["sync"]


def test_a_clock_that_was_years_ahead_holds_up_nothing(office: Office) -> None:
    office.at(START + 1000 * DAY)  # and killed, its lease with it
    again = Office(office.workspace)
    assert again.at(START) == ["sync", "snapshot"]
    assert again.at(START + 8 * MINUTE) == ["sync"]


@pytest.mark.parametrize("night", ["2026-03-28", "2026-10-24"])
def test_daylight_saving_both_ways(night: str, tmp_path: Path) -> None:
    """A night, looked at every five minutes: each real quarter once, the snapshot once."""
    office = Office(
        opened(f"sqlite:///{tmp_path}/r.db", tmp_path, snapshot="30 2 * * *", timezone=BERLIN)
    )
    first = datetime.fromisoformat(f"{night}T22:00")
    office.at(first)
    office.done.clear()
    for minutes in range(5, 5 * 60 + 5, 5):
        office.at(first + minutes * MINUTE)
    syncs = [at for kind, at in office.done if kind == "sync"]
    assert syncs == [first + 15 * n * MINUTE for n in range(1, 5 * 4 + 1)]
    (taken,) = [at for kind, at in office.done if kind == "snapshot"]
    local = taken.replace(tzinfo=UTC).astimezone(ZoneInfo(BERLIN))
    assert f"{local:%H:%M}" == ("03:30" if night == "2026-03-28" else "02:30")
    assert office.at(first + DAY + 5 * HOUR) == ["sync", "snapshot"]


@settings(max_examples=15, deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.integers(1, 60).map(lambda minutes: minutes * MINUTE),
            st.integers(1, 100).map(lambda hours: hours * HOUR),
            st.integers(1, 300).map(lambda minutes: -minutes * MINUTE),
            st.sampled_from(["restart"]),
        ),
        max_size=25,
    )
)
def test_whatever_the_clock_does_each_due_time_is_worked_once(
    steps: list[timedelta | str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("office")
    office = Office(opened(f"sqlite:///{folder}/r.db", folder))
    entries, ahead = timetable.entries(office.workspace.settings), dict[str, datetime]()
    now = START
    for step in [timedelta(0), *steps]:
        if isinstance(step, str):
            office.worker.release()
            office = Office(office.workspace, done=office.done)
        else:
            now += step
        expected = []
        for kind in timetable.KINDS:
            last = entries[kind].last("UTC", now)
            assert last is not None
            if kind not in ahead or last > ahead[kind]:
                ahead[kind] = last
                expected.append(kind)
        assert office.at(now) == expected
    runs = [(run["kind"], run["due_at"]) for run in office.runs()]
    assert len(set(runs)) == len(runs)
    office.workspace.records.close()


def test_a_second_scheduler_stands_by_and_takes_over(office: Office) -> None:
    second = Office(office.workspace)
    assert office.at(START) == ["sync", "snapshot"]
    later = datetime(2026, 6, 1, 9, 15)
    office.now = later
    office.worker.beat()
    assert second.at(later) == []
    assert "works through the schedule; standing by" in second.said[0]
    assert second.at(later + LASTS / 2) == []
    assert second.at(later + LASTS) == ["sync"]
    assert office.at(later + LASTS) == []  # it wakes, and is second now
    assert office.at(datetime(2026, 6, 1, 9, 16, 30)) == []
    assert len(second.said) == 1


def test_a_paused_process_cannot_end_what_another_took_over(office: Office) -> None:
    """The first is paused in the middle of its sync, until after its lease was taken over."""
    second = Office(office.workspace)

    def sleep(kind: str, _: Progress) -> None:
        if kind == "sync" and not second.done:
            office.now = START + 2 * LASTS
            assert second.at(START + 2 * LASTS) == ["sync", "snapshot"]

    office.during = sleep
    assert office.at(START) == []  # it noticed at its next step
    states = [(run["kind"], run["state"], run["attempts"]) for run in office.runs()]
    assert states == [("snapshot", "done", 1), ("sync", "done", 2)]
    assert office.told == []


def test_a_process_that_slept_in_a_run_begins_it_anew(office: Office) -> None:
    def sleep(kind: str, _: Progress) -> None:
        office.during = lambda kind, progress: None
        office.now = START + 3 * DAY

    office.during = sleep
    assert office.at(START) == []
    assert office.told[-1]["state"] == "stopped"
    assert office.at(START + 3 * DAY + MINUTE) == ["sync", "snapshot"]
    states = {run["due_at"]: run["state"] for run in office.runs() if run["kind"] == "sync"}
    assert states == {"2026-06-01T09:00:00Z": "failed", "2026-06-04T09:00:00Z": "done"}


def test_a_run_that_is_told_to_stop_is_begun_anew_by_the_next_process(office: Office) -> None:
    def stop(kind: str, _: Progress) -> None:
        office.worker.stop.set()

    office.during = stop
    assert office.at(START) == []
    office.worker.release()
    run = office.runs()[0]
    assert (run["kind"], run["state"], run["error"]) == (
        "sync",
        "stopped",
        "sync: stopped before its end",
    )
    assert len(office.runs()) == 1
    again = Office(office.workspace)
    assert again.at(START + MINUTE) == ["sync", "snapshot"]
    assert [run["attempts"] for run in again.runs()] == [1, 2]


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [
        (SourceError("it is silent", "crm"), "failed", "crm: it is silent"),
        (BusyError("another sync is running", "home"), "skipped", "home: another sync"),
        (KeyError("x"), "failed", "a fault in Détente: KeyError at test_schedule.py:"),
    ],
)
def test_what_fails_is_kept_and_ends_nothing(
    office: Office, error: Exception, state: str, said: str
) -> None:
    def fail(kind: str, _: Progress) -> None:
        if kind == "sync":
            raise error

    office.during = fail
    assert office.at(START) == ["snapshot"]
    run = next(run for run in office.runs() if run["kind"] == "sync")
    assert run["state"] == state
    assert str(run["error"]).startswith(said)
    assert office.at(START + MINUTE) == []
    office.during = lambda kind, progress: None
    assert office.at(START + 8 * MINUTE) == ["sync"]


def test_a_kind_that_is_switched_off_is_never_due(tmp_path: Path) -> None:
    office = Office(opened(f"sqlite:///{tmp_path}/r.db", tmp_path, sync=None))
    assert office.at(START) == ["snapshot"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("schedule: {sync: '0 25 * * *'}", "field 2 (hour, character 3): 25 is not within 0 to 23"),
        ("schedule: {snapshot: '0 0 31 2 *'}", "names a day that never comes"),
        ("schedule: {timezone: Berlin}", "'Berlin' is not a time zone"),
        ("schedule: {synch: null}", "Did you mean sync?"),
        ("alerts: {channels: [{name: a, url_env: A}, {name: a, url_env: B}]}", "the same name"),
        ("records: {url: 'postgresql://me:secret@db/x'}", "holds a password"),
    ],
)
def test_a_timetable_that_cannot_be_read_is_said_with_its_place(
    line: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "detente.yaml"
    file.write_text(f"organisation: Us\n{line}\n")
    with pytest.raises(ConfigurationError) as error:
        Workspace.open(file, tmp_path)
    assert said in error.value.line()
    assert "line 2" in error.value.line()
    assert "secret" not in error.value.line()


def kill_schedulers(url: str, folder: Path, times: int) -> None:
    chance = random.Random(2006)
    for _ in range(times):
        receive, send = pipe()
        process = spawn(killed.work_through, url, str(folder), send, killed.BRIEF)
        assert receive.poll(60), "it never began"
        process.join(chance.random() * 0.5)
        process.kill()
        process.join(20)
        assert process.exitcode == -9
        killed.check(url, folder)
    receive, send = pipe()
    last = spawn(killed.work_through, url, str(folder), send, killed.BRIEF, 6)
    last.join(60)
    assert last.exitcode == 0
    runs = killed.check(url, folder)
    for kind in timetable.KINDS:
        mine = [run for run in runs if run.kind == kind]
        assert mine[-1].state == "done"
        ended = [run for run in mine if run.state == "done"]
        assert len(ended) > times / 5
        lost = [run for run in mine if run.state not in ("done", "failed")]
        assert lost == []
        assert all("took its place" in run.report["error"] for run in mine if run not in ended)


def test_a_scheduler_that_is_killed_loses_and_doubles_nothing(
    records_url: str, tmp_path: Path
) -> None:
    kill_schedulers(records_url, tmp_path, 5)


@pytest.mark.full
def test_a_scheduler_killed_fifty_times(tmp_path: Path) -> None:
    kill_schedulers(f"sqlite:///{tmp_path}/records.db", tmp_path, 50)


def test_two_schedulers_at_a_time_do_each_thing_once(records_url: str, tmp_path: Path) -> None:
    _, send = pipe()
    wanted = (records_url, str(tmp_path), send, killed.LONG, 4)
    processes = [spawn(killed.work_through, *wanted) for _ in range(2)]
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    runs = killed.check(records_url, tmp_path)
    assert {run.attempts for run in runs} == {1}
    assert [run.report for run in runs if run.state != "done"] == []
    assert len(runs) >= 8
    assert killed.commits(tmp_path) == len([run for run in runs if run.kind == "sync"])


def test_records_that_do_not_answer_end_nothing(office: Office) -> None:
    if office.workspace.records._engine.dialect.name != "sqlite":
        pytest.skip("a server that goes away takes the test with it")
    office.at(START)
    engine = connect(str(office.workspace.records._engine.url))
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE leases RENAME TO gone"))
    assert office.at(START + HOUR) == []
    assert "no such table" in office.said[-1]
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE gone RENAME TO leases"))
    engine.dispose()
    assert office.at(START + HOUR + MINUTE) == ["sync"]


def test_nothing_pulled_is_a_failed_snapshot_and_no_more(tmp_path: Path) -> None:
    """The real work, in a home where there is nothing."""
    workspace = opened(f"sqlite:///{tmp_path}/r.db", tmp_path, sync=None)
    told: list[RunForm] = []
    worker = Worker(workspace, print, told.append)
    assert worker.beat()
    worker.look()
    assert [run["state"] for run in told] == ["failed"]
    assert "Run `detente sync` first" in str(told[0]["error"])
