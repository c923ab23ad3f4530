"""The objects of the sandbox organisation and their fields, as Salesforce would describe them.

The generator writes one parquet file for each object, with these fields in this order and two
more: `_visible_from` and `_visible_to` (naive UTC; null: still), between which a version of the
record is what the organisation answers. The server describes and types the same fields.

An organisation need not have everything: an object without a file, and a field without a column,
are not there. `objects` says what one with a single or with several currencies has.
"""

from sandbox.fields import CURRENCY_CODE, VISIBLE_FROM, VISIBLE_TO, Field, Kind, Object, of, ref

__all__ = [
    "CURRENCY_CODE",
    "OBJECTS",
    "VISIBLE_FROM",
    "VISIBLE_TO",
    "Field",
    "Kind",
    "Object",
    "objects",
]

_ONLY_IF_SEVERAL = frozenset({"CurrencyType", "DatedConversionRate"})
_ID = Field("Id", "id", nillable=False)
_IS_DELETED = Field("IsDeleted", "boolean", nillable=False)
_CREATED = (
    Field("CreatedDate", "datetime", nillable=False),
    ref("CreatedById", "User", required=True),
)
_MODSTAMP = Field("SystemModstamp", "datetime", nillable=False)
_MODIFIED = (
    Field("LastModifiedDate", "datetime", nillable=False),
    ref("LastModifiedById", "User", required=True),
    _MODSTAMP,
)
_OWNER = ref("OwnerId", "User", required=True)
_OWNER_OR_QUEUE = ref("OwnerId", "Group", "User", required=True)
_WHO_WHAT = (
    ref("WhoId", "Contact", "Lead"),
    ref("WhatId", "Account", "Campaign", "Opportunity"),
    ref("AccountId", "Account"),
)
_CURRENCY = Field(CURRENCY_CODE, "picklist")
_PLACE = tuple(of("picklist", "Region__c", "Business_Unit__c"))


def _object(name: str, prefix: str, *fields: Field | list[Field] | tuple[Field, ...]) -> Object:
    flat: list[Field] = []
    for field in fields:
        flat.extend([field] if isinstance(field, Field) else field)
    return Object(name, prefix, tuple(flat))


def _record(name: str, prefix: str, *fields: Field | list[Field] | tuple[Field, ...]) -> Object:
    """An object with the usual system fields around its own."""
    return _object(name, prefix, _ID, _IS_DELETED, *fields, _CREATED, _MODIFIED)


def _setup(name: str, prefix: str, *fields: Field | list[Field] | tuple[Field, ...]) -> Object:
    """A set-up object: it cannot be deleted into the recycle bin."""
    return _object(name, prefix, _ID, *fields, _CREATED, _MODIFIED)


