"""`detente survey …` from opening a wave to its export, against the JSON schemas."""

import csv
import io
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from monitor import invitations
from monitor.workspace import Workspace
from tests.cli import schemas
from tests.cli.run import Ran, detente

LAST = (datetime.now(UTC).date() + timedelta(days=14)).isoformat()
PEOPLE = ["person,function,level,region"]
PEOPLE += [f"s{n}@x.com,sales,staff,{'EMEA' if n < 6 else 'AMER'}" for n in range(12)]
PEOPLE += [f"m{n}@x.com,marketing,,EMEA" for n in range(10)]
PEOPLE += ["boss@x.com,sales,head,EMEA", "late@x.com,marketing,staff,EMEA"]


@pytest.fixture
def ask(tmp_path: Path) -> Any:
    def run(*arguments: object) -> Ran:
        return detente("--home", tmp_path / "home", "survey", *arguments, cwd=tmp_path)

    return run


def valid(ran: Ran, schema: dict[str, Any]) -> Any:
    assert ran.code == 0, ran.err
    form = json.loads(ran.out)
    assert [e.message for e in Draft202012Validator(schema).iter_errors(form)] == []
    return form


def fill(home: Path, links: list[dict[str, str]]) -> None:
    """Everybody but the late one answers by their link; the head by name."""
    workspace = Workspace.open(None, home)
    for n, one in enumerate(links):
        if one["person"].startswith("late"):
            continue
        token = one["link"].partition("invitation=")[2]
        base = 2 if one["function"] == "sales" else 4
        answers = [base + (n + k) % 2 for k in range(20)]
        answers[n % 20] = 1 + n % 5
        name = "=HYPERLINK(1)" if one["level"] == "head" else None
        invitations.answer(workspace, token, answers, name)
    workspace.records.close()


def test_a_wave_from_its_opening_to_its_export(ask: Any, tmp_path: Path) -> None:
    wave = valid(ask("open", "H2", "--closes-on", LAST, "--json"), schemas.WAVE)
    assert (wave["state"], wave["closes_on"]) == ("open", LAST)
    file = tmp_path / "people.csv"
    file.write_text("\n".join(PEOPLE))
    links = valid(ask("invite", file, "--url", "https://d.example.com", "--json"), schemas.LINKS)
    assert len(links) == 24
    assert not any("x.com" in one["link"] for one in links)
    fill(tmp_path / "home", links)
    early = valid(ask("results", "--json"), schemas.SURVEY)
    assert (early["sales"]["n"], early["heads"], early["segments"]) == (None, [], [])
    assert "boss" not in json.dumps(early)
    closed = valid(ask("close", "H2", "--json"), schemas.WAVE)
    assert (closed["state"], closed["invited"]) == ("closed", 24)

    form = valid(ask("results", "--json"), schemas.SURVEY)
    sales, marketing = form["sales"], form["marketing"]
    assert (sales["n"], sales["invited"], sales["response_rate"]) == (12, 12, 1)
    assert (marketing["n"], marketing["invited"]) == (10, 11)
    assert marketing["response_rate"] == pytest.approx(10 / 11)
    assert [(h["name"], h["segment"]) for h in form["heads"]] == [
        ("=HYPERLINK(1)", {"region": "EMEA"})
    ]
    assert [row["value"] for row in form["segments"][0]["rows"]] == ["AMER", "EMEA"]
    text = ask("results").out
    assert "100 % of 12 asked" in text
    assert "None" not in text

    rows = valid(ask("export", "--json"), schemas.SURVEY_TABLE)
    listed = list(csv.DictReader(io.StringIO(ask("export").out)))
    assert len(listed) == len(rows)
    assert {row["who"] for row in listed} <= {
        "Sales",
        "Marketing",
        "Both",
        "Sales minus Marketing",
        "'=HYPERLINK(1)",  # no formula for a spreadsheet to run
    }
    (mean,) = (r for r in rows if r["who"] == "Sales" and r["item"] == "score" and r["n"] == 12)
    assert mean["value"] == sales["mean"]
    into = tmp_path / "out.csv"
    assert f"is in {into}" in ask("export", "--output", into).out
    assert into.read_text() == ask("export").out
    assert ask("export", "--output", tmp_path / "none" / "out.csv").code == 1


