"""Personal links to a survey wave: signed statements of who answers, valid until the close.

A link's token names the wave, a code for the respondent, function, level and segment, and nothing
else; it is signed with a key made from the wave's own, which is destroyed at the close. What is
kept of an invitation is a hash that matches neither the token nor the response.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from model.errors import SurveyError
from model.stages import Function
from store.records.codes import code
from store.records.schema import InvitationRow, WaveRow
from store.records.surveys import LEVELS, Level, Wave, find, refuse_closed, wave_of
from store.records.transactions import reading, writing

ALGORITHM = "HS256"
WHERE = "invitation"
AGAIN = "Open the link exactly as it was sent to you, or ask for a new one."


@dataclass(frozen=True)
class Invitee:
    """Somebody who is asked. `person` is an address or a number; it is never kept."""

    person: str
    function: Function
    level: Level
    segment: Mapping[str, str]


@dataclass(frozen=True)
class Invitation:
    """What a token says. `respondent` stands for the person in this wave alone."""

    wave: Wave
    respondent: str
    function: Function
    level: Level
    segment: Mapping[str, str]


class Invitations:
    """The invitations of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def invite(
        self, wave_id: int, people: Sequence[Invitee], expires_at: datetime
    ) -> tuple[str, ...]:
        """A token for each of `people`, in their order, valid until `expires_at` (naive UTC).

        Whoever is invited twice is counted once and answers once. SurveyError where the wave is
        closed.
        """
        with writing(self._engine) as session:
            wave = find(session, wave_id)
            refuse_closed(wave)
            known = _known(session, wave_id)
            tokens = []
            for one in people:
                respondent = code(wave.salt, one.person)
                kept = code(wave.salt, f"invited {respondent}")
                if kept in known:
                    known[kept].function = one.function.value
                else:
                    known[kept] = InvitationRow(
                        wave_id=wave_id, person=kept, function=one.function.value
                    )
                    session.add(known[kept])
                tokens.append(_signed(wave, respondent, one, expires_at))
        return tuple(tokens)

    def read(self, token: str, now: datetime) -> Invitation:
        """What a token says, once it is proved genuine and in time; SurveyError else."""
        with reading(self._engine) as session:
            wave = session.get(WaveRow, _claimed_wave(token))
            if wave is None:
                raise SurveyError("this link belongs to another survey", WHERE, AGAIN)
            refuse_closed(wave)
            said = _proved(token, _key(wave))
            if now >= datetime.fromtimestamp(said["exp"], UTC).replace(tzinfo=None):
                raise SurveyError(
                    f"this link was valid until {wave.closes_on}", f"wave {wave.name}"
                )
            return Invitation(
                wave_of(wave), said["who"], Function(said["function"]), said["level"], said["in"]
            )

    def counts(self, wave_id: int) -> Counter[str]:
        """How many were asked, by function."""
        with reading(self._engine) as session:
            query = select(InvitationRow.function).where(InvitationRow.wave_id == wave_id)
            return Counter(session.scalars(query))


def _known(session: Session, wave_id: int) -> dict[str, InvitationRow]:
    rows = session.scalars(select(InvitationRow).where(InvitationRow.wave_id == wave_id))
    return {row.person: row for row in rows}


def _key(wave: WaveRow) -> bytes:
    return hmac.new(wave.salt or b"", b"links", hashlib.sha256).digest()


def _signed(wave: WaveRow, respondent: str, one: Invitee, expires_at: datetime) -> str:
    said = {
        "wave": wave.id,
        "who": respondent,
        "function": one.function.value,
        "level": one.level,
        "in": dict(one.segment),
        "exp": int(expires_at.replace(tzinfo=UTC).timestamp()),
    }
    return jwt.encode(said, _key(wave), ALGORITHM)


def _claimed_wave(token: str) -> int:
    """The wave that a token claims to be for, unproved: it says whose key to prove it with."""
    try:
        wave = jwt.decode(token, options={"verify_signature": False}).get("wave")
    except jwt.PyJWTError:
        raise _not_genuine() from None
    if not isinstance(wave, int) or not 0 <= wave < 2**31:
        raise _not_genuine()
    return wave


def _proved(token: str, key: bytes) -> dict[str, Any]:
    try:
        said: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            options={
                "require": ["wave", "who", "function", "level", "in", "exp"],
                "verify_exp": False,  # by the caller's clock, in the caller's words
            },
        )
    except jwt.PyJWTError:
        raise _not_genuine() from None
    if said["level"] not in LEVELS:
        raise _not_genuine()
    return said


def _not_genuine() -> SurveyError:
    return SurveyError("this link is incomplete, or was changed", WHERE, AGAIN)
