"""What a source cannot give, and which indicators that costs."""

import json

from metrics.indicators import CATALOGUE
from model.availability import Availability
from model.tables import TABLES
from monitor.missing import line, missing


def all_but(*absent: str) -> dict[str, frozenset[str]]:
    columns = {name: frozenset(table.columns) for name, table in TABLES.items()}
    for one in absent:
        table, _, column = one.partition(".")
        columns[table] = columns[table] - {column} if column else frozenset()
        if not column:
            del columns[table]
    return columns


def needing(*what: str) -> set[str]:
    return {
        one.id
        for one in CATALOGUE.values()
        if any(n == w or n.startswith(f"{w}.") for n in one.needs for w in what)
    }


def test_an_absent_column_costs_the_indicators_that_need_it() -> None:
    given = Availability(
        all_but("activities.occurred_at"), {"activities.occurred_at": "Event is hidden"}
    )
    (one,) = missing(given)
    assert (one["what"], one["why"]) == ("activities.occurred_at", "Event is hidden")
    assert {cost["id"] for cost in one["costs"]} == needing("activities.occurred_at")
    assert {cost["effect"] for cost in one["costs"]} == {"not_assessed"}
    assert "not assessed: " in line(one)
    assert CATALOGUE[one["costs"][0]["id"]].title in line(one)


def test_an_absent_table_costs_all_that_need_a_column_of_it() -> None:
    (one,) = missing(Availability(all_but("attendees"), {"attendees": "hidden"}))
    assert {cost["id"] for cost in one["costs"]} == needing("attendees") != set()


def test_a_table_that_lacks_rows_makes_its_indicators_weaker() -> None:
    why = "EmailMessage is hidden: e-mails without a task are not seen"
    (one,) = missing(Availability(all_but(), {}, {"activities": why}))
    assert {cost["effect"] for cost in one["costs"]} == {"weaker"}
    assert {cost["id"] for cost in one["costs"]} == needing("activities")
    assert "weaker: " in line(one)


def test_what_another_source_gives_costs_nothing() -> None:
    given = Availability(all_but("attendees"), {"attendees": "hidden"})
    (one,) = missing(given, Availability(all_but()))
    assert one["costs"] == []
    assert line(one) == "attendees: hidden"


def test_what_costs_most_stands_first_and_all_is_json() -> None:
    reasons = {"accounts.industry": "a", "attendees": "b", "leads.rating": "c"}
    given = Availability(all_but(*reasons), reasons, {"report_uses": "d"})
    found = missing(given)
    assert found[0]["what"] == "attendees"
    assert json.loads(json.dumps(found)) == found


def test_what_is_partial_survives_the_manifest() -> None:
    given = Availability(all_but(), {}, {"activities": "why"})
    kept = json.loads(json.dumps(given.to_json()))
    assert Availability.from_json(kept) == given
    del kept["partial"]  # as older versions wrote it
    assert Availability.from_json(kept).partial == {}
