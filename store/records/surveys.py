"""Survey waves and responses: one response per person and wave, replaceable until the close."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.orm import Session

from model.errors import SurveyError
from model.stages import Function
from store.records.codes import code
from store.records.schema import ResponseRow, WaveRow
from store.records.transactions import reading, writing

WaveState = Literal["planned", "open", "closed"]
Level = Literal["head", "staff"]
LEVELS: tuple[Level, ...] = ("head", "staff")
STATEMENTS = 20
_AT_ONCE = 500  # ids in one statement


@dataclass(frozen=True)
class Wave:
    """A round of the survey, from one local day to another, both included."""

    id: int
    name: str
    opens_on: date
    closes_on: date
    state: WaveState


@dataclass(frozen=True, kw_only=True)
class ResponseDraft:
    """One person's answers.

    `person` identifies the respondent: an address, a login, or (`is_invited`) the respondent of
    an invitation; only a keyed hash of it is kept, the same for both. `answers`: 20 ratings of 1
    to 5, None where there is none. `display_name`: for a head who agreed to answer by name;
    otherwise None.
    """

    person: str
    function: Function
    level: Level
    answers: Sequence[int | None]
    submitted_at: datetime
    segment: Mapping[str, str]
    display_name: str | None = None
    is_invited: bool = False


@dataclass(frozen=True, kw_only=True)
class Response:
    """A kept response; `person` is the hash, which differs from wave to wave. `is_repeated`:
    an earlier closed wave held the same twenty answers.
    """

    wave_id: int
    person: str
    function: Function
    level: Level
    answers: tuple[int | None, ...]
    submitted_at: datetime
    segment: Mapping[str, str]
    named: bool
    display_name: str | None
    is_repeated: bool


class Surveys:
    """The waves and responses of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add_wave(self, name: str, opens_on: date, closes_on: date) -> Wave:
        """Plan a wave; SurveyError where the days are out of order or the name is taken."""
        with writing(self._engine) as session:
            return wave_of(_add(session, name, opens_on, closes_on))

    def waves(self) -> list[Wave]:
        """All waves in the order in which they open."""
        with reading(self._engine) as session:
            rows = session.scalars(select(WaveRow).order_by(WaveRow.opens_on, WaveRow.id))
            return [wave_of(row) for row in rows]

    def wave(self, id: int) -> Wave:  # noqa: A002
        """One wave; SurveyError where there is none."""
        with reading(self._engine) as session:
            return wave_of(find(session, id))

    def open_wave(self, id: int) -> Wave:  # noqa: A002
        """Let people answer; SurveyError once it is closed. Open already: no change."""
        with writing(self._engine) as session:
            row = find(session, id)
            refuse_closed(row)
            row.state = "open"
            return wave_of(row)

    def close_wave(self, id: int) -> Wave:  # noqa: A002
        """End a wave for good. The key of its hashes is destroyed: from now on nobody can find
        out which response is whose, whoever holds the list of people.
        """
        with writing(self._engine) as session:
            row = find(session, id)
            if row.state != "closed":
                _close(session, row)
            return wave_of(row)

    def respond(self, wave_id: int, drafts: Sequence[ResponseDraft]) -> None:
        """Keep responses, all or none; a person's later one replaces the earlier one.

        SurveyError where the wave is not open or a response breaks the rules of `ResponseDraft`.
        """
        for draft in drafts:
            _check(draft)
        with writing(self._engine) as session:
            wave = find(session, wave_id)
            if wave.state != "open":
                raise SurveyError(f"it is {wave.state}, not open", f"wave {wave.name}")
            for draft in drafts:
                _put(session, wave, draft)

    def import_wave(
        self, name: str, opens_on: date, closes_on: date, drafts: Sequence[ResponseDraft]
    ) -> Wave:
        """A closed wave with its responses, whole or not at all. Raises as `add_wave` and
        `respond` do.
        """
        for draft in drafts:
            _check(draft)
        with writing(self._engine) as session:
            row = _add(session, name, opens_on, closes_on)
            kept = {_stored(row, draft): draft for draft in drafts}
            rows = [_values(row.id, person, kept[person]) for person in sorted(kept)]
            if rows:
                session.execute(insert(ResponseRow), rows)
            _close(session, row)
            return wave_of(row)

    def responses(self, wave_id: int) -> list[Response]:
        """A wave's responses, ordered by hash: their order says nothing about who came when."""
        with reading(self._engine) as session:
            query = select(*ResponseRow.__table__.columns).where(ResponseRow.wave_id == wave_id)
            return [_response(row) for row in session.execute(query.order_by(ResponseRow.person))]


