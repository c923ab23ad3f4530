"""Whatever the scenario and the seed, the generated records fit together."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.stages import Dimension, Stage
from sandbox.company import generate
from sandbox.scenario import Scenario
from sandbox.schema import OBJECTS, VISIBLE_TO, objects
from tests.sandbox.company_oracle import Company

ENDS_AT = datetime(2026, 11, 20, 12)
Tables = dict[str, pd.DataFrame]
_STILL = pd.Timestamp("2200-01-01")
_HISTORIES = ("LeadHistory", "OpportunityHistory", "OpportunityFieldHistory")
_IMMUTABLE = (*_HISTORIES, "OpportunityStage", "Profile", "UserRole", "RecordType")

levels = st.fixed_dictionaries({d.value: st.sampled_from(tuple(Stage)) for d in Dimension})
scenarios = st.builds(
    lambda levels, currencies, mails: replace(
        Scenario.mixed(levels), currencies=currencies, enhanced_email=mails
    ),
    levels,
    st.sampled_from(["single", "multi"]),
    st.booleans(),
)
companies = st.tuples(
    scenarios,
    st.integers(0, 10_000),
    st.integers(1, 150),
    st.integers(1, 20),
    st.sampled_from([60, 25_000]),
)
Arguments = tuple[Scenario, int, int, int, int]


@contextmanager
def company(arguments: Arguments) -> Iterator[Path]:
    scenario, seed, leads, months, cohort = arguments
    with tempfile.TemporaryDirectory() as name:
        generate(Path(name), scenario, seed, leads, ENDS_AT, months=months, cohort=cohort)
        yield Path(name)


def tables(folder: Path) -> Tables:
    return {path.stem: pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}


def check_there_is_what_the_scenario_has(known: Tables, scenario: Scenario) -> None:
    expected = set(objects(several_currencies=scenario.currencies == "multi"))
    if not scenario.enhanced_email:
        expected -= {"EmailMessage", "EmailMessageRelation"}
    assert set(known) == expected
    several = {name for name, rows in known.items() if "CurrencyIsoCode" in rows}
    amounts = {"Opportunity", "OpportunityHistory", "Campaign", "CampaignInfluence"}
    multi = {*amounts, "ForecastingQuota"} if scenario.currencies == "multi" else set()
    assert several == multi
    assert all(known[name].CurrencyIsoCode.notna().all() for name in several)


def check_versions_follow_each_other_without_gap_or_overlap(known: Tables) -> None:
    for name, rows in known.items():
        grouped = rows.groupby("Id", sort=False)
        following = grouped._visible_from.shift(-1)
        last = following.isna()
        ended = rows[last & rows._visible_to.notna()]
        if name not in _HISTORIES:
            assert ended.get("IsDeleted", pd.Series(False, ended.index)).all(), name
            kept = rows[last & rows._visible_to.isna()]
            assert not kept.get("IsDeleted", pd.Series(False, kept.index)).any(), name
        assert (ended._visible_from < ended._visible_to).all(), name
        assert (rows._visible_to[~last] == following[~last]).all(), name
        assert (rows._visible_from[~last] < rows._visible_to[~last]).all(), name
        if name in _IMMUTABLE:
            assert rows.Id.is_unique, name


def check_every_reference_leads_to_a_record_that_can_be_seen(known: Tables) -> None:
    """From when a version can be seen until it cannot, what it refers to can be seen too."""
    seen = pd.concat([rows.groupby("Id")._visible_from.min() for rows in known.values()])
    ids = pd.concat([rows[["Id", VISIBLE_TO]] for rows in known.values()])
    assert seen.index.is_unique
    until = ids.drop_duplicates("Id", keep="last").set_index("Id")._visible_to.fillna(_STILL)
    for name, rows in known.items():
        for field in OBJECTS[name].fields:
            if field.kind != "reference":
                continue
            pointing = rows[rows[field.name].notna()]
            allowed = tuple(OBJECTS[target].prefix for target in field.targets if target in known)
            assert pointing[field.name].str.startswith(allowed).all(), (name, field.name)
            target_seen = pointing[field.name].map(seen)
            assert (target_seen <= pointing._visible_from).all(), (name, field.name)
            target_until = pointing[field.name].map(until)
            ends = pointing._visible_to.fillna(_STILL)
            assert (ends <= target_until).all(), (name, field.name)
            if not field.nillable:
                assert rows[field.name].notna().all(), (name, field.name)


def check_nothing_happens_before_creation_or_is_seen_before_it_happens(known: Tables) -> None:
    for name, rows in known.items():
        for field in OBJECTS[name].fields:
            if not field.nillable and field.name in rows:
                assert rows[field.name].notna().all(), (name, field.name)
        if "LastModifiedDate" in rows and "CreatedDate" in rows:
            assert (rows.CreatedDate <= rows.LastModifiedDate).all(), name
            assert (rows.LastModifiedDate <= rows._visible_from).all(), name
            late = rows._visible_from - rows.LastModifiedDate
            if name not in ("Task", "Event", "Lead", "Report", "Dashboard"):  # silent changes
                assert (late <= pd.Timedelta(minutes=10)).all(), name
    created = pd.concat(
        [r.groupby("Id").CreatedDate.min() for n, r in known.items() if "CreatedDate" in r]
    )
    for name, parent in (
        ("LeadHistory", "LeadId"),
        ("CampaignMember", "LeadId"),
        ("OpportunityHistory", "OpportunityId"),
        ("OpportunityContactRole", "OpportunityId"),
        ("OpportunityTeamMember", "OpportunityId"),
        ("OpportunityFieldHistory", "OpportunityId"),
        ("CampaignInfluence", "OpportunityId"),
        ("AccountTeamMember", "AccountId"),
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
def test_records_fit_together(arguments: Arguments, moment: float) -> None:
    with company(arguments) as folder:
        known = tables(folder)
        check_there_is_what_the_scenario_has(known, arguments[0])
        check_versions_follow_each_other_without_gap_or_overlap(known)
        check_every_reference_leads_to_a_record_that_can_be_seen(known)
        check_nothing_happens_before_creation_or_is_seen_before_it_happens(known)
        length = timedelta(days=30.4375 * arguments[3])
        at = ENDS_AT - length + (length + timedelta(days=30)) * moment
        for seen in (Company(folder, at), Company(folder, ENDS_AT)):
            check_history_agrees_with_the_lead(seen)
            check_activities_go_with_their_lead(seen)


def check_amounts_are_worth_the_same(multi: Company, single: Company) -> None:
    """Each opportunity, converted by the rate of its close date, is worth about what it is in the
    company of one currency.
    """
    rates = multi.table("DatedConversionRate").sort_values("StartDate")
    assert (rates.groupby("IsoCode").NextStartDate.max() == date(9999, 12, 31)).all()
    following = rates.groupby("IsoCode").StartDate.shift(-1)
    ended = following.notna()
    assert (rates.NextStartDate[ended] == following[ended]).all()
    deals = multi.table("Opportunity")
    on = deals.merge(rates, left_on="CurrencyIsoCode", right_on="IsoCode", suffixes=("", "_rate"))
    on = on[(on.StartDate <= on.CloseDate) & (on.CloseDate < on.NextStartDate)].set_index("Id")
    assert sorted(on.index) == sorted(deals.Id)
    worth = on.Amount / on.ConversionRate
    plain = single.table("Opportunity").set_index("Id").Amount
    assert (np.abs(np.log(worth / plain.reindex(worth.index))) < 0.4).all()
    assert set(deals.CurrencyIsoCode) == {"USD", "EUR", "GBP", "JPY"}


def test_the_same_company_in_several_currencies() -> None:
    single = Scenario.preset("defined")
    multi = replace(single, currencies="multi")
    with company((single, 3, 900, 24, 300)) as one, company((multi, 3, 900, 24, 300)) as several:
        check_amounts_are_worth_the_same(Company(several, ENDS_AT), Company(one, ENDS_AT))
        corporate = Company(several, ENDS_AT).table("CurrencyType").query("IsCorporate")
        assert corporate.ConversionRate.tolist() == [1]


def test_a_company_of_many_cohorts_is_like_one_of_one() -> None:
    found = []
    for cohort in (200, 1500):
        with company((Scenario.preset("aligned"), 5, 1500, 24, cohort)) as folder:
            seen = Company(folder, ENDS_AT)
            sizes = {name: len(rows) for name, rows in tables(folder).items()}
            rates = (*seen.decisions(), seen.bounced(), seen.contact_roles())
            found.append((sizes, rates))
    (sizes, rates), (expected, others) = found
    assert sizes.keys() == expected.keys()
    for name, size in expected.items():
        assert abs(size - sizes[name]) <= 0.12 * size + 60, name
    for rate, other in zip(rates, others, strict=True):
        spread = np.sqrt(rate.value * (1 - rate.value) * (1 / rate.n + 1 / other.n))
        assert abs(rate.value - other.value) < 4 * spread


def test_about_one_in_a_hundred_records_changes_in_five_days() -> None:
    with company((Scenario.preset("defined"), 2, 4000, 24, 25_000)) as folder:
        held = changed = 0
        for name in ("Lead", "LeadHistory", "Task", "Opportunity", "OpportunityHistory"):
            rows = pd.read_parquet(folder / f"{name}.parquet")
            held += len(Company(folder, ENDS_AT).table(name))
            stamp = rows.get("SystemModstamp", rows.CreatedDate)
            new = (stamp > ENDS_AT) & (rows._visible_from <= ENDS_AT + timedelta(days=5))
            changed += rows[new].Id.nunique()
    assert 0.006 < changed / held < 0.02


def test_demands_of_distant_levels_can_be_met_together() -> None:
    scenario = Scenario.mixed({"language": "undefined", "process": "integrated"})
    with company((scenario, 3, 3000, 24, 25_000)) as folder:
        count, _ = Company(folder, ENDS_AT).traced()
    planted = scenario.population()["funnel_continuity"]
    assert abs(count.value - planted) < 0.08
