"""Changes: what LeadHistory and OpportunityHistory say, as one row for each change of a field."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from connectors.salesforce.reshape import money, rates
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
    "LeadSource": "source",
    "Industry": "industry",
    "created": "created",
    "leadConverted": "converted",
}
_LEAD_COLUMNS = {
    "owner_id": "owner",
    "score": "score",
    "rating": "rating",
    "source": "source",
    "region": "region",
    "business_unit": "business_unit",
    "industry": "industry",
    "segment": "segment",
    "rejection_reason": "rejection_reason",
}


def _meanings(
    usual: Mapping[str, str], columns: Mapping[str, str], own: Mapping[str, str]
) -> dict[str, str]:
    """What the changes of which field are called: the `usual` ones, but for those columns that
    the organisation takes from a field of its `own` (column to API name).
    """
    named = {api_name: columns[column] for column, api_name in own.items() if column in columns}
    kept = {n: meaning for n, meaning in usual.items() if meaning not in named.values()}
    return {**kept, **named}


def lead_history(own: Mapping[str, str]) -> Stream:
    """LeadHistory, where `own` are the organisation's own fields: API names by column of leads.

    A history row goes when its lead goes; only the lead's deletion has a date, so none is given.
    """
    meanings = _meanings(_LEAD_FIELDS, _LEAD_COLUMNS, own)
    return Stream(
        "LeadHistory",
        "lead_changes",
        is_history=True,
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
    rows = rows.set_column(*_at(rows, "Field"), field)
    rows = rows.filter(pc.and_(pc.is_valid(field), pc.or_kleene(_not_owner(rows), _ids(rows))))
    is_score = pc.equal(rows["Field"], "score")
    for name in ("OldValue", "NewValue"):
        score = where(is_score, rows[name]).cast(NUMBER).cast(TEXT)
        rows = rows.set_column(*_at(rows, name), pc.if_else(is_score, score, rows[name]))
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


_HISTORY_COLUMNS = {
    "sales_stage": "stage",
    "amount": "amount",
    "close_on": "close_date",
    "forecast_category": "forecast",
}


def opportunity_history(own: Mapping[str, str]) -> Stream:
    """OpportunityHistory as differences to the row before of the same opportunity, but for those
    columns that the organisation takes from a field of its `own` (column to API name).

    One row for each field that differs; the first row of an opportunity differs from nothing
    (`old` is null). Amounts are in corporate currency, as those of opportunities are. Ids are
    `<history id>:<field>`, so that a later pull meets the same rows: see `opportunity_changes`.
    """
    return Stream(
        "OpportunityHistory",
        "opportunity_changes",
        is_history=True,
        clocks=_CREATED,
        fields={
            "OpportunityId": Kind.ID,
            "CreatedById": Kind.ID,
            "CurrencyIsoCode": Kind.TEXT,
            **{name: kind for name, (_, kind) in _OPPORTUNITY_FIELDS.items()},
        },
        lookups=rates("CloseDate"),
        grouped_by="OpportunityId",
        shape=partial(_converted_changes, {_HISTORY_COLUMNS.get(column) for column in own}),
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


def _converted_changes(
    left_out: Collection[str | None], rows: pa.Table, since: datetime | None
) -> pa.Table:
    amount = money("Amount").make(rows)
    found = opportunity_changes(rows.set_column(*_at(rows, "Amount"), amount), since)
    others = pc.is_in(found["Field"], value_set=pa.array(sorted(filter(None, left_out)), TEXT))
    return found.filter(pc.invert(others))


def _at(rows: pa.Table, name: str) -> tuple[int, str]:
    return rows.column_names.index(name), name


_LOOKUPS = {"Owner": "owner", "Campaign": "campaign", "Account": "account"}
_OPPORTUNITY_COLUMNS = {
    name: name for name in ("source", "loss_reason", "region", "business_unit", "is_key")
}


def opportunity_field_history(own: Mapping[str, str]) -> Stream:
    """OpportunityFieldHistory: the tracked changes that OpportunityHistory does not hold.

    Stage, amount, close date and forecast are left to OpportunityHistory, or they would count
    twice. A change of a lookup is written twice, with names and with ids: the row with ids is
    kept. `own` are the organisation's own fields: API names by column of opportunities.
    """
    meanings = _meanings({**_LOOKUPS, "LeadSource": "source"}, _OPPORTUNITY_COLUMNS, own)
    return Stream(
        "OpportunityFieldHistory",
        "opportunity_changes",
        is_history=True,
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
    rows = rows.set_column(*_at(rows, "Field"), field)
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
