"""Answers in by form and by file, and out of them only what may be shown."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from model.errors import DetenteError, SurveyError
from monitor import invitations, surveys
from monitor.workspace import Workspace

HEADER = ["respondent", "function", "level", *(f"s{n}" for n in range(1, 21))]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.chdir(tmp_path)
    return Workspace.open(None, tmp_path / "home")


def row(person: str, function: str, rating: object, level: str = "staff") -> list[object]:
    return [person, function, level, *([rating] * 20)]


def written(tmp_path: Path, *rows: list[object], header: list[str] = HEADER) -> Path:
    file = tmp_path / "Autumn.csv"
    lines: list[list[object]] = [[*header], *rows]
    file.write_text("\n".join(",".join(str(cell) for cell in line) for line in lines))
    return file


def people(function: str, count: int, rating: int) -> list[list[object]]:
    return [row(f"{function}-{n}", function, rating) for n in range(count)]


def test_a_file_becomes_a_closed_wave_named_after_it(workspace: Workspace, tmp_path: Path) -> None:
    rows = [*people("sales", 5, 2), *people("marketing", 6, 4)]
    report = surveys.import_file(workspace, written(tmp_path, *rows))
    assert (report["wave"], report["responses"], report["unanswered"]) == ("Autumn", 11, 0)
    form = surveys.form(workspace)
    assert form is not None
    assert (form["sales"]["mean"], form["sales"]["stage"]) == (40, "defined")
    assert (form["marketing"]["mean"], form["marketing"]["stage"]) == (80, "integrated")
    assert form["gap"] == -40


def test_three_of_sales_hide_themselves_and_the_total(workspace: Workspace, tmp_path: Path) -> None:
    rows = [*people("sales", 3, 1), *people("marketing", 40, 4)]
    surveys.import_file(workspace, written(tmp_path, *rows))
    form = surveys.form(workspace)
    assert form is not None
    assert form["sales"]["mean"] is None
    assert form["all"]["mean"] is None
    assert form["gap"] is None
    assert form["marketing"]["mean"] == 80
    assert all(one["sales"] is None for one in form["statements"])


def test_the_last_row_of_a_person_counts(workspace: Workspace, tmp_path: Path) -> None:
    rows = [*people("sales", 5, 2), row("Sales-0", "sales", 5)]
    report = surveys.import_file(workspace, written(tmp_path, *rows))
    assert (report["responses"], report["replaced"]) == (5, 1)
    form = surveys.form(workspace)
    assert form is not None
    assert form["sales"]["mean"] == pytest.approx((4 * 40 + 100) / 5)


@pytest.mark.parametrize("bad", ["0", "6", "four", "3.5", "-1"])
def test_one_bad_answer_keeps_the_whole_file_out(
    bad: str, workspace: Workspace, tmp_path: Path
) -> None:
    file = written(tmp_path, row("a", "sales", 3), row("b", "sales", bad))
    with pytest.raises(SurveyError, match="row 3, column s1"):
        surveys.import_file(workspace, file)
    assert surveys.form(workspace) is None


def test_not_applicable_is_no_answer_and_is_counted(workspace: Workspace, tmp_path: Path) -> None:
    file = written(tmp_path, *people("sales", 5, 3), row("x", "sales", "N/A"))
    report = surveys.import_file(workspace, file)
    assert (report["unanswered"], report["not_applicable"]) == (0, 20)
    form = surveys.form(workspace)
    assert form is not None
    assert form["sales"]["n"] == 5
    assert form["notes"] == ["1 response had too few answers to be scored."]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (HEADER[:-1], "no column for statement 20"),
        (["respondnt", *HEADER[1:]], "unknown column 'respondnt'"),
        ([*HEADER[:-1], "s19"], "statement 19 has two columns"),
    ],
)
def test_a_wrong_header_is_explained(
    header: list[str], said: str, workspace: Workspace, tmp_path: Path
) -> None:
    cells = row("a", "sales", 3)[: len(header)]
    with pytest.raises(SurveyError, match=said):
        surveys.import_file(workspace, written(tmp_path, cells, header=header))


def test_a_wave_of_the_same_name_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    file = written(tmp_path, *people("sales", 5, 3))
    surveys.import_file(workspace, file)
    with pytest.raises(SurveyError, match="there is a wave of that name"):
        surveys.import_file(workspace, file)


def test_nothing_is_seen_before_the_close(workspace: Workspace) -> None:
    today = datetime.now(UTC).date()
    surveys.open_wave(workspace, "2026-H2", None, today + timedelta(days=3))
    for n in range(6):
        surveys.submit(workspace, f"p{n}", "sales", "staff", [3] * 20)
        surveys.submit(workspace, f"q{n}", "marketing", "staff", [4] * 20)
    surveys.submit(workspace, "p0", "sales", "staff", [5] * 20)
    form = surveys.form(workspace)
    assert form is not None
    assert (form["sales"]["n"], form["sales"]["mean"], form["all"]["mean"]) == (None, None, None)
    surveys.close_wave(workspace, "2026-H2")
    closed = surveys.form(workspace)
    assert closed is not None
    assert closed["sales"]["n"] == 6
    assert closed["sales"]["mean"] == pytest.approx((5 * 60 + 100) / 6, abs=0.05)
    with pytest.raises(SurveyError, match="no wave is open"):
        surveys.submit(workspace, "p1", "sales", "staff", [3] * 20)


def test_a_wave_is_answered_by_link_or_by_login_and_not_by_both(workspace: Workspace) -> None:
    last = datetime.now(UTC).date() + timedelta(days=3)
    ada = invitations.people_of("ada@example.com,sales")
    for name in ("login", "link"):
        surveys.open_wave(workspace, name, None, last)
        if name == "login":
            surveys.submit(workspace, "https://idp.example.com 17", "sales", "staff", [3] * 20)
            with pytest.raises(SurveyError, match="came without a link"):
                invitations.invite(workspace, ada, "https://d.example.com")
        else:
            invitations.invite(workspace, ada, "https://d.example.com")
            with pytest.raises(SurveyError, match="answered by personal links"):
                surveys.submit(workspace, "https://idp.example.com 17", "sales", "staff", [3] * 20)
        surveys.close_wave(workspace, name)
    kept = [workspace.records.surveys.responses(one.id) for one in surveys.closed(workspace)]
    assert [len(one) for one in kept] == [1, 0]


def test_heads_answer_by_name(workspace: Workspace, tmp_path: Path) -> None:
    header = [*HEADER, "name"]
    rows = [[*one, ""] for one in people("sales", 5, 3)]
    rows.append([*row("h", "sales", 5, "head"), "Ada Lund"])
    surveys.import_file(workspace, written(tmp_path, *rows, header=header))
    form = surveys.form(workspace)
    assert form is not None
    assert [(one["name"], one["score"]) for one in form["heads"]] == [("Ada Lund", 100)]
    assert form["sales"]["n"] == 5


def test_staff_never_answer_by_name(workspace: Workspace, tmp_path: Path) -> None:
    file = written(tmp_path, [*row("a", "sales", 3), "Ada Lund"], header=[*HEADER, "name"])
    with pytest.raises(DetenteError) as error:
        surveys.import_file(workspace, file)
    assert "Ada" not in str(error.value)
