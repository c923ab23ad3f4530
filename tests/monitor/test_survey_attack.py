"""Nobody can work out from all tables of all waves, at all moments, what a few have answered."""

import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.stages import Function
from monitor import surveys
from monitor.survey_forms import SurveyForm
from monitor.workspace import Workspace
from store.records.surveys import ResponseDraft
from tests.monitor.attacker import FUNCTIONS, STATEMENTS, Person, derivable

FLOOR, LEAST = 3, 16
NOON = datetime(2026, 3, 1, 12)
CONFIG = "segments: [region, business_unit]\nsurvey: {floor: 3}\n"

ANSWERS = st.builds(
    lambda given, open_at: tuple(None if k in open_at else a for k, a in enumerate(given)),
    st.lists(st.integers(1, 5), min_size=STATEMENTS, max_size=STATEMENTS),
    st.sets(st.integers(0, STATEMENTS - 1), max_size=5) | st.just(set()),
)
PERSON = st.builds(
    Person,
    st.sampled_from(["sales", "sales", "sales", "marketing"]),
    ANSWERS,
    st.fixed_dictionaries(
        {}, optional={"region": st.sampled_from("AAB"), "business_unit": st.sampled_from("XXY")}
    ),
)


@st.composite
def companies(draw: st.DrawFn) -> list[list[Person]]:
    """Waves in which people stay with the same answers, come, leave, and change their minds."""
    people = draw(st.lists(PERSON, min_size=5, max_size=12))
    waves = [people]
    for _ in range(draw(st.integers(0, 2))):
        stay = draw(st.lists(st.booleans(), min_size=len(people), max_size=len(people)))
        come = draw(st.lists(PERSON, max_size=4))
        people = [p for p, stays in zip(people, stay, strict=True) if stays] + come
        waves.append(people)
    return waves


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with an empty database, to be copied."""
    folder = tmp_path_factory.mktemp("template")
    (folder / "detente.yaml").write_text(CONFIG)
    assert Workspace.open(folder / "detente.yaml", folder).records.surveys.waves() == []
    return folder


def drafts(people: Sequence[Person]) -> list[ResponseDraft]:
    return [
        ResponseDraft(
            person=f"p{n}",
            function=Function(person.function),
            level="staff",
            answers=person.answers,
            submitted_at=NOON,
            segment=person.segment,
        )
        for n, person in enumerate(people)
    ]


def published(home: Path, waves: Sequence[Sequence[Person]]) -> list[SurveyForm]:
    """The form of each wave, which later waves do not change."""
    workspace = Workspace.open(home / "detente.yaml", home)
    shown: list[SurveyForm] = []
    for number, people in enumerate(waves):
        day = date(2026, 1 + number, 1)
        workspace.records.surveys.import_wave(f"w{number}", day, day, drafts(people))
        form = surveys.form(workspace, f"w{number}")
        assert form is not None
        shown.append(form)
        assert [surveys.form(workspace, f"w{n}") for n in range(number + 1)] == shown
    workspace.records.close()
    return shown


@settings(deadline=None, max_examples=40)
@given(waves=companies())
def test_no_few_people_can_be_worked_out(
    template: Path, tmp_path_factory: pytest.TempPathFactory, waves: list[list[Person]]
) -> None:
    home = tmp_path_factory.mktemp("home") / "home"
    shutil.copytree(template, home)
    forms = published(home, waves)
    assert derivable(list(zip(waves, forms, strict=True)), FLOOR, LEAST) == []


def person(function: str = "sales", skips: int = 0, region: str = "", shift: int = 0) -> Person:
    answers = [None if k < skips else 1 + (k + shift) % 5 for k in range(STATEMENTS)]
    return Person(function, tuple(answers), {"region": region} if region else {})


def naive(people: Sequence[Person]) -> SurveyForm:
    """A form that shows everything, so that the attacker has something to find."""
    regions = sorted({p.segment["region"] for p in people if p.segment})
    cell = {"mean": 1.0}
    return cast(
        SurveyForm,
        {
            "sales": {"mean": 1.0},
            "marketing": {"mean": None},
            "all": {"mean": None},
            "statements": [{"sales": 1.0, "marketing": None} for _ in range(STATEMENTS)],
            "segments": [
                {
                    "dimension": "region",
                    "rows": [
                        {"value": r, "sales": cell, "marketing": {"mean": None}} for r in regions
                    ],
                }
            ],
        },
    )


FIVE = [person(shift=n) for n in range(5)]
CASES: dict[str, list[list[Person]]] = {
    "one who left something open": [[*FIVE, person(skips=2)]],
    "one who is in no shown region": [
        [*(p._replace(segment={"region": "A"}) for p in FIVE), person(shift=7)]
    ],
    "one who joined between two waves": [FIVE, [*FIVE, person(skips=1, shift=3)]],
    "one who left between two waves": [[*FIVE, person(skips=1)], FIVE],
}


@pytest.mark.parametrize("case", CASES)
def test_the_attacker_finds_them_where_everything_is_shown(case: str) -> None:
    waves = CASES[case]
    assert derivable([(people, naive(people)) for people in waves], FLOOR, LEAST)


@pytest.mark.parametrize("case", CASES)
def test_the_attacker_finds_nobody_in_what_we_show(
    case: str, template: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(template, home)
    forms = published(home, CASES[case])
    assert forms[0]["sales"]["mean"] is not None
    assert derivable(list(zip(CASES[case], forms, strict=True)), FLOOR, LEAST) == []


def test_a_wave_of_new_answers_is_shown_beside_the_earlier_one(
    template: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(template, home)
    later = [*(person(shift=n, skips=n % 2) for n in range(1, 7))]
    changed = [p._replace(answers=(5, *p.answers[1:-1], 1)) for p in later]
    forms = published(home, [FIVE, changed])
    assert all(form["sales"]["mean"] is not None for form in forms)


def test_an_open_wave_looks_the_same_whoever_has_answered(template: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(template, home)
    workspace = Workspace.open(home / "detente.yaml", home)
    last = datetime.now(UTC).date() + timedelta(days=3)
    surveys.open_wave(workspace, "Spring", None, last)
    before: list[Any] = [surveys.form(workspace), surveys.waves(workspace)]
    for n in range(7):
        for function in FUNCTIONS:
            surveys.submit(workspace, f"{function}{n}", function, "staff", [4] * 20)
    surveys.submit(workspace, "boss", "sales", "head", [5] * 20, name="Ada Lund")
    assert [surveys.form(workspace), surveys.waves(workspace)] == before
