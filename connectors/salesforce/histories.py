"""Changes: what LeadHistory and OpportunityHistory say, as one row for each change of a field."""

from datetime import datetime
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from connectors.salesforce.shapes import (
    Column,
    Companion,
    Kind,
    Make,
    Stream,
    copy,
    has_prefix,
    kinds_of_owner,
    where,
)
from model.tables import INSTANT, NUMBER, TEXT

_CREATED = {"CreatedDate": Kind.INSTANT}
_LEAD_FIELDS = {
    "Owner": "owner",
    "Status": "status",
    "Rating": "rating",
    "created": "created",
    "leadConverted": "converted",
}


def lead_history(score: str | None, owner: str | None = None) -> Stream:
    """LeadHistory, where `score` is the API name of the organisation's score field, if any, and
    `owner` that of a field which holds the owner instead of Salesforce's own.

    A history row goes when its lead goes; only the lead's deletion has a date, so none is given.
    """
    usual = {n: f for n, f in _LEAD_FIELDS.items() if not (owner and f == "owner")}
    meanings = {
        **usual,
        **({score: "score"} if score else {}),
        **({owner: "owner"} if owner else {}),
    }
    return Stream(
        "LeadHistory",
        "lead_changes",
        clocks=_CREATED,
        fields={
            "LeadId": Kind.ID,
            "Field": Kind.TEXT,
            "DataType": Kind.TEXT,
            "OldValue": Kind.TEXT,
            "NewValue": Kind.TEXT,
            "CreatedById": Kind.ID,
        },
        shape=partial(_lead_changes, meanings),
        columns={
            "change_id": copy("Id"),
            "lead_id": copy("LeadId"),
            "field": copy("Field"),
            "old": copy("OldValue"),
            "new": copy("NewValue"),
            "old_kind": Column(("OldValue",), _kinds("OldValue")),
            "new_kind": Column(("NewValue",), _kinds("NewValue")),
            "changed_at": copy("CreatedDate"),
            "changed_by": copy("CreatedById"),
        },
    )


def _kinds(name: str) -> Make:
    return lambda rows: where(pc.equal(rows["Field"], "owner"), kinds_of_owner(rows[name]))


def _lead_changes(meanings: dict[str, str], rows: pa.Table, _since: datetime | None) -> pa.Table:
    names = pa.array(list(meanings), TEXT)
    field = pa.chunked_array([pa.array(list(meanings.values()), TEXT)]).take(
        pc.index_in(rows["Field"], value_set=names)
    )
    rows = rows.set_column(rows.column_names.index("Field"), "Field", field)
    rows = rows.filter(pc.and_(pc.is_valid(field), pc.or_kleene(_not_owner(rows), _ids(rows))))
    is_score = pc.equal(rows["Field"], "score")
    for name in ("OldValue", "NewValue"):
        score = where(is_score, rows[name]).cast(NUMBER).cast(TEXT)
        rows = rows.set_column(
            rows.column_names.index(name), name, pc.if_else(is_score, score, rows[name])
        )
    return rows


def _not_owner(rows: pa.Table) -> pa.ChunkedArray:
    return pc.not_equal(rows["Field"], "owner")


def _ids(rows: pa.Table) -> pa.ChunkedArray:
    """A change of owner is written twice, with names and with ids: the row with ids."""
    typed = pc.fill_null(pc.equal(rows["DataType"], "EntityId"), True)
    return pc.and_(typed, _is_owner_id(rows["NewValue"]))


def _is_owner_id(values: pa.ChunkedArray) -> pa.ChunkedArray:
    shaped = pc.fill_null(
        pc.match_substring_regex(values, "^[0-9A-Za-z]{15}([0-9A-Z]{3})?$"), False
    )
    return pc.and_(shaped, has_prefix(values, "005", "00G"))


_OPPORTUNITY_FIELDS = {
    "StageName": ("stage", Kind.TEXT),
    "Amount": ("amount", Kind.NUMBER),
    "CloseDate": ("close_date", Kind.DAY),
    "ForecastCategory": ("forecast", Kind.TEXT),
}


def opportunity_history() -> Stream:
    """OpportunityHistory as differences to the row before of the same opportunity.

    One row for each field that differs; the first row of an opportunity differs from nothing
    (`old` is null). Amounts are in the currency of the record. Ids are `<history id>:<field>`,
    so that a later pull meets the same rows: see `opportunity_changes`.
    """
    return Stream(
        "OpportunityHistory",
        "opportunity_changes",
        clocks=_CREATED,
        fields={
            "OpportunityId": Kind.ID,
            "CreatedById": Kind.ID,
            **{name: kind for name, (_, kind) in _OPPORTUNITY_FIELDS.items()},
        },
        grouped_by="OpportunityId",
        shape=opportunity_changes,
        columns={
            "change_id": copy("Id"),
            "opportunity_id": copy("OpportunityId"),
            "field": Column((), lambda rows: rows["Field"]),
            "old": Column((), lambda rows: rows["OldValue"]),
            "new": Column((), lambda rows: rows["NewValue"]),
            "changed_at": copy("CreatedDate"),
            "changed_by": copy("CreatedById"),
            "deleted_at": Column((), lambda rows: rows["WithdrawnAt"]),
        },
    )


_LOOKUPS = {"Owner": "owner", "Campaign": "campaign", "Account": "account"}


