"""One row per opportunity: where it stands as of the instant, and what led to it."""

from datetime import timedelta

import ibis
import ibis.expr.types as ir

from metrics.calendar import days_between
from metrics.facts.funnel import traceable
from metrics.facts.meetings import marketer_meetings
from metrics.facts.parties import (
    campaign_touches,
    documented,
    last_touches,
    loggers,
    marketers_on,
    parties,
)
from metrics.facts.paths import changes_of, path_of
from metrics.facts.sides import Known, latest, one_of
from model.periods import local_day

SEGMENTS = ("region", "business_unit", "source", "industry", "segment", "team", "owner")
FRESH_DAYS = 30
COLUMNS = (
    "opportunity_id",
    "account_id",
    "owner_id",
    "created_at",
    "closed_at",
    "close_on",
    "sales_stage",
    "amount",
    "is_open",
    "is_closed",
    "is_won",
    "is_lost",
    "is_key",
    "qualified_at",
    "has_contact_role",
    "has_content",
    "has_marketer",
    "loss_reason",
    "is_loss_reason_agreed",
    "is_no_decision",
    "marketer_met_at",
    "is_key_with_marketer",
    "campaign_id",
    "is_source_known",
    "last_touch_at",
    "is_clean",
    "is_shared",
    "campaign_touched_at",
    "is_touched",
    "campaign_at",
    "lead_id",
    "lead_converted_at",
    "is_traceable",
    "won_or_lost",
    "closed_amount",
    "won_of_closed",
    "won_amount",
    "traceable_amount",
    "touched_amount",
    "member_amount",
    "influenced_amount",
    "sourced_amount",
    "begun_amount",
    "cycle_days",
    "seen_at",
    *SEGMENTS,
    "cluster",
    "as_of",
)


def opportunities(known: Known, staged: ir.Table) -> ir.Table:
    """The fact `opportunities`, from `staged`.

    Flags that do not apply are null: `has_contact_role` and `has_content` before qualification,
    `is_loss_reason_agreed` and `is_no_decision` unless lost, `is_key_with_marketer` unless key and
    closed, `is_clean` unless open, the amounts unless won, `cycle_days` unless won. Amounts below
    zero count as zero.
    """
    own = parties(known)
    # distinct: written once in the query, however many parts rest on it
    lives = staged.select("opportunity_id", "account_id", "created_at", "closed_at").distinct()
    joined = staged
    for other in (
        _with_roles(known),
        marketer_meetings(known, lives),
        traceable(known, lives),
        campaign_touches(known, own),
        last_touches(known, own),
        loggers(known, own, lives),
        documented(known).mutate(_content=ibis.literal(True)),
        marketers_on(known, "opportunity_id").mutate(_on_team=ibis.literal(True)),
    ):
        joined = joined.left_join(other, "opportunity_id").drop("opportunity_id_right")
    return _with_flags(known, joined)


def staged(known: Known, local_days: ir.Table) -> ir.Table:
    """Opportunities as of the instant, once each, with the sales stage then, when they passed
    qualification, were closed, and how, and the close date written then (close_now).
    """
    return known.once("staged", lambda: _staged(known, local_days))


def _staged(known: Known, local_days: ir.Table) -> ir.Table:
    dated = _with_stages(known, _base(known), local_days)
    return dated.left_join(_close_dates(known), "opportunity_id").drop("opportunity_id_right")


def _close_dates(known: Known) -> ir.Table:
    """The close date that Sales had written by the as-of: opportunity_id, close_now."""
    changes = changes_of(known, "opportunity_changes", "close_date")
    path = path_of(
        known, known.deals(), "opportunity_id", changes, current=ibis._.close_on.cast("string")
    )
    now = path.group_by("opportunity_id").aggregate(_last=_last(path))
    written = now._last["value"]
    return now.select("opportunity_id", close_now=written.substr(0, 10).try_cast("date"))


def _last(path: ir.Table) -> ir.StructValue:
    """The last value of a path, in a struct: a null is a value, too."""
    return ibis.struct({"value": path.value}).argmax(path.position)


