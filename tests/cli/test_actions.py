"""`detente belief`, `advice` and `actions` over the demonstration company."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from monitor.demo import Company
from monitor.surveys import today
from tests.cli.run import Ran, detente
from tests.cli.schemas_advice import ACTION, ACTIONS, ADVICE, BELIEF, QUESTIONS

Ask = Callable[..., Ran]


@pytest.fixture
def ask(demonstration: Company, tmp_path: Path) -> Ask:
    """Commands on the company's lake, with records that nobody else reads."""
    settings = yaml.safe_load(demonstration.config.read_text())
    settings["lake"] = {"url": str(demonstration.workspace.home / "lake")}
    config = tmp_path / "detente.yaml"
    config.write_text(yaml.safe_dump(settings))
    return lambda *arguments: detente("--config", config, "--home", tmp_path, *arguments)


def valid(ran: Ran, schema: dict[str, Any]) -> Any:
    assert ran.code == 0, ran.err
    form = json.loads(ran.out)
    problems = [e.message for e in Draft202012Validator(schema).iter_errors(form)]
    assert not problems
    return form


def refused(ran: Ran, *said: str) -> None:
    assert ran.code == 1, ran
    assert ran.err.count("\n") == 1, ran.err
    assert "Traceback" not in ran.err + ran.out
    for words in said:
        assert words in ran.err


def test_belief_stands_beside_the_records(demonstration: Company) -> None:
    place = ["--config", demonstration.config, "--home", demonstration.workspace.home]
    form = valid(detente(*place, "belief", "--json"), BELIEF)
    assert {one["sales"]["hidden"] for one in form["statements"]} == {None}
    assert [one["number"] for one in form["statements"] if not one["evidence"]] == [11, 20]
    contradicted = {
        one["number"]
        for one in form["statements"]
        if "contradicted" in (one["sales"]["agreement"], one["marketing"]["agreement"])
    }
    assert set(form["contradictions"]) == contradicted
    assert {tuple(one["segment"]) for one in form["heads"]} == {("region",)}
    assert {one["segment"]["region"] for one in form["heads"]} == {"AMER", "APAC", "EMEA"}
    text = detente(*place, "belief")
    assert text.code == 0
    assert "None" not in text.out
    assert form["difference"] in text.out
    for one in form["heads"]:
        assert one["sentence"] in text.out


@pytest.mark.full
def test_without_a_survey_the_records_stand_alone(ask: Ask) -> None:
    form = valid(ask("belief", "--json"), BELIEF)
    assert (form["survey"], form["contradictions"], form["heads"]) == (None, [], [])
    assert {one["sales"]["hidden"] for one in form["statements"]} == {"nobody has been asked"}


def test_the_advice_says_what_it_rests_on(ask: Ask) -> None:
    before = valid(ask("advice", "--json"), ADVICE)
    (question, *_) = (one["id"] for one in before["answers"] if one["answer"] is None)
    assert ask("advice", "answer", question, "yes", "--by", "Ada Berg").code == 0
    after = valid(ask("advice", "--json"), ADVICE)
    (given,) = (one for one in after["answers"] if one["id"] == question)
    assert (given["answer"], given["source"]) == ("yes", "checklist")
    assert given["given"]["by"] == "Ada Berg"
    assert any("1 by Ada Berg" in used for used in after["used"])
    asked = valid(ask("advice", "questions", "--json"), QUESTIONS)
    assert [one["id"] for one in asked if one["given"]] == [question]
    text = ask("advice").out
    assert after["sentence"] in text
    assert "None" not in text
    refused(ask("advice", "answer", "conflict", "yes"), "Did you mean conflicts?")
    refused(ask("advice", "answer", "conflicts", "perhaps"), "Say yes, no or unknown")


