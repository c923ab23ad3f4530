"""Five indicators from base tables to result in polars, lazily, as polars' users write them."""

from typing import Any

import polars as pl

from bench.five import Given, surviving


def five(given: Given) -> dict[str, Any]:
    """The values of `bench.five.NAMES`."""
    c, as_of = pl.col, given.as_of

    def table(name: str) -> pl.LazyFrame:
        return pl.scan_parquet(given.files(name), hive_partitioning=False)

    def days(since: pl.Expr, until: pl.Expr) -> pl.Expr:
        return (until.dt.truncate("1s") - since.dt.truncate("1s")).dt.total_seconds() / 86400

    sided = pl.LazyFrame(given.owners)

    def latest(rows: pl.LazyFrame, key: str) -> pl.LazyFrame:
        return rows.sort("recorded_at").unique(key, keep="last", maintain_order=True)

    recorded, gone = c.recorded_at <= as_of, (c.deleted_at <= as_of).fill_null(False)
    leads = latest(table("leads").filter(recorded & (c.created_at <= as_of)), "lead_id")
    changes = table("lead_changes").filter((c.changed_at <= as_of) & ~gone)
    ends = leads.select("lead_id", ends_at=c.deleted_at.fill_null(as_of))
    owned = changes.filter((c.field == "owner") & c.new_kind.is_in(["user", "queue"])).sort(
        "changed_at", "change_id"
    )
    first = owned.group_by("lead_id").agg(c.old.first())
    begun = leads.join(first, on="lead_id", how="left").select(
        "lead_id", at="created_at", owner_id=pl.coalesce("old", "owner_id")
    )
    path = (
        pl.concat([begun, owned.select("lead_id", at="changed_at", owner_id="new")])
        .join(sided.select("owner_id", "side"), on="owner_id")
        .filter(c.side.is_not_null())
        .sort("lead_id", "at")
    )
    handed = (
        path.with_columns(before=c.side.shift().over("lead_id"))
        .filter((c.side == "sales") & (c.before.is_null() | (c.before == "marketing")))
        .with_columns(next_at=c.at.shift(-1).over("lead_id"))
        .join(ends, on="lead_id")
        .with_row_index("handoff")
        .select("handoff", "lead_id", "at", "next_at", "ends_at")
        .collect()
        .lazy()
    )
    people = sided.filter((c.owner_kind == "user") & ~c.is_automation & (c.side == "sales"))
    made = (
        table("activities")
        .filter(
            c.kind.is_in(["call", "email", "meeting"])
            & c.is_completed
            & ~c.is_automated
            & ~c.is_internal
            & (c.direction != "inbound")
            & (c.occurred_at <= as_of)
            & recorded
            & ~gone
        )
        .join(people, left_on="performed_by", right_on="owner_id", how="semi")
    )
    touches = pl.concat(
        [made.select("occurred_at", place=c(at)).drop_nulls() for at in ("lead_id", "contact_id")]
    )
    contacts = leads.select("lead_id", "contact_id")
    merged = leads.filter(c.merged_into.is_not_null()).select("lead_id", place="merged_into")
    places = pl.concat(
        [
            leads.select("lead_id", place="lead_id"),
            leads.select("lead_id", place="contact_id"),
            merged,
            merged.join(contacts, left_on="place", right_on="lead_id").select(
                "lead_id", place="contact_id"
            ),
        ]
    ).drop_nulls()
    answered = (
        touches.join(handed.join(places, on="lead_id"), on="place")
        .filter(
            (c.occurred_at >= c.at)
            & (c.occurred_at <= c.ends_at)
            & (c.next_at.is_null() | (c.occurred_at < c.next_at))
        )
        .group_by("handoff")
        .agg(answered_at=c.occurred_at.min())
    )
    waited = handed.join(answered, on="handoff", how="left").select(
        days=days(c.at, c.answered_at.fill_null(c.ends_at)),
        is_event=c.answered_at.is_not_null(),
    )
    spoken = changes.filter(c.field == "status")
    entered = (
        spoken.filter(c.new == "Marketing Qualified")
        .group_by("lead_id")
        .agg(entered_at=c.changed_at.min())
    )
    mqls = (
        leads.join(entered, on="lead_id", how="left")
        .select("lead_id", at=pl.coalesce("mql_at", "entered_at"))
        .drop_nulls("at")
        .join(ends, on="lead_id")
        .with_columns(ends_at=pl.max_horizontal("ends_at", "at"))
    )
    events = pl.concat(
        [
            spoken.filter(c.new.is_in(["Accepted", "Rejected"])).select(
                "lead_id", decided_at="changed_at", decision="new"
            ),
            leads.filter(c.converted_at.is_not_null()).select(
                "lead_id", decided_at="converted_at", decision=pl.lit("Accepted")
            ),
        ]
    )
    decided = (
        mqls.join(events, on="lead_id")
        .filter((c.decided_at >= c.at) & (c.decided_at <= c.ends_at))
        .group_by("lead_id")
        .agg(pl.struct("decided_at", "decision").sort_by("decided_at", "decision").first())
        .unnest("decided_at")
    )
    watched = mqls.join(decided, on="lead_id", how="left").select(
        days=days(c.at, c.decided_at.fill_null(c.ends_at)),
        is_event=c.decided_at.is_not_null(),
        is_accepted=c.decision == "Accepted",
    )
    stages = table("sales_stages").select("sales_stage", "is_closed", "is_won", "is_qualified")
    moves = table("opportunity_changes").filter(
        (c.field == "stage") & (c.changed_at <= as_of) & ~gone
    )
    now = moves.group_by("opportunity_id").agg(now=c.new.sort_by("changed_at", "change_id").last())
    there = table("opportunities").filter(recorded & ~gone & (c.created_at <= as_of))
    deals = (
        latest(there, "opportunity_id")
        .join(now, on="opportunity_id", how="left")
        .select("opportunity_id", "loss_reason", sales_stage=pl.coalesce("now", "sales_stage"))
        .join(stages, on="sales_stage")
    )
    lost = deals.filter(c.is_closed & ~c.is_won).select(
        agreed=c.loss_reason.is_in(
            ["Price", "Product Gap", "Competitor", "No Decision", "Timing"]
        ).fill_null(False)
    )
    passed = (
        moves.join(stages, left_on="old", right_on="sales_stage")
        .filter(c.is_qualified & ~c.is_closed)
        .select("opportunity_id", passed=pl.lit(True))
        .unique()
    )
    roles = (
        table("contact_roles")
        .filter((c.added_at <= as_of) & recorded & ~gone)
        .select("opportunity_id", named=pl.lit(True))
        .unique()
    )
    qualified = (
        deals.join(passed, on="opportunity_id", how="left")
        .filter(c.passed | (c.is_qualified & ~c.is_closed) | c.is_won)
        .join(roles, on="opportunity_id", how="left")
        .select(named=c.named.fill_null(False))
    )
    times, choices, reasons, named = pl.collect_all([waited, watched, lost, qualified])
    return {
        "never_touched_rate": surviving(times["days"].to_numpy(), times["is_event"].to_numpy(), 30),
        "mql_acceptance_rate": choices["is_accepted"].mean(),
        "decision_rate": 1
        - surviving(choices["days"].to_numpy(), choices["is_event"].to_numpy(), 14),
        "loss_reason_rate": reasons["agreed"].mean(),
        "contact_role_coverage": named["named"].mean(),
    }
