"""Five indicators from base tables to result in polars, lazily, as polars' users write them."""

from datetime import date, datetime, timedelta

import polars as pl

from bench.five import Figure, Given
from model.periods import local_day

c = pl.col
SPACE = " \t\n\r\v\f"
REASONS = ["price", "product gap", "competitor", "no decision", "timing"]
ACCEPTED, REJECTED = "accepted", "rejected"


class Tables:
    """The base tables as of an instant."""

    def __init__(self, given: Given) -> None:
        self.given, self.as_of = given, given.as_of
        self.recorded = ~past(c.recorded_at, self.as_of)
        self.gone = (c.deleted_at <= self.as_of).fill_null(False)
        self.owners = pl.LazyFrame(given.owners)

    def scan(self, name: str) -> pl.LazyFrame:
        return pl.scan_parquet(self.given.files(name), hive_partitioning=False)

    def changes(self, name: str, *fields: str) -> pl.LazyFrame:
        """Changes of these fields, those after the instant as well."""
        rows = self.scan(name).filter(c.field.is_in(fields) & c.changed_at.is_not_null())
        return rows.filter(~self.gone).sort("changed_at", "change_id")

    def placed(self, at: str) -> pl.Expr:
        """Whether this instant places a row in the window."""
        return c(at).is_between(*self.given.window)


def five(given: Given) -> dict[str, Figure]:
    """The figures of `bench.five.NAMES`."""
    tables = Tables(given)
    handed, decided = _leads(tables)
    lost, qualified = _deals(tables)
    frames = pl.collect_all([handed, decided, lost, qualified])
    handed, decided, lost, qualified = (one.to_arrow() for one in frames)
    return given.figures(
        {
            "never_touched_rate": handed,
            "mql_acceptance_rate": decided,
            "decision_rate": decided,
            "loss_reason_rate": lost,
            "contact_role_coverage": qualified,
        }
    )


