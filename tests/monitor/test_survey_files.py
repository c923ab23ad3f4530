"""Files as Google Forms, Microsoft Forms, SurveyMonkey and Typeform write them, wide and long."""

import csv
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from metrics.survey import STATEMENTS
from model.errors import SurveyError
from monitor import survey_values as values
from monitor import surveys
from monitor.sheets import sheet_of
from monitor.survey_columns import understand
from monitor.survey_file import read_survey
from monitor.workspace import Workspace
from store.records.surveys import ResponseDraft

TODAY = datetime(2026, 11, 25).date()
SEGMENTS = ("region", "business_unit")
TEXTS = [s.text for s in STATEMENTS]
LABELS = [
    "Strongly disagree",
    "Disagree",
    "Neither agree nor disagree",
    "Agree",
    "Strongly agree",
]
RATINGS = [1 + n % 5 for n in range(20)]
CODES = [f"s{n}" for n in range(1, 21)]


def written(
    file: Path, rows: Sequence[Sequence[object]], delimiter: str = ",", encoding: str = "utf-8"
) -> Path:
    with file.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream, delimiter=delimiter).writerows(rows)
    return file


def read(file: Path) -> tuple[ResponseDraft, ...]:
    found = read_survey(file, SEGMENTS, TODAY)
    found.check()
    return found.responses


def meanings(file: Path) -> dict[str, str]:
    return {one["column"]: one["meaning"] for one in read_survey(file, SEGMENTS, TODAY).columns}


def google(file: Path) -> Path:
    header = ["Timestamp", "Email Address", "Which function do you work in?", "You are a", "Region"]
    grid = [f"How far do you agree? [{text}]" for text in TEXTS]
    first = ["2026/11/03 3:04:05 PM GMT+1", "jörg@x.com", "Sales team", "Team member", "EMEA"]
    second = ["2026/11/02 9:00:00 AM GMT+1", "ann@x.com", "Marketing", "Head of a team", "AMER"]
    labels = [LABELS[n - 1] for n in RATINGS]
    rows = [[*header, "Any comments?", *grid], [*first, "schön", *labels], [*second, "", *labels]]
    return written(file, rows, ";", "latin-1")


def microsoft(file: Path) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    header = ["ID", "Start time", "Completion time", "Email", "Name", "Function", "Level"]
    sheet.append([*header, *(f"{s.number}. {s.text}" for s in STATEMENTS)])
    for number in (1, 2):
        at = datetime(2026, 11, 3, 9, number)
        person = [number, at, at, "anonymous", "Jane Doe", "sales", "staff"]
        sheet.append([*person, *map(float, RATINGS)])
    book.save(file)
    return file


def surveymonkey(file: Path) -> Path:
    header = ["Respondent ID", "Collector ID", "End Date", "IP Address", "Email Address"]
    first = [*header, "Which department are you in?", "How far do you agree?", *[""] * 19]
    second = [*[""] * 5, "Response", *TEXTS]
    answers = [f"{n} - {LABELS[n - 1]}" for n in RATINGS]
    row = ["118000", "7", "11/23/2026 10:05:00 AM", "192.0.2.1", "", "Marketing", *answers]
    return written(file, [first, second, row])


def typeform(file: Path) -> Path:
    header = ["#", *TEXTS, "function", "Start Date (UTC)", "Submit Date (UTC)", "Network ID"]
    end = ["sales", "2026-11-03 09:00:00", "2026-11-03 09:04:00", "ab12"]
    return written(file, [header, ["x1", *RATINGS, *end]], encoding="utf-16")


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (google, "a.csv"),
        (microsoft, "a.xlsx"),
        (surveymonkey, "a.csv"),
        (typeform, "a.csv"),
    ],
)
def test_every_form_tool_gives_the_same_answers(make: object, name: str, tmp_path: Path) -> None:
    responses = read(make(tmp_path / name))  # type: ignore[operator]
    assert {tuple(one.answers) for one in responses} == {tuple(RATINGS)}
    assert all(one.submitted_at.date().isoformat()[:7] == "2026-11" for one in responses)


