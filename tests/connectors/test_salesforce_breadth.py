"""E-mails, tracked fields, teams, influence, collateral, reports and rates: records by hand."""

from datetime import date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.salesforce import SalesforceSource
from connectors.salesforce.objects import streams
from connectors.salesforce.offers import availability, feeding
from connectors.salesforce.shapes import attach_dated
from model.errors import ConfigurationError
from model.validation import validated
from tests.connectors.records import (
    ANNA,
    AT,
    BORIS,
    CONTACT,
    LEAD,
    Record,
    canonical,
    reduced,
    stream,
)

TASK_ID = "00T000000000001AAA"
DEAL, OTHER_DEAL = "006000000000001AAA", "006000000000002AAA"
SENT = AT - timedelta(hours=2)


def change(number: int, field: str, old: object, new: object, kind: str = "Text") -> Record:
    return {
        "Id": f"017{number:012d}AAA",
        "OpportunityId": DEAL,
        "Field": field,
        "DataType": kind,
        "OldValue": old,
        "NewValue": new,
        "CreatedDate": AT,
        "CreatedById": ANNA,
    }


def test_tracked_fields_add_what_the_history_lacks() -> None:
    tracked = stream("OpportunityFieldHistory", opportunities__loss_reason="Loss_Reason__c")
    rows = canonical(
        tracked,
        [
            change(1, "Owner", "Anna Arndt", "Boris Bach"),
            change(2, "Owner", ANNA, BORIS, "EntityId"),
            change(3, "StageName", "Proposal", "Closed Lost"),
            change(4, "Amount", 1, 2, "Currency"),
            change(5, "CloseDate", "2026-01-01", "2026-02-01", "Date"),
            change(6, "Loss_Reason__c", None, "Price"),
            change(7, "Campaign", "Fair", "Mailing"),
            change(8, "CampaignId", "701000000000001AAA", "701000000000002AAA", "EntityId"),
            change(9, "LeadSource", "Web", "Event"),
            change(10, "created", None, None),
        ],
    )
    assert [(row["field"], row["old"], row["new"]) for row in rows] == [
        ("owner", ANNA, BORIS),
        ("loss_reason", None, "Price"),
        ("campaign", "701000000000001AAA", "701000000000002AAA"),
        ("source", "Web", "Event"),
    ]


def test_teams_of_opportunities_and_accounts_make_one_table() -> None:
    record = {"CreatedDate": AT, "UserId": ANNA, "TeamMemberRole": "Marketing", "IsDeleted": False}
    deal = {"Id": "00q000000000001AAA", "OpportunityId": DEAL, **record}
    account = {"Id": "01M000000000001AAA", "AccountId": "001000000000001AAA", **record}
    (one,) = canonical(stream("OpportunityTeamMember"), [deal])
    (two,) = canonical(stream("AccountTeamMember"), [account])
    assert (one["opportunity_id"], one["account_id"]) == (DEAL, None)
    assert (two["opportunity_id"], two["account_id"]) == (None, "001000000000001AAA")


MODELS = pa.table(
    {
        "Id": ["03V000000000001AAA", "03V000000000002AAA"],
        "DeveloperName": ["Primary", "Even"],
        "MasterLabel": ["Primary Campaign Source", "Even Distribution"],
        "IsDefaultModel": [True, False],
    }
)


def influence(number: int, model: int, **changed: object) -> Record:
    return {
        "Id": f"7tT{number:012d}AAA",
        "CampaignId": "701000000000001AAA",
        "OpportunityId": DEAL,
        "ContactId": CONTACT,
        "ModelId": f"03V{model:012d}AAA",
        "CreatedDate": AT,
        "SystemModstamp": AT + timedelta(days=1),
        "IsDeleted": False,
        **changed,
    }


@pytest.mark.parametrize(
    ("chosen", "counted"),
    [
        (None, {1}),
        ("Primary", {1}),
        ("Even Distribution", {2}),
        ("03V000000000002AAA", {2}),
    ],
)
def test_only_one_model_of_influence_counts(chosen: str | None, counted: set[int]) -> None:
    one = next(s for s in streams({}, None, chosen) if s.object == "CampaignInfluence")
    records = [influence(1, 1), influence(2, 2), influence(3, 2, ModelId=None)]
    records += [influence(4, 1, IsDeleted=True)]
    rows = canonical(one, records, others={"CampaignInfluenceModel": MODELS})
    live = {int(str(row["influence_id"])[3:15]) for row in rows if row["deleted_at"] is None}
    assert live == counted
    never = [row for row in rows if row["deleted_at"] == row["recorded_at"]]
    assert len(never) == len(rows) - len(counted) - (1 if 1 in counted else 0)


def test_influence_without_its_models_is_not_given_as_a_mix() -> None:
    visible = {s.object: frozenset(s.wanted) for s in streams()}
    found = availability(streams(), visible, lambda name: f"{name} is hidden")
    assert found.lacks(["campaign_influences"]) == [
        "CampaignInfluenceModel.DeveloperName is hidden"
    ]