def once(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The rows computed now: once, however many rest on them."""
    return rows.collect().lazy()


def past(at: pl.Expr, instant: datetime) -> pl.Expr:
    return (at > instant).fill_null(False)


def latest(rows: pl.LazyFrame, key: str) -> pl.LazyFrame:
    """Of rows with the same key the one recorded last; few have a copy."""
    is_alone = c(key).is_unique()
    copies = rows.filter(~is_alone).sort(
        "recorded_at", "deleted_at", descending=True, nulls_last=True
    )
    last = copies.unique(key, keep="first", maintain_order=True)
    return pl.concat([rows.filter(is_alone), last])


def first(changes: pl.LazyFrame, key: str, **columns: str) -> pl.LazyFrame:
    """The first change by key, and that there is one."""
    found = changes.unique(key, keep="first", maintain_order=True)
    return found.select(key, is_changed=pl.lit(True), **{k: c(v) for k, v in columns.items()})


def days(since: pl.Expr, until: pl.Expr) -> pl.Expr:
    return (until.dt.truncate("1s") - since.dt.truncate("1s")).dt.total_seconds() / 86400


def folded(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars(SPACE).str.to_lowercase()


def cluster(at: pl.Expr) -> pl.Expr:
    week = at.dt.truncate("1w").dt.strftime("%Y-%m-%d")
    queued = pl.when(c.owner_kind == "queue").then(c.owner_id + "/" + week)
    return pl.coalesce(queued.otherwise(c.owner_id), pl.lit("nobody"))


def _leads(tables: Tables) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Handoffs with the time to the first response, MQLs with the time to the decision."""
    as_of = tables.as_of
    every = tables.scan("leads").select(
        *("lead_id", "created_at", "owner_id", "owner_kind", "status", "contact_id", "mql_at"),
        *("accepted_at", "rejected_at", "converted_at", "merged_into", "recorded_at", "deleted_at"),
    )
    every = once(every)
    known = every.filter(tables.recorded).with_columns(
        deleted_at=pl.when(tables.gone).then("deleted_at")
    )
    leads = once(latest(known, "lead_id").filter(~past(c.created_at, as_of)))
    changes = tables.changes("lead_changes", "owner", "status", "converted").select(
        "lead_id", "field", "old", "new", "old_kind", "new_kind", "changed_at"
    )
    changes = once(changes)
    owned = changes.filter((c.field == "owner") & c.new_kind.is_in(["user", "queue"]))
    handed = once(_handed(tables, leads, changes, owned))
    answered = _answered(tables, every, handed)
    waited = (
        handed.join(answered, on="handoff", how="left")
        .filter(tables.placed("at"))
        .select(
            cluster=cluster(c.at),
            response_wall_days=days(c.at, c.answered_at.fill_null(c.ends_at)),
            is_responded=c.answered_at.is_not_null(),
        )
    )
    tracked = changes.filter((c.field == "owner") & (c.changed_at <= as_of))
    waited = waited.join(tracked.select(is_tracked=pl.len() > 0), how="cross").filter(c.is_tracked)
    path = once(_statuses(as_of, leads, changes.filter(c.field == "status")))
    later = first(owned.filter(c.changed_at > as_of), "lead_id", was="old", was_kind="old_kind")
    last = handed.filter(c.next_at.is_null()).select(
        "lead_id", has_handoff=pl.lit(True), last="owner_id", last_kind="owner_kind"
    )
    mqls = once(_mqls(as_of, leads, path))
    owner = pl.when(c.has_handoff).then("last").when(c.is_changed).then("was")
    kind = pl.when(c.has_handoff).then("last_kind").when(c.is_changed).then("was_kind")
    decided = (
        mqls.filter(tables.placed("at"))
        .join(_decided(as_of, leads, changes, path, mqls), on="lead_id", how="left")
        .join(last, on="lead_id", how="left")
        .join(later, on="lead_id", how="left")
        .with_columns(owner_id=owner.otherwise("owner_id"), owner_kind=kind.otherwise("owner_kind"))
        .select(
            cluster=cluster(c.at),
            decision_days=days(c.at, c.decided_at.fill_null(c.ends_at)),
            is_decided=c.decided_at.is_not_null(),
            is_accepted="is_accepted",
        )
    )
    return waited, decided


def _handed(
    tables: Tables, leads: pl.LazyFrame, changes: pl.LazyFrame, owned: pl.LazyFrame
) -> pl.LazyFrame:
    """Each passage to Sales, from nobody or from Marketing: its owner, and until when it counts."""
    begun = leads.join(
        first(owned, "lead_id", old="old", old_kind="old_kind"), on="lead_id", how="left"
    ).select(
        "lead_id",
        at="created_at",
        owner_id=pl.when(c.is_changed).then("old").otherwise("owner_id"),
        owner_kind=pl.when(c.is_changed).then("old_kind").otherwise("owner_kind"),
    )
    later = owned.filter(c.changed_at <= tables.as_of).select(
        "lead_id", at="changed_at", owner_id="new", owner_kind="new_kind"
    )
    sided = tables.owners.filter(c.side.is_not_null()).select("owner_id", "owner_kind", "side")
    lives = leads.select("lead_id", "created_at", ends_at=c.deleted_at.fill_null(tables.as_of))
    return (
        pl.concat([begun, later])
        .join(sided, on=["owner_id", "owner_kind"], maintain_order="left")
        .with_columns(before=c.side.shift().over("lead_id"))
        .filter((c.side == "sales") & (c.before.is_null() | (c.before == "marketing")))
        .join(lives, on="lead_id", maintain_order="left")
        .with_columns(at=pl.max_horizontal("at", "created_at"))
        .drop_nulls("at")
        .with_columns(
            next_at=c.at.shift(-1).over("lead_id"), ends_at=pl.max_horizontal("ends_at", "at")
        )
        .with_row_index("handoff")
        .select("handoff", "lead_id", "at", "next_at", "ends_at", "owner_id", "owner_kind")
    )


def _answered(tables: Tables, every: pl.LazyFrame, handed: pl.LazyFrame) -> pl.LazyFrame:
    """The first touch by Sales: on the lead, its contact, or what it was merged into."""
    people = tables.owners.filter((c.owner_kind == "user") & ~c.is_automation & (c.side == "sales"))
    made = (
        tables.scan("activities")
        .filter(
            c.kind.is_in(["call", "email", "meeting"])
            & c.is_completed
            & ~c.is_automated.fill_null(False)
            & ~c.is_internal.fill_null(False)
            & (c.direction.fill_null("outbound") != "inbound")
            & (c.occurred_at <= tables.as_of)
            & tables.recorded
            & ~tables.gone
        )
        .join(people, left_on="performed_by", right_on="owner_id", how="semi")
    )
    touches = pl.concat(
        [made.select("occurred_at", place=c(at)).drop_nulls() for at in ("lead_id", "contact_id")]
    )
    contacts = latest(every, "lead_id").select("lead_id", "contact_id")
    pairs = every.filter(c.merged_into.is_not_null()).select("lead_id", "merged_into").unique()
    merged = pairs
    for _ in range(2):  # merged into a lead that was merged, and so on
        onward = pairs.rename({"lead_id": "merged_into", "merged_into": "onward"})
        merged = (
            merged.join(onward, on="merged_into", how="left")
            .select("lead_id", merged_into=pl.coalesce("onward", "merged_into"))
            .unique()
        )
    places = pl.concat(
        [
            contacts.select("lead_id", place="lead_id"),
            contacts.select("lead_id", place="contact_id"),
            merged.select("lead_id", place="merged_into"),
            merged.join(contacts, left_on="merged_into", right_on="lead_id").select(
                "lead_id", place="contact_id"
            ),
        ]
    ).drop_nulls()
    return (
        touches.join(handed.join(places, on="lead_id"), on="place")
        .filter(
            (c.occurred_at >= c.at)
            & (c.occurred_at <= c.ends_at)
            & (c.next_at.is_null() | (c.occurred_at < c.next_at))
        )
        .group_by("handoff")
        .agg(answered_at=c.occurred_at.min())
    )


def _statuses(as_of: datetime, leads: pl.LazyFrame, changes: pl.LazyFrame) -> pl.LazyFrame:
    """The statuses that leads went through, and when; none where no change is recorded."""
    begun = leads.join(first(changes, "lead_id", old="old"), on="lead_id", how="left").select(
        "lead_id", at="created_at", value=pl.when(c.is_changed).then("old").otherwise("status")
    )
    by_now = changes.filter(c.changed_at <= as_of)
    begun = begun.join(by_now.select(is_tracked=pl.len() > 0), how="cross")
    later = by_now.select("lead_id", at="changed_at", value="new")
    return pl.concat([begun.filter(c.is_tracked).drop("is_tracked"), later]).with_columns(
        value=folded(c.value)
    )


def _mqls(as_of: datetime, leads: pl.LazyFrame, path: pl.LazyFrame) -> pl.LazyFrame:
    entered = path.filter(c.value == "marketing qualified").group_by("lead_id")
    given = pl.coalesce(pl.when(c.mql_at <= as_of).then("mql_at"), "entered_at")
    at = pl.when(given.is_not_null()).then(pl.max_horizontal(given, "created_at"))
    return (
        leads.join(entered.agg(entered_at=c.at.min()), on="lead_id", how="left")
        .with_columns(at=at)
        .filter(c.at.is_not_null())
        .select(
            "lead_id",
            "at",
            "owner_id",
            "owner_kind",
            ends_at=pl.max_horizontal(c.deleted_at.fill_null(as_of), "at"),
        )
    )


def _decided(
    as_of: datetime,
    leads: pl.LazyFrame,
    changes: pl.LazyFrame,
    path: pl.LazyFrame,
    mqls: pl.LazyFrame,
) -> pl.LazyFrame:
    """The first decision on each MQL. A conversion's date may lack the time: a day's slack."""
    turned = changes.filter(c.field == "converted").group_by("lead_id")
    converted = leads.join(turned.agg(turned_at=c.changed_at.min()), on="lead_id", how="left")
    parts = [
        path.filter(c.value.is_in([ACCEPTED, REJECTED])).select("lead_id", "at", decision="value"),
        leads.select("lead_id", at="accepted_at", decision=pl.lit(ACCEPTED)),
        leads.select("lead_id", at="rejected_at", decision=pl.lit(REJECTED)),
        converted.select(
            "lead_id", at=pl.coalesce("turned_at", "converted_at"), decision=pl.lit(ACCEPTED)
        ),
    ]
    slack = (0, 0, 0, 1)
    events = pl.concat(
        [part.drop_nulls("at").with_columns(slack=s) for part, s in zip(parts, slack, strict=True)]
    ).rename({"at": "decided_at"})
    return (
        events.join(mqls.select("lead_id", "at", "ends_at"), on="lead_id")
        .filter((days(c.decided_at, c.at) <= c.slack) & (c.decided_at <= c.ends_at))
        .with_columns(decided_at=pl.max_horizontal("decided_at", "at"))
        .group_by("lead_id")
        .agg(
            decided_at=c.decided_at.min(),
            accepted_at=c.decided_at.filter(c.decision == ACCEPTED).min(),
        )
        .with_columns(is_accepted=(c.accepted_at == c.decided_at).fill_null(False))
    )


def _deals(tables: Tables) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Lost opportunities with whether the reason is agreed, qualified ones with any role."""
    as_of, given = tables.as_of, tables.given
    every = tables.scan("opportunities").select(
        *("opportunity_id", "owner_id", "sales_stage", "loss_reason", "is_closed", "is_won"),
        *("created_at", "closed_at", "close_on", "recorded_at", "deleted_at"),
    )
    every = once(every)
    known = latest(every.filter(tables.recorded & ~tables.gone), "opportunity_id")
    deals = once(known.filter(~past(c.created_at, as_of)))
    changes = tables.changes("opportunity_changes", "stage", "owner", "loss_reason", "close_date")
    changes = once(changes)
    later = changes.filter(c.changed_at > as_of)
    for field, column in (
        ("owner", "owner_id"),
        ("loss_reason", "loss_reason"),
        ("close_date", "close_on"),
    ):
        was = c.was.str.head(10).str.to_date(strict=False) if field == "close_date" else c.was
        then = first(later.filter(c.field == field), "opportunity_id", was="old")
        deals = (
            deals.join(then, on="opportunity_id", how="left")
            .with_columns(pl.when(c.is_changed).then(was).otherwise(column).alias(column))
            .drop("is_changed", "was")
        )
    steps = _stages(tables, every, deals, changes.filter(c.field == "stage"))
    next_day = (
        c.close_on.dt.offset_by("1d").cast(pl.Datetime("us")).dt.replace_time_zone(given.zone)
    )
    day_ends = next_day.dt.convert_time_zone("UTC").dt.replace_time_zone(None) - timedelta(
        microseconds=1
    )
    is_dated = c.close_on.is_between(date(1990, 1, 1), local_day(as_of, given.zone))
    by_date = pl.when(is_dated).then(pl.min_horizontal(day_ends, pl.lit(as_of)))
    staged = once(
        deals.join(steps, on="opportunity_id", how="left")
        .with_columns(closed_at=pl.coalesce("closing_at", "closed_at", by_date))
        .with_columns(is_closed=c.closed_now & (c.closed_at <= as_of).fill_null(False))
        .with_columns(cluster=c.owner_id.fill_null("nobody"))
    )
    agreed = folded(c.loss_reason).is_in(REASONS).fill_null(False)
    lost = staged.filter(c.is_closed & ~c.won_now & tables.placed("closed_at"))
    roles = (
        tables.scan("contact_roles")
        .filter(tables.recorded & ~tables.gone & ~past(c.added_at, as_of))
        .select("opportunity_id", has_contact_role=pl.lit(True))
        .unique()
    )
    qualified = (
        staged.filter(tables.placed("qualified_at"))
        .filter(~(c.is_closed & (c.closed_at < given.since)))
        .join(roles, on="opportunity_id", how="left")
        .select("cluster", c.has_contact_role.fill_null(False))
    )
    return lost.select("cluster", is_loss_reason_agreed=agreed), qualified


def _stages(
    tables: Tables, every: pl.LazyFrame, deals: pl.LazyFrame, changes: pl.LazyFrame
) -> pl.LazyFrame:
    """When opportunities passed qualification and were closed, and what the last stage means.
    Where no stage says so, the opportunity's own flags say what its present one means.
    """
    begun = deals.join(
        first(changes, "opportunity_id", old="old"), on="opportunity_id", how="left"
    ).select(
        "opportunity_id",
        at="created_at",
        value=pl.when(c.is_changed).then("old").otherwise("sales_stage"),
        is_change=pl.lit(False),
    )
    later = changes.filter(c.changed_at <= tables.as_of).select(
        "opportunity_id", at="changed_at", value="new", is_change=pl.lit(True)
    )
    stages = latest(tables.scan("sales_stages"), "sales_stage").select(
        "is_qualified", value="sales_stage", stage_closed="is_closed", stage_won="is_won"
    )
    own = latest(every, "opportunity_id").select(
        "opportunity_id", now="sales_stage", own_closed="is_closed", own_won="is_won"
    )
    is_now = c.value == c.now
    return (
        pl.concat([begun, later])
        .join(stages, on="value", how="left", maintain_order="left")
        .join(own, on="opportunity_id", how="left", maintain_order="left")
        .with_columns(
            is_closed=pl.coalesce("stage_closed", pl.when(is_now).then("own_closed"), False),
            is_won=pl.coalesce("stage_won", pl.when(is_now).then("own_won"), False),
        )
        .with_columns(was_closed=c.is_closed.shift(fill_value=False).over("opportunity_id"))
        .group_by("opportunity_id")
        .agg(
            closing_at=c.at.filter(c.is_closed & ~c.was_closed & c.is_change).max(),
            qualified_at=c.at.filter(
                (c.is_qualified.fill_null(False) & ~c.is_closed) | c.is_won
            ).min(),
            closed_now=c.is_closed.last(),
            won_now=c.is_won.last(),
        )
    )