def _add(session: Session, name: str, opens_on: date, closes_on: date) -> WaveRow:
    if closes_on < opens_on:
        raise SurveyError(f"it would close on {closes_on}, before it opens", f"wave {name}")
    known = session.scalar(select(WaveRow.state).where(WaveRow.name == name))
    if known is not None:
        raise SurveyError(
            f"there is a wave of that name ({known})", f"wave {name}", "Choose another name."
        )
    salt = secrets.token_bytes(32)
    row = WaveRow(name=name, opens_on=opens_on, closes_on=closes_on, state="planned", salt=salt)
    session.add(row)
    session.flush()
    return row


def find(session: Session, wave_id: int) -> WaveRow:
    """A wave's row; SurveyError where there is none."""
    row = session.get(WaveRow, wave_id)
    if row is None:
        raise SurveyError(f"there is no wave {wave_id}", "survey", "See the list of waves.")
    return row


def refuse_closed(wave: WaveRow) -> None:
    """SurveyError once a wave is closed."""
    if wave.state == "closed":
        raise SurveyError("it is closed for good, and takes no more answers", f"wave {wave.name}")


def _check(draft: ResponseDraft) -> None:
    answers = list(draft.answers)
    if len(answers) != STATEMENTS or any(
        a is not None and (isinstance(a, bool) or not isinstance(a, int) or not 1 <= a <= 5)
        for a in answers
    ):
        raise SurveyError(f"a response needs {STATEMENTS} answers of 1 to 5, or none", "survey")
    if draft.display_name is not None and draft.level != "head":
        raise SurveyError("only heads answer by name", "survey", "Leave the name out.")
    if not draft.person.strip():
        raise SurveyError("a response has no respondent", "survey")


def _stored(wave: WaveRow, draft: ResponseDraft) -> str:
    """The hash under which a response is kept: not the respondent's, which a link tells."""
    respondent = draft.person if draft.is_invited else code(wave.salt, draft.person)
    return code(wave.salt, f"answered {respondent}")


def _put(session: Session, wave: WaveRow, draft: ResponseDraft) -> None:
    person = _stored(wave, draft)
    query = select(ResponseRow).where(ResponseRow.wave_id == wave.id, ResponseRow.person == person)
    row = session.scalar(query) or ResponseRow()
    for name, value in _values(wave.id, person, draft).items():
        setattr(row, name, value)
    session.add(row)
    session.flush()


def _values(wave_id: int, person: str, draft: ResponseDraft) -> dict[str, Any]:
    """A response's columns."""
    return {
        "wave_id": wave_id,
        "person": person,
        "function": draft.function.value,
        "level": draft.level,
        "answers": list(draft.answers),
        "segment": dict(draft.segment),
        "named": draft.display_name is not None,
        "display_name": draft.display_name,
        "submitted_at": draft.submitted_at,
    }


def _close(session: Session, wave: WaveRow) -> None:
    """Close a wave, and mark which of its responses an earlier closed wave held already: what is
    shown of both could be subtracted, so that they do not count towards the anonymity floor.
    """
    shown = select(ResponseRow.answers).join(WaveRow).where(WaveRow.state == "closed")
    known = {tuple(answers) for answers in session.scalars(shown)}
    if known:
        own = select(ResponseRow.id, ResponseRow.answers).where(ResponseRow.wave_id == wave.id)
        repeated = [id_ for id_, answers in session.execute(own) if tuple(answers) in known]
        for first in range(0, len(repeated), _AT_ONCE):
            some = ResponseRow.id.in_(repeated[first : first + _AT_ONCE])
            session.execute(update(ResponseRow).where(some).values(is_repeated=True))
    wave.state, wave.salt = "closed", None


def wave_of(row: WaveRow) -> Wave:
    """The wave of a row."""
    state: WaveState = row.state  # type: ignore[assignment]
    return Wave(row.id, row.name, row.opens_on, row.closes_on, state)


def _response(row: Any) -> Response:
    return Response(
        wave_id=row.wave_id,
        person=row.person,
        function=Function(row.function),
        level=row.level,
        answers=tuple(row.answers),
        submitted_at=row.submitted_at,
        segment=row.segment,
        named=row.named,
        display_name=row.display_name,
        is_repeated=row.is_repeated,
    )
