"""What was agreed and answered stands; an action is closed once."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from model.errors import RecordsError
from store.records import Records
from store.records.actions import Event
from store.records.checklists import Answered
from tests.store.workers import NOON, action


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/records.db"


@pytest.fixture
def records(url: str) -> Iterator[Records]:
    with Records.open(url) as opened:
        yield opened


def ended(state: str, note: str = "") -> Event:
    return Event(state=state, at=NOON + timedelta(days=1), by="Kim", note=note, figure={"value": 1})  # type: ignore[arg-type]


def test_an_action_is_kept_as_it_was_agreed(records: Records) -> None:
    kept = records.actions.agree(action(1), NOON, "Ada")
    assert kept.state == "open"
    assert records.actions.get(kept.id) == kept
    assert replace(kept.history[0], figure={}) == Event(state="open", at=NOON, by="Ada")
    assert kept.history[0].figure == action(1).baseline
    for name in ("title", "indicator", "segment", "function", "due_on", "target", "baseline"):
        assert getattr(kept, name) == getattr(action(1), name)


@pytest.mark.parametrize("state", ["done", "dropped"])
def test_it_is_ended_once_and_for_good(records: Records, state: str) -> None:
    kept = records.actions.agree(action(1), NOON, "Ada")
    closed = records.actions.end(kept.id, ended(state, "well"))
    assert closed.state == state
    assert closed.history == (kept.history[0], ended(state, "well"))
    with pytest.raises(RecordsError, match=f"action {kept.id}: it is {state} since 2026-03-02"):
        records.actions.end(kept.id, ended("done"))
    assert records.actions.get(kept.id) == closed
    with pytest.raises(RecordsError, match="there is no action 9"):
        records.actions.end(9, ended("done"))
    with pytest.raises(RecordsError, match="there is no action 9"):
        records.actions.get(9)


@pytest.mark.parametrize("table", ["actions", "action_events", "checklist_answers"])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET id = id + 1"])
def test_the_past_cannot_be_changed(
    records: Records, tmp_path: Path, table: str, change: str
) -> None:
    records.actions.agree(action(1), NOON, "Ada")
    records.checklists.answer(Answered("conflicts", "yes", "Ada", NOON))
    refused = pytest.raises(sqlite3.IntegrityError, match="agreed or answered stands")
    with sqlite3.connect(tmp_path / "records.db") as database, refused:
        database.execute(change.format(table))


QUESTIONS = st.sampled_from(["conflicts", "market_turns", "short_cycle"])
SAID = st.sampled_from(["yes", "no", "unknown"])


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(QUESTIONS, SAID), max_size=8))
def test_the_last_answer_of_a_question_counts_and_all_are_kept(
    given_: list[tuple[str, str]],
) -> None:
    answers = [
        Answered(name, said, f"person {i}", NOON)  # type: ignore[arg-type]
        for i, (name, said) in enumerate(given_)
    ]
    with Records.open("sqlite://") as records:
        for one in answers:
            records.checklists.answer(one)
        assert records.checklists.history() == answers
        assert records.checklists.latest() == {one.question: one for one in answers}
