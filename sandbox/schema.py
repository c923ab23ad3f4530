"""The objects of the sandbox organisation and their fields, as Salesforce would describe them.

The generator writes one parquet file for each object, with these fields in this order and two
more: `_visible_from` and `_visible_to` (naive UTC; null: still), between which a version of the
record is what the organisation answers. The server describes and types the same fields.
"""

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

Kind = Literal[
    "id",
    "reference",
    "string",
    "textarea",
    "picklist",
    "email",
    "phone",
    "anyType",
    "double",
    "percent",
    "currency",
    "int",
    "boolean",
    "date",
    "datetime",
]

VISIBLE_FROM, VISIBLE_TO = "_visible_from", "_visible_to"
_INSTANT = pa.timestamp("us")
_ARROW: dict[str, pa.DataType] = {
    "double": pa.float64(),
    "percent": pa.float64(),
    "currency": pa.float64(),
    "int": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "datetime": _INSTANT,
}


@dataclass(frozen=True)
class Field:
    """One field of an object. `targets` are the objects that a reference points to, and
    `relationship` is the name by which SOQL walks it (`Owner.Name`).
    """

    name: str
    kind: Kind
    nillable: bool = True
    filterable: bool = True
    targets: tuple[str, ...] = ()
    relationship: str | None = None

    @property
    def custom(self) -> bool:
        """Whether the organisation added the field."""
        return self.name.endswith("__c")

    @property
    def arrow(self) -> pa.DataType:
        """The type of the column in the parquet file; every kind of text is a string."""
        return _ARROW.get(self.kind, pa.string())


@dataclass(frozen=True)
class Object:
    """One object: its API name, the three characters its ids begin with, its fields."""

    name: str
    prefix: str
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field | None:
        """The field of that name, compared without case as Salesforce does, or None."""
        folded = name.casefold()
        return next((f for f in self.fields if f.name.casefold() == folded), None)

    def relationship(self, name: str) -> Field | None:
        """The reference that the relationship `name` walks, compared without case, or None."""
        folded = name.casefold()
        walks = (f for f in self.fields if f.relationship is not None)
        return next((f for f in walks if str(f.relationship).casefold() == folded), None)

    @property
    def arrow(self) -> pa.Schema:
        """The schema of the parquet file, with the two visibility columns last."""
        columns = [pa.field(f.name, f.arrow) for f in self.fields]
        return pa.schema([*columns, (VISIBLE_FROM, _INSTANT), (VISIBLE_TO, _INSTANT)])


def _ref(name: str, *targets: str, required: bool = False) -> Field:
    walked = name.removesuffix("Id")
    return Field(name, "reference", not required, targets=targets, relationship=walked)


def _of(kind: Kind, *names: str, required: bool = False, filterable: bool = True) -> list[Field]:
    return [Field(name, kind, not required, filterable) for name in names]