def link(number: int, of: str, document: int) -> Record:
    return {
        "Id": f"06A{number:012d}AAA",
        "ContentDocumentId": f"069{document:012d}AAA",
        "LinkedEntityId": of,
        "SystemModstamp": AT,
        "IsDeleted": False,
    }


def version(number: int, document: int, by: str, at: datetime) -> Record:
    document_id = f"069{document:012d}AAA"
    return {
        "Id": f"068{number:012d}AAA",
        "ContentDocumentId": document_id,
        "CreatedById": by,
        "CreatedDate": at,
    }


def test_collateral_is_credited_to_who_wrote_its_first_version() -> None:
    content = stream("ContentDocumentLink")
    versions = [version(1, 1, BORIS, AT), version(2, 1, ANNA, AT - timedelta(days=9))]
    rows = canonical(
        content,
        [link(1, DEAL, 1), link(2, OTHER_DEAL, 1), link(3, ANNA, 1), link(4, DEAL, 2)],
        reduced(content.companion, versions),
    )
    seen = [(row["opportunity_id"], row["author_id"], row["linked_at"]) for row in rows]
    assert seen == [(DEAL, ANNA, AT), (OTHER_DEAL, ANNA, AT), (DEAL, None, AT)]
    assert {row["recorded_at"] for row in rows} == {AT}


def test_reports_say_when_and_not_who() -> None:
    report = {"Id": "00O000000000001AAA", "CreatedDate": AT, "LastRunDate": SENT}
    (row,) = canonical(stream("Report"), [report])
    assert (row["report_id"], row["used_at"], row["user_id"]) == (report["Id"], SENT, None)


# Rates.

STATIC = pa.table({"IsoCode": ["EUR", "USD", "GBP"], "ConversionRate": [1.0, 1.25, 0.8]})
DATED = pa.table(
    {
        "IsoCode": ["USD", "USD", "EUR"],
        "StartDate": [date(2026, 2, 1), date(2026, 1, 1), date(1, 1, 1)],
        "NextStartDate": [date(9999, 12, 31), date(2026, 2, 1), None],
        "ConversionRate": [2.0, 1.6, 1.0],
    }
)


@pytest.mark.parametrize(
    ("code", "closes", "expected"),
    [
        ("EUR", date(2026, 3, 1), 100.0),
        ("USD", date(2026, 1, 31), 62.5),
        ("USD", date(2026, 2, 1), 50.0),
        ("USD", date(2040, 1, 1), 50.0),
        ("USD", date(2025, 12, 31), 80.0),  # before the first dated rate: the static one
        ("USD", None, 80.0),
        ("GBP", date(2026, 2, 1), 125.0),  # no dated rate
        ("XXX", date(2026, 2, 1), None),
        (None, date(2026, 2, 1), 100.0),
    ],
)
def test_amounts_by_the_rate_of_their_day(
    code: str | None, closes: date | None, expected: float | None
) -> None:
    record = {"Id": DEAL, "CreatedDate": AT, "Amount": 100.0}
    record |= {"CurrencyIsoCode": code, "CloseDate": closes}
    others = {"CurrencyType": STATIC, "DatedConversionRate": DATED}
    (row,) = canonical(stream("Opportunity"), [record], others=others)
    assert row["amount"] == expected


@given(
    st.lists(
        st.tuples(st.sampled_from(["A", "B", "C"]), st.integers(0, 40), st.integers(1, 15)),
        max_size=12,
        unique_by=lambda span: span[:2],
    ),
    st.lists(st.tuples(st.sampled_from(["A", "B", "Z"]), st.integers(0, 60)), max_size=20),
)
def test_a_day_finds_the_span_that_holds_it(
    spans: list[tuple[str, int, int]], asked: list[tuple[str, int]]
) -> None:
    def day(number: int) -> date:
        return date(2026, 1, 1) + timedelta(days=number)

    starts = {code: sorted(s for c, s, _ in spans if c == code) for code, _, _ in spans}
    ends = [
        min([start + length, *(s for s in starts[code] if s > start)])
        for code, start, length in spans
    ]
    others = pa.table(
        {
            "IsoCode": pa.array([code for code, _, _ in spans], pa.string()),
            "StartDate": pa.array([day(start) for _, start, _ in spans], pa.date32()),
            "NextStartDate": pa.array([day(end) for end in ends], pa.date32()),
            "ConversionRate": pa.array([float(n) for n in range(len(spans))], pa.float64()),
        }
    )
    rows = pa.table(
        {
            "Code": pa.array([code for code, _ in asked], pa.string()),
            "Day": pa.array([day(number) for _, number in asked], pa.date32()),
        }
    )
    names = {"ConversionRate": "Rate"}
    found = attach_dated(rows, "Code", "Day", "IsoCode", others, names)["Rate"].to_pylist()
    expected = [
        next(
            (
                float(n)
                for n, (c, start, _) in enumerate(spans)
                if c == code and start <= number < ends[n]
            ),
            None,
        )
        for code, number in asked
    ]
    assert found == expected


