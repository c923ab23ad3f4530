"""Personal links: genuine, in time, of this wave; one response each; nobody's address anywhere."""

import base64
import json
import stat
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import hypothesis.strategies as st
import jwt
import pytest
from hypothesis import given, settings

from model.errors import SurveyError
from model.stages import Function
from store.records import Records
from store.records.invitations import Invitee
from store.records.surveys import ResponseDraft, Wave

DAY, NOON = date(2026, 3, 1), datetime(2026, 3, 1, 12)
CLOSE = datetime(2026, 3, 14, 22, 59, 59)
ADA = Invitee("Ada.Lund@example.com", Function.SALES, "head", {"region": "EMEA"})
BOB = Invitee("bob@example.com", Function.MARKETING, "staff", {})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "records.db"


@pytest.fixture
def records(file: Path) -> Iterator[Records]:
    with Records.open(f"sqlite:///{file}") as opened:
        yield opened


@pytest.fixture
def wave(records: Records) -> Wave:
    return opened(records, "Spring")


def opened(records: Records, name: str) -> Wave:
    return records.surveys.open_wave(records.surveys.add_wave(name, DAY, DAY).id)


def response(records: Records, token: str, rating: int) -> ResponseDraft:
    said = records.invitations.read(token, NOON)
    return ResponseDraft(
        person=said.respondent,
        function=said.function,
        level=said.level,
        answers=[rating] * 20,
        submitted_at=NOON,
        segment=said.segment,
        is_invited=True,
    )


def test_a_link_says_who_answers_and_for_which_wave(records: Records, wave: Wave) -> None:
    tokens = records.invitations.invite(wave.id, [ADA, BOB], CLOSE)
    said = records.invitations.read(tokens[0], NOON)
    assert (said.wave, said.function, said.level) == (wave, Function.SALES, "head")
    assert said.segment == {"region": "EMEA"}
    assert records.invitations.counts(wave.id) == {"sales": 1, "marketing": 1}


def test_who_is_invited_twice_counts_and_answers_once(records: Records, wave: Wave) -> None:
    (first,) = records.invitations.invite(wave.id, [ADA], CLOSE)
    again = Invitee("ada.lund@EXAMPLE.com ", Function.MARKETING, "staff", {})
    (second,) = records.invitations.invite(wave.id, [again], CLOSE)
    records.surveys.respond(wave.id, [response(records, first, 2)])
    records.surveys.respond(wave.id, [response(records, second, 4)])
    (kept,) = records.surveys.responses(wave.id)
    assert (kept.answers, kept.function) == ((4,) * 20, Function.MARKETING)
    assert records.invitations.counts(wave.id) == {"marketing": 1}


def test_link_and_login_of_one_person_are_one_response(records: Records, wave: Wave) -> None:
    (token,) = records.invitations.invite(wave.id, [ADA], CLOSE)
    invited = response(records, token, 2)
    by_login = ResponseDraft(
        person=ADA.person,
        function=Function.SALES,
        level="head",
        answers=[5] * 20,
        submitted_at=NOON,
        segment={},
    )
    records.surveys.respond(wave.id, [invited, by_login])
    assert len(records.surveys.responses(wave.id)) == 1


def test_no_address_is_in_a_link_or_kept(records: Records, wave: Wave, file: Path) -> None:
    (token,) = records.invitations.invite(wave.id, [ADA], CLOSE)
    records.surveys.respond(wave.id, [response(records, token, 3)])
    said = jwt.decode(token, options={"verify_signature": False})
    assert set(said) == {"wave", "who", "function", "level", "in", "exp"}
    (kept,) = records.surveys.responses(wave.id)
    assert kept.person not in json.dumps(said)
    records.close()
    content = file.read_bytes().lower()
    assert b"ada.lund" not in content
    assert said["who"].encode() not in content
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_changed_link_is_refused(records: Records, wave: Wave) -> None:
    (token,) = records.invitations.invite(wave.id, [ADA], CLOSE)

    @settings(deadline=None, max_examples=200)
    @given(st.integers(0, len(token) - 1), st.sampled_from("Aa0-_.x"))
    def changed_at(place: int, letter: str) -> None:
        changed = token[:place] + letter + token[place + 1 :]
        if _bytes(changed) != _bytes(token):  # base64 has letters that say the same
            with pytest.raises(SurveyError):
                records.invitations.read(changed, NOON)

    changed_at()


def _bytes(token: str) -> list[bytes]:
    parts = token.split(".")
    return [base64.urlsafe_b64decode(part + "==") if len(part) % 4 != 1 else b"" for part in parts]


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "💥", "x" * 5000])
def test_what_is_no_link_is_said(records: Records, token: str) -> None:
    with pytest.raises(SurveyError, match=r"incomplete, or was changed.*ask for a new one"):
        records.invitations.read(token, NOON)


@pytest.mark.parametrize("algorithm", ["none", "HS512"])
def test_a_link_signed_otherwise_is_refused(records: Records, wave: Wave, algorithm: str) -> None:
    (token,) = records.invitations.invite(wave.id, [ADA], CLOSE)
    said = jwt.decode(token, options={"verify_signature": False})
    forged = jwt.encode(said, "" if algorithm == "none" else "k" * 64, algorithm)
    with pytest.raises(SurveyError, match="was changed"):
        records.invitations.read(forged, NOON)


def test_a_link_of_another_wave_or_place_is_refused(
    records: Records, wave: Wave, tmp_path: Path
) -> None:
    (token,) = records.invitations.invite(wave.id, [ADA], CLOSE)
    with Records.open(f"sqlite:///{tmp_path}/other.db") as other:
        with pytest.raises(SurveyError, match="belongs to another survey"):
            other.invitations.read(token, NOON)
        opened(other, "Spring")
        with pytest.raises(SurveyError, match="was changed"):
            other.invitations.read(token, NOON)
    said = jwt.decode(token, options={"verify_signature": False})
    autumn = opened(records, "Autumn")
    with pytest.raises(SurveyError, match="was changed"):
        records.invitations.read(jwt.encode(said | {"wave": autumn.id}, "k" * 32), NOON)


def test_a_link_ends_with_its_day_and_with_the_wave(records: Records, wave: Wave) -> None:
    (token,) = records.invitations.invite(wave.id, [ADA], CLOSE)
    records.invitations.read(token, CLOSE - timedelta(seconds=1))
    with pytest.raises(SurveyError, match="wave Spring: this link was valid until 2026-03-01"):
        records.invitations.read(token, CLOSE + timedelta(seconds=1))
    records.surveys.close_wave(wave.id)
    with pytest.raises(SurveyError, match=r"wave Spring: it is closed.*no more answers"):
        records.invitations.read(token, NOON)
    with pytest.raises(SurveyError, match="closed"):
        records.invitations.invite(wave.id, [ADA], CLOSE)


def test_answers_that_an_earlier_wave_held_are_marked_at_the_close(records: Records) -> None:
    first = [_draft(n, [n, *[3] * 19]) for n in (1, 2)]
    records.surveys.import_wave("Spring", DAY, DAY, first)
    later = records.surveys.import_wave(
        "Autumn", DAY, DAY, [_draft(1, [1, *[3] * 19]), _draft(3, [5, *[3] * 19])]
    )
    marked = {r.answers[0]: r.is_repeated for r in records.surveys.responses(later.id)}
    assert marked == {1: True, 5: False}


def _draft(number: int, answers: list[int]) -> ResponseDraft:
    return ResponseDraft(
        person=f"p{number}",
        function=Function.SALES,
        level="staff",
        answers=answers,
        submitted_at=NOON,
        segment={},
    )
