"""The canonical tables: the one shape in which every CRM's records reach the lake.

Instants end in `_at` (naive UTC, microseconds), local days in `_on`, ids are the CRM's own.
Every table has `recorded_at` (when the CRM first held the row; where that is unknown, the moment
of the export) and `deleted_at`. Names, addresses, phones and message bodies of leads and contacts
have no column here, so they cannot be pulled.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from model.errors import DataError

TEXT, INSTANT, DAY = pa.string(), pa.timestamp("us"), pa.date32()
NUMBER, WHOLE, FLAG = pa.float64(), pa.int64(), pa.bool_()


@dataclass(frozen=True)
class Table:
    """A canonical table: its name, the column that identifies a row, its columns and types.

    `month_of` names the instant by whose month a big table is partitioned in the lake.
    """

    name: str
    key: str
    schema: pa.Schema
    month_of: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(self.schema.names)

    def empty(self) -> pa.Table:
        """A table with no rows."""
        return self.schema.empty_table()

    def _of_dicts(self, rows: list[dict[str, Any]]) -> pa.Table:
        # pa.Table.from_pylist takes the columns of the first row alone.
        names = dict.fromkeys([self.key, *(name for row in rows for name in row)])
        return pa.table({name: [row.get(name) for row in rows] for name in names})

    def conform(self, data: pa.Table | Iterable[dict[str, Any]]) -> pa.Table:
        """`data` with exactly this table's columns and types; absent columns become null.

        Raises DataError for a column that the table does not have, a value that does not fit its
        type, or a row without a key.
        """
        rows = data if isinstance(data, pa.Table) else self._of_dicts(list(data))
        unknown = sorted(set(rows.column_names) - set(self.columns))
        if unknown:
            raise DataError(
                f"no column {', '.join(unknown)}",
                f"table {self.name}",
                f"It has {', '.join(self.columns)}.",
            )
        arrays = []
        for field in self.schema:
            if field.name not in rows.column_names:
                arrays.append(pa.nulls(rows.num_rows, field.type))
                continue
            try:
                arrays.append(rows.column(field.name).cast(field.type))
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                raise DataError(
                    f"a value is not a {field.type} ({str(error).splitlines()[0][:80]})",
                    f"table {self.name}, column {field.name}",
                ) from None
        table = pa.table(arrays, schema=self.schema)
        if table.column(self.key).null_count:
            raise DataError(f"a row has no {self.key}", f"table {self.name}")
        return table


def _table(name: str, key: str, month_of: str | None = None, /, **columns: pa.DataType) -> Table:
    clocks = {"recorded_at": INSTANT, "deleted_at": INSTANT}
    schema = pa.schema([(column, kind) for column, kind in {**columns, **clocks}.items()])
    return Table(name, key, schema, month_of)


_ALL = (
    _table(
        "users",
        "user_id",
        user_id=TEXT,
        display_name=TEXT,
        function=TEXT,  # marketing, sales, sdr, other; null: nobody has said
        role=TEXT,
        profile=TEXT,
        title=TEXT,
        manager_id=TEXT,
        region=TEXT,
        business_unit=TEXT,
        team=TEXT,
        created_at=INSTANT,
        deactivated_at=INSTANT,
        is_automation=FLAG,
    ),
    _table("queues", "queue_id", queue_id=TEXT, name=TEXT, function=TEXT),
    _table(
        "user_functions",
        "period_id",
        period_id=TEXT,
        user_id=TEXT,
        function=TEXT,
        from_at=INSTANT,
        to_at=INSTANT,
    ),
    _table(
        "leads",
        "lead_id",
        "created_at",
        lead_id=TEXT,
        created_at=INSTANT,
        source=TEXT,
        region=TEXT,
        business_unit=TEXT,
        industry=TEXT,
        segment=TEXT,
        status=TEXT,
        rating=TEXT,
        score=NUMBER,
        rejection_reason=TEXT,
        owner_id=TEXT,
        owner_kind=TEXT,  # user, queue
        mql_at=INSTANT,
        handed_off_at=INSTANT,
        accepted_at=INSTANT,
        rejected_at=INSTANT,
        converted_at=INSTANT,
        opportunity_id=TEXT,
        account_id=TEXT,
        contact_id=TEXT,
        merged_into=TEXT,
    ),
    _table(
        "lead_changes",
        "change_id",
        "changed_at",
        change_id=TEXT,
        lead_id=TEXT,
        field=TEXT,  # owner, status, rating, score, created, converted
        old=TEXT,
        new=TEXT,
        old_kind=TEXT,  # owners: user, queue
        new_kind=TEXT,
        changed_at=INSTANT,
        changed_by=TEXT,
    ),
    _table("contacts", "contact_id", contact_id=TEXT, account_id=TEXT, created_at=INSTANT),
    _table(
        "accounts",
        "account_id",
        account_id=TEXT,
        created_at=INSTANT,
        segment=TEXT,
        industry=TEXT,
        region=TEXT,
        business_unit=TEXT,
        owner_id=TEXT,
        is_key_account=FLAG,
    ),
    _table(
        "activities",
        "activity_id",
        "occurred_at",
        activity_id=TEXT,
        kind=TEXT,  # call, email, meeting, task
        type=TEXT,
        lead_id=TEXT,
        contact_id=TEXT,
        opportunity_id=TEXT,
        account_id=TEXT,
        campaign_id=TEXT,
        performed_by=TEXT,
        created_at=INSTANT,
        occurred_at=INSTANT,
        due_on=DAY,  # what somebody planned; says nothing about when it was done
        direction=TEXT,  # outbound, inbound
        is_automated=FLAG,
        is_completed=FLAG,
        is_internal=FLAG,
    ),
    _table(
        "attendees",
        "attendee_id",
        attendee_id=TEXT,
        activity_id=TEXT,
        user_id=TEXT,
        contact_id=TEXT,
    ),
    _table(
        "campaigns",
        "campaign_id",
        campaign_id=TEXT,
        kind=TEXT,
        owner_id=TEXT,
        created_at=INSTANT,
        started_on=DAY,
        actual_cost=NUMBER,
        region=TEXT,
        business_unit=TEXT,
    ),
    _table(
        "campaign_members",
        "member_id",
        "added_at",
        member_id=TEXT,
        campaign_id=TEXT,
        lead_id=TEXT,
        contact_id=TEXT,
        added_at=INSTANT,
        added_by=TEXT,
        responded_on=DAY,
    ),
    _table(
        "campaign_influences",
        "influence_id",
        influence_id=TEXT,
        campaign_id=TEXT,
        opportunity_id=TEXT,
        contact_id=TEXT,
        model=TEXT,
        added_at=INSTANT,
    ),
    _table(
        "opportunities",
        "opportunity_id",
        "created_at",
        opportunity_id=TEXT,
        account_id=TEXT,
        owner_id=TEXT,
        created_at=INSTANT,
        closed_at=INSTANT,  # when the record was closed, from history
        close_on=DAY,  # the close date that Sales wrote
        sales_stage=TEXT,
        amount=NUMBER,  # corporate currency
        currency=TEXT,
        is_won=FLAG,
        is_closed=FLAG,
        forecast_category=TEXT,
        source=TEXT,
        campaign_id=TEXT,
        loss_reason=TEXT,
        region=TEXT,
        business_unit=TEXT,
        is_key=FLAG,
    ),
    _table(
        "opportunity_changes",
        "change_id",
        "changed_at",
        change_id=TEXT,
        opportunity_id=TEXT,
        field=TEXT,  # stage, amount, close_date, forecast
        old=TEXT,
        new=TEXT,
        changed_at=INSTANT,
        changed_by=TEXT,
    ),
    _table(
        "sales_stages",
        "sales_stage",
        sales_stage=TEXT,
        position=WHOLE,
        is_closed=FLAG,
        is_won=FLAG,
        is_qualified=FLAG,
    ),
    _table(
        "team_members",
        "member_id",
        member_id=TEXT,
        opportunity_id=TEXT,
        account_id=TEXT,
        user_id=TEXT,
        role=TEXT,
        added_at=INSTANT,
    ),
    _table(
        "contact_roles",
        "role_id",
        role_id=TEXT,
        opportunity_id=TEXT,
        contact_id=TEXT,
        role=TEXT,
        added_at=INSTANT,
    ),
    _table(
        "content_links",
        "link_id",
        link_id=TEXT,
        opportunity_id=TEXT,
        document_id=TEXT,
        author_id=TEXT,
        linked_at=INSTANT,
    ),
    _table(
        "targets",
        "target_id",
        target_id=TEXT,
        metric=TEXT,
        function=TEXT,
        period=TEXT,  # 2026, 2026-Q3, 2026-08
        amount=NUMBER,
        unit=TEXT,
        currency=TEXT,
        actual_metric=TEXT,
        is_shared=FLAG,
        provenance=TEXT,  # crm, declared
    ),
    _table(
        "report_uses",
        "use_id",
        use_id=TEXT,
        report_id=TEXT,
        user_id=TEXT,
        used_at=INSTANT,
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in _ALL}
