"""The records that trip up careless readers are all there, and say what they should."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sandbox.company import generate
from sandbox.scenario import Scenario
from tests.sandbox.company_oracle import Company

ENDS_AT = datetime(2026, 11, 20, 12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("company")
    generate(made, Scenario.preset("defined"), 7, 2500, ENDS_AT)
    return made


@pytest.fixture(scope="module")
def seen(folder: Path) -> Company:
    return Company(folder, ENDS_AT)


def every(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{name}.parquet")


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("Lead", "SystemModstamp"),
        ("Lead", "CreatedDate"),
        ("LeadHistory", "CreatedDate"),
        ("Task", "SystemModstamp"),
        ("Task", "CreatedDate"),
        ("Opportunity", "SystemModstamp"),
    ],
)
def test_some_dozens_share_an_instant(seen: Company, name: str, column: str) -> None:
    assert seen.table(name)[column].value_counts().max() >= 36


def test_a_changed_lookup_gives_two_rows_in_no_order(seen: Company) -> None:
    for name, parent in (("LeadHistory", "LeadId"), ("OpportunityFieldHistory", "OpportunityId")):
        rows = seen.table(name)
        owner = rows[rows.Field == "Owner"].groupby([parent, "CreatedDate"]).DataType.agg(list)
        assert len(owner) >= 10
        assert set(map(tuple, owner)) == {("EntityId", "Text"), ("Text", "EntityId")}
    texts = rows[(rows.Field == "Owner") & (rows.DataType == "Text")]
    assert set(texts.NewValue) <= set(seen.users.Name)


def test_deleted_records_are_purged_with_their_history(folder: Path) -> None:
    for name in ("Lead", "Task", "CampaignMember", "Opportunity", "EmailMessage"):
        rows = every(folder, name)
        gone = rows[rows.IsDeleted]
        assert len(gone) >= 3, name
        assert (gone._visible_to == gone.LastModifiedDate + timedelta(days=15)).all(), name
    purged = every(folder, "Lead").query("IsDeleted").set_index("Id")._visible_to
    merged = every(folder, "Lead").query("IsDeleted").MasterRecordId.notna()
    assert 3 <= merged.sum() <= len(merged) - 3
    for name, parent in (("LeadHistory", "LeadId"), ("OpportunityHistory", "OpportunityId")):
        history = every(folder, name)
        if name == "OpportunityHistory":
            purged = every(folder, "Opportunity").query("IsDeleted").set_index("Id")._visible_to
        ends = history[parent].map(purged)
        assert (history._visible_to.isna() == ends.isna()).all()
        assert ends.notna().any()
        assert (history._visible_to.dropna() == ends.dropna()).all()


def test_some_leads_are_in_the_bin_however_small_the_company(tmp_path: Path) -> None:
    generate(tmp_path, Scenario.preset("integrated"), 4, 150, ENDS_AT, months=4)
    for days, least in ((0, 6), (5, 6)):
        binned = Company(tmp_path, ENDS_AT + timedelta(days=days)).table("Lead").query("IsDeleted")
        assert binned.MasterRecordId.notna().sum() >= least // 2
        assert binned.MasterRecordId.isna().sum() >= least // 2
    purged = every(tmp_path, "Lead")._visible_to[every(tmp_path, "Lead").IsDeleted]
    assert ((purged > ENDS_AT) & (purged < ENDS_AT + timedelta(days=5))).sum() >= 3


def test_closed_activities_are_archived_after_a_year(seen: Company, folder: Path) -> None:
    tasks = seen.table("Task")
    old = tasks.CompletedDateTime < ENDS_AT - pd.Timedelta(days=365)
    assert (tasks.IsArchived == old)[~tasks.IsDeleted].all()
    assert tasks.IsArchived.sum() >= 100
    assert tasks[tasks.IsArchived].IsClosed.all()
    assert (every(folder, "Task").query("IsArchived").SystemModstamp < ENDS_AT).any()


def test_rows_become_visible_up_to_ten_minutes_late(folder: Path) -> None:
    for name in ("Lead", "Task", "Opportunity"):
        rows = every(folder, name).drop_duplicates(["Id", "SystemModstamp"])
        late = rows._visible_from - rows.SystemModstamp
        late = late[late <= pd.Timedelta(minutes=10)]
        assert (late > pd.Timedelta(0)).sum() >= 5, name
        assert late.max() > pd.Timedelta(minutes=5), name


def test_conversion_moves_activities_and_their_owners(seen: Company, folder: Path) -> None:
    leads = seen.table("Lead").query("IsConverted").set_index("Id")
    for name in ("Task", "Event"):
        rows = every(folder, name).query("IsChild != True" if name == "Event" else "IsDeleted < 2")
        rows = rows.sort_values(["Id", "_visible_from"])
        before = rows.groupby("Id")[["WhoId", "OwnerId"]].shift()
        moved = rows[
            before.WhoId.str.startswith("00Q", na=False) & rows.WhoId.str.startswith("003")
        ]
        old = before.loc[moved.index]
        known = old.WhoId.isin(leads.index).to_numpy()
        assert known.sum() >= 5
        assert (leads.ConvertedContactId[old.WhoId[known]].to_numpy() == moved.WhoId[known]).all()
        passed = moved.OwnerId != old.OwnerId
        assert passed.sum() >= 1, name
        contacts = seen.table("Contact").set_index("Id").OwnerId
        given = moved[passed & moved.WhoId.isin(contacts.index)]
        assert (contacts[given.WhoId].to_numpy() == given.OwnerId).all()
        if name == "Event":
            assert (old.OwnerId[passed] == moved.LastModifiedById[passed]).all()
        else:
            assert not (moved.IsClosed & passed).any()
    members = seen.table("CampaignMember")
    assert (members.LeadId.notna() & members.ContactId.notna()).sum() >= 10


def test_the_formula_changes_without_the_modstamp(folder: Path) -> None:
    rows = every(folder, "Lead").sort_values(["Id", "_visible_from"])
    before = rows.groupby("Id")[["Score_Band__c", "SystemModstamp", "Score__c"]].shift()
    silent = (before.SystemModstamp == rows.SystemModstamp) & (before.Score__c == rows.Score__c)
    changed = rows[silent & (before.Score_Band__c != rows.Score_Band__c)]
    assert set(changed._visible_from) == {ENDS_AT + timedelta(days=d) for d in (-45, 10)}
    assert (silent == rows.index.isin(changed.index)).all()
    ready = np.where((rows._visible_from >= ENDS_AT - timedelta(days=45)), 66, 65)
    ready = np.where((rows._visible_from >= ENDS_AT + timedelta(days=10)), 65, ready)
    settled = rows._visible_from == rows.SystemModstamp
    expected = np.select([rows.Score__c >= ready, rows.Score__c >= 41], ["A", "B"], "C")
    assert (rows.Score_Band__c.str[0] == expected)[settled].all()


def test_event_children_queues_and_automatic_records(seen: Company) -> None:
    events = seen.table("Event")
    relations = seen.table("EventRelation")
    invited = relations[relations.IsInvitee].groupby("EventId").size()
    assert not events.set_index("Id").IsChild[invited.index].any()
    assert invited.sum() == events.IsChild.sum() > 0
    integration = seen.users[seen.users.role == "Integration"].index[0]
    tasks = seen.table("Task")
    assert {"Task", "Email"} == set(tasks[tasks.CreatedById == integration].TaskSubtype)
    assert seen.table("Lead").OwnerId.str.startswith("00G").any()


def test_texts_that_break_careless_readers(seen: Company) -> None:
    companies = "".join(seen.table("Lead").Company.tolist())
    notes = seen.table("Task").Description
    reasons = "".join(seen.table("Lead").Rejection_Reason__c.dropna().tolist())
    for mark in (",", '"', "\n", "ü", "株"):
        assert mark in companies
    assert {"🙂", "\n"} <= set(reasons)
    assert {"", '"'} <= set(notes)
    assert not all(name.isascii() for name in seen.users["Name"].tolist())


def test_a_user_goes_and_comes_back(folder: Path) -> None:
    users = every(folder, "User")
    states = users.groupby("Id").IsActive.agg(list).tolist()
    assert states.count([True, False, True]) == 1
    assert states.count([True, False]) == 1


def test_mails_are_tasks_and_replies_are_not(seen: Company) -> None:
    mails = seen.table("EmailMessage").query("not IsDeleted")
    tasks = seen.table("Task").set_index("Id")
    logged = mails[mails.ActivityId.notna()]
    of = tasks.loc[logged.ActivityId]
    assert logged.ActivityId.is_unique
    assert not logged.Incoming.any()
    assert (of.TaskSubtype == "Email").all()
    assert (of.CompletedDateTime.to_numpy() == logged.MessageDate.to_numpy()).all()
    written = tasks[(tasks.TaskSubtype == "Email") & (tasks.Type == "Email") & ~tasks.IsDeleted]
    people = written[written.CreatedById.isin(seen.users[seen.users.role != "Integration"].index)]
    assert set(of.index) <= set(people.index)
    alone = mails[mails.ActivityId.isna()]
    assert set(alone.Incoming) == {True, False}
    relations = seen.table("EmailMessageRelation").query("not IsDeleted")
    assert (relations.groupby("EmailMessageId").size() == 2).all()
    incoming = relations.EmailMessageId.map(mails.set_index("Id").Incoming)
    ours = relations.RelationObjectType == "User"
    assert ((relations.RelationType == "ToAddress") == (incoming.astype(bool) == ours)).all()
    assert (
        relations.RelationId.str[:3].map({"005": "User", "003": "Contact", "00Q": "Lead"})
        == relations.RelationObjectType
    ).all()


def test_two_models_attribute_the_same_opportunities(seen: Company) -> None:
    models = seen.table("CampaignInfluenceModel").set_index("Id")
    assert models.IsDefaultModel.sum() == 1
    rows = seen.table("CampaignInfluence")
    total = rows.groupby(["ModelId", "OpportunityId"]).Influence.sum()
    assert np.allclose(total, 100, atol=0.1)
    first, second = (set(rows[rows.ModelId == model].OpportunityId) for model in models.index)
    assert first == second
    amount = seen.table("Opportunity").set_index("Id").Amount[rows.OpportunityId].to_numpy()
    settled = seen.table("Opportunity").set_index("Id").IsClosed[rows.OpportunityId].to_numpy()
    assert np.allclose((amount * rows.Influence / 100)[settled], rows.RevenueShare[settled], atol=1)


def test_field_history_ends_in_the_opportunity(seen: Company) -> None:
    deals = seen.table("Opportunity").set_index("Id")
    rows = seen.table("OpportunityFieldHistory").sort_values("CreatedDate", kind="stable")
    for field, kind, column in (
        ("Owner", "EntityId", "OwnerId"),
        ("StageName", "Text", "StageName"),
        ("Amount", "Currency", "Amount"),
        ("CloseDate", "DateOnly", "CloseDate"),
    ):
        chosen = rows[(rows.Field == field) & (rows.DataType == kind)]
        last = chosen.groupby("OpportunityId").NewValue.last()
        state = deals[column].reindex(last.index)
        expected = last.astype(float) if field == "Amount" else last
        assert (state.astype(expected.dtype) == expected).all(), field
        assert len(last) >= 10


def test_who_wrote_what_opportunities_carry(seen: Company) -> None:
    links = seen.table("ContentDocumentLink")
    documents = seen.table("ContentDocument").set_index("Id")
    versions = seen.table("ContentVersion")
    latest = versions[versions.IsLatest].set_index("ContentDocumentId")
    assert sorted(latest.index) == sorted(documents.index)
    assert (documents.LatestPublishedVersionId[latest.index] == latest.Id).all()
    author = versions.sort_values("VersionNumber").groupby("ContentDocumentId").CreatedById.first()
    on_deals = links[links.LinkedEntityId.str.startswith("006")]
    by_marketing = on_deals[on_deals.ContentDocumentId.map(author).isin(seen.marketers)]
    by_sales = on_deals[on_deals.ContentDocumentId.map(author).isin(seen.sales)]
    assert len(by_sales) >= 20
    deals = seen.table("Opportunity").query("not IsDeleted")
    history = seen.table("OpportunityHistory")
    qualified = (
        history[history.StageName == "Qualification"].groupby("OpportunityId").CreatedDate.min()
    )
    old = qualified[qualified < ENDS_AT - timedelta(days=7)].index.intersection(pd.Index(deals.Id))
    share = old.isin(by_marketing.LinkedEntityId).mean()
    planted = Scenario.preset("defined").population()["content_use_rate"]
    assert abs(share - planted) < 4 * np.sqrt(planted * (1 - planted) / len(old)) + 0.003


def test_account_teams_and_views(seen: Company, folder: Path) -> None:
    team = seen.table("AccountTeamMember")
    accounts = seen.table("Account").set_index("Id")
    assert accounts.Is_Key_Account__c[team.AccountId].all()
    assert 0 < team.UserId.isin(seen.marketers).mean() < 1
    for name in ("Report", "Dashboard"):
        rows = every(folder, name).sort_values(["Id", "_visible_from"])
        assert rows.groupby("Id").LastViewedDate.nunique().min() >= 2
        assert (
            rows.LastViewedDate.dropna() <= rows._visible_from[rows.LastViewedDate.notna()]
        ).all()
        assert rows.groupby("Id").SystemModstamp.nunique().max() == 1
