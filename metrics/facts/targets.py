"""Targets: what each function is held to, how much of it both are, and what was attained."""

from datetime import date

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from metrics.facts.decisions import mqls
from metrics.facts.quarters import Quarter
from metrics.facts.sides import MARKETING, SALES, Known, side_of
from model.errors import ConfigurationError
from model.periods import Period, local_day

SEGMENTS: tuple[str, ...] = ()  # targets are set for the whole company
MONEY = ("revenue", "pipeline_created")  # of the two, the one of which more is shared counts
COUNTED = ("mqls", "pipeline_created", "revenue", "sourced_pipeline", "sourced_revenue")
SHARED = (
    "metric",
    "sales_amount",
    "marketing_amount",
    "shared_amount",
    "held_amount",
    "is_declared",
    "cluster",
    "as_of",
)
ATTAINED = (
    "quarter",
    "quarter_ended_at",
    "side",
    "metric",
    "target_amount",
    "actual_amount",
    "attained",
    "cluster",
    "as_of",
)
COVERAGE = (
    "quarter",
    "target_amount",
    "won_amount",
    "remaining_amount",
    "open_amount",
    "cluster",
    "as_of",
)


def sided_targets(known: Known) -> ir.Table:
    """Targets as of the instant: metric, actual (what it is measured by), side, period (upper
    case), amount, is_shared, is_declared.
    """
    rows = known.rows("targets")
    named = rows.select(
        metric=rows.metric.strip().lower(),
        actual=ibis.coalesce(rows.actual_metric, rows.metric).strip().lower(),
        side=side_of(rows.function, known.definitions.functions),
        period=rows.period.strip().upper(),
        amount=rows.amount.cast("float64"),
        is_shared=rows.is_shared.fill_null(False),
        is_declared=(rows.provenance == "declared").fill_null(False),
    )
    return named.filter(named.side.notnull() & (named.amount > 0))


def _periods_that_hold(day: date, known_names: list[str]) -> pa.Table:
    """The names of periods that contain `day`, with their days: period, days."""
    names, days = [], []
    for name in known_names:
        try:
            period = Period.parse(name)
        except ConfigurationError:
            continue
        if period.from_on <= day <= period.to_on:
            names.append(name)
            days.append(float(period.days))
    return pa.table({"period": pa.array(names, pa.string()), "days": pa.array(days, pa.float64())})


def shared_targets(known: Known, present: Quarter) -> ir.Table:
    """The fact `shared_targets`: of revenue and pipeline the one of which the greater part is held
    by both functions now, one row.

    Amounts are per day, of each side's targets for the longest period among them that holds now,
    so that a year's target and its quarters' do not add up. A target that one side shares holds
    the other too. `shared_amount` is what both are held to, the lesser of the two sides';
    `held_amount` the greater.
    """
    day = local_day(known.as_of, known.definitions.calendar.default.timezone)
    names = [str(day.year), present.name, present.span, f"{day:%Y-%m}", _calendar_quarter(day)]
    holding = ibis.memtable(_periods_that_hold(day, list(dict.fromkeys(names))))
    rows = sided_targets(known)
    timed = rows.filter(rows.metric.isin(MONEY)).inner_join(holding, "period")
    longest = timed.mutate(_days=timed.days.max().over(ibis.window(group_by=["metric", "side"])))
    own = longest.filter(longest.days == longest._days)
    per_day = own.amount / own.days
    of_sales, of_marketing = own.side == SALES, own.side == MARKETING
    sums = own.group_by("metric").aggregate(
        _sales=per_day.sum(where=of_sales).fill_null(0.0),
        _marketing=per_day.sum(where=of_marketing).fill_null(0.0),
        _sales_shared=per_day.sum(where=of_sales & own.is_shared).fill_null(0.0),
        _marketing_shared=per_day.sum(where=of_marketing & own.is_shared).fill_null(0.0),
        is_declared=own.is_declared.any(),
    )
    held = sums.mutate(
        sales_amount=ibis.greatest(sums._sales, sums._marketing_shared),
        marketing_amount=ibis.greatest(sums._marketing, sums._sales_shared),
    )
    shared = held.mutate(
        shared_amount=ibis.least(held.sales_amount, held.marketing_amount),
        held_amount=ibis.greatest(held.sales_amount, held.marketing_amount),
    )
    order = [ibis.desc(shared.shared_amount / shared.held_amount), ibis.desc(shared.metric)]
    ranked = shared.mutate(_nth=ibis.row_number().over(order_by=order))
    best = ranked.filter(ranked._nth == 0)
    return best.mutate(cluster=best.metric, as_of=known.now).select(*SHARED)


def _calendar_quarter(day: date) -> str:
    return f"{day.year}-Q{(day.month + 2) // 3}"