_ID = Field("Id", "id", nillable=False)
_IS_DELETED = Field("IsDeleted", "boolean", nillable=False)
_CREATED = (
    Field("CreatedDate", "datetime", nillable=False),
    _ref("CreatedById", "User", required=True),
)
_MODSTAMP = Field("SystemModstamp", "datetime", nillable=False)
_MODIFIED = (
    Field("LastModifiedDate", "datetime", nillable=False),
    _ref("LastModifiedById", "User", required=True),
    _MODSTAMP,
)
_OWNER = _ref("OwnerId", "User", required=True)
_OWNER_OR_QUEUE = _ref("OwnerId", "Group", "User", required=True)
_WHO_WHAT = (
    _ref("WhoId", "Contact", "Lead"),
    _ref("WhatId", "Account", "Campaign", "Opportunity"),
    _ref("AccountId", "Account"),
)
_PLACE = tuple(_of("picklist", "Region__c", "Business_Unit__c"))


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
        _of("string", "Name", "InstanceName", "Country"),
        _of("picklist", "OrganizationType", "TimeZoneSidKey", "LanguageLocaleKey"),
        _of("int", "FiscalYearStartMonth"),
        _of("boolean", "IsSandbox"),
    ),
    _object(
        "UserRole",
        "00E",
        _ID,
        _of("string", "Name", "DeveloperName", required=True),
        _ref("ParentRoleId", "UserRole"),
        _MODIFIED,
    ),
    _setup("Profile", "00e", _of("string", "Name", required=True), _of("picklist", "UserType")),
    _setup(
        "Group",
        "00G",
        _of("string", "Name", "DeveloperName", required=True),
        _of("picklist", "Type", required=True),
    ),
    _setup(
        "User",
        "005",
        _of("string", "Username", "LastName", "Name", required=True),
        _of("string", "FirstName", "Title", "Department"),
        _of("email", "Email"),
        _of("boolean", "IsActive", required=True),
        _ref("UserRoleId", "UserRole"),
        _ref("ProfileId", "Profile"),
        _of("picklist", "UserType", "TimeZoneSidKey"),
        _ref("ManagerId", "User"),
        _PLACE,
        _of("picklist", "Team__c"),
    ),
    _record(
        "Account",
        "001",
        _ref("MasterRecordId", "Account"),
        _of("string", "Name", required=True),
        _of("phone", "Phone"),
        _of("picklist", "Type", "Industry"),
        _ref("ParentId", "Account"),
        _OWNER,
        _of("picklist", "Segment__c"),
        _PLACE,
        _of("boolean", "Is_Key_Account__c", required=True),
    ),
    _record(
        "Contact",
        "003",
        _ref("MasterRecordId", "Contact"),
        _ref("AccountId", "Account"),
        _of("string", "LastName", "Name", required=True),
        _of("string", "FirstName", "Title"),
        _of("phone", "Phone", "MobilePhone"),
        _of("email", "Email"),
        _of("picklist", "LeadSource"),
        _OWNER,
    ),
    _record(
        "Lead",
        "00Q",
        _ref("MasterRecordId", "Lead"),
        _of("string", "LastName", "Name", "Company", required=True),
        _of("string", "FirstName", "Title"),
        _of("phone", "Phone", "MobilePhone"),
        _of("email", "Email"),
        _of("picklist", "LeadSource"),
        _of("picklist", "Status", required=True),
        _of("picklist", "Industry", "Rating"),
        _OWNER_OR_QUEUE,
        _of("boolean", "IsConverted", required=True),
        _of("date", "ConvertedDate"),
        _ref("ConvertedAccountId", "Account"),
        _ref("ConvertedContactId", "Contact"),
        _ref("ConvertedOpportunityId", "Opportunity"),
        _PLACE,
        _of("picklist", "Segment__c"),
        _of("double", "Score__c"),
        _of("datetime", "MQL_Date__c"),
        _of("picklist", "Rejection_Reason__c"),
    ),
    _object(
        "LeadHistory",
        "017",
        _ID,
        _IS_DELETED,
        _ref("LeadId", "Lead", required=True),
        _CREATED,
        _of("picklist", "Field", "DataType", required=True),
        _of("anyType", "OldValue", "NewValue", filterable=False),
    ),
    _record(
        "Campaign",
        "701",
        _of("string", "Name", required=True),
        _of("picklist", "Type", "Status"),
        _of("date", "StartDate", "EndDate"),
        _of("currency", "BudgetedCost", "ActualCost"),
        _of("boolean", "IsActive", required=True),
        _OWNER,
        _PLACE,
    ),
    _record(
        "CampaignMember",
        "00v",
        _ref("CampaignId", "Campaign", required=True),
        _ref("LeadId", "Lead"),
        _ref("ContactId", "Contact"),
        _of("picklist", "Status"),
        _of("boolean", "HasResponded", required=True),
        _of("date", "FirstRespondedDate"),
    ),
    _record(
        "Task",
        "00T",
        _WHO_WHAT,
        _of("string", "Subject"),
        _of("textarea", "Description", filterable=False),
        _of("date", "ActivityDate"),
        _of("picklist", "Status", "Priority", required=True),
        _OWNER_OR_QUEUE,
        _of("picklist", "Type", "TaskSubtype", "CallType"),
        _of("int", "CallDurationInSeconds"),
        _of("boolean", "IsClosed", "IsArchived", required=True),
        _of("datetime", "CompletedDateTime"),
    ),
    _record(
        "Event",
        "00U",
        _WHO_WHAT,
        _of("string", "Subject", "Location"),
        _of("textarea", "Description", filterable=False),
        _of("date", "ActivityDate"),
        _of("datetime", "ActivityDateTime", "StartDateTime", "EndDateTime"),
        _of("int", "DurationInMinutes"),
        _of("boolean", "IsAllDayEvent", "IsChild", "IsGroupEvent", "IsArchived", required=True),
        _OWNER,
        _of("picklist", "Type", "EventSubtype"),
    ),
    _record(
        "EventRelation",
        "0RE",
        _ref("EventId", "Event", required=True),
        _ref("RelationId", "Contact", "Lead", "User", required=True),
        _of("picklist", "Status"),
        _of("boolean", "IsWhat", "IsParent", "IsInvitee", required=True),
    ),
    _record(
        "Opportunity",
        "006",
        _ref("AccountId", "Account"),
        _of("string", "Name", required=True),
        _of("picklist", "StageName", required=True),
        _of("currency", "Amount"),
        _of("percent", "Probability"),
        _of("date", "CloseDate", required=True),
        _of("picklist", "Type", "LeadSource"),
        _of("boolean", "IsClosed", "IsWon", required=True),
        _of("picklist", "ForecastCategory", "ForecastCategoryName"),
        _ref("CampaignId", "Campaign"),
        _OWNER,
        _PLACE,
        _of("picklist", "Loss_Reason__c"),
        _of("boolean", "Is_Key__c", required=True),
    ),
    _object(
        "OpportunityHistory",
        "008",
        _ID,
        _IS_DELETED,
        _ref("OpportunityId", "Opportunity", required=True),
        _CREATED,
        _of("picklist", "StageName"),
        _of("currency", "Amount"),
        _of("percent", "Probability"),
        _of("picklist", "ForecastCategory"),
        _of("date", "CloseDate"),
        _MODSTAMP,
    ),
    _record(
        "OpportunityContactRole",
        "00K",
        _ref("OpportunityId", "Opportunity", required=True),
        _ref("ContactId", "Contact", required=True),
        _of("picklist", "Role"),
        _of("boolean", "IsPrimary", required=True),
    ),
    _record(
        "OpportunityTeamMember",
        "00q",
        _ref("OpportunityId", "Opportunity", required=True),
        _ref("UserId", "User", required=True),
        _of("picklist", "TeamMemberRole"),
    ),
    _setup(
        "OpportunityStage",
        "01J",
        _of("string", "MasterLabel", "ApiName", required=True),
        _of("boolean", "IsActive", "IsClosed", "IsWon", required=True),
        _of("int", "SortOrder"),
        _of("percent", "DefaultProbability"),
        _of("picklist", "ForecastCategory", "ForecastCategoryName"),
    ),
    _record(
        "ForecastingQuota",
        "0J9",
        _ref("QuotaOwnerId", "User", required=True),
        _of("currency", "QuotaAmount"),
        _of("double", "QuotaQuantity"),
        _of("boolean", "IsAmount", "IsQuantity", required=True),
        _of("date", "StartDate"),
    ),
    _record(
        "Report",
        "00O",
        _ref("OwnerId", "User"),
        _of("string", "Name", "DeveloperName", "FolderName"),
        _of("picklist", "Format"),
        _of("datetime", "LastRunDate", "LastViewedDate"),
    ),
)

OBJECTS: dict[str, Object] = {item.name: item for item in _ALL}
