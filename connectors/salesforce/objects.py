"""Every Salesforce object that is read, and the canonical rows that it becomes.

Declarations only; shared by REST, Bulk and exported files. An organisation's own fields come in
through `streams(fields)`, where `fields` maps `table.column` to an API name. No name, address,
phone or text of a lead or contact is among the fields, and none may be mapped (see `settings`).
"""

from collections.abc import Mapping

from connectors.salesforce.activities import EVENT, EVENT_OWNER, EVENT_RELATION, TASK
from connectors.salesforce.histories import (
    LAST_STAGE,
    lead_history,
    opportunity_field_history,
    opportunity_history,
)
from connectors.salesforce.mails import EMAIL
from connectors.salesforce.marketing import CONTENT, DASHBOARD, REPORT, influences
from connectors.salesforce.reshape import (
    closed_at,
    inactive_since,
    is_qualified,
    money,
    period,
    rates,
)
from connectors.salesforce.shapes import (
    Column,
    Kind,
    Lookup,
    Stream,
    constant,
    copy,
    earliest_known,
    kind_of_owner,
)

ID, TEXT, NUMBER = Kind.ID, Kind.TEXT, Kind.NUMBER
FLAG, INSTANT, DAY = Kind.FLAG, Kind.INSTANT, Kind.DAY

USER = Stream(
    "User",
    "users",
    whole=True,
    fields={
        "Name": TEXT,
        "Title": TEXT,
        "ManagerId": ID,
        "UserRoleId": ID,
        "ProfileId": ID,
        "IsActive": FLAG,
    },
    lookups=(
        Lookup("UserRole", on="UserRoleId", fields={"Name": ("RoleName", TEXT)}),
        Lookup("Profile", on="ProfileId", fields={"Name": ("ProfileName", TEXT)}),
    ),
    columns={
        "user_id": copy("Id"),
        "display_name": copy("Name"),
        "role": copy("RoleName"),
        "profile": copy("ProfileName"),
        "title": copy("Title"),
        "manager_id": copy("ManagerId"),
        "created_at": copy("CreatedDate"),
        # Salesforce keeps no time of deactivation: the last change of an inactive user stands in.
        "deactivated_at": Column(("IsActive", "LastModifiedDate"), inactive_since),
    },
)

QUEUE = Stream(
    "Group",
    "queues",
    whole=True,
    fields={"Name": TEXT, "Type": TEXT},
    only={"Type": "Queue"},
    columns={"queue_id": copy("Id"), "name": copy("Name")},
)

LEAD = Stream(
    "Lead",
    "leads",
    fields={
        "LeadSource": TEXT,
        "Industry": TEXT,
        "Status": TEXT,
        "Rating": TEXT,
        "OwnerId": ID,
        "ConvertedDate": DAY,
        "ConvertedOpportunityId": ID,
        "ConvertedAccountId": ID,
        "ConvertedContactId": ID,
        "MasterRecordId": ID,
    },
    columns={
        "lead_id": copy("Id"),
        "created_at": copy("CreatedDate"),
        "source": copy("LeadSource"),
        "industry": copy("Industry"),
        "status": copy("Status"),
        "rating": copy("Rating"),
        "owner_id": copy("OwnerId"),
        "owner_kind": kind_of_owner("OwnerId"),
        # A day without a time: midnight. The instant is the `converted` row of lead_changes.
        "converted_at": earliest_known("ConvertedDate"),
        "opportunity_id": copy("ConvertedOpportunityId"),
        "account_id": copy("ConvertedAccountId"),
        "contact_id": copy("ConvertedContactId"),
        "merged_into": copy("MasterRecordId"),
    },
)

CONTACT = Stream(
    "Contact",
    "contacts",
    fields={"AccountId": ID},
    columns={
        "contact_id": copy("Id"),
        "account_id": copy("AccountId"),
        "created_at": copy("CreatedDate"),
    },
)

ACCOUNT = Stream(
    "Account",
    "accounts",
    fields={"Industry": TEXT, "OwnerId": ID},
    columns={
        "account_id": copy("Id"),
        "created_at": copy("CreatedDate"),
        "industry": copy("Industry"),
        "owner_id": copy("OwnerId"),
    },
)

CAMPAIGN = Stream(
    "Campaign",
    "campaigns",
    fields={
        "Type": TEXT,
        "OwnerId": ID,
        "StartDate": DAY,
        "ActualCost": NUMBER,
        "CurrencyIsoCode": TEXT,
    },
    lookups=rates("StartDate"),
    columns={
        "campaign_id": copy("Id"),
        "kind": copy("Type"),
        "owner_id": copy("OwnerId"),
        "created_at": copy("CreatedDate"),
        "started_on": copy("StartDate"),
        "actual_cost": money("ActualCost"),
    },
)

CAMPAIGN_MEMBER = Stream(
    "CampaignMember",
    "campaign_members",
    fields={
        "CampaignId": ID,
        "LeadId": ID,
        "ContactId": ID,
        "CreatedById": ID,
        "FirstRespondedDate": DAY,
    },
    columns={
        "member_id": copy("Id"),
        "campaign_id": copy("CampaignId"),
        "lead_id": copy("LeadId"),
        "contact_id": copy("ContactId"),
        "added_at": copy("CreatedDate"),
        "added_by": copy("CreatedById"),
        "responded_on": copy("FirstRespondedDate"),
    },
)

