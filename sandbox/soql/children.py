"""The names by which a query reaches the children of a record: `(SELECT Id FROM Tasks)`."""

from collections.abc import Iterator, Mapping

from sandbox.schema import Field, Object

_NAMES = {
    ("Task", "WhoId"): "Tasks",
    ("Task", "WhatId"): "Tasks",
    ("Event", "WhoId"): "Events",
    ("Event", "WhatId"): "Events",
    ("EventRelation", "EventId"): "EventRelations",
    ("LeadHistory", "LeadId"): "Histories",
    ("Contact", "AccountId"): "Contacts",
    ("Opportunity", "AccountId"): "Opportunities",
    ("Opportunity", "CampaignId"): "Opportunities",
    ("OpportunityHistory", "OpportunityId"): "OpportunityHistories",
    ("OpportunityFieldHistory", "OpportunityId"): "Histories",
    ("OpportunityContactRole", "OpportunityId"): "OpportunityContactRoles",
    ("OpportunityContactRole", "ContactId"): "OpportunityContactRoles",
    ("OpportunityTeamMember", "OpportunityId"): "OpportunityTeamMembers",
    ("AccountTeamMember", "AccountId"): "AccountTeamMembers",
    ("CampaignMember", "CampaignId"): "CampaignMembers",
    ("CampaignMember", "LeadId"): "CampaignMembers",
    ("CampaignMember", "ContactId"): "CampaignMembers",
    ("CampaignInfluence", "CampaignId"): "CampaignInfluences",
    ("CampaignInfluence", "OpportunityId"): "CampaignInfluences",
    ("ContentVersion", "ContentDocumentId"): "ContentVersions",
}


def children(
    parent: Object, objects: Mapping[str, Object]
) -> Iterator[tuple[Object, Field, str | None]]:
    """Every field that refers to the parent: its object, the field, the name if it has one."""
    for child in objects.values():
        for field in child.fields:
            if parent.name in field.targets:
                yield child, field, _NAMES.get((child.name, field.name))


def named(
    parent: Object, objects: Mapping[str, Object], name: str
) -> tuple[Object, Field, str] | None:
    """The child object behind a name, compared without case, the field that refers to the parent,
    and the name as the service writes it.
    """
    for child, field, known in children(parent, objects):
        if known and known.casefold() == name.casefold():
            return child, field, known
    return None