def _base(known: Known) -> ir.Table:
    """Opportunities as of the instant, once each, with the segments that account and owner add."""
    rows = known.deals()
    by_now = rows.filter(rows.created_at.isnull() | (rows.created_at <= known.as_of))
    accounts = latest(known.rows("accounts"), "account_id")
    of_account = accounts.select(
        "industry",
        "segment",
        _account="account_id",
        _region="region",
        _unit="business_unit",
    )
    of_owner = known.owners.filter(known.owners.owner_kind == "user").select(
        "team", _owner="owner_id"
    )
    joined = by_now.left_join(of_account, [("account_id", "_account")]).left_join(
        of_owner, [("owner_id", "_owner")]
    )
    return joined.mutate(
        region=ibis.coalesce(joined.region, joined._region),
        business_unit=ibis.coalesce(joined.business_unit, joined._unit),
        owner=joined.owner_id,
        cluster=ibis.coalesce(joined.owner_id, ibis.literal("nobody")),
    ).drop("_account", "_region", "_unit", "_owner", "is_won", "is_closed", "deleted_at")


def _with_stages(known: Known, base: ir.Table, local_days: ir.Table) -> ir.Table:
    """The opportunities with the sales stage then, when they qualified, closed, and how."""
    path = _stage_path(known)
    closing = path.is_closed & ~path.was_closed & (path.position > 0)
    qualified = (path.is_qualified & ~path.is_closed) | path.is_won
    found = path.group_by("opportunity_id").aggregate(
        _last=_last(path),
        closed_now=path.is_closed.argmax(path.position),
        won_now=path.is_won.argmax(path.position),
        closing_at=path["at"].max(where=closing),
        qualified_at=path["at"].min(where=qualified),
    )
    reached = found.mutate(stage_now=found._last["value"]).drop("_last")
    joined = (
        base.left_join(reached, "opportunity_id")
        .drop("opportunity_id_right")
        .left_join(local_days, [("close_on", "local_day")])
    )
    by_date = ibis.least(joined.day_ends_at, known.now)
    by_date = ibis.ifelse(joined.day_ends_at.notnull(), by_date, ibis.null("timestamp(6)"))
    closed_at = known.if_by_now(ibis.coalesce(joined.closing_at, joined.closed_at, by_date))
    is_closed = joined.closed_now.fill_null(False) & closed_at.notnull()
    return joined.mutate(
        sales_stage=joined.stage_now,
        is_closed=is_closed,
        is_won=is_closed & joined.won_now.fill_null(False),
        is_lost=is_closed & ~joined.won_now.fill_null(False),
        closed_at=ibis.ifelse(is_closed, closed_at, ibis.null("timestamp(6)")),
    ).drop(
        "stage_now",
        "closed_now",
        "won_now",
        "closing_at",
        "local_day",
        "day_began_at",
        "day_ends_at",
    )


def _stage_path(known: Known) -> ir.Table:
    """The sales stages an opportunity went through, with what each stage means: opportunity_id,
    position, at, value, is_closed, is_won, is_qualified, and was_closed: what the stage before
    means.

    Where the CRM does not describe a stage, the opportunity's own flags describe its present one.
    """
    rows = known.deals()
    by_now = rows.filter(rows.created_at.isnull() | (rows.created_at <= known.as_of))
    changes = changes_of(known, "opportunity_changes", "stage")
    changes = changes.mutate(_old=changes.old.fill_null(""), _new=changes.new.fill_null(""))
    path = path_of(
        known,
        by_now,
        "opportunity_id",
        changes,
        current=ibis._.sales_stage,
        seen=("_old", "_new"),
        is_seen_always=True,
    )
    stages = latest(known.all("sales_stages"), "sales_stage").select(
        "is_qualified", _stage="sales_stage", stage_closed="is_closed", stage_won="is_won"
    )
    today = latest(known.all("opportunities"), "opportunity_id")
    own = today.select(
        _id="opportunity_id", _now="sales_stage", own_closed="is_closed", own_won="is_won"
    )
    before = stages.select(_before="_stage", before_closed="stage_closed")
    joined = (
        path.left_join(stages, [("value", "_stage")])
        .left_join(before, [("before", "_before")])
        .left_join(own, [("opportunity_id", "_id")])
    )
    present, none = joined.value == joined._now, ibis.null("boolean")
    was_present = joined.before == joined._now
    return joined.select(
        "opportunity_id",
        "position",
        "at",
        "value",
        is_closed=ibis.coalesce(
            joined.stage_closed, ibis.ifelse(present, joined.own_closed, none), False
        ),
        was_closed=ibis.coalesce(
            joined.before_closed, ibis.ifelse(was_present, joined.own_closed, none), False
        ),
        is_won=ibis.coalesce(joined.stage_won, ibis.ifelse(present, joined.own_won, none), False),
        is_qualified=joined.is_qualified.fill_null(False),
    )


