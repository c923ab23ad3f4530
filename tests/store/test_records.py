import json
import sqlite3
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
from sqlalchemy import inspect

from model.errors import LakeError, RecordsError, SurveyError
from model.stages import Function
from store.records import Records, transactions
from store.records.database import NEWEST
from store.records.migrating import alembic_settings
from store.records.schema import Base
from store.records.surveys import ResponseDraft
from store.records.transactions import connect, migrating
from tests.store.workers import NOON, snapshot

DAY = date(2026, 3, 1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "home" / "records.db"


@pytest.fixture
def records(file: Path) -> Iterator[Records]:
    with Records.open(f"sqlite:///{file}") as opened:
        yield opened


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


def test_the_migrations_make_the_tables_that_the_models_say(file: Path, records: Records) -> None:
    with migrating(connect(f"sqlite:///{file}")) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert context.get_current_heads() == (NEWEST,)


def test_migrations_go_down_and_up_again(file: Path, records: Records) -> None:
    records.snapshots.keep(snapshot(1))
    records.close()
    engine = connect(f"sqlite:///{file}")
    with migrating(engine) as connection:
        command.downgrade(alembic_settings(connection), "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()
    with Records.open(f"sqlite:///{file}") as again:
        assert again.snapshots.list() == []


def test_sqlite_is_opened_with_care(file: Path, records: Records) -> None:
    with migrating(connect(f"sqlite:///{file}")) as connection:
        said = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        ]
    assert said == ["wal", 1, 30_000]


def test_a_database_of_a_newer_version_is_left_alone(file: Path, records: Records) -> None:
    with sqlite3.connect(file) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(RecordsError, match=r"newer version.*Update"):
        Records.open(f"sqlite:///{file}")


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "records.db").write_text("not a database" * 1000)
    with pytest.raises(RecordsError, match="not a database of ours"):
        Records.open(f"sqlite:///{tmp_path}/records.db")


def test_a_damaged_database_is_said(file: Path, records: Records) -> None:
    for number in range(40):
        records.snapshots.keep(snapshot(number, 500))
    records.close()
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(content)
    with pytest.raises(RecordsError), Records.open(f"sqlite:///{file}") as opened:
        opened.snapshots.list()


def test_a_locked_database_is_said(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "BUSY_SECONDS", 0.2)
    with Records.open(f"sqlite:///{file}") as records:
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RecordsError, match=r"another process holds it.*try again"):
            records.snapshots.keep(snapshot(1))
        assert records.snapshots.list() == []
        other.execute("ROLLBACK")
        other.close()
        records.snapshots.keep(snapshot(1))


@pytest.mark.parametrize("url", ["nonsense", "mysql://me:secret@host/db", "sqlite:////proc/x/y.db"])
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
def test_nobody_changes_a_snapshot(file: Path, records: Records, change: str) -> None:
    records.snapshots.keep(snapshot(1))
    with (
        sqlite3.connect(file) as database,
        pytest.raises(sqlite3.IntegrityError, match="a snapshot is never changed"),
    ):
        database.execute(change)
    assert len(records.snapshots.list()) == 1


def test_a_wave_opens_and_closes_for_good(file: Path, records: Records) -> None:
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
    with sqlite3.connect(file) as database:
        assert database.execute("SELECT salt FROM waves").fetchall() == [(None,)]


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


def test_no_staff_name_and_no_address_is_kept(file: Path, records: Records) -> None:
    waves = [records.surveys.add_wave(name, DAY, DAY) for name in ("Spring", "Autumn")]
    for wave in waves:
        records.surveys.open_wave(wave.id)
        head = answers("boss@x", level="head", display_name="The Boss")
        records.surveys.respond(wave.id, [answers("jane.doe@x"), head])
    kept = [records.surveys.responses(wave.id) for wave in waves]
    assert {r.person for r in kept[0]}.isdisjoint({r.person for r in kept[1]})
    assert {(r.named, r.display_name) for r in kept[0]} == {(False, None), (True, "The Boss")}
    records.close()
    assert b"jane.doe" not in file.read_bytes()
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
    with pytest.raises(KeyboardInterrupt), records.runs.running():
        raise KeyboardInterrupt


def test_a_run_that_died_is_failed_when_the_next_begins(file: Path, records: Records) -> None:
    with records.runs.running():
        pass
    with sqlite3.connect(file) as database:
        database.execute("UPDATE sync_runs SET state = 'running', ended_at = NULL")
    with records.runs.running():
        pass
    with sqlite3.connect(file) as database:
        rows = database.execute("SELECT state, report FROM sync_runs ORDER BY id").fetchall()
    assert [(state, json.loads(report).get("error")) for state, report in rows] == [
        ("failed", "stopped before its end"),
        ("done", None),
    ]


def test_instants_keep_their_microseconds(records: Records) -> None:
    at = datetime(2026, 3, 1, 12, 0, 0, 1)
    assert records.snapshots.keep(replace(snapshot(1), as_of_at=at)).as_of_at == at