def _by_quarter(known: Known, found: list[Quarter]) -> ir.Table:
    """Targets of metrics that add up, by quarter: quarter, side, metric, target_amount.

    From targets for the quarter itself; else from its three months, if all have one; else a
    quarter of the year's. One that either side shares is both sides', the greater of the two:
    they rise or fall together.
    """
    names = [
        (q.name, name, kind, share)
        for q in found
        for name, kind, share in (
            *((n, 1, 1.0) for n in dict.fromkeys([q.name, q.span])),
            *((n, 2, 1.0) for n in q.months),
            (str(q.first_on.year), 3, 0.25),
        )
    ]
    quarter, period, kind, share = zip(*names, strict=True)
    meaning = ibis.memtable(
        pa.table(
            {
                "quarter": pa.array(quarter, pa.string()),
                "period": pa.array([p.upper() for p in period], pa.string()),
                "kind": pa.array(kind, pa.int64()),
                "share": pa.array(share, pa.float64()),
            }
        )
    )
    rows = sided_targets(known)
    joined = rows.filter(rows.actual.isin(COUNTED)).inner_join(meaning, "period")
    sums = joined.group_by(["quarter", "side", "actual", "kind"]).aggregate(
        amount=(joined.amount * joined.share).sum(),
        is_shared=joined.is_shared.any(),
        _periods=joined.period.nunique(),
    )
    whole = sums.filter((sums.kind != 2) | (sums._periods == 3))
    order = ibis.window(group_by=["quarter", "side", "actual"], order_by="kind")
    ranked = whole.mutate(_nth=ibis.row_number().over(order))
    best = ranked.filter(ranked._nth == 0)
    both = best.group_by(["quarter", "actual"]).aggregate(
        _sales=best.amount.max(where=best.side == SALES),
        _marketing=best.amount.max(where=best.side == MARKETING),
        _shared=best.is_shared.any(),
    )
    common = ibis.greatest(both._sales, both._marketing)

    def held(side: str, own: ir.FloatingValue) -> ir.Table:
        return both.select(
            "quarter",
            side=ibis.literal(side),
            metric="actual",
            target_amount=ibis.ifelse(both._shared, common, own),
        )

    every = held(SALES, both._sales).union(held(MARKETING, both._marketing))
    return every.filter(every.target_amount.notnull())


def _actuals(known: Known, staged: ir.Table, periods: ir.Table) -> ir.Table:
    """What happened by quarter: quarter, metric, actual_amount; 0 where nothing did. The sourced
    ones are of opportunities whose primary campaign is recorded.
    """
    amount = ibis.greatest(staged.amount.cast("float64").fill_null(0.0), 0.0)
    deals = staged.mutate(_amount=amount)
    sourced = deals.filter(deals.campaign_id.notnull())
    parts = [mqls(known).select(metric=ibis.literal("mqls"), at="mql_at", amount=ibis.literal(1.0))]
    for rows, prefix in ((deals, ""), (sourced, "sourced_")):
        made = prefix + ("pipeline" if prefix else "pipeline_created")
        won = rows.filter(rows.is_won)
        parts += [
            rows.select(metric=ibis.literal(made), at="created_at", amount="_amount"),
            won.select(metric=ibis.literal(f"{prefix}revenue"), at="closed_at", amount="_amount"),
        ]
    events = parts[0].union(*parts[1:])
    crossed = events.cross_join(periods)
    # aggregated, not filtered: no engine may join events to quarters by time
    within = crossed["at"].between(crossed.began_at, crossed.ended_at)
    return crossed.group_by(["quarter", "metric"]).aggregate(
        actual_amount=crossed.amount.sum(where=within).fill_null(0.0)
    )


def attainment(known: Known, staged: ir.Table, periods: ir.Table, found: list[Quarter]) -> ir.Table:
    """The fact `attainment`: one row per completed quarter, side and metric that has a target,
    with what was attained of it. Only metrics that add up: MQLs, pipeline created, revenue, and
    what came from campaigns of the last two.
    """
    over = periods.filter(periods.ended_at <= known.as_of)
    actual = _actuals(known, staged, over)
    targets = _by_quarter(known, found)
    joined = targets.inner_join(
        over.select("quarter", quarter_ended_at="ended_at"), "quarter"
    ).left_join(actual, ["quarter", "metric"])
    return joined.mutate(
        actual_amount=joined.actual_amount.fill_null(0.0),
        attained=joined.actual_amount.fill_null(0.0) / joined.target_amount,
        cluster=joined.side,
        as_of=known.now,
    ).select(*ATTAINED)


def coverage(known: Known, staged: ir.Table, present: Quarter, periods: ir.Table) -> ir.Table:
    """The fact `coverage`: the present quarter's revenue target of Sales, what is won of it, what
    remains, and the open amount that is due in it. One row where there is a target.

    `remaining_amount` is null once the target is met.
    """
    targets = _by_quarter(known, [present])
    own = targets.filter((targets.side == SALES) & (targets.metric == "revenue"))
    now = periods.filter(periods.quarter == present.name)
    crossed = staged.cross_join(now)
    amount = ibis.greatest(crossed.amount.cast("float64").fill_null(0.0), 0.0)
    won = crossed.is_won & crossed.closed_at.between(crossed.began_at, crossed.ended_at)
    due = ~crossed.is_closed & (crossed.close_now <= crossed.last_on)
    sums = crossed.aggregate(
        won_amount=amount.sum(where=won).fill_null(0.0),
        open_amount=amount.sum(where=due).fill_null(0.0),
    )
    joined = own.cross_join(sums)
    left = joined.target_amount - joined.won_amount
    return joined.mutate(
        remaining_amount=ibis.ifelse(left > 0, left, ibis.null("float64")),
        cluster=joined.quarter,
        as_of=known.now,
    ).select(*COVERAGE)
