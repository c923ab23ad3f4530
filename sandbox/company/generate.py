"""A company, from a scenario and a seed, as the records that a CRM would hold."""

from datetime import datetime
from pathlib import Path

from model.errors import ConfigurationError
from sandbox.company import (
    accounts,
    campaigns,
    declared,
    events,
    funnel,
    lead_records,
    leads,
    opportunities,
    people,
    tasks,
)
from sandbox.company.clock import DAY, Clock, seconds
from sandbox.company.world import World
from sandbox.scenario import Scenario

_DAYS_PER_MONTH = 365.25 / 12


def generate(
    folder: Path,
    scenario: Scenario,
    seed: int,
    leads: int,
    ends_at: datetime,
    *,
    months: int = 24,
    future_days: int = 30,
) -> None:
    """Write a company into `folder`: one parquet file for each object of `sandbox.schema`, every
    record in all its versions; targets.csv and survey.csv, which a CRM does not hold;
    population.json (the planted value of each indicator) and scenario.json.

    `leads` of them are created in the `months` up to `ends_at` (naive UTC); records go on for
    `future_days` after it. The same arguments give the same bytes. Raises ConfigurationError
    for counts that make no company.
    """
    if leads < 1 or months < 1 or future_days < 0 or seed < 0:
        raise ConfigurationError(
            "leads and months must be at least 1, future_days and seed not negative",
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
    _write(folder, world)


def _write(folder: Path, world: World) -> None:
    coming = leads.arrive(world)
    handoffs = funnel.hand_off(world, coming)
    owned, converted = accounts.convert(world, coming, handoffs)
    fate = lead_records.fates(world, coming, handoffs, converted.at_of(coming.count))
    planned = campaigns.plan(world)
    members = campaigns.enrol(world, planned, coming, handoffs, converted)
    deals = opportunities.pursue(world, coming, owned, converted, members)

    people.write_people(folder, world.people, world.start)
    lives = lead_records.live(world, coming, handoffs, converted, fate)
    seen = lives.first_seen(coming.count)
    lead_records.write_leads(folder, world, coming, lives)
    del lives
    accounts.write_accounts(folder, world, coming, owned, converted)
    campaigns.write_campaigns(folder, world, planned)
    campaigns.write_members(
        folder,
        world,
        leads=coming,
        conversions=converted,
        fate=fate,
        memberships=members,
        first_seen=seen,
    )
    opportunities.write_opportunities(folder, world, deals, opportunities.track(world, deals))
    opportunities.write_roles_and_teams(folder, world, deals)
    following = tasks.Following.of(coming, converted, fate, seen)
    lead_tasks = tasks.collect(world, coming, handoffs, fate)
    tasks.write_tasks(folder, world, [lead_tasks, tasks.work_on(world, deals)], deals, following)
    meetings = events.gather(world, handoffs, fate, deals)
    events.write_events(folder, world, meetings, deals, following)
    revenue = declared.write_quotas(folder, world, deals)
    declared.write_reports(folder, world)
    declared.write_targets(folder, world, revenue)
    declared.write_survey(folder, world)
    declared.write_planted(folder, world)