def reached(known: Known, stages: tuple[str, ...]) -> ir.Table:
    """When opportunities first reached one of these sales stages: opportunity_id, reached_at."""
    path = _stage_path(known)
    there = path.filter(one_of(path.value, stages))
    return there.group_by("opportunity_id").aggregate(reached_at=there["at"].min())


def _with_roles(known: Known) -> ir.Table:
    """The opportunities that carry a contact role: opportunity_id, _role."""
    roles = known.rows("contact_roles")
    by_now = roles.filter(roles.added_at.isnull() | (roles.added_at <= known.as_of))
    return by_now.select("opportunity_id").distinct().mutate(_role=ibis.literal(True))


def _with_flags(known: Known, rows: ir.Table) -> ir.Table:
    level, reasons = known.definitions.key.amount, known.definitions.reasons
    amount = rows.amount.cast("float64")
    given = ibis.greatest(amount.fill_null(0.0), 0.0)
    is_key = rows.is_key.fill_null(False)
    if level is not None:
        is_key = is_key | (amount >= level).fill_null(False)
    none, nothing = ibis.null("boolean"), ibis.null("float64")
    is_open, is_qualified = ~rows.is_closed, rows.qualified_at.notnull()
    won_amount = ibis.ifelse(rows.is_won, given, nothing)
    today = local_day(known.as_of, known.definitions.calendar.default.timezone)
    recent = rows.last_touch_at >= known.as_of - timedelta(days=FRESH_DAYS)
    touched_at = ibis.least(rows.member_touched_at, rows.influenced_at)

    def of_won(event: ir.BooleanValue) -> ir.FloatingValue:
        return ibis.ifelse(event.fill_null(False) | won_amount.isnull(), won_amount, 0.0)

    flags: dict[str, ir.Value] = {
        "close_on": rows.close_now,
        "owner": rows.owner_id,
        "is_key": is_key,
        "is_open": is_open,
        "has_contact_role": ibis.ifelse(is_qualified, rows._role.fill_null(False), none),
        "has_content": ibis.ifelse(is_qualified, rows._content.fill_null(False), none),
        "has_marketer": rows._on_team.fill_null(False),
        "loss_reason": ibis.ifelse(rows.is_lost, rows.loss_reason, ibis.null("string")),
        "is_loss_reason_agreed": ibis.ifelse(
            rows.is_lost, one_of(rows.loss_reason, reasons.loss), none
        ),
        "is_no_decision": ibis.ifelse(
            rows.is_lost, one_of(rows.loss_reason, reasons.no_decision), none
        ),
        "is_key_with_marketer": ibis.ifelse(
            is_key & rows.is_closed, rows.marketer_met_at.notnull(), none
        ),
        "is_source_known": (rows.source.strip().length() > 0).fill_null(False)
        | rows.campaign_id.notnull(),
        "is_clean": ibis.ifelse(
            is_open, ((rows.close_now >= today) & recent).fill_null(False), none
        ),
        "is_shared": rows.has_sales_log.fill_null(False) & rows.has_marketing_log.fill_null(False),
        "campaign_touched_at": touched_at,
        "is_touched": (touched_at <= rows.closed_at).fill_null(False),
        "is_traceable": rows.campaign_at.notnull(),
        "won_or_lost": ibis.ifelse(rows.is_closed, rows.is_won, none),
        "closed_amount": ibis.ifelse(rows.is_closed, given, nothing),
        "won_of_closed": ibis.ifelse(rows.is_closed, ibis.ifelse(rows.is_won, given, 0.0), nothing),
        "won_amount": won_amount,
        "traceable_amount": of_won(rows.campaign_at.notnull()),
        "touched_amount": of_won(touched_at <= rows.closed_at),
        "member_amount": of_won(rows.member_touched_at <= rows.closed_at),
        "influenced_amount": of_won(rows.influenced_at <= rows.closed_at),
        "sourced_amount": of_won(rows.campaign_id.notnull()),
        "begun_amount": of_won(touched_at <= rows.created_at),
        "cycle_days": ibis.ifelse(
            rows.is_won, ibis.greatest(days_between(rows.created_at, rows.closed_at), 0.0), nothing
        ),
        "seen_at": ibis.coalesce(rows.closed_at, known.now),
        "as_of": known.now,
    }
    return rows.mutate(**flags).select(*COLUMNS)
