from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given, settings
from sqlalchemy import MetaData, Table, insert, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from model.errors import LakeError, RecordsError, StoppedError, SurveyError
from model.stages import Function
from store.records import Records, transactions
from store.records.database import NEWEST
from store.records.migrating import alembic_settings
from store.records.runs import STOPPED
from store.records.schema import Base
from store.records.surveys import ResponseDraft
from store.records.transactions import connect, is_sqlite, migrating
from tests.conftest import new_database
from tests.store import postgresql
from tests.store.raw import sql
from tests.store.workers import NOON, snapshot

DAY = date(2026, 3, 1)
OF_OLD: dict[str, Any] = {  # what the first release kept of a verdict and an indicator
    "stage": {
        "stage": "defined",
        "headline": None,
        "score": 52.5,
        "low": 48.0,
        "high": 57.0,
        "evidence": 0.8,
        "probabilities": {"undefined": 0.1, "defined": 0.9, "aligned": 0.0, "integrated": 0.0},
        "dimensions": [{"id": "handoff", "score": 52.5}],
    },
    "indicators": {
        "rows": [
            {
                "id": "lead_followup_rate",
                "dimension": "handoff",
                "unit": "share",
                "value": 0.6,
                "bound": None,
                "low": 0.5,
                "high": 0.7,
                "n": 40,
                "score": 48.0,
                "stage": "defined",
                "status": "ok",
            }
        ]
    },
}


@pytest.fixture
def records(records_url: str) -> Iterator[Records]:
    with Records.open(records_url) as opened:
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where SQLite's file is, for what concerns SQLite alone."""
    return tmp_path / "home" / "records.db"


def answers(person: str, **values: Any) -> ResponseDraft:
    draft = ResponseDraft(
        person=person,
        function=Function.SALES,
        level="staff",
        answers=[3] * 20,
        submitted_at=NOON,
        segment={"region": "EMEA"},
    )
    return replace(draft, **values)


@pytest.mark.usefixtures("records")
def test_the_migrations_make_the_tables_that_the_models_say(records_url: str) -> None:
    with migrating(connect(records_url)) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert context.get_current_heads() == (NEWEST,)