def all_visible() -> dict[str, frozenset[str]]:
    visible: dict[str, frozenset[str]] = {}
    none: frozenset[str] = frozenset()
    for one in streams():
        visible[one.object] = visible.get(one.object, none) | frozenset(one.wanted)
        for lookup in one.lookups:
            visible[lookup.object] = visible.get(lookup.object, none) | {"Id", *lookup.wanted}
        if other := one.companion:
            fields = {"Id", "SystemModstamp", other.key, *other.fields}
            visible[other.object] = visible.get(other.object, none) | fields
    return visible


def test_several_currencies_without_rates_give_no_amount_and_say_so() -> None:
    visible = all_visible()
    del visible["CurrencyType"]
    found = availability(streams(), visible, lambda name: f"{name} is hidden")
    reason = "CurrencyType.ConversionRate is hidden"
    for column in ("opportunities.amount", "campaigns.actual_cost", "targets.amount"):
        assert found.lacks([column]) == [reason]
    visible["Opportunity"] -= {"CurrencyIsoCode"}
    assert availability(streams(), visible, str).has("opportunities.amount")


@pytest.mark.parametrize(
    ("hidden", "table", "lack"),
    [
        ("EmailMessage", "activities", "e-mails without a task are not seen"),
        ("OpportunityFieldHistory", "opportunity_changes", "changes of owner"),
        ("AccountTeamMember", "team_members", "on an account's team"),
        ("OpportunityTeamMember", "team_members", "on an opportunity's team"),
        ("Dashboard", "report_uses", "views of dashboards"),
        ("Report", "report_uses", "runs of reports"),
    ],
)
def test_an_optional_object_that_is_hidden_leaves_the_table_and_is_said(
    hidden: str, table: str, lack: str
) -> None:
    visible = all_visible()
    everything = availability(streams(), visible, str)
    assert table not in everything.partial
    del visible[hidden]
    found = availability(streams(), visible, lambda name: f"{name} is hidden")
    assert found.has(table)
    assert found.partial[table].startswith(f"{hidden} is hidden: ")
    assert lack in found.partial[table]
    assert hidden not in {one.object for one in feeding(streams(), table, visible)}


def test_a_hidden_field_of_an_optional_object_takes_no_column_from_the_others() -> None:
    visible = all_visible()
    visible["EmailMessage"] -= {"MessageDate"}
    found = availability(streams(), visible, lambda name: f"{name} is hidden")
    assert found.has("activities.occurred_at")
    assert "EmailMessage.MessageDate is hidden" in found.partial["activities"]


def test_a_column_of_a_hidden_optional_object_says_why() -> None:
    visible = all_visible()
    del visible["AccountTeamMember"]
    found = availability(streams(), visible, lambda name: f"{name} is hidden")
    assert found.lacks(["team_members.account_id"]) == ["AccountTeamMember is hidden"]
    assert found.has("team_members.opportunity_id")
    del visible["OpportunityTeamMember"]
    assert not availability(streams(), visible, str).has("team_members")


# Mapping.


def test_a_record_type_can_be_a_segment() -> None:
    leads = stream("Lead", leads__segment="RecordType.DeveloperName")
    types = pa.table({"Id": ["012000000000001AAA"], "DeveloperName": ["SMB"], "Name": ["Small"]})
    record = {"Id": LEAD, "CreatedDate": AT, "RecordTypeId": "012000000000001AAA"}
    rows = canonical(
        leads, [record, {**record, "RecordTypeId": None}], others={"RecordType": types}
    )
    assert [row["segment"] for row in rows] == ["SMB", None]
    both = stream(
        "Lead", leads__segment="RecordType.DeveloperName", leads__industry="RecordType.Name"
    )
    assert len(both.lookups) == 1
    (row,) = canonical(both, [record], others={"RecordType": types})
    assert (row["segment"], row["industry"]) == ("SMB", "Small")


def test_a_person_field_can_own_a_lead_and_its_history() -> None:
    fields = {"leads.owner_id": "SDR__c"}
    lead = next(s for s in streams(fields) if s.object == "Lead")
    (row,) = canonical(lead, [{"Id": LEAD, "CreatedDate": AT, "SDR__c": BORIS, "OwnerId": ANNA}])
    assert (row["owner_id"], row["owner_kind"]) == (BORIS, "user")
    history = next(s for s in streams(fields) if s.object == "LeadHistory")
    record = {**change(1, "Owner", ANNA, BORIS, "EntityId"), "LeadId": LEAD}
    record = {k: v for k, v in record.items() if k != "OpportunityId"}
    rows = canonical(history, [record, {**record, "Id": "017000000000002AAA", "Field": "SDR__c"}])
    assert [row["change_id"] for row in rows] == ["017000000000002AAA"]


@pytest.mark.parametrize(
    "name",
    ["Email", "Name", "Mobile_Phone__c", "First_Name__c", "Subject", "TextBody", "FromAddress"],
)
def test_a_field_called_like_personal_data_is_refused(name: str) -> None:
    settings = {"instance_url": "https://example.my.salesforce.com"}
    with pytest.raises(ConfigurationError, match="personal data"):
        validated(SalesforceSource, {**settings, "fields": {"leads.segment": name}}, "sources")
    good = {**settings, "fields": {"leads.segment": "RecordType.DeveloperName"}}
    assert validated(SalesforceSource, good, "sources").fields
