"""Which records a user sees whose territory is one region: a condition in SQL for each object."""

from collections.abc import Mapping

from sandbox.schema import Object
from sandbox.soql.paths import visible

_REGION = "Region__c"
_PUBLIC = frozenset({"User"})  # everybody sees every user
_FOLLOWS = {  # whoever sees the record under one of these sees the row
    "Contact": ("AccountId",),
    "LeadHistory": ("LeadId",),
    "CampaignMember": ("CampaignId",),
    "CampaignInfluence": ("OpportunityId",),
    "OpportunityHistory": ("OpportunityId",),
    "OpportunityFieldHistory": ("OpportunityId",),
    "OpportunityContactRole": ("OpportunityId",),
    "OpportunityTeamMember": ("OpportunityId",),
    "AccountTeamMember": ("AccountId",),
    "ContentDocumentLink": ("LinkedEntityId",),
    "Task": ("WhoId", "WhatId"),
    "Event": ("WhoId", "WhatId"),
    "EventRelation": ("EventId",),
    "EmailMessage": ("ParentId", "RelatedToId"),
    "EmailMessageRelation": ("EmailMessageId",),
}
_OWNED = {"Task": "OwnerId", "Event": "OwnerId", "ForecastingQuota": "QuotaOwnerId"}


def sharing(objects: Mapping[str, Object], region: str | None) -> dict[str, str]:
    """By object, SQL that is true of the records of the region; objects left out are public."""
    if region is None:
        return {}
    found = {name: _condition(objects, name, f"'{region}'") for name in objects}
    return {name: sql for name, sql in found.items() if sql}


def _condition(objects: Mapping[str, Object], name: str, region: str) -> str | None:
    item = objects[name]
    if item.field(_REGION):
        return None if name in _PUBLIC else f"{_REGION} = {region}"
    parts = [
        _below(objects, reference, target, region)
        for reference in _FOLLOWS.get(name, ())
        for target in _targets(item, reference)
    ]
    owner = item.field(_OWNED.get(name, ""))
    if owner and objects["User"].field(_REGION):
        whose = f'SELECT "Id" FROM {visible("User")} WHERE {_REGION} = {region}'  # noqa: S608
        parts.append(f'"{owner.name}" IN ({whose})')
    return f"({' OR '.join(part for part in parts if part)})" if any(parts) else None


def _targets(item: Object, reference: str) -> tuple[str, ...]:
    field = item.field(reference)
    return field.targets if field else ()


def _below(objects: Mapping[str, Object], reference: str, target: str, region: str) -> str:
    if target not in objects:
        return ""
    condition = _condition(objects, target, region)
    if condition is None:
        return ""
    return f'"{reference}" IN (SELECT "Id" FROM {visible(target)} WHERE {condition})'  # noqa: S608