_ALL = (
    _setup(
        "Organization",
        "00D",
        of("string", "Name", "InstanceName", "Country"),
        of("picklist", "OrganizationType", "TimeZoneSidKey", "LanguageLocaleKey"),
        of("int", "FiscalYearStartMonth"),
        of("boolean", "IsSandbox"),
    ),
    _object(
        "UserRole",
        "00E",
        _ID,
        of("string", "Name", "DeveloperName", required=True),
        ref("ParentRoleId", "UserRole"),
        _MODIFIED,
    ),
    _setup("Profile", "00e", of("string", "Name", required=True), of("picklist", "UserType")),
    _setup(
        "Group",
        "00G",
        of("string", "Name", "DeveloperName", required=True),
        of("picklist", "Type", required=True),
    ),
    _setup(
        "User",
        "005",
        of("string", "Username", "LastName", "Name", required=True),
        of("string", "FirstName", "Title", "Department"),
        of("email", "Email"),
        of("boolean", "IsActive", required=True),
        ref("UserRoleId", "UserRole"),
        ref("ProfileId", "Profile"),
        of("picklist", "UserType", "TimeZoneSidKey"),
        ref("ManagerId", "User"),
        _PLACE,
        of("picklist", "Team__c"),
    ),
    _record(
        "Account",
        "001",
        ref("MasterRecordId", "Account"),
        of("string", "Name", required=True),
        of("phone", "Phone"),
        of("picklist", "Type", "Industry"),
        ref("ParentId", "Account"),
        _OWNER,
        of("picklist", "Segment__c"),
        _PLACE,
        of("boolean", "Is_Key_Account__c", required=True),
    ),
    _record(
        "Contact",
        "003",
        ref("MasterRecordId", "Contact"),
        ref("AccountId", "Account"),
        of("string", "LastName", "Name", required=True),
        of("string", "FirstName", "Title"),
        of("phone", "Phone", "MobilePhone"),
        of("email", "Email"),
        of("picklist", "LeadSource"),
        _OWNER,
    ),
    _record(
        "Lead",
        "00Q",
        ref("MasterRecordId", "Lead"),
        of("string", "LastName", "Name", "Company", required=True),
        of("string", "FirstName", "Title"),
        of("phone", "Phone", "MobilePhone"),
        of("email", "Email"),
        of("picklist", "LeadSource"),
        of("picklist", "Status", required=True),
        of("picklist", "Industry", "Rating"),
        _OWNER_OR_QUEUE,
        of("boolean", "IsConverted", required=True),
        of("date", "ConvertedDate"),
        ref("ConvertedAccountId", "Account"),
        ref("ConvertedContactId", "Contact"),
        ref("ConvertedOpportunityId", "Opportunity"),
        _PLACE,
        of("picklist", "Segment__c"),
        of("double", "Score__c"),
        of("datetime", "MQL_Date__c"),
        of("picklist", "Rejection_Reason__c"),
        ref("RecordTypeId", "RecordType"),
        Field("Score_Band__c", "string", calculated=True),
    ),
    _object(
        "LeadHistory",
        "017",
        _ID,
        _IS_DELETED,
        ref("LeadId", "Lead", required=True),
        _CREATED,
        of("picklist", "Field", "DataType", required=True),
        of("anyType", "OldValue", "NewValue", filterable=False),
    ),
    _record(
        "Campaign",
        "701",
        of("string", "Name", required=True),
        of("picklist", "Type", "Status"),
        of("date", "StartDate", "EndDate"),
        of("currency", "BudgetedCost", "ActualCost"),
        of("boolean", "IsActive", required=True),
        _OWNER,
        _PLACE,
        _CURRENCY,
    ),
    _record(
        "CampaignMember",
        "00v",
        ref("CampaignId", "Campaign", required=True),
        ref("LeadId", "Lead"),
        ref("ContactId", "Contact"),
        of("picklist", "Status"),
        of("boolean", "HasResponded", required=True),
        of("date", "FirstRespondedDate"),
    ),
    _record(
        "Task",
        "00T",
        _WHO_WHAT,
        of("string", "Subject"),
        of("textarea", "Description", filterable=False),
        of("date", "ActivityDate"),
        of("picklist", "Status", "Priority", required=True),
        _OWNER_OR_QUEUE,
        of("picklist", "Type", "TaskSubtype", "CallType"),
        of("int", "CallDurationInSeconds"),
        of("boolean", "IsClosed", "IsArchived", required=True),
        of("datetime", "CompletedDateTime"),
    ),
    _record(
        "Event",
        "00U",
        _WHO_WHAT,
        of("string", "Subject", "Location"),
        of("textarea", "Description", filterable=False),
        of("date", "ActivityDate"),
        of("datetime", "ActivityDateTime", "StartDateTime", "EndDateTime"),
        of("int", "DurationInMinutes"),
        of("boolean", "IsAllDayEvent", "IsChild", "IsGroupEvent", "IsArchived", required=True),
        _OWNER,
        of("picklist", "Type", "EventSubtype"),
    ),
    _record(
        "EventRelation",
        "0RE",
        ref("EventId", "Event", required=True),
        ref("RelationId", "Contact", "Lead", "User", required=True),
        of("picklist", "Status"),
        of("boolean", "IsWhat", "IsParent", "IsInvitee", required=True),
    ),
    _record(
        "Opportunity",
        "006",
        ref("AccountId", "Account"),
        of("string", "Name", required=True),
        of("picklist", "StageName", required=True),
        of("currency", "Amount"),
        of("percent", "Probability"),
        of("date", "CloseDate", required=True),
        of("picklist", "Type", "LeadSource"),
        of("boolean", "IsClosed", "IsWon", required=True),
        of("picklist", "ForecastCategory", "ForecastCategoryName"),
        ref("CampaignId", "Campaign"),
        _OWNER,
        _PLACE,
        of("picklist", "Loss_Reason__c"),
        of("boolean", "Is_Key__c", required=True),
        ref("RecordTypeId", "RecordType"),
        _CURRENCY,
    ),
    _object(
        "OpportunityHistory",
        "008",
        _ID,
        _IS_DELETED,
        ref("OpportunityId", "Opportunity", required=True),
        _CREATED,
        of("picklist", "StageName"),
        of("currency", "Amount"),
        of("percent", "Probability"),
        of("picklist", "ForecastCategory"),
        of("date", "CloseDate"),
        _CURRENCY,
        _MODSTAMP,
    ),
    _record(
        "OpportunityContactRole",
        "00K",
        ref("OpportunityId", "Opportunity", required=True),
        ref("ContactId", "Contact", required=True),
        of("picklist", "Role"),
        of("boolean", "IsPrimary", required=True),
    ),
    _record(
        "OpportunityTeamMember",
        "00q",
        ref("OpportunityId", "Opportunity", required=True),
        ref("UserId", "User", required=True),
        of("picklist", "TeamMemberRole"),
    ),
    _setup(
        "OpportunityStage",
        "01J",
        of("string", "MasterLabel", "ApiName", required=True),
        of("boolean", "IsActive", "IsClosed", "IsWon", required=True),
        of("int", "SortOrder"),
        of("percent", "DefaultProbability"),
        of("picklist", "ForecastCategory", "ForecastCategoryName"),
    ),
    _record(
        "ForecastingQuota",
        "0J9",
        ref("QuotaOwnerId", "User", required=True),
        of("currency", "QuotaAmount"),
        of("double", "QuotaQuantity"),
        of("boolean", "IsAmount", "IsQuantity", required=True),
        of("date", "StartDate"),
        _CURRENCY,
    ),
    _record(
        "Report",
        "00O",
        ref("OwnerId", "User"),
        of("string", "Name", "DeveloperName", "FolderName"),
        of("picklist", "Format"),
        of("datetime", "LastRunDate", "LastViewedDate", "LastReferencedDate"),
    ),
    _record(
        "Dashboard",
        "01Z",
        of("string", "Title", "DeveloperName", required=True),
        of("string", "FolderName"),
        of("picklist", "Type"),
        ref("RunningUserId", "User"),
        of("datetime", "LastViewedDate", "LastReferencedDate"),
    ),
    _record(
        "EmailMessage",
        "02s",
        ref("ParentId", "Case"),
        ref("ActivityId", "Task"),
        ref("RelatedToId", "Account", "Campaign", "Opportunity"),
        of("boolean", "Incoming", required=True),
        of("picklist", "Status", required=True),
        of("datetime", "MessageDate"),
        of("string", "Subject"),
        of("textarea", "TextBody", filterable=False),
        of("email", "FromAddress", "ToAddress"),
    ),
    _object(
        "EmailMessageRelation",
        "0QC",
        _ID,
        _IS_DELETED,
        ref("EmailMessageId", "EmailMessage", required=True),
        ref("RelationId", "Contact", "Lead", "User"),
        of("picklist", "RelationType", required=True),
        of("picklist", "RelationObjectType"),
        of("email", "RelationAddress"),
        _CREATED,
        _MODSTAMP,
    ),
    _object(
        "OpportunityFieldHistory",
        "017",
        _ID,
        _IS_DELETED,
        ref("OpportunityId", "Opportunity", required=True),
        _CREATED,
        of("picklist", "Field", "DataType", required=True),
        of("anyType", "OldValue", "NewValue", filterable=False),
    ),
    _record(
        "AccountTeamMember",
        "01M",
        ref("AccountId", "Account", required=True),
        ref("UserId", "User", required=True),
        of("picklist", "TeamMemberRole"),
    ),
    _setup(
        "CampaignInfluenceModel",
        "03V",
        of("string", "MasterLabel", "DeveloperName", required=True),
        of("boolean", "IsActive", "IsDefaultModel", "IsModelLocked", required=True),
    ),
    _record(
        "CampaignInfluence",
        "7tT",
        ref("CampaignId", "Campaign", required=True),
        ref("OpportunityId", "Opportunity", required=True),
        ref("ContactId", "Contact"),
        ref("ModelId", "CampaignInfluenceModel", required=True),
        of("percent", "Influence"),
        of("currency", "RevenueShare"),
        _CURRENCY,
    ),
    _record(
        "ContentDocument",
        "069",
        of("string", "Title", required=True),
        of("picklist", "FileType"),
        _OWNER,
        ref("LatestPublishedVersionId", "ContentVersion"),
    ),
    _record(
        "ContentVersion",
        "068",
        ref("ContentDocumentId", "ContentDocument", required=True),
        of("boolean", "IsLatest", required=True),
        of("string", "VersionNumber", "Title", required=True),
        of("picklist", "FileType"),
        _OWNER,
        ref("FirstPublishLocationId", "Opportunity", "User"),
    ),
    _object(
        "ContentDocumentLink",
        "06A",
        _ID,
        _IS_DELETED,
        ref("ContentDocumentId", "ContentDocument", required=True),
        ref("LinkedEntityId", "Account", "Campaign", "Opportunity", "User", required=True),
        of("picklist", "ShareType", "Visibility"),
        _MODSTAMP,
    ),
    _setup(
        "RecordType",
        "012",
        of("string", "Name", "DeveloperName", required=True),
        of("picklist", "SobjectType", required=True),
        of("boolean", "IsActive", required=True),
    ),
    _setup(
        "CurrencyType",
        "01L",
        of("picklist", "IsoCode", required=True),
        of("double", "ConversionRate"),
        of("int", "DecimalPlaces"),
        of("boolean", "IsActive", "IsCorporate", required=True),
    ),
    _setup(
        "DatedConversionRate",
        "04w",
        of("picklist", "IsoCode", required=True),
        of("date", "StartDate", "NextStartDate"),
        of("double", "ConversionRate"),
    ),
)

OBJECTS: dict[str, Object] = {item.name: item for item in _ALL}
"""Every object with every field that an organisation may have."""


def objects(*, several_currencies: bool) -> dict[str, Object]:
    """What an organisation has: one with a single currency knows no currencies at all."""
    if several_currencies:
        return dict(OBJECTS)
    return {
        name: item.having([f.name for f in item.fields if f.name != CURRENCY_CODE])
        for name, item in OBJECTS.items()
        if name not in _ONLY_IF_SEVERAL
    }
