"""What `detente doctor` finds out: rights, counts, mapped fields, suggestions, live checks."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from connectors.inspection import Inspection, Right, Seen
from connectors.salesforce import SalesforceConnector, SalesforceSource
from connectors.salesforce.inspecting import checks, rights
from connectors.salesforce.objects import streams
from connectors.salesforce.suggestions import likeness, suggestions
from monitor.doctor import sentences
from sandbox.process import Running
from tests.connectors.conftest import Connect

Connection = Callable[..., SalesforceConnector]


@pytest.fixture
def as_user(
    serving: Running,
    settings: Callable[..., SalesforceSource],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Connection]:
    """A connector that logs in as one of the organisation's users."""
    opened: list[SalesforceConnector] = []

    def connect(user: str, **changed: object) -> SalesforceConnector:
        monkeypatch.setenv("TOKEN_OF_USER", serving.users[user].access_token)
        opened.append(SalesforceConnector("crm", settings(token_env="TOKEN_OF_USER", **changed)))
        return opened[-1]

    yield connect
    for connector in opened:
        connector.close()


def test_a_reader_cannot_write_and_a_writer_is_told(as_user: Connection) -> None:
    assert as_user("integration").inspect().rights == ()
    found = as_user("writer").inspect()
    assert {"Lead", "Opportunity"} <= {right.object for right in found.rights}
    said = " ".join(sentences(found))
    assert "could write: " in said
    assert "take these rights away" in said


def test_counts_are_those_of_the_organisation(as_user: Connection) -> None:
    records = {one.object: one for one in as_user("integration").inspect().records}
    lead = records["Lead"]
    assert lead.seen
    assert lead.seen == lead.held
    assert lead.with_deleted is not None
    assert lead.with_deleted >= lead.seen
    assert not lead.is_short


def test_a_user_who_may_not_ask_is_told_what_that_means(as_user: Connection) -> None:
    found = as_user("regional").inspect()
    whole = as_user("integration").inspect()
    assert {one.held for one in found.records} == {None}
    assert any("View Setup" in said for said in found.asked_in_vain)
    seen, every = found.records[0].seen, whole.records[0].seen
    assert seen is not None
    assert every is not None
    assert 0 < seen < every


def test_a_sync_counts_as_the_doctor_does(as_user: Connection) -> None:
    """Whoever sees EMEA alone is told so by both, with the same numbers."""
    connector = as_user("controller")
    found = {one.object: one for one in connector.inspect().records}
    counted = connector.counted()
    for table, name in (("leads", "Lead"), ("opportunities", "Opportunity")):
        one = counted[table]
        assert (one.seen, one.held) == (found[name].seen, found[name].held)
        assert 0 < one.seen < one.held
        assert found[name].is_short
    whole = as_user("integration").counted()["leads"]
    assert whole.seen == whole.held == counted["leads"].held
    assert as_user("regional").counted() == {}


def test_hidden_objects_are_said_with_what_they_lack(as_user: Connection) -> None:
    offer = as_user("restricted").offer()
    assert "EmailMessage is not visible" in offer.availability.partial["activities"]
    assert offer.availability.lacks(["campaign_influences"])
    found = {one.field: one for one in as_user("restricted").inspect().fields}
    problem = found["Lead.Region__c"].problem
    assert problem is not None
    assert "not visible" in problem


def test_tracking_is_told_by_its_rows(as_user: Connection) -> None:
    found = {(t.history, t.field): t.since for t in as_user("integration").inspect().tracked}
    assert found["LeadHistory", "Status"]
    assert found["LeadHistory", "Rating"] is None


def test_the_budget_is_the_organisations(as_user: Connection) -> None:
    budget = as_user("integration").inspect().budget
    assert budget
    assert 0 < budget.used < budget.stops_at < budget.allowed


