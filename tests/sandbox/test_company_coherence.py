"""Whatever the scenario and the seed, the generated records fit together."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.stages import Dimension, Stage
from sandbox.company import generate
from sandbox.scenario import Scenario
from sandbox.schema import OBJECTS
from tests.sandbox.company_oracle import Company

ENDS_AT = datetime(2026, 11, 20, 12)
Tables = dict[str, pd.DataFrame]
_IMMUTABLE = ("LeadHistory", "OpportunityHistory", "OpportunityStage", "Profile", "UserRole")

levels = st.fixed_dictionaries({d.value: st.sampled_from(tuple(Stage)) for d in Dimension})
companies = st.builds(
    lambda levels, seed, leads, months: (Scenario.mixed(levels), seed, leads, months),
    levels,
    st.integers(0, 10_000),
    st.integers(1, 150),
    st.integers(1, 20),
)


@contextmanager
def company(arguments: tuple[Scenario, int, int, int]) -> Iterator[Path]:
    scenario, seed, leads, months = arguments
    with tempfile.TemporaryDirectory() as name:
        generate(Path(name), scenario, seed, leads, ENDS_AT, months=months)
        yield Path(name)


def tables(folder: Path) -> Tables:
    return {name: pd.read_parquet(folder / f"{name}.parquet") for name in OBJECTS}


def check_versions_follow_each_other_without_gap_or_overlap(known: Tables) -> None:
    for name, rows in known.items():
        grouped = rows.groupby("Id", sort=False)
        following = grouped._visible_from.shift(-1)
        last = following.isna()
        assert rows._visible_to[last].isna().all(), name
        assert (rows._visible_to[~last] == following[~last]).all(), name
        assert (rows._visible_from[~last] < rows._visible_to[~last]).all(), name
        if name in _IMMUTABLE:
            assert rows.Id.is_unique, name


def check_every_reference_leads_to_a_record_that_can_be_seen(known: Tables) -> None:
    seen = pd.concat([rows.groupby("Id")._visible_from.min() for rows in known.values()])
    for name, definition in OBJECTS.items():
        rows = known[name]
        for field in definition.fields:
            if field.kind != "reference":
                continue
            pointing = rows[rows[field.name].notna()]
            allowed = tuple(OBJECTS[target].prefix for target in field.targets)
            assert pointing[field.name].str.startswith(allowed).all(), (name, field.name)
            target_seen = pointing[field.name].map(seen)
            assert (target_seen <= pointing._visible_from).all(), (name, field.name)
            if not field.nillable:
                assert rows[field.name].notna().all(), (name, field.name)


def check_nothing_happens_before_creation_or_is_seen_before_it_happens(known: Tables) -> None:
    for name, rows in known.items():
        for field in OBJECTS[name].fields:
            if not field.nillable:
                assert rows[field.name].notna().all(), (name, field.name)
        if "LastModifiedDate" in rows and "CreatedDate" in rows:
            assert (rows.CreatedDate <= rows.LastModifiedDate).all(), name
            assert (rows.LastModifiedDate <= rows._visible_from).all(), name
            late = rows._visible_from - rows.LastModifiedDate
            fresh = ~rows.get("IsArchived", pd.Series(False, rows.index))
            assert (late[fresh] <= pd.Timedelta(minutes=10)).all(), name
    created = pd.concat(
        [r.groupby("Id").CreatedDate.min() for n, r in known.items() if "CreatedDate" in r]
    )
    for name, parent in (
        ("LeadHistory", "LeadId"),
        ("CampaignMember", "LeadId"),
        ("OpportunityHistory", "OpportunityId"),
        ("OpportunityContactRole", "OpportunityId"),
        ("OpportunityTeamMember", "OpportunityId"),
    ):
        rows = known[name]
        assert (rows[parent].map(created) <= rows.CreatedDate).all(), name
    for name in ("Task", "Event"):
        first = known[name].drop_duplicates("Id")
        first = first[first.WhoId.notna() & (first.LastModifiedDate == first.CreatedDate)]
        assert (first.WhoId.map(created) <= first.CreatedDate).all(), name


def check_history_agrees_with_the_lead(seen: Company) -> None:
    leads = seen.table("Lead").set_index("Id")
    history = seen.table("LeadHistory").sort_values("CreatedDate", kind="stable")
    created = history[history.Field == "created"]
    assert set(created.LeadId) == set(leads.index)
    for field, kind, column in (
        ("Owner", "EntityId", "OwnerId"),
        ("Status", "Text", "Status"),
        ("Score__c", "Double", "Score__c"),
    ):
        rows = history[(history.Field == field) & (history.DataType == kind)]
        last = rows.groupby("LeadId").NewValue.last()
        state = leads[column].reindex(last.index)
        expected = last.astype(float) if column == "Score__c" else last
        assert (state == expected).all(), field
        previous = rows.groupby("LeadId").NewValue.shift()
        assert (previous.isna() | (previous == rows.OldValue)).all(), field
    paired = history[history.Field == "Owner"].groupby(["LeadId", "CreatedDate"]).DataType
    assert paired.agg(lambda kinds: sorted(kinds) == ["EntityId", "Text"]).all()
    converted = history[history.Field == "leadConverted"].LeadId
    assert set(converted) == set(leads[leads.IsConverted].index)
    links = leads[leads.IsConverted][["ConvertedContactId", "ConvertedOpportunityId"]]
    assert links.notna().all().all()


def check_activities_go_with_their_lead(seen: Company) -> None:
    leads = seen.table("Lead").set_index("Id")
    for name in ("Task", "Event"):
        rows = seen.table(name)
        on_lead = rows[rows.WhoId.str.startswith("00Q", na=False)]
        state = leads.loc[on_lead.WhoId]
        assert not state.IsConverted.any()
        assert (state.IsDeleted.to_numpy() == on_lead.IsDeleted.to_numpy()).all()
        assert not state.MasterRecordId.notna().any()
    losers = leads[leads.MasterRecordId.notna()]
    assert losers.IsDeleted.all()
    roles = seen.table("OpportunityContactRole")
    deals = seen.table("Opportunity").set_index("Id")
    contacts = seen.table("Contact").set_index("Id")
    assert (
        contacts.AccountId[roles.ContactId].to_numpy()
        == deals.AccountId[roles.OpportunityId].to_numpy()
    ).all()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(companies, st.floats(0, 1))
def test_records_fit_together(arguments: tuple[Scenario, int, int, int], moment: float) -> None:
    with company(arguments) as folder:
        known = tables(folder)
        check_versions_follow_each_other_without_gap_or_overlap(known)
        check_every_reference_leads_to_a_record_that_can_be_seen(known)
        check_nothing_happens_before_creation_or_is_seen_before_it_happens(known)
        length = timedelta(days=30.4375 * arguments[3])
        at = ENDS_AT - length + (length + timedelta(days=30)) * moment
        for seen in (Company(folder, at), Company(folder, ENDS_AT)):
            check_history_agrees_with_the_lead(seen)
            check_activities_go_with_their_lead(seen)


def test_demands_of_distant_levels_can_be_met_together() -> None:
    scenario = Scenario.mixed({"language": "undefined", "process": "integrated"})
    with company((scenario, 3, 3000, 24)) as folder:
        count, _ = Company(folder, ENDS_AT).traced()
    planted = scenario.population()["funnel_continuity"]
    assert abs(count.value - planted) < 0.08