def test_migrations_go_down_and_up_again(records_url: str, records: Records) -> None:
    records.snapshots.keep(snapshot(1))
    records.close()
    engine = connect(records_url)
    with migrating(engine) as connection:
        command.downgrade(alembic_settings(connection), "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()
    with Records.open(records_url) as again:
        assert again.snapshots.list() == []


def first_release(url: str) -> None:
    """The tables of the first release, with rows in them."""
    engine = connect(url)
    with migrating(engine) as connection:
        command.upgrade(alembic_settings(connection), "0001")
    kept = Table("snapshots", MetaData(), autoload_with=engine)
    first, second = snapshot(1), replace(snapshot(2), predecessor_id=snapshot(1).id)
    with engine.begin() as connection:
        for draft in (first, second):
            row = {column.name: getattr(draft, column.name) for column in kept.columns}
            connection.execute(insert(kept).values(**row | {"payload": OF_OLD, "summary": {}}))
    engine.dispose()
    with Records(connect(url)) as records:
        wave = records.surveys.import_wave("Autumn", DAY, DAY, [answers("a@x"), answers("b@x")])
        assert wave.state == "closed"
        with records.runs.running() as run:
            run.api_calls, run.report = 12, {"manifest": 3}


def contents(url: str) -> dict[str, list[Any]]:
    tables = ("waves", "responses", "snapshots", "sync_runs")
    return {name: sql(url, f"SELECT * FROM {name} ORDER BY id") for name in tables}


def test_what_the_first_release_kept_survives_every_migration_up_and_down(records_url: str) -> None:
    first_release(records_url)
    before = contents(records_url)
    assert [len(rows) for rows in before.values()] == [1, 2, 2, 1]
    with Records.open(records_url) as records:
        assert records.surveys.waves()[0].name == "Autumn"
        assert len(records.snapshots.list()) == 2
        (value,) = {row["value"] for row in records.snapshots.every_value()}
        assert value == 0.6  # filled in for what was kept before there was such a table
        newest = records.runs.newest()
        assert newest is not None
        assert (newest.state, newest.api_calls) == ("done", 12)
        lease = records.leases.take("schedule", "here", NOON, timedelta(minutes=1))
        assert lease is not None
        assert records.schedule.begin(lease, "sync", NOON, NOON) is not None
    engine = connect(records_url)
    with migrating(engine) as connection:
        command.downgrade(alembic_settings(connection), "0001")
    engine.dispose()
    assert contents(records_url) == before
    with Records.open(records_url) as records:
        assert len(records.snapshots.list()) == 2
        assert records.schedule.list(9) == []


def test_postgresql_keeps_what_sqlite_keeps(postgresql_server: Path) -> None:
    """The least that every run sees of the other database; all the rest runs there with FULL."""
    url = new_database(postgresql_server)
    with Records.open(url) as records:
        kept = records.snapshots.keep(snapshot(1))
        assert records.snapshots.keep(snapshot(1)) == kept
    with pytest.raises(DBAPIError, match="a snapshot is never changed"):
        sql(url, "TRUNCATE snapshots CASCADE")
    with pytest.raises(DBAPIError, match="what was agreed or answered stands"):
        sql(url, "UPDATE actions SET title = ''")
    engine = connect(url)
    with migrating(engine) as connection:
        command.downgrade(alembic_settings(connection), "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()


def test_a_password_comes_from_its_variable_and_is_never_said(postgresql_server: Path) -> None:
    url = make_url(new_database(postgresql_server))._replace(password=None)
    plain = url.render_as_string(hide_password=False)
    Records.open(plain, postgresql.PASSWORD).close()
    with pytest.raises(RecordsError, match="the log-in is refused") as error:
        Records.open(plain, "not the secret")
    assert "not the secret" not in error.value.line()
    with pytest.raises(RecordsError, match="the log-in is refused"):
        Records.open(plain)


def test_sqlite_is_opened_with_care(file: Path) -> None:
    with migrating(connect(f"sqlite:///{file}")) as connection:
        said = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        ]
    assert said == ["wal", 1, 30_000]


@pytest.mark.usefixtures("records")
def test_a_database_of_a_newer_version_is_left_alone(records_url: str) -> None:
    sql(records_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(RecordsError, match=r"newer version.*Update") as error:
        Records.open(records_url)
    assert "password" not in error.value.line()


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "records.db").write_text("not a database" * 1000)
    with pytest.raises(RecordsError, match="not a database of ours"):
        Records.open(f"sqlite:///{tmp_path}/records.db")


def test_a_damaged_database_is_said(file: Path) -> None:
    with Records.open(f"sqlite:///{file}") as records:
        for number in range(40):
            records.snapshots.keep(snapshot(number, 500))
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(content)
    with pytest.raises(RecordsError), Records.open(f"sqlite:///{file}") as opened:
        opened.snapshots.list()


def test_a_locked_database_is_said(records_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "BUSY_SECONDS", 0.2)
    with Records.open(records_url) as records, Records.open(records_url) as other:
        with (
            transactions.writing(other._engine),
            pytest.raises(RecordsError, match=r"another process holds it.*try again"),
        ):
            records.snapshots.keep(snapshot(1))
        assert records.snapshots.list() == []
        records.snapshots.keep(snapshot(1))


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "mysql://me:secret@host/db",
        "sqlite:////proc/x/y.db",
        "postgresql://me:secret@127.0.0.1:1/db",
        "postgresql://me:secret@127.0.0.1:port/db",
        "postgresql://me:secret@127.0.0.1:1/db?nonsense=1",
    ],
)
def test_an_address_that_cannot_be_used_is_said(url: str) -> None:
    with pytest.raises(RecordsError) as error:
        Records.open(url)
    assert "secret" not in str(error.value)


def test_a_snapshot_is_kept_once(records: Records) -> None:
    first = records.snapshots.keep(snapshot(1))
    later = replace(snapshot(1), taken_at=NOON + timedelta(days=1), payload={"stage": "aligned"})
    assert records.snapshots.keep(later) == first
    assert records.snapshots.get(first.id) == first
    assert [head.id for head in records.snapshots.list()] == [first.id]
    assert (first.payload["stage"], first.statistics) == ("defined", b"s" * 10)
    others = [
        replace(snapshot(1), as_of_at=NOON + timedelta(microseconds=1)),
        replace(snapshot(1), definitions="abd"),
        snapshot(2),
    ]
    assert len({records.snapshots.keep(one).id for one in others} | {first.id}) == 4