def test_unmapped_columns_get_the_right_fields(as_user: Connection) -> None:
    found = as_user("integration", fields={}).inspect().suggestions
    best: dict[str, str] = {}
    for one in found:
        best.setdefault(one.target, one.field)
    assert (
        best.items()
        >= {
            "leads.region": "Region__c",
            "leads.mql_at": "MQL_Date__c",
            "leads.score": "Score__c",
            "leads.rejection_reason": "Rejection_Reason__c",
            "accounts.is_key_account": "Is_Key_Account__c",
            "opportunities.loss_reason": "Loss_Reason__c",
            "users.team": "Team__c",
        }.items()
    )
    assert "leads.rejected_at" not in best
    mapped = as_user("integration", fields=best).offer()
    assert mapped.availability.has("leads.mql_at")


def test_every_live_check_holds_on_the_sandbox(connect: Connect) -> None:
    found = list(connect().live_checks())
    assert not [one for one in found if one.result == "fail"]
    passed = {one.id for one in found if one.result == "pass"}
    assert {f"same_rows:{name}" for name in ("Lead", "LeadHistory", "Task")} <= passed
    assert {"dates", "paired_history", "history_values", "links_need_ids", "cursors"} <= passed
    assert all(one.found and one.meaning for one in found)


# Without a server.


def about(*fields: tuple[str, str], **flags: bool) -> dict[str, Any]:
    return {
        **flags,
        "fields": [
            {"name": name, "label": name.removesuffix("__c").replace("_", " "), "type": kind}
            for name, kind in fields
        ],
    }


def test_rights_are_read_from_the_flags() -> None:
    described = {"Lead": about(createable=False), "Task": about(createable=True, deletable=True)}
    assert list(rights(described)) == [Right("Task", ("create", "delete"))]


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("double", None),
        ("string", "is a string field and is not of a type that fits leads.score"),
        ("email", "personal data"),
        (None, "absent or not visible"),
    ],
)
def test_a_mapped_field_is_checked(kind: str | None, problem: str | None) -> None:
    mapped = {"leads.score": "Points__c"}
    described = {"Lead": about(*([("Points__c", kind)] if kind else []))}
    found = [c for c in checks(streams(mapped), mapped, described) if c.field == "Lead.Points__c"]
    (one,) = found
    assert (problem is None) == (one.problem is None)
    assert problem is None or problem in str(one.problem)


def test_a_formula_and_a_name_in_other_letters_are_said() -> None:
    mapped = {"leads.score": "Points__c"}
    described = {"Lead": about(("Points__c", "double"))}
    described["Lead"]["fields"][0]["calculated"] = True
    (one,) = checks(streams(mapped), mapped, described)
    assert one.problem is None
    assert "formula" in str(one.remark)
    (one,) = checks(streams(mapped), mapped, {"Lead": about(("points__C", "double"))})
    assert "write it as points__C" in str(one.problem)


def test_a_person_column_wants_a_user() -> None:
    mapped = {"leads.owner_id": "SDR__c"}
    (one,) = checks(streams(mapped), mapped, {"Lead": about(("SDR__c", "string"))})
    assert "does not point at a user" in str(one.problem)


@pytest.mark.parametrize(
    ("label", "phrase", "is_likely"),
    [
        ("Sales Territory", "territory", True),
        ("Lead Score", "score", True),
        ("Regional Manager", "region", False),
        ("Description of loss", "loss reason", False),
        ("Closed/Lost Reason", "lost reason", True),
    ],
)
def test_likeness(label: str, phrase: str, is_likely: bool) -> None:
    field: Mapping[str, Any] = {"label": label, "name": "X__c"}
    assert (likeness(phrase, field) >= 0.8) == is_likely


def test_a_record_type_is_proposed_where_no_field_is_a_segment() -> None:
    described = {"Lead": about(("RecordTypeId", "reference"), ("Rating", "picklist"))}
    found = list(suggestions(streams(), described, {}))
    assert [(one.target, one.field) for one in found] == [
        ("leads.segment", "RecordType.DeveloperName")
    ]


def test_hidden_records_are_said() -> None:
    short = Inspection(records=(Seen("Lead", 50, 60, 100),))
    assert any("Of 100 records of Lead the user sees 50" in said for said in sentences(short))
    fine = Inspection(records=(Seen("Lead", 99, 120, 100),))
    assert not any("sharing" in said for said in sentences(fine))
