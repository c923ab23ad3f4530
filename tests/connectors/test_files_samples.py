"""Third-party exports that the project did not write: what is there is read, nothing invented."""

from collections import Counter
from datetime import date, datetime
from pathlib import Path

import pytest

from tests.connectors.files import by_id, offered, pulled

DATA = Path(__file__).parents[3] / "shared" / "data"
API = DATA / "salesforce_api_csv"
SAMPLE = DATA / "salesforce_sample_csv"
FIVETRAN = DATA / "fivetran_salesforce"

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the third-party sample data (../shared/data) is not here"
)


def counts(path: Path) -> dict[str, int]:
    return {name: rows.num_rows for name, rows in pulled(path).items()}


def test_the_api_dialect() -> None:
    offer = offered(API)
    tables = pulled(API)
    assert counts(API) == {
        "accounts": 22,
        "activities": 75,
        "campaign_members": 68,
        "campaigns": 8,
        "contacts": 102,
        "leads": 60,
        "opportunities": 50,
    }
    assert offer.cutoff_at == datetime(2024, 1, 23, 17, 50, 51)
    leads = tables["leads"].to_pylist()
    assert {(row["owner_id"], row["owner_kind"]) for row in leads} == {
        ("005Ec000004oBPNIA2", "user")
    }
    assert {row["created_at"] for row in leads} == {datetime(2024, 1, 22, 20, 36, 47)}
    assert {row["converted_at"] for row in leads} == {None}
    assert sum(row["score"] is not None for row in leads) == 0
    opportunities = tables["opportunities"].to_pylist()
    assert Counter(row["is_closed"] for row in opportunities) == {False: 35, True: 15}
    assert Counter(row["is_won"] for row in opportunities) == {False: 38, True: 12}
    assert all(row["deleted_at"] is None for row in leads + opportunities)
    assert "checkboxes are 1 or empty in these files: empty is read as no" in offer.notes
    assert any("activities.occurred_at left out: Task.csv alone" in note for note in offer.notes)
    assert any("Branch__c.csv, Case.csv" in note for note in offer.notes)
    assert not offer.availability.has("lead_changes")


def test_the_sample_organisation() -> None:
    offer = offered(SAMPLE)
    tables = pulled(SAMPLE)
    assert {name: rows.num_rows for name, rows in tables.items() if "changes" not in name} == {
        "accounts": 18,
        "contacts": 25,
        "leads": 22,
        "opportunities": 36,
    }
    assert offer.availability.lacks(["leads.created_at"]) == ["Lead.csv has no column CreatedDate"]
    assert offer.availability.lacks(["opportunities.owner_id"]) == [
        "Opportunity.csv has no column OwnerId"
    ]
    assert offer.cutoff_at == datetime(2026, 3, 7, 21, 0)
    leads = by_id("leads", tables["leads"])
    lead = leads["00Qbm00000Orxk5EAB"]
    assert lead["converted_at"] == datetime(2026, 2, 24)
    assert lead["owner_id"] == "005bm00000NCJmQAAX"
    assert {row["created_at"] for row in leads.values()} == {None}
    assert {row["recorded_at"] for row in leads.values()} == {offer.cutoff_at}
    assert sum(row["converted_at"] is not None for row in leads.values()) == 5
    deal = by_id("opportunities", tables["opportunities"])["006bm00000LKJNNAA5"]
    assert (deal["close_on"], deal["amount"]) == (date(2024, 2, 3), 15000.0)
    changes = tables["opportunity_changes"].to_pylist()
    assert len({change["change_id"].split(":")[0] for change in changes}) <= 48
    assert max(change["changed_at"] for change in changes) == datetime(2026, 3, 7, 21, 0)
    lost = [c for c in changes if c["change_id"] == "008bm00000ViWn7AAF:stage"]
    assert [(c["old"], c["new"]) for c in lost] == [("Closed Won", "Closed Lost")]
    assert any("read as UTC; say timezone" in note for note in offer.notes)
    assert any("Opportunity.csv CreatedDate" in note for note in offer.notes)


def test_times_of_the_sample_move_with_the_configured_zone() -> None:
    moved = offered(SAMPLE, timezone="America/Los_Angeles")
    assert moved.cutoff_at == datetime(2026, 3, 8, 5, 0)


def test_a_landed_warehouse_through_a_mapping(tmp_path: Path) -> None:
    mapping = tmp_path / "fivetran.yaml"
    mapping.write_text(
        """
tables:
  users:
    file: sf_user_data.csv
    columns: {user_id: id, display_name: name, title: title, manager_id: manager_id}
    where: {_fivetran_deleted: false}
  leads:
    file: sf_lead_data.csv
    columns: {lead_id: id, created_at: created_date, recorded_at: created_date, status: status}
  opportunities:
    file: sf_opportunity_data.csv
    columns:
      opportunity_id: id
      owner_id: owner_id
      created_at: created_date
      close_on: close_date
      amount: amount
      is_won: is_won
      is_closed: is_closed
  activities:
    - file: sf_task_data.csv
      columns:
        activity_id: id
        kind: {constant: task}
        created_at: created_date
        is_completed: is_closed
    - file: sf_event_data.csv
      columns: {activity_id: id, kind: {constant: meeting}, created_at: created_date}
"""
    )
    tables = pulled(FIVETRAN, mapping=mapping)
    assert tables["leads"]["created_at"].to_pylist() == [datetime(2019, 11, 11, 17, 23, 34)]
    deals = by_id("opportunities", tables["opportunities"])
    assert deals
    assert all(row["close_on"] for row in deals.values())
    kinds = Counter(tables["activities"]["kind"].to_pylist())
    assert kinds == {"task": 10, "meeting": 10}