def test_snapshots_are_found_by_what_they_are(records: Records) -> None:
    days = [NOON + timedelta(days=n) for n in range(4)]
    kept = [records.snapshots.keep(replace(snapshot(1), as_of_at=day)) for day in days]
    old = replace(snapshot(9), as_of_at=days[3] + timedelta(days=1), kind="backfilled")
    records.snapshots.keep(replace(old, predecessor_id=kept[3].id))
    found = records.snapshots.find(1, days[2], "abc")
    assert found is not None
    assert found.id == kept[2].id
    assert records.snapshots.find(2, days[2], "abc") is None
    newest = records.snapshots.latest("live")
    before = records.snapshots.latest("live", before=days[3])
    assert [one and one.id for one in (newest, before)] == [kept[3].id, kept[2].id]
    assert records.snapshots.latest("live", before=days[0]) is None
    with pytest.raises(RecordsError, match="no snapshot beef"):
        records.snapshots.get("beef")


def test_a_predecessor_must_be_there(records: Records) -> None:
    with pytest.raises(RecordsError):
        records.snapshots.keep(replace(snapshot(1), predecessor_id="nobody"))
    assert records.snapshots.list() == []


def test_not_a_number_is_not_json(records: Records) -> None:
    with pytest.raises(RecordsError, match="not JSON"):
        records.snapshots.keep(replace(snapshot(1), payload={"score": float("nan")}))


@pytest.mark.parametrize("change", ["UPDATE snapshots SET kind = 'live'", "DELETE FROM snapshots"])
def test_nobody_changes_a_snapshot(records_url: str, records: Records, change: str) -> None:
    records.snapshots.keep(snapshot(1))
    with pytest.raises(DBAPIError, match="a snapshot is never changed"):
        sql(records_url, change)
    assert len(records.snapshots.list()) == 1


def test_a_wave_opens_and_closes_for_good(records_url: str, records: Records) -> None:
    wave = records.surveys.add_wave("Spring", DAY, DAY + timedelta(days=14))
    assert wave.state == "planned"
    with pytest.raises(SurveyError, match="planned, not open"):
        records.surveys.respond(wave.id, [answers("a@x")])
    assert records.surveys.open_wave(wave.id).state == "open"
    records.surveys.respond(wave.id, [answers("a@x")])
    assert records.surveys.close_wave(wave.id).state == "closed"
    with pytest.raises(SurveyError, match="closed, not open"):
        records.surveys.respond(wave.id, [answers("b@x")])
    with pytest.raises(SurveyError, match="closed for good"):
        records.surveys.open_wave(wave.id)
    assert records.surveys.waves() == [records.surveys.wave(wave.id)]
    assert len(records.surveys.responses(wave.id)) == 1
    assert sql(records_url, "SELECT salt FROM waves") == [(None,)]


def test_an_imported_wave_is_closed_and_whole(records: Records) -> None:
    wave = records.surveys.import_wave("Autumn", DAY, DAY, [answers("a@x"), answers("b@x")])
    assert wave.state == "closed"
    assert len(records.surveys.responses(wave.id)) == 2
    with pytest.raises(SurveyError):
        records.surveys.import_wave(
            "Winter", DAY, DAY, [answers("a@x"), answers("b@x", answers=[])]
        )
    with pytest.raises(SurveyError, match="of that name"):
        records.surveys.import_wave("Autumn", DAY, DAY, [answers("c@x")])
    assert records.surveys.waves() == [wave]


def test_waves_that_make_no_sense_are_refused(records: Records) -> None:
    records.surveys.add_wave("Spring", DAY, DAY)
    with pytest.raises(SurveyError, match="of that name"):
        records.surveys.add_wave("Spring", DAY, DAY)
    with pytest.raises(SurveyError, match="before it opens"):
        records.surveys.add_wave("Summer", DAY, DAY - timedelta(days=1))
    with pytest.raises(SurveyError, match="no wave 7"):
        records.surveys.wave(7)