def test_google_forms_says_who_is_what(tmp_path: Path) -> None:
    ann, jorg = read(google(tmp_path / "a.csv"))  # by the time they sent
    assert (ann.level, ann.function, ann.segment) == ("head", "marketing", {"region": "AMER"})
    assert (jorg.level, jorg.function, jorg.person) == ("staff", "sales", "jörg@x.com")
    assert (ann.display_name, jorg.submitted_at) == (None, datetime(2026, 11, 3, 15, 4, 5))
    assert meanings(tmp_path / "a.csv")["Any comments?"] == "not used"


def test_anonymous_of_microsoft_is_not_one_person_and_name_no_agreement(tmp_path: Path) -> None:
    found = read_survey(microsoft(tmp_path / "a.xlsx"), SEGMENTS, TODAY)
    assert len(found.responses) == 2
    known = {one["column"]: one for one in found.columns}
    assert known["ID"]["meaning"] == "respondent"
    assert known["Email"]["meaning"] == known["Name"]["meaning"] == "not used"
    assert "agreed" in known["Name"]["how"]
    assert {one.display_name for one in found.responses} == {None}


def test_a_long_file_is_one_row_an_answer(tmp_path: Path) -> None:
    header = ["respondent", "function", "level", "question", "answer"]
    rows = [["a", "sales", "staff", f"Q{n}", RATINGS[n - 1]] for n in range(1, 20)]
    rows += [["b", "marketing", "staff", text, "Agree"] for text in TEXTS]
    rows += [["b", "marketing", "staff", TEXTS[0], "N/A"]]
    found = read_survey(written(tmp_path / "a.csv", [header, *rows]), SEGMENTS, TODAY)
    found.check()
    by_person = {one.person: list(one.answers) for one in found.responses}
    assert by_person == {"a": [*RATINGS[:19], None], "b": [None, *[4] * 19]}
    assert (found.replaced, found.unanswered, found.not_applicable) == (1, 1, 1)


def test_the_later_sending_of_a_person_counts_wherever_it_stands(tmp_path: Path) -> None:
    header = ["respondent", "function", "submitted_at", *CODES]
    rows = [
        ["a", "sales", "2026-11-05 10:00:00", *[5] * 20],
        ["A ", "sales", "2026-11-04 10:00:00", *[1] * 20],
    ]
    (kept,) = read(written(tmp_path / "a.csv", [header, *rows]))
    assert kept.answers == [5] * 20


@pytest.mark.parametrize(
    ("header", "row", "said"),
    [
        (["function", *CODES], ["sales", "0", *[3] * 19], "row 2, column s1: '0'"),
        (["function", *CODES], ["sales", "6", *[3] * 19], "row 2, column s1: '6'"),
        (["function", *CODES], ["salse", *[3] * 20], "row 2, column function: unknown function"),
        (["function", "level", *CODES], ["sales", "boss", *[3] * 20], "column level"),
        (["function", *CODES], ["sales", "1 - Agree", *[3] * 19], "calls 1 'agree'"),
        (["function", *CODES], ["sales", *[3] * 19], "row 2: has 20 fields, the header 21"),
        (["function", "functoin", *CODES], ["sales", "", *[3] * 20], "Did you mean function"),
        (["team", *CODES[:-1], "s1"], ["sales", *[3] * 20], "statement 1 has two columns"),
        (["who", *CODES], ["sales", *[3] * 20], "no column 'function'"),
        (["function", "end date", *CODES], ["sales", "soon", *[3] * 20], "column end date"),
        (["function", "name", *CODES], ["sales", "Ada", *[3] * 20], "only heads answer by name"),
    ],
)
def test_a_mistake_is_placed(
    header: list[object], row: list[object], said: str, tmp_path: Path
) -> None:
    with pytest.raises(SurveyError) as error:
        read(written(tmp_path / "a.csv", [header, row]))
    assert said in error.value.line()
    assert "Ada" not in error.value.line()


