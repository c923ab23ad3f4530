"""The Salesforce connector against the sandbox organisation, a real server in its own process."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from connectors.base import Connector
from sandbox.process import Running
from tests.connectors.conftest import Connect
from tests.connectors.contract import ConnectorContract, by_key, everything, live, pulled
from tests.connectors.org import CLOCK, truth

Full = Mapping[str, pa.Table]
LATER = CLOCK + timedelta(days=20)


class TestContract(ConnectorContract):
    @pytest.fixture
    def connector(self, connect: Connect) -> Connector:
        return connect()

    @pytest.fixture
    def later(self, connect: Connect, server: Running) -> Callable[[], Connector]:
        def twenty_days_on() -> Connector:
            server.set_clock(LATER)
            return connect()

        return twenty_days_on

    @pytest.fixture
    def secrets(self, server: Running) -> Iterable[str]:
        return (server.access_token, server.password, server.client_secret)


def test_rest_and_bulk_give_the_same_columns_and_values(connect: Connect, full: Full) -> None:
    by_bulk = everything(connect(bulk_threshold=0))
    assert full.keys() == by_bulk.keys()
    for table, rows in full.items():
        assert rows.equals(by_bulk[table]), table
        assert rows.num_rows, table


@pytest.mark.full
def test_bulk_and_rest_give_the_same_increment(connect: Connect, server: Running) -> None:
    connector = connect()
    cursors = {t: pulled(connector, t)[0].cursor() for t in connector.offer().tables}
    server.set_clock(LATER)
    one, two = connect(), connect(bulk_threshold=0)
    for table, cursor in cursors.items():
        rows = [by_key(table, pulled(c, table, cursor)[1]) for c in (one, two)]
        assert rows[0] == rows[1], table


def test_the_cutoff_is_the_servers_clock_less_the_lag(connect: Connect) -> None:
    assert connect().offer().cutoff_at == CLOCK - timedelta(minutes=2)
    assert connect(lag_minutes=30).offer().cutoff_at == CLOCK - timedelta(minutes=30)


def test_an_increment_is_smaller_than_the_whole(connect: Connect, server: Running) -> None:
    connector = connect()
    pull, rows = pulled(connector, "leads")
    server.set_clock(CLOCK + timedelta(days=1))
    _, changed = pulled(connect(), "leads", pull.cursor())
    assert 0 < changed.num_rows < rows.num_rows / 4


def test_a_changed_mapping_pulls_everything_again(connect: Connect) -> None:
    pull, rows = pulled(connect(fields={}), "leads")
    mapped, again = pulled(connect(), "leads", pull.cursor())
    assert again.num_rows == rows.num_rows
    assert again["score"].null_count < again.num_rows
    assert pulled(connect(), "leads", mapped.cursor())[1].num_rows < rows.num_rows


def test_unchanged_configuration_tables_keep_their_cursor(connect: Connect) -> None:
    first, second = connect(), connect()
    for table in ("users", "queues", "sales_stages", "targets"):
        one, two = first.pull(table, None), second.pull(table, "anything")
        assert one.replaces
        assert two.replaces
        assert list(one.batches) == list(two.batches)
        assert one.cursor() == two.cursor()


def test_leads_are_those_of_the_organisation(full: Full, organisation: Path) -> None:
    leads = full["leads"]
    before = f"CreatedDate < TIMESTAMP '{CLOCK - timedelta(minutes=2)}'"
    expected = truth(
        organisation,
        "SELECT Id, Status, OwnerId, Score__c, MQL_Date__c, MasterRecordId, "
        f"CASE WHEN IsDeleted THEN SystemModstamp END FROM {{Lead}} WHERE {before} ORDER BY Id",
    )
    names = ["lead_id", "status", "owner_id", "score", "mql_at", "merged_into", "deleted_at"]
    found = leads.sort_by("lead_id").select(names).to_pylist()
    assert [tuple(row.values()) for row in found] == expected
    assert any(row["merged_into"] for row in found)
    kinds = {row["owner_kind"] for row in leads.to_pylist()}
    assert kinds == {"user", "queue"}


def test_a_change_of_owner_counts_once(full: Full, organisation: Path) -> None:
    changes = full["lead_changes"]
    expected = truth(
        organisation,
        "SELECT count(*) FILTER (DataType = 'EntityId'), count(*) FROM {LeadHistory} "
        f"WHERE Field = 'Owner' AND CreatedDate < TIMESTAMP '{CLOCK - timedelta(minutes=2)}'",
    )
    owners = [row for row in changes.to_pylist() if row["field"] == "owner"]
    (once, twice) = expected[0]
    assert len(owners) == once == int(str(twice)) // 2
    assert {row["new"][:3] for row in owners} == {"005", "00G"}
    assert all(row["new_kind"] == ("queue" if row["new"][2] == "G" else "user") for row in owners)


def test_fields_of_history_have_our_names(full: Full) -> None:
    changes = full["lead_changes"]
    assert set(changes["field"].to_pylist()) >= {"owner", "status", "created", "converted"}
    changes = full["opportunity_changes"]
    assert set(changes["field"].to_pylist()) >= {"stage", "amount", "close_date", "forecast"}


def test_conversion_has_its_instant_in_the_changes(full: Full) -> None:
    leads = full["leads"]
    changes = full["lead_changes"]
    exact = {
        row["lead_id"]: row["changed_at"]
        for row in changes.to_pylist()
        if row["field"] == "converted"
    }
    by_day = {r["lead_id"]: r["converted_at"] for r in leads.to_pylist() if r["converted_at"]}
    assert by_day
    assert by_day.keys() == exact.keys()
    for lead, at in by_day.items():
        assert at.time() == datetime.min.time()
        assert abs(exact[lead] - at) < timedelta(days=2)


def test_a_closed_opportunity_has_the_time_of_its_history(full: Full, organisation: Path) -> None:
    opportunities = full["opportunities"]
    expected = dict(
        truth(
            organisation,
            "SELECT OpportunityId, min(CreatedDate) FROM {OpportunityHistory} "
            "WHERE StageName LIKE 'Closed%' GROUP BY ALL",
        )
    )
    closed = {
        row["opportunity_id"]: row["closed_at"]
        for row in opportunities.to_pylist()
        if row["is_closed"]
    }
    assert closed
    assert closed == {key: expected[key] for key in closed}
    open_ones = [row for row in opportunities.to_pylist() if not row["is_closed"]]
    assert all(row["closed_at"] is None for row in open_ones)


def test_one_meeting_is_one_row(full: Full, organisation: Path) -> None:
    activities = full["activities"]
    meetings = [row for row in activities.to_pylist() if row["kind"] == "meeting"]
    ((one_each, copies),) = truth(
        organisation,
        "SELECT count(*) FILTER (NOT IsChild), count(*) FILTER (IsChild) FROM {Event} "
        f"WHERE CreatedDate < TIMESTAMP '{CLOCK - timedelta(minutes=2)}'",
    )
    assert copies
    assert sum(row["activity_id"][:3] == "00U" for row in meetings) == one_each


def test_meetings_with_outsiders_are_not_internal(full: Full) -> None:
    activities = full["activities"]
    attendees = full["attendees"]
    outside = {row["activity_id"] for row in attendees.to_pylist() if row["contact_id"]}
    meetings = [row for row in activities.to_pylist() if row["is_internal"] is not None]
    assert {row["is_internal"] for row in meetings} == {True, False}
    for row in meetings:
        if row["is_internal"]:
            assert row["lead_id"] is row["contact_id"] is None
            assert row["activity_id"] not in outside


def test_open_tasks_have_not_occurred(full: Full) -> None:
    activities = full["activities"]
    is_open = [row for row in activities.to_pylist() if not row["is_completed"]]
    assert is_open
    assert all(row["occurred_at"] is None for row in is_open)


def test_activities_are_credited_to_who_did_them(full: Full, organisation: Path) -> None:
    """Conversion gives events to the converting user: the organiser made the record."""
    activities = full["activities"]
    creators = dict(truth(organisation, "SELECT Id, CreatedById FROM {Event}"))
    for row in activities.to_pylist():
        if row["activity_id"] in creators:
            assert row["performed_by"] == creators[row["activity_id"]]


def test_quotas_are_targets_of_sales_for_their_quarter(full: Full) -> None:
    targets = full["targets"]
    rows = targets.to_pylist()
    assert {row["function"] for row in rows} == {"sales"}
    assert {row["provenance"] for row in rows} == {"crm"}
    assert {row["period"][4:6] for row in rows} == {"-Q"}


def test_stages_from_the_qualified_one_on_are_qualified(full: Full) -> None:
    stages = full["sales_stages"]
    ordered = stages.sort_by("position").to_pylist()
    qualified = [row["sales_stage"] for row in ordered if row["is_qualified"]]
    assert qualified == ["Qualification", "Proposal", "Negotiation", "Closed Won"]


def test_pulling_counts_at_once_and_reads_when_asked(connect: Connect) -> None:
    connector = connect()
    pulled(connector, "leads")  # the small objects that it looks up are read once
    before = connector.api_calls
    pull = connector.pull("leads", None)
    assert connector.api_calls == before + 1
    rows = sum(batch.num_rows for batch in pull.batches)
    (part,) = pull.parts
    assert rows == part.expected == part.read
    assert connector.api_calls >= before + 1 + -(-rows // 100)


def test_late_rows_come_with_the_overlap(
    connect: Connect, server: Running, organisation: Path
) -> None:
    """Leads that become visible minutes after their own time stamp are not lost."""
    late = truth(
        organisation,
        "SELECT _visible_from, CreatedDate FROM {Lead} WHERE _visible_from > CreatedDate "
        "AND _visible_from > SystemModstamp ORDER BY 1 DESC LIMIT 1",
        CLOCK + timedelta(days=30),
    )
    assert late
    seen_at, made_at = late[0]
    assert isinstance(seen_at, datetime)
    assert isinstance(made_at, datetime)
    server.set_clock(seen_at - timedelta(seconds=1))
    pull, rows = pulled(connect(lag_minutes=0), "leads")
    kept = by_key("leads", rows)
    server.set_clock(seen_at + timedelta(minutes=5))
    connector = connect(lag_minutes=0)
    kept |= by_key("leads", pulled(connector, "leads", pull.cursor())[1])
    assert live(kept) == live(by_key("leads", pulled(connector, "leads")[1]))
