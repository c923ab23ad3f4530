"""Rules of engagement beyond the indicator: who, within which days, and what cannot be told."""

import re
from datetime import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from metrics import rules as metrics_rules
from metrics.cells import within
from metrics.facts.checks import NEEDS
from metrics.rules import Compliance
from model.rules import REQUIREMENTS, Rule
from tests.metrics.company import EVERYTHING, WORDS, Company, run, without


def company() -> Company:
    """One for all tests, so that its facts are compiled once."""
    given = tuple(Rule.model_validate({"title": one["id"], **one}) for one in RULES)
    return Company(WORDS.model_copy(update={"rules": given}))


def judged(made: Company, rule: str, **asked: Any) -> Compliance:
    checks = made.facts(["checks"])["checks"]
    rows = run(metrics_rules.placed(checks, ["region"], datetime(2026, 4, 1), made.as_of))
    (found,) = metrics_rules.compliance(
        within(rows, asked.get("where", {})),
        [one for one in made.definitions.rules if one.id == rule],
        asked.get("availability", EVERYTHING),
    )
    return found


def broken(one: Compliance) -> list[str]:
    assert one.broken is not None
    ids: list[str] = one.broken["record_id"].to_pylist()
    return ids


BRAND = {
    "id": "brand",
    "applies_to": "opportunities",
    "when": {"amount": 1000},
    "require": "involved",
    "who": {"titles": ["*Brand Manager*"]},
    "within": "10 days",
}
DEALS = {"applies_to": "opportunities"}
KEY = {"applies_to": "accounts", "when": {"key": True}}
RULES: tuple[dict[str, Any], ...] = (
    BRAND,
    {
        "id": "proposals",
        "when": {"stage": ["Proposal"]},
        "require": "marketer_on_team",
        "within": "5 days",
        **DEALS,
    },
    {"id": "met", "require": "marketer_met", "within": "92 days", **KEY},
    {"id": "team", "require": "marketer_on_team", **KEY},
    {"id": "joined", "require": "marketer_met", **DEALS},
    {"id": "buyers", "require": "contact_role", **DEALS},
)


def test_somebody_is_involved_by_team_meeting_or_work_in_time() -> None:
    made = company()
    made.add("users", user_id="bm", title="Senior brand manager (EU)")
    made.add("users", user_id="other", title="Manager, brand")
    on_team = made.deal("Proposal", created="05-01 08:00", amount=1000)
    made.add("team_members", opportunity_id=on_team, user_id="bm", added_at=datetime(2026, 5, 10))
    met = made.deal("Proposal", created="05-01 08:00", amount=5000)
    made.meeting("05-05 10:00", "s1", "bm", opportunity_id=met)
    worked = made.deal("Proposal", created="05-01 08:00", amount=5000)
    made.touch(None, "bm", "05-11 07:00", opportunity_id=worked)
    late = made.deal("Proposal", created="05-01 08:00", amount=5000)
    made.touch(None, "bm", "05-11 09:00", opportunity_id=late)
    stranger = made.deal("Proposal", created="05-02 08:00", amount=5000)
    made.meeting("05-05 10:00", "s1", "other", opportunity_id=stranger)
    made.deal("Proposal", created="06-25 08:00", amount=5000)  # its time still runs
    lost = made.deal("Proposal, Lost 06-28 10:00", created="06-25 08:00", amount=5000)
    made.deal("Proposal", created="05-01 08:00", amount=999)  # under no rule
    one = judged(made, "brand")
    assert broken(one) == [lost, stranger, late]
    assert (one.estimate.n, one.running) == (6, 1)
    assert one.estimate.value == pytest.approx(3 / 6)


def test_the_clock_starts_where_a_sales_stage_is_reached() -> None:
    made = company()
    kept = made.deal("Prospecting, Proposal 06-10 10:00")
    late = made.deal("Prospecting, Proposal 06-01 10:00")
    for deal in (kept, late):
        made.add("team_members", opportunity_id=deal, user_id="m1", added_at=datetime(2026, 6, 12))
    undated = made.deal("Prospecting, Proposal 06-01 10:00")
    made.add("team_members", opportunity_id=undated, user_id="m1")
    made.deal("Prospecting")
    one = judged(made, "proposals")
    assert broken(one) == [late]
    assert one.estimate.n == 3


def test_accounts_are_met_in_the_last_days() -> None:
    made = company()
    ids = [made.add("accounts", is_key_account=True, owner_id="s1") for _ in range(3)]
    made.add("accounts", is_key_account=False)
    made.meeting("06-01 10:00", "m1", internal=False, account_id=ids[0])
    made.meeting("01-05 10:00", "m1", internal=False, account_id=ids[1])  # long ago
    made.meeting("06-01 10:00", "s1", internal=False, account_id=ids[2])  # without a marketer
    made.add("team_members", account_id=ids[2], user_id="m2")
    met, team = judged(made, "met"), judged(made, "team")
    assert sorted(broken(met)) == sorted(ids[1:])
    assert sorted(broken(team)) == sorted(ids[:2])


def test_what_no_source_gives_is_not_assessed_and_breaks_nothing() -> None:
    made = company()
    made.deal("Proposal", created="05-01 08:00", amount=5000)
    one = judged(
        made, "brand", availability=without("team_members", team_members="teams are hidden")
    )
    assert one.estimate.reason == "teams are hidden"
    assert one.estimate.value is None


def test_where_nobody_is_in_marketing_marketers_are_not_missed() -> None:
    made = company()
    made.rows["users"] = [u for u in made.rows["users"] if u.get("function") != "marketing"]
    made.deal("Proposal, Won 06-10 10:00")
    one = judged(made, "joined")
    assert (one.estimate.value, one.running, broken(one)) == (None, 1, [])
    assert "Marketing" in str(one.estimate.reason)


def test_a_segment_of_the_checks() -> None:
    made = company()
    made.deal("Proposal, Won 06-10 10:00", region="EMEA")
    other = made.deal("Proposal, Won 06-10 10:00", region="APAC")
    one = judged(made, "buyers", where={"region": "APAC"})
    assert broken(one) == [other]


def test_every_requirement_says_what_it_needs() -> None:
    assert set(NEEDS) == {name for names in REQUIREMENTS.values() for name in names}
    assert all(not EVERYTHING.lacks(needs) for needs in NEEDS.values())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"require": "involvd"}, "Did you mean involved?"),
        ({"require": "decision"}, "decision cannot be required of opportunities"),
        ({"within": "10 hours"}, "write within: 10 days"),
        ({"within": "soon"}, "'soon' is not a time; write 8 hours"),
        ({"within": "0 days"}, "is not a time"),
        ({"who": {}}, "names nobody"),
        ({"who": None}, "who is for involved, which needs it"),
        ({"when": {"where": {"regoin": "EMEA"}}}, "Did you mean region?"),
        ({"applies_to": "accounts"}, "amount and stage are of opportunities"),
        ({"applies_to": "handoffs", "require": "decision", "who": None}, "in business hours"),
    ],
)
def test_a_bad_rule_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(said)):
        Rule.model_validate({"title": "t", **BRAND, **change})