def opportunity_field_history(loss_reason: str | None) -> Stream:
    """OpportunityFieldHistory: the tracked changes that OpportunityHistory does not hold.

    Stage, amount, close date and forecast are left to OpportunityHistory, or they would count
    twice. A change of a lookup is written twice, with names and with ids: the row with ids is
    kept. `loss_reason` is the API name of the organisation's field, if any.
    """
    meanings = {**_LOOKUPS, "LeadSource": "source"}
    meanings |= {loss_reason: "loss_reason"} if loss_reason else {}
    return Stream(
        "OpportunityFieldHistory",
        "opportunity_changes",
        optional="changes of owner, campaign and loss reason are not seen",
        clocks=_CREATED,
        fields={
            "OpportunityId": Kind.ID,
            "Field": Kind.TEXT,
            "DataType": Kind.TEXT,
            "OldValue": Kind.TEXT,
            "NewValue": Kind.TEXT,
            "CreatedById": Kind.ID,
        },
        shape=partial(_tracked_changes, meanings),
        columns={
            "change_id": Column(("Id", "DataType"), lambda rows: rows["Id"]),
            "opportunity_id": copy("OpportunityId"),
            "field": copy("Field"),
            "old": copy("OldValue"),
            "new": copy("NewValue"),
            "changed_at": copy("CreatedDate"),
            "changed_by": copy("CreatedById"),
        },
    )


def _tracked_changes(meanings: dict[str, str], rows: pa.Table, _since: datetime | None) -> pa.Table:
    known = pa.array([*meanings, *(f"{name}Id" for name in _LOOKUPS)], TEXT)
    ours = pa.chunked_array([pa.array([*meanings.values(), *_LOOKUPS.values()], TEXT)])
    field = ours.take(pc.index_in(rows["Field"], value_set=known))
    is_lookup = pc.is_in(field, value_set=pa.array(list(_LOOKUPS.values()), TEXT))
    by_id = pc.fill_null(pc.equal(rows["DataType"], "EntityId"), False)
    rows = rows.set_column(rows.column_names.index("Field"), "Field", field)
    return rows.filter(pc.and_(pc.is_valid(field), pc.or_(pc.invert(is_lookup), by_id)))


def in_order(rows: pa.Table) -> pa.Table:
    """History rows by opportunity, then by time, then by id (times have whole seconds)."""
    return rows.sort_by([(name, "ascending") for name in ("OpportunityId", "CreatedDate", "Id")])


def _previous(values: pa.ChunkedArray) -> pa.ChunkedArray:
    empty = pa.nulls(min(1, len(values)), values.type)
    return pa.chunked_array([empty, *values.slice(0, max(0, len(values) - 1)).chunks], values.type)


def _differs(left: pa.ChunkedArray, right: pa.ChunkedArray) -> pa.ChunkedArray:
    unlike = pc.fill_null(pc.not_equal(left, right), False)
    return pc.or_(unlike, pc.xor(pc.is_null(left), pc.is_null(right)))


def opportunity_changes(rows: pa.Table, since: datetime | None) -> pa.Table:
    """All history rows of some opportunities into changes.

    With `since`, only those from then on, and a field that does not differ gives a row withdrawn
    at once: had an earlier pull seen a change there, before a late row came between, it is undone.
    """
    rows = in_order(rows)
    follows = pc.fill_null(pc.equal(rows["OpportunityId"], _previous(rows["OpportunityId"])), False)
    recent = pc.greater_equal(rows["CreatedDate"], pa.scalar(since or datetime.min, INSTANT))
    parts = []
    for name, (field, _) in _OPPORTUNITY_FIELDS.items():
        new = rows[name].cast(TEXT)
        old = where(follows, _previous(new))
        differs = _differs(old, new)
        part = pa.table(
            {
                "Id": pc.binary_join_element_wise(rows["Id"], field, ":"),
                "OpportunityId": rows["OpportunityId"],
                "Field": pa.repeat(pa.scalar(field), rows.num_rows),
                "OldValue": old,
                "NewValue": new,
                "CreatedDate": rows["CreatedDate"],
                "CreatedById": rows["CreatedById"],
                "WithdrawnAt": where(pc.invert(differs), rows["CreatedDate"]),
            }
        )
        parts.append(part.filter(differs if since is None else recent))
    return pa.concat_tables(parts)


def _last_stage(rows: pa.Table) -> pa.Table:
    """For each opportunity: its latest stage, and since when it has been in it without a break."""
    rows = in_order(rows)
    new_group = _differs(rows["OpportunityId"], _previous(rows["OpportunityId"]))
    entered = pc.or_(new_group, _differs(rows["StageName"], _previous(rows["StageName"])))
    last = rows.filter(entered).group_by("OpportunityId", use_threads=False)
    found = last.aggregate([("StageName", "last"), ("CreatedDate", "last")])
    return found.rename_columns(
        {"StageName_last": "LastStage", "CreatedDate_last": "LastStageSince"}
    )


LAST_STAGE = Companion(
    "OpportunityHistory",
    key="OpportunityId",
    fields={"StageName": Kind.TEXT, "CreatedDate": Kind.INSTANT},
    adds={"LastStage": Kind.TEXT, "LastStageSince": Kind.INSTANT},
    reduce=_last_stage,
)