PEOPLE = st.sampled_from(["a@x", "A@X ", "b@x", "c@x"])
ANSWERS = st.lists(st.none() | st.integers(1, 5), min_size=20, max_size=20)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.tuples(PEOPLE, ANSWERS), max_size=4), max_size=4))
def test_the_last_response_of_a_person_counts(
    rounds: list[list[tuple[str, list[int | None]]]],
) -> None:
    with Records.open("sqlite://") as records:
        wave = records.surveys.add_wave("Spring", DAY, DAY)
        records.surveys.open_wave(wave.id)
        expected: dict[str, tuple[int | None, ...]] = {}
        for drafts in rounds:
            records.surveys.respond(wave.id, [answers(p, answers=given) for p, given in drafts])
            expected |= {p.strip().lower(): tuple(given) for p, given in drafts}
        kept = [response.answers for response in records.surveys.responses(wave.id)]
    assert sorted(map(repr, kept)) == sorted(map(repr, expected.values()))


def test_no_staff_name_and_no_address_is_kept(records_url: str, records: Records) -> None:
    waves = [records.surveys.add_wave(name, DAY, DAY) for name in ("Spring", "Autumn")]
    for wave in waves:
        records.surveys.open_wave(wave.id)
        head = answers("boss@x", level="head", display_name="The Boss")
        records.surveys.respond(wave.id, [answers("jane.doe@x"), head])
    kept = [records.surveys.responses(wave.id) for wave in waves]
    assert {r.person for r in kept[0]}.isdisjoint({r.person for r in kept[1]})
    assert {(r.named, r.display_name) for r in kept[0]} == {(False, None), (True, "The Boss")}
    assert "jane.doe" not in repr(contents(records_url))
    url = make_url(records_url)
    if is_sqlite(url):
        records.close()
        assert b"jane.doe" not in Path(str(url.database)).read_bytes()
    with pytest.raises(SurveyError, match="only heads answer by name"):
        records.surveys.respond(waves[0].id, [answers("jane.doe@x", display_name="Jane")])


@pytest.mark.parametrize("given", [[3] * 19, [3] * 19 + [6], [3] * 19 + [0], [3] * 19 + [True]])
def test_answers_off_the_scale_are_refused_with_all_others(
    records: Records, given: list[int]
) -> None:
    wave = records.surveys.add_wave("Spring", DAY, DAY)
    records.surveys.open_wave(wave.id)
    with pytest.raises(SurveyError, match="20 answers of 1 to 5"):
        records.surveys.respond(wave.id, [answers("a@x"), answers("b@x", answers=given)])
    assert records.surveys.responses(wave.id) == []


def test_a_sync_run_says_how_it_ended(records: Records) -> None:
    assert records.runs.newest() is None
    with records.runs.running() as run:
        newest = records.runs.newest()
        assert newest is not None
        assert newest.state == "running"
        run.api_calls, run.report = 12, {"manifest": 3}
    done = records.runs.newest()
    assert done is not None
    assert (done.state, done.api_calls, done.report) == ("done", 12, {"manifest": 3})
    assert done.ended_at is not None
    assert done.ended_at >= done.started_at
    with records.runs.running() as run:
        run.partial = True
    partial = records.runs.newest()
    assert partial is not None
    assert partial.state == "partial"


def test_a_sync_run_that_fails_says_why(records: Records) -> None:
    with pytest.raises(LakeError), records.runs.running():
        raise LakeError("it burns", "lake")
    failed = records.runs.newest()
    assert failed is not None
    assert (failed.state, failed.report["error"]) == ("failed", "lake: it burns")
    for stop in (KeyboardInterrupt(), StoppedError("told to stop", "crm")):
        with pytest.raises(type(stop)), records.runs.running():
            raise stop
        ended = records.runs.newest_ended()
        assert ended is not None
        assert ended.report["error"] == STOPPED


def test_a_run_that_died_is_failed_when_the_next_begins(records_url: str, records: Records) -> None:
    with records.runs.running():
        pass
    sql(records_url, "UPDATE sync_runs SET state = 'running', ended_at = NULL")
    with records.runs.running():
        pass
    states = sql(records_url, "SELECT state FROM sync_runs ORDER BY id")
    assert states == [("failed",), ("done",)]
    assert "stopped before its end" in repr(contents(records_url)["sync_runs"][0])


def test_instants_keep_their_microseconds(records: Records) -> None:
    at = datetime(2026, 3, 1, 12, 0, 0, 1)
    assert records.snapshots.keep(replace(snapshot(1), as_of_at=at)).as_of_at == at