def test_a_single_person_is_invited_without_a_file(ask: Any, tmp_path: Path) -> None:
    ask("open", "H2", "--closes-on", LAST)
    out = tmp_path / "links.csv"
    ran = ask("invite", "--people", "ada@x.com,sales,head", "--people", "bo,mkt", "--output", out)
    assert "list of people, row 2, column function" in ran.err
    assert not out.exists()
    ran = ask("invite", "--people", "ada@x.com,sales,head,EMEA", "--output", out)
    assert f"Links made: 1. They are in {out}" in ran.out
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    (link,) = csv.DictReader(out.open())
    token = link["link"].partition("invitation=")[2]
    said = invitations.invitation(Workspace.open(None, tmp_path / "home"), token)
    assert (said["level"], said["segment"]) == ("head", {"region": "EMEA"})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["invite"], "give a file of people, or --people"),
        (["invite", "--people", "a,sales"], "no wave is open"),
        (["open", "H2", "--closes-on", "2020-01-01"], "has passed"),
        (["open", "H2", "--closes-on", "soon"], "--closes-on: 'soon' is not a day"),
        (["close", "H9"], "there is no wave 'H9'"),
        (["export"], "there is no wave yet"),
    ],
)
def test_a_mistake_is_one_line(ask: Any, arguments: list[str], said: str) -> None:
    ran = ask(*arguments)
    assert ran.code == 1
    assert said in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ("a,sales\na,sales", "row 2: is listed twice"),
        ("a,sales,boss", "column level: unknown level 'boss'"),
        ("person,level\na,head", "needs a person and a function"),
        (",sales", "column person: is empty"),
        ("person,function", "names nobody"),
        ("a,sales,staff,EMEA,BU,src,ind,more", "needs a person and a function"),
    ],
)
def test_a_wrong_list_of_people_makes_no_link(
    ask: Any, tmp_path: Path, people: str, said: str
) -> None:
    ask("open", "H2", "--closes-on", LAST)
    (tmp_path / "p.csv").write_text(people)
    ran = ask("invite", tmp_path / "p.csv")
    assert ran.code == 1
    assert said in ran.err
    assert ran.out == ""
    bad = ask("invite", "--people", "a,sales", "--url", "javascript:alert(1)")
    assert "is no web address" in bad.err


def test_an_import_says_how_it_understood_the_file(ask: Any, tmp_path: Path) -> None:
    rows: list[list[object]] = [[f"p{n}", "sales", "staff", *[1 + n % 5] * 20] for n in range(6)]
    rows.insert(0, ["respondent", "function", "level", *(f"s{n}" for n in range(1, 21))])
    file = tmp_path / "Autumn.csv"
    file.write_text("\n".join(",".join(map(str, row)) for row in rows))
    seen = valid(ask("import", file, "--preview", "--json"), schemas.SURVEY_IMPORT)
    assert (seen["wave"], seen["responses"], seen["straight"]) == (None, 6, 6)
    text = ask("import", file, "--preview").out
    assert "statements 1 to 20" in text
    assert "Responses that can be imported: 6." in text
    assert "No survey yet" in ask("results").out
    done = ask("import", file)
    assert "statements 1 to 20" in done.out
    assert "Responses imported into wave Autumn, which is closed: 6." in done.out
    again = ask("import", file)
    assert again.code == 1
    assert "there is a wave of that name (closed)" in again.err
    kept = valid(ask("import", file, "--wave", "Again", "--json"), schemas.SURVEY_IMPORT)
    assert kept["wave"] == "Again"
    form = valid(ask("results", "--wave", "Again", "--json"), schemas.SURVEY)
    assert "an earlier wave" in form["sales"]["hidden"]