def test_an_action_is_agreed_followed_and_closed(ask: Ask) -> None:
    due = date.today() + timedelta(days=30)
    agreed = valid(
        ask(
            "actions", "agree", "lead_followup_rate", "--owner", "sales", "--target", "75%",
            "--due", due, "--what", "Call within the day", "--by", "Ada", "--json",
        ),
        ACTION,
    )  # fmt: skip
    assert (agreed["state"], agreed["target"], agreed["due_on"]) == ("open", 0.75, str(due))
    assert agreed["baseline"] == agreed["now"]
    assert (agreed["share"], agreed["reached"], agreed["exceeds"]) == (0, False, False)
    (kept,) = valid(ask("actions", "list", "--json"), ACTIONS)
    assert kept == agreed
    closed = valid(
        ask("actions", "close", "1", "--note", "it works", "--by", "Kim", "--json"), ACTION
    )
    assert [(one["state"], one["by"]) for one in closed["history"]] == [
        ("open", "Ada"),
        ("done", "Kim"),
    ]
    refused(ask("actions", "drop", "1"), "action 1: it is done since")
    refused(ask("actions", "close", "2"), "there is no action 2")
    assert valid(ask("actions", "show", "1", "--json"), ACTION) == closed
    for arguments in (["list"], ["show", "1"]):
        assert "None" not in ask("actions", *arguments).out


@pytest.mark.full
def test_the_next_stage_and_a_quarter_are_proposed(ask: Ask, demonstration: Company) -> None:
    began = today(demonstration.workspace)
    where = ["--where", "region=EMEA"]
    owner = ["--owner", "marketing", "--json"]
    form = valid(ask("actions", "agree", "content_use_rate", *where, *owner), ACTION)
    assert form["target"] in (0.2, 0.5, 0.8)
    assert form["target"] > form["baseline"]["value"]
    in_a_quarter = date.fromisoformat(form["due_on"]) - timedelta(days=92)
    assert began <= in_a_quarter <= today(demonstration.workspace)
    assert form["segment"] == {"region": "EMEA"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lead_folowup_rate"], "Did you mean lead_followup_rate?"),
        (["lead_followup_rate", "--due", "2020-01-01"], "2020-01-01 has passed"),
        (["lead_followup_rate", "--due", "soon"], "'soon' is not a day"),
        (["lead_followup_rate", "--target", "1%"], "1 % is no better than the"),
        (["lead_followup_rate", "--target", "75"], "75 is not a value from 0 to 1"),
        (["lead_followup_rate", "--target", "much"], "'much' is not a number"),
        (["lead_followup_rate", "--target", "nan"], "is not a value from 0 to 1"),
        (["lead_followup_rate", "--where", "region=EMAE"], "Did you mean EMEA?"),
        (["lead_followup_rate", "--where", "owner=005"], "no dimension 'owner'"),
        (["joint_meeting_cadence", "--where", "region=EMEA"], "cannot be split by region"),
        (["lead_followup_rate", "--what", "x" * 501], "has 501 characters"),
        (["lead_followup_rate", "--by", " "], "Say who agreed"),
    ],
)
def test_what_cannot_be_agreed_is_one_line(ask: Ask, arguments: list[str], said: str) -> None:
    refused(ask("actions", "agree", *arguments, "--owner", "sales"), said)
    refused(ask("actions", "close", "1"), "there is no action 1")


def test_an_owner_is_sales_or_marketing(ask: Ask) -> None:
    refused(ask("actions", "agree", "lead_followup_rate", "--owner", "finance"), "finance")
    assert ask("actions", "agree", "lead_followup_rate").code == 2


def test_before_the_first_sync(tmp_path: Path) -> None:
    home = ["--home", tmp_path / "home"]
    assert "Nothing is agreed yet" in detente(*home, "actions", "list", cwd=tmp_path).out
    for arguments in (["belief"], ["advice"], ["actions", "agree", "x", "--owner", "sales"]):
        ran = detente(*home, *arguments, cwd=tmp_path)
        refused(ran)
    assert detente(*home, "advice", "questions", cwd=tmp_path).code == 0
