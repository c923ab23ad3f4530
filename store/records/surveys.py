"""Survey waves and responses: one response per person and wave, replaceable until the close."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from model.errors import SurveyError
from model.stages import Function
from store.records.schema import ResponseRow, WaveRow
from store.records.transactions import reading, writing

WaveState = Literal["planned", "open", "closed"]
Level = Literal["head", "staff"]
STATEMENTS = 20


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

    `person` identifies the respondent (an address, a link's token); only a keyed hash of it is
    kept. `answers`: 20 ratings of 1 to 5, None where there is none. `display_name`: for a head
    who agreed to answer by name; otherwise None.
    """

    person: str
    function: Function
    level: Level
    answers: Sequence[int | None]
    submitted_at: datetime
    segment: Mapping[str, str]
    display_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class Response:
    """A kept response; `person` is the hash, which differs from wave to wave."""

    wave_id: int
    person: str
    function: Function
    level: Level
    answers: tuple[int | None, ...]
    submitted_at: datetime
    segment: Mapping[str, str]
    named: bool
    display_name: str | None


class Surveys:
    """The waves and responses of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add_wave(self, name: str, opens_on: date, closes_on: date) -> Wave:
        """Plan a wave; SurveyError where the days are out of order or the name is taken."""
        with writing(self._engine) as session:
            return _wave(_add(session, name, opens_on, closes_on))

    def waves(self) -> list[Wave]:
        """All waves in the order in which they open."""
        with reading(self._engine) as session:
            rows = session.scalars(select(WaveRow).order_by(WaveRow.opens_on, WaveRow.id))
            return [_wave(row) for row in rows]

    def wave(self, id: int) -> Wave:  # noqa: A002
        """One wave; SurveyError where there is none."""
        with reading(self._engine) as session:
            return _wave(_find(session, id))

    def open_wave(self, id: int) -> Wave:  # noqa: A002
        """Let people answer; SurveyError once it is closed. Open already: no change."""
        with writing(self._engine) as session:
            row = _find(session, id)
            if row.state == "closed":
                raise SurveyError("it is closed for good", f"wave {row.name}", "Plan a new one.")
            row.state = "open"
            return _wave(row)

    def close_wave(self, id: int) -> Wave:  # noqa: A002
        """End a wave for good. The key of its hashes is destroyed: from now on nobody can find
        out which response is whose, whoever holds the list of people.
        """
        with writing(self._engine) as session:
            row = _find(session, id)
            row.state, row.salt = "closed", None
            return _wave(row)

    def respond(self, wave_id: int, drafts: Sequence[ResponseDraft]) -> None:
        """Keep responses, all or none; a person's later one replaces the earlier one.

        SurveyError where the wave is not open or a response breaks the rules of `ResponseDraft`.
        """
        for draft in drafts:
            _check(draft)
        with writing(self._engine) as session:
            wave = _find(session, wave_id)
            if wave.state != "open" or wave.salt is None:
                raise SurveyError(f"it is {wave.state}, not open", f"wave {wave.name}")
            for draft in drafts:
                _put(session, wave.id, _hash(wave.salt, draft.person), draft)

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
            for draft in drafts:
                _put(session, row.id, _hash(row.salt or b"", draft.person), draft)
            row.state, row.salt = "closed", None
            return _wave(row)

    def responses(self, wave_id: int) -> list[Response]:
        """A wave's responses, ordered by hash: their order says nothing about who came when."""
        with reading(self._engine) as session:
            query = select(ResponseRow).where(ResponseRow.wave_id == wave_id)
            return [_response(row) for row in session.scalars(query.order_by(ResponseRow.person))]


def _add(session: Session, name: str, opens_on: date, closes_on: date) -> WaveRow:
    if closes_on < opens_on:
        raise SurveyError(f"it would close on {closes_on}, before it opens", f"wave {name}")
    if session.scalar(select(WaveRow.id).where(WaveRow.name == name)) is not None:
        raise SurveyError("there is a wave of that name", f"wave {name}", "Choose another.")
    salt = secrets.token_bytes(32)
    row = WaveRow(name=name, opens_on=opens_on, closes_on=closes_on, state="planned", salt=salt)
    session.add(row)
    session.flush()
    return row


def _find(session: Session, wave_id: int) -> WaveRow:
    row = session.get(WaveRow, wave_id)
    if row is None:
        raise SurveyError(f"there is no wave {wave_id}", "survey", "See the list of waves.")
    return row


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


def _hash(salt: bytes, person: str) -> str:
    return hmac.new(salt, person.strip().casefold().encode(), hashlib.sha256).hexdigest()


def _put(session: Session, wave_id: int, person: str, draft: ResponseDraft) -> None:
    query = select(ResponseRow).where(ResponseRow.wave_id == wave_id, ResponseRow.person == person)
    row = session.scalar(query)
    if row is None:
        row = ResponseRow(wave_id=wave_id, person=person)
        session.add(row)
    row.function, row.level = draft.function.value, draft.level
    row.answers, row.segment = list(draft.answers), dict(draft.segment)
    row.named, row.display_name = draft.display_name is not None, draft.display_name
    row.submitted_at = draft.submitted_at
    session.flush()


def _wave(row: WaveRow) -> Wave:
    state: WaveState = row.state  # type: ignore[assignment]
    return Wave(row.id, row.name, row.opens_on, row.closes_on, state)


def _response(row: ResponseRow) -> Response:
    return Response(
        wave_id=row.wave_id,
        person=row.person,
        function=Function(row.function),
        level=row.level,  # type: ignore[arg-type]
        answers=tuple(row.answers),
        submitted_at=row.submitted_at,
        segment=row.segment,
        named=row.named,
        display_name=row.display_name,
    )