OPPORTUNITY = Stream(
    "Opportunity",
    "opportunities",
    fields={
        "AccountId": ID,
        "OwnerId": ID,
        "CloseDate": DAY,
        "StageName": TEXT,
        "Amount": NUMBER,
        "CurrencyIsoCode": TEXT,
        "IsWon": FLAG,
        "IsClosed": FLAG,
        "ForecastCategory": TEXT,
        "LeadSource": TEXT,
        "CampaignId": ID,
    },
    lookups=rates("CloseDate"),
    companion=LAST_STAGE,
    columns={
        "opportunity_id": copy("Id"),
        "account_id": copy("AccountId"),
        "owner_id": copy("OwnerId"),
        "created_at": copy("CreatedDate"),
        "closed_at": Column(("IsClosed", "StageName", "LastStage", "LastStageSince"), closed_at),
        "close_on": copy("CloseDate"),
        "sales_stage": copy("StageName"),
        "amount": money("Amount"),
        "currency": copy("CurrencyIsoCode"),
        "is_won": copy("IsWon"),
        "is_closed": copy("IsClosed"),
        "forecast_category": copy("ForecastCategory"),
        "source": copy("LeadSource"),
        "campaign_id": copy("CampaignId"),
    },
)

OPPORTUNITY_STAGE = Stream(
    "OpportunityStage",
    "sales_stages",
    whole=True,
    fields={
        "ApiName": TEXT,
        "MasterLabel": TEXT,
        "SortOrder": NUMBER,
        "IsClosed": FLAG,
        "IsWon": FLAG,
    },
    columns={
        "sales_stage": copy("ApiName"),
        "position": copy("SortOrder"),
        "is_closed": copy("IsClosed"),
        "is_won": copy("IsWon"),
    },
)

TEAM_MEMBER = Stream(
    "OpportunityTeamMember",
    "team_members",
    optional="who is on an opportunity's team is not seen",
    fields={"OpportunityId": ID, "UserId": ID, "TeamMemberRole": TEXT},
    columns={
        "member_id": copy("Id"),
        "opportunity_id": copy("OpportunityId"),
        "user_id": copy("UserId"),
        "role": copy("TeamMemberRole"),
        "added_at": copy("CreatedDate"),
    },
)

ACCOUNT_TEAM_MEMBER = Stream(
    "AccountTeamMember",
    "team_members",
    optional="who is on an account's team is not seen",
    fields={"AccountId": ID, "UserId": ID, "TeamMemberRole": TEXT},
    columns={
        "member_id": copy("Id"),
        "account_id": copy("AccountId"),
        "user_id": copy("UserId"),
        "role": copy("TeamMemberRole"),
        "added_at": copy("CreatedDate"),
    },
)

CONTACT_ROLE = Stream(
    "OpportunityContactRole",
    "contact_roles",
    fields={"OpportunityId": ID, "ContactId": ID, "Role": TEXT},
    columns={
        "role_id": copy("Id"),
        "opportunity_id": copy("OpportunityId"),
        "contact_id": copy("ContactId"),
        "role": copy("Role"),
        "added_at": copy("CreatedDate"),
    },
)

QUOTA = Stream(
    "ForecastingQuota",
    "targets",
    whole=True,
    fields={"QuotaAmount": NUMBER, "StartDate": DAY, "PeriodId": ID, "CurrencyIsoCode": TEXT},
    lookups=(
        *rates("StartDate"),
        Lookup("Period", on="PeriodId", fields={"Type": ("PeriodType", TEXT)}),
    ),
    columns={
        "target_id": copy("Id"),
        "metric": constant("revenue"),
        "function": constant("sales"),  # forecasting quotas are Sales' alone
        "period": Column(("StartDate",), period),
        "amount": money("QuotaAmount"),
        "unit": constant("amount"),
        "currency": copy("CurrencyIsoCode"),
        "is_shared": constant(False),
        "provenance": constant("crm"),
    },
)


def streams(
    fields: Mapping[str, str] | None = None,
    qualified_from: str | None = None,
    influence_model: str | None = None,
) -> tuple[Stream, ...]:
    """All streams, with an organisation's own fields, the first sales-qualified stage, and the
    campaign influence model that counts (the default one for None).

    `fields` maps `table.column` to an API name, e.g. `leads.region` to `Region__c`; where several
    objects make a table (Task and Event: activities), each is asked for the field, except those
    that only add rows of their own kind.
    """
    fields = fields or {}
    own = {
        table: {t.partition(".")[2]: n for t, n in fields.items() if t.partition(".")[0] == table}
        for table in ("leads", "opportunities")
    }
    known: list[Stream] = [
        USER,
        QUEUE,
        LEAD,
        lead_history(own["leads"]),
        CONTACT,
        ACCOUNT,
        TASK,
        EVENT,
        EMAIL,
        EVENT_RELATION,
        EVENT_OWNER,
        CAMPAIGN,
        CAMPAIGN_MEMBER,
        influences(influence_model),
        OPPORTUNITY,
        opportunity_history(own["opportunities"]),
        opportunity_field_history(own["opportunities"]),
        _stages(qualified_from),
        TEAM_MEMBER,
        ACCOUNT_TEAM_MEMBER,
        CONTACT_ROLE,
        CONTENT,
        QUOTA,
        REPORT,
        DASHBOARD,
    ]
    required = {stream.table for stream in known if not stream.optional}
    for target, api_name in fields.items():
        table, _, column = target.partition(".")
        known = [
            s.mapped(column, api_name)
            if s.table == table and not (s.optional and table in required)
            else s
            for s in known
        ]
    return tuple(known)


def _stages(qualified_from: str | None) -> Stream:
    if qualified_from is None:
        return OPPORTUNITY_STAGE
    made = Column(("ApiName", "SortOrder", "IsClosed", "IsWon"), is_qualified(qualified_from))
    stage = OPPORTUNITY_STAGE
    return Stream(
        stage.object,
        stage.table,
        stage.fields,
        {**stage.columns, "is_qualified": made},
        whole=True,
    )