def test_all_mistakes_are_listed_and_nothing_is_kept(tmp_path: Path) -> None:
    workspace = Workspace.open(None, tmp_path / "home")
    file = written(
        tmp_path / "a.csv",
        [["function", *CODES], ["sales", "0", *[3] * 19], ["x", *[3] * 19, "9"]],
    )
    seen = surveys.preview_file(workspace, file)
    assert [(one["row"], one["column"]) for one in seen["problems"]] == [
        (2, "s1"),
        (3, "function"),
        (3, "s20"),
    ]
    told: list[surveys.ImportForm] = []
    with pytest.raises(SurveyError, match=r"Nothing was imported.* 2 more"):
        surveys.import_file(workspace, file, tell=told.append)
    assert told == [seen]
    assert surveys.waves(workspace) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\x00\x01\x02", "is not a text file"),
        (b'function,"s1\n', "is not a CSV file"),
        (b"function\nsales\n", "no column for statement 1, 2"),
    ],
)
def test_a_file_that_is_none_is_said(content: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(content)
    with pytest.raises(SurveyError, match=said):
        read(file)
    with pytest.raises(SurveyError, match="no such file"):
        read(tmp_path / "b.csv")
    (tmp_path / "a.xlsx").write_bytes(content)
    with pytest.raises(SurveyError, match="is not an XLSX file"):
        read(tmp_path / "a.xlsx")


@given(
    st.integers(1, 5),
    st.sampled_from(["{n}", "{n}.0", "{label}", "{n} - {label}", "{n} ({label})", "{n}. {label}"]),
    st.sampled_from([str, str.upper, str.lower]),
)
def test_numbers_and_labels_say_the_same(rating: int, how: str, case: object) -> None:
    text = how.format(n=rating, label=LABELS[rating - 1])
    assert values.answer(case(text)) == rating  # type: ignore[operator]


@pytest.mark.parametrize("text", ["", "N/A", "n.a.", "-", "Not applicable", "Don't know"])
def test_no_answer_is_none(text: str) -> None:
    assert values.answer(text) is None


@pytest.mark.parametrize("how", ["{text}", "{n}. {text}", "Q{n}: {text}", "[{text}]", "{upper}"])
def test_a_statement_is_known_by_its_text(how: str) -> None:
    titles = [how.format(n=s.number, text=s.text, upper=s.text.upper()) for s in STATEMENTS]
    text = "\t".join(["function", *titles]) + "\n" + "\t".join(["sales", *["3"] * 20])
    found = understand(sheet_of(text, "a"), (), "a")
    assert found.statements == {n: n for n in range(1, 21)}


@pytest.mark.full
def test_a_hundred_thousand_rows_are_read_and_kept_quickly(tmp_path: Path) -> None:
    workspace = Workspace.open(None, tmp_path / "home")
    rows = [
        [
            f"r{n}",
            ("sales", "marketing")[n % 2],
            "ABC"[n % 3],
            *(1 + (n + k) % 5 for k in range(20)),
        ]
        for n in range(100_000)
    ]
    file = written(tmp_path / "a.csv", [["respondent", "function", "region", *CODES], *rows])
    steps: list[int] = []

    class Watch:
        def step(self, task: str, done: int, total: int | None) -> None:
            steps.append(done)

        def calls(self, source: str, used: int) -> None: ...

        def end(self, task: str) -> None: ...

    begun = time.process_time()
    form = surveys.import_file(workspace, file, progress=Watch())
    assert time.process_time() - begun < 60
    assert form["responses"] == 100_000
    assert len(steps) > 50
    shown = surveys.form(workspace)
    assert shown is not None
    assert shown["sales"]["n"] == 50_000
