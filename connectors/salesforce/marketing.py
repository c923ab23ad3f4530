"""What Marketing leaves beside campaigns: influence, collateral, reports."""

from datetime import datetime
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from connectors.salesforce.shapes import (
    DELETED,
    Column,
    Companion,
    Kind,
    Lookup,
    Stream,
    copy,
    has_prefix,
    where,
)

_MODEL_NAMES = ("ModelId", "ModelName", "ModelLabel")


def influences(model: str | None) -> Stream:
    """CampaignInfluence of one model: the one whose API name, label or id is `model`, or the
    organisation's default.

    Several models credit the same opportunities, so only one may count. The rows of the others
    are given as withdrawn from the beginning: another model may be chosen at any time, and what
    an earlier pull brought must then go.
    """
    return Stream(
        "CampaignInfluence",
        "campaign_influences",
        fields={
            "CampaignId": Kind.ID,
            "OpportunityId": Kind.ID,
            "ContactId": Kind.ID,
            "ModelId": Kind.ID,
        },
        lookups=(
            Lookup(
                "CampaignInfluenceModel",
                on="ModelId",
                fields={
                    "DeveloperName": ("ModelName", Kind.TEXT),
                    "MasterLabel": ("ModelLabel", Kind.TEXT),
                    "IsDefaultModel": ("IsDefaultModel", Kind.FLAG),
                },
            ),
        ),
        shape=partial(_of_model, model),
        columns={
            "influence_id": Column(("Id", "ModelName"), lambda rows: rows["Id"]),
            "campaign_id": copy("CampaignId"),
            "opportunity_id": copy("OpportunityId"),
            "contact_id": copy("ContactId"),
            "model": copy("ModelName"),
            "added_at": copy("CreatedDate"),
            "deleted_at": Column(
                (), lambda rows: pc.coalesce(rows["WithdrawnAt"], DELETED.make(rows))
            ),
        },
    )


def _of_model(model: str | None, rows: pa.Table, _since: datetime | None) -> pa.Table:
    if model is None:
        counts = pc.fill_null(rows["IsDefaultModel"], False)
    else:
        named = (pc.fill_null(pc.equal(rows[name], model), False) for name in _MODEL_NAMES)
        first, second, third = named
        counts = pc.or_(first, pc.or_(second, third))
    return rows.append_column("WithdrawnAt", where(pc.invert(counts), rows["CreatedDate"]))


def _authors(rows: pa.Table) -> pa.Table:
    """For each document who wrote its first version."""
    ordered = rows.sort_by([(n, "ascending") for n in ("ContentDocumentId", "CreatedDate", "Id")])
    grouped = ordered.group_by("ContentDocumentId", use_threads=False)
    made = grouped.aggregate([("CreatedById", "first")])
    return made.rename_columns({"CreatedById_first": "AuthorId"})


def _on_opportunities(rows: pa.Table, _since: datetime | None) -> pa.Table:
    at = rows.column_names.index("CreatedDate")
    rows = rows.set_column(at, "CreatedDate", rows["SystemModstamp"])
    return rows.filter(has_prefix(rows["LinkedEntityId"], "006"))


# FirstPublishLocationId of the versions would not do: collateral is published to a library and
# then linked to opportunities, which only the link tells.
CONTENT = Stream(
    "ContentDocumentLink",
    "content_links",
    whole=True,
    within=("LinkedEntityId", "Opportunity"),
    clocks={"IsDeleted": Kind.FLAG, "SystemModstamp": Kind.INSTANT},
    fields={"ContentDocumentId": Kind.ID, "LinkedEntityId": Kind.ID},
    companion=Companion(
        "ContentVersion",
        key="ContentDocumentId",
        on="ContentDocumentId",
        fields={"CreatedById": Kind.ID, "CreatedDate": Kind.INSTANT},
        adds={"AuthorId": Kind.ID},
        reduce=_authors,
    ),
    shape=_on_opportunities,
    columns={
        "link_id": copy("Id"),
        "opportunity_id": copy("LinkedEntityId"),
        "document_id": copy("ContentDocumentId"),
        "author_id": copy("AuthorId"),
        # A link has no creation date; it changes only when its sharing does.
        "linked_at": copy("SystemModstamp"),
    },
)

# Salesforce tells who ran or opened a report only in Event Monitoring, so nobody is named here.
# The last run does not move SystemModstamp: both objects are read whole.
REPORT = Stream(
    "Report",
    "report_uses",
    whole=True,
    optional="runs of reports are not seen",
    fields={"LastRunDate": Kind.INSTANT},
    columns={
        "use_id": copy("Id"),
        "report_id": copy("Id"),
        "used_at": copy("LastRunDate"),
    },
)
DASHBOARD = Stream(
    "Dashboard",
    "report_uses",
    whole=True,
    optional="views of dashboards are not seen",
    fields={"LastViewedDate": Kind.INSTANT},
    columns={
        "use_id": copy("Id"),
        "report_id": copy("Id"),
        "used_at": copy("LastViewedDate"),
    },
)
