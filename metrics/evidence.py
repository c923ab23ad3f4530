"""Evidence quality: what limits the claims that may be made from these records."""

from metrics.context import Context, handoffs_known, sales_known
from metrics.declaration import CATALOGUE, Subject, evidence, gauge
from metrics.estimate import Estimate
from metrics.statistics import CountShare, Proportion, Statistic
from model.definitions import Definitions

PEOPLE = Subject(
    "people",
    None,
    "no active person is known to be in Sales",
    needs=("users.user_id", "activities.performed_by", "activities.occurred_at"),
    conditions=(sales_known,),
    minimum_n=1,
)
HANDOFFS = Subject(
    "handoffs",
    "handed_off_at",
    "Sales accepted no lead handed over in this period",
    needs=("leads.created_at", "activities.performed_by", "activities.occurred_at"),
    conditions=(sales_known, handoffs_known),
    minimum_n=5,
)
TRACKED = (
    ("lead", "owner"),
    ("lead", "status"),
    ("opportunity", "stage"),
)


@evidence(PEOPLE, title="Salespeople who log anything", left_out="is not active in Sales")
def activity_capture(_: Definitions) -> Statistic:
    """Of the active people in Sales, the share that logged any call, e-mail or meeting in the last
    90 days. Where it is low, "no touch" may be a touch that was not logged, and the follow-up
    indicators are marked weak.
    """
    return CountShare("is_touching")


@evidence(HANDOFFS, title="Accepted leads without a touch", left_out="was not accepted")
def accepted_without_touch(_: Definitions) -> Statistic:
    """Of the leads handed over in the period that Sales accepted, the share without any logged
    touch. Where it is high, salespeople work outside the CRM, and the follow-up indicators are
    marked weak.
    """
    return Proportion("is_accepted_untouched")


@gauge(title="Wanted fields that can be seen", unit="share")
def field_visibility(context: Context) -> Estimate:
    """Of the columns that the indicators ask for, the share that the sources give. The reasons why
    the others are missing stand with the indicators that lack them.
    """
    wanted = sorted({need for one in CATALOGUE.values() for need in one.needs if "." in need})
    lacking = [need for need in wanted if not context.availability.has(need)]
    said = f"not given: {', '.join(lacking)}" if lacking else None
    share = 1 - len(lacking) / len(wanted)
    return Estimate(share, None, None, len(wanted), reason=said)


@gauge(title="Days of recorded history", unit="days")
def history_depth(context: Context) -> Estimate:
    """Since how many days the changes of lead owners, lead statuses and sales stages are all
    recorded. What happened before is not known, so older figures rest on today's values.
    """
    since = {key: context.tracked_since.get(key) for key in TRACKED}
    lacking = [f"{entity} {field}" for (entity, field), at in since.items() if at is None]
    if lacking:
        return Estimate.not_assessed(f"no change is recorded of {', '.join(lacking)}")
    told = ", ".join(f"{e} {f} since {at:%Y-%m-%d}" for (e, f), at in since.items() if at)
    days = min((context.as_of - at).days for at in since.values() if at)
    return Estimate(float(days), None, None, len(since), reason=told)


@gauge(title="Records that can be seen", unit="share")
def record_visibility(context: Context) -> Estimate:
    """Of the leads and opportunities that the CRM says it holds, the share that the connection's
    user can see, as of the last sync. Whoever sees only a part sees a part of the company.
    """
    both = {table: counts for table, counts in context.counted.items() if counts[1] > 0}
    if not both:
        return Estimate.not_assessed(
            "no CRM told how many records it holds: its user may not ask (in Salesforce, View "
            "Setup and Configuration), or this is a day in the past"
        )
    told = ", ".join(
        f"{table} {seen:,} of {held:,}" for table, (seen, held) in sorted(both.items())
    )
    seen = sum(min(seen, held) for seen, held in both.values())
    held = sum(held for _, held in both.values())
    return Estimate(seen / held, None, None, held, reason=told)
