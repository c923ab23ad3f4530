"""A company, from a scenario and a seed, as the records that a CRM would hold.

The leads come in cohorts, in order of their creation; each cohort and all that follows from it is
made and written before the next, so that memory does not grow with the company.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from model.errors import ConfigurationError
from sandbox.company import (
    accounts,
    campaigns,
    content,
    deal_people,
    deal_records,
    declared,
    emails,
    events,
    funnel,
    influence,
    lead_records,
    leads,
    money,
    opportunities,
    people,
    setup,
    tasks,
    views,
)
from sandbox.company.accounts import Accounts
from sandbox.company.campaigns import Campaigns
from sandbox.company.clock import DAY, Clock, seconds
from sandbox.company.leads import Leads
from sandbox.company.world import World
from sandbox.company.write import Out
from sandbox.scenario import Scenario
from sandbox.schema import objects

COHORT = 25_000  # leads
_DAYS_PER_MONTH = 365.25 / 12
_MAILS = ("EmailMessage", "EmailMessageRelation")

Progress = Callable[[int, int], None]


def generate(
    folder: Path,
    scenario: Scenario,
    seed: int,
    leads: int,
    ends_at: datetime,
    *,
    months: int = 24,
    future_days: int = 30,
    cohort: int = COHORT,
    progress: Progress | None = None,
) -> None:
    """Write a company into `folder`: one parquet file for each object that the organisation has
    (`sandbox.schema.objects`), every record in all its versions; targets.csv and survey.csv,
    which a CRM does not hold; population.json (the planted value of each indicator) and
    scenario.json.

    `leads` of them are created in the `months` up to `ends_at` (naive UTC); records go on for
    `future_days` after it. Moving the clock by five days changes about one in a hundred records
    of a company of two years. The same arguments give the same bytes; `cohort` is how many leads
    are made at a time, and another number makes another company of the same kind. `progress` is
    told how many leads are done and how many there are. Raises ConfigurationError for counts
    that make no company.
    """
    if leads < 1 or months < 1 or future_days < 0 or seed < 0 or cohort < 1:
        raise ConfigurationError(
            "leads, months and cohort must be at least 1, future_days and seed not negative",
            "sandbox generator",
        )
    now = seconds(ends_at)
    start, horizon = now - round(months * _DAYS_PER_MONTH) * DAY, now + future_days * DAY
    world = World(
        scenario=scenario,
        seed=seed,
        leads=leads,
        start=start,
        now=now,
        horizon=horizon,
        clock=Clock(start - 600 * DAY, horizon + 900 * DAY),
        people=people.hire(leads, scenario.structure.common_head),
    )
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder, world, cohort, progress or (lambda _done, _all: None))


def _write(folder: Path, world: World, cohort: int, progress: Progress) -> None:
    known = accounts.found(world)
    shared = {
        "Account": known.known,
        "Contact": known.known,
        "ContentDocument": len(content.LIBRARY),
        "ContentVersion": content.LIBRARY_VERSIONS,
        "ContentDocumentLink": len(content.LIBRARY),
    }
    having = objects(several_currencies=world.scenario.has_currencies)
    if not world.scenario.enhanced_email:
        having = {name: item for name, item in having.items() if name not in _MAILS}
    arrivals = leads.arrive(world)
    won = 0.0
    with Out(folder, having, shared) as out:
        planned = _write_common(out, world, known)
        for number, begin in enumerate(range(0, max(arrivals.count, 1), cohort)):
            end = min(begin + cohort, arrivals.count)
            own = replace(world, cohort=number)
            won += _write_cohort(
                out, own, leads.develop(own, arrivals, slice(begin, end)), known, planned
            )
            out.next_cohort()
            progress(end, arrivals.count)
        revenue = declared.write_quotas(out, world, won)
    declared.write_targets(folder, world, revenue)
    declared.write_survey(folder, world)
    declared.write_planted(folder, world)


def _write_common(out: Out, world: World, known: Accounts) -> Campaigns:
    """What is not of one cohort."""
    people.write_people(out, world.people, world.start, world.now)
    setup.write_record_types(out, world)
    money.write_currencies(out, world)
    deal_records.write_stages(out, world)
    influence.write_models(out, world)
    views.write_views(out, world)
    content.write_library(out, world)
    deal_people.write_account_teams(out, world, known)
    planned = campaigns.plan(world)
    campaigns.write_campaigns(out, world, planned)
    return planned


def _write_cohort(
    out: Out, world: World, coming: Leads, known: Accounts, planned: Campaigns
) -> float:
    """A cohort's leads and all that follows; the amount that was won by the present."""
    handoffs = funnel.hand_off(world, coming)
    owned, converted = accounts.convert(world, coming, handoffs, known)
    fate = lead_records.fates(world, coming, handoffs, converted.at_of(coming.count))
    members = campaigns.enrol(world, planned, coming, handoffs, converted)
    deals = opportunities.pursue(world, coming, owned, converted, members)

    lives = lead_records.live(world, coming, handoffs, converted, fate)
    seen = lives.first_seen(coming.count)
    lead_records.write_leads(out, world, coming, lives)
    del lives
    accounts.write_accounts(out, world, coming, owned, converted)
    campaigns.write_members(
        out,
        world,
        leads=coming,
        conversions=converted,
        fate=fate,
        memberships=members,
        first_seen=seen,
    )
    deal_records.write_opportunities(out, world, deals, deal_records.track(world, deals))
    influence.write_influence(out, world, coming.count, members, deals)
    content.write_content(out, world, deals)
    deal_people.write_roles_and_teams(out, world, deals)
    following = tasks.Following.of(coming, converted, fate, seen)
    lead_tasks = tasks.collect(world, coming, handoffs, fate)
    done = tasks.write_tasks(
        out, world, [lead_tasks, tasks.work_on(world, deals)], deals, following
    )
    if world.scenario.enhanced_email:
        emails.write_emails(out, world, done, deals, following)
    meetings = events.gather(world, handoffs, fate, deals)
    events.write_events(out, world, meetings, deals, following)
    return float(deals.amount[deals.is_won & (deals.closed_at <= world.now)].sum())
