"""Tasks: touches of leads, automatic to-dos and mails (no touches), work on opportunities."""

from dataclasses import dataclass

import numpy as np

from sandbox.company import ids
from sandbox.company.accounts import Conversions
from sandbox.company.clock import DAY, HOUR, NEVER
from sandbox.company.funnel import Handoffs
from sandbox.company.ids import NONE, Ints
from sandbox.company.lead_records import Fates
from sandbox.company.leads import Flags, Leads
from sandbox.company.ledger import MISSING, Column, Ledger
from sandbox.company.opportunities import Opportunities
from sandbox.company.people import pick, user_key
from sandbox.company.texts import ODD_NOTES, ODD_SUBJECTS, odd_or_own
from sandbox.company.upkeep import touch_many
from sandbox.company.world import World
from sandbox.company.write import Coded, Out, Values

CALL, EMAIL, TODO = 0, 1, 2
SUBTYPES = ("Call", "Email", "Task")
SUBJECTS = ("Call", "Email: your enquiry", "Follow up with new lead", "Thank you", "Newsletter")
MEETING_SHARE = 0.04  # of the first touches: an event rather than a task
_STATUSES = ("Not Started", "Completed")
_ARCHIVED_AFTER = 365 * DAY
_LATE_SHARE, _LATEST = 0.03, 600
_NEWSLETTERS = 4.3
_SENT_AT = 5 * DAY + 9 * HOUR  # Tuesdays
_FAR = np.int64(2**35)


@dataclass(frozen=True)
class Following:
    """What becomes of activities when their lead is converted, merged or deleted."""

    converted_at: Ints
    converted_by: Ints
    executive: Ints  # the owner of the contact
    contact: Ints
    fate: Fates
    first_seen: Ints
    marketer: Ints

    @classmethod
    def of(
        cls, leads: Leads, conversions: Conversions, fate: Fates, first_seen: Ints
    ) -> "Following":
        """By position of the lead. `first_seen` is when each lead can first be seen."""
        by = np.full(leads.count, NONE)
        by[conversions.lead] = conversions.by
        executive = np.full(leads.count, NONE)
        executive[conversions.lead] = conversions.executive
        contact = conversions.contact_of(leads.count)
        at = conversions.at_of(leads.count)
        return cls(at, by, executive, contact, fate, first_seen, leads.marketer)

    def apply(self, ledger: Ledger, record: Ints, lead: Ints, begun_at: Ints) -> None:
        """Move the activities `record` of leads `lead`, created at `begun_at`, to the contact
        or the surviving lead, or delete them with the lead.
        """
        self.move(ledger, record, lead, begun_at, "WhoId")
        self.end(ledger, record, lead, begun_at)

    def move(self, ledger: Ledger, record: Ints, lead: Ints, begun_at: Ints, name: str) -> None:
        """Move what points to leads by the field `name`, as far as it exists by then."""
        self._moves(ledger, record, lead, (begun_at, name))
        gone_at, winner = self.fate.gone_at[lead], self.fate.merged_into[lead]
        merged = (winner != NONE) & (begun_at < gone_at)
        by = user_key(self.marketer[lead[merged]])
        value: dict[str, Column] = {name: ids.key("Lead", winner[merged])}
        ledger.change(record[merged], gone_at[merged], by, value)
        self._moves(ledger, record[merged], winner[merged], (gone_at[merged], name))

    def ends_at(self, lead: Ints, begun_at: Ints) -> Ints:
        """When what belongs to leads since `begun_at` is deleted with them, or with the lead they
        were merged into by then; NEVER where it is not.
        """
        gone_at, winner = self.fate.gone_at[lead], self.fate.merged_into[lead]
        merged = (winner != NONE) & (begun_at < gone_at)
        ends = np.where(winner == NONE, gone_at, NEVER)
        return np.where(merged, self.fate.gone_at[np.maximum(winner, 0)], ends)

    def end(self, ledger: Ledger, record: Ints, lead: Ints, begun_at: Ints) -> None:
        """Delete what belongs to leads with them, or with the lead they were merged into."""
        ends = self.ends_at(lead, begun_at)
        deleted = (ends < NEVER) & (begun_at < ends)
        gone: dict[str, Column] = {"IsDeleted": np.ones(int(deleted.sum()), bool)}
        by = user_key(self.marketer[lead[deleted]])
        ledger.change(record[deleted], ends[deleted], by, gone)

    def hand_over(self, ledger: Ledger, record: Ints, lead: Ints, begun_at: Ints) -> None:
        """Give activities to the contact's owner when their lead is converted."""
        at = self.converted_at[lead]
        passed = (at < NEVER) & (begun_at < at)
        place = lead[passed]
        by, owner = user_key(self.converted_by[place]), user_key(self.executive[place])
        ledger.change(record[passed], at[passed], by, {"OwnerId": owner})

    def _moves(self, ledger: Ledger, record: Ints, lead: Ints, since: tuple[Ints, str]) -> None:
        begun_at, name = since
        at = self.converted_at[lead]
        moved = (at < NEVER) & (begun_at < at)
        contact = ids.key("Contact", self.contact[lead[moved]])
        by = user_key(self.converted_by[lead[moved]])
        ledger.change(record[moved], at[moved], by, {name: contact})


@dataclass(frozen=True)
class Tasks:
    """Tasks to write; parallel arrays. `lead` and `deal` are positions, NONE where the task has
    none; a task is done when it is created or at a later `done_at` (NEVER: it stays open).
    """

    lead: Ints
    deal: Ints
    region: Ints
    owner: Ints
    created_by: Ints
    created_at: Ints
    done_at: Ints
    done_by: Ints
    subtype: Ints
    subject: Ints

    def select(self, chosen: Flags | Ints) -> "Tasks":
        """The chosen ones."""
        return Tasks(**{n: getattr(self, n)[chosen] for n in self.__dataclass_fields__})


def _join(parts: list[Tasks]) -> Tasks:
    names = Tasks.__dataclass_fields__
    return Tasks(**{n: np.concatenate([getattr(part, n) for part in parts]) for n in names})


def is_meeting(world: World, handoffs: Handoffs) -> Flags:
    """First touches that are meetings: the events' business, not the tasks'."""
    chosen: Flags = world.chance("meeting touches").random(handoffs.count) < MEETING_SHARE
    return chosen


def collect(world: World, leads: Leads, handoffs: Handoffs, fate: Fates) -> Tasks:
    """Every task of a lead that begins while the lead exists."""
    chance = world.chance("lead tasks")
    tasks = _join(
        [
            _automatic_mails(world, chance, leads),
            _newsletters(world, chance, leads),
            _todos(world, chance, leads, handoffs),
            _first_touches(world, chance, handoffs),
            _attempts(world, chance, handoffs),
        ]
    )
    return tasks.select(tasks.created_at < fate.gone_at[tasks.lead])


def _automatic_mails(world: World, chance: np.random.Generator, leads: Leads) -> Tasks:
    lead = np.flatnonzero(~leads.is_direct & (chance.random(leads.count) < 0.3))
    by = np.full(len(lead), world.people.integration)
    at = leads.created_at[lead] + chance.integers(20, 300, len(lead))
    return _mails(lead, leads.region[lead], by, at, subject=3)


def _newsletters(world: World, chance: np.random.Generator, leads: Leads) -> Tasks:
    """Marketing's mails until the handoff or for three months: sent to many in one second."""
    number = np.where(leads.is_direct, 0, chance.poisson(_NEWSLETTERS, leads.count))
    lead = np.repeat(np.arange(leads.count), number)
    days = chance.uniform(0.2, 90, len(lead)) * np.where(chance.random(len(lead)) < 0.4, 0.1, 1)
    week = 7 * DAY
    wanted = leads.created_at[lead] + (days * DAY).astype(np.int64)
    sent = -(-(wanted - _SENT_AT) // week) * week + _SENT_AT
    by_person = chance.random(len(lead)) < 0.15
    region = np.where(by_person, leads.region[lead], 0)
    at = world.clock.after(sent, np.zeros(len(lead)), region)
    _, unique = np.unique(lead * _FAR + at, return_index=True)
    chosen = unique[at[unique] < leads.handed_at[lead[unique]]]
    lead, at, region = lead[chosen], at[chosen], region[chosen]
    sender = np.where(by_person[chosen], leads.marketer[lead], world.people.integration)
    return _mails(lead, region, sender, at, subject=4)


def _mails(lead: Ints, region: Ints, by: Ints, at: Ints, *, subject: int) -> Tasks:
    count = len(lead)
    deal, kind = np.full(count, NONE), np.full(count, EMAIL)
    subjects = np.full(count, subject)
    return Tasks(lead, deal, region, by, by, at, at, by, kind, subjects)


def _todos(world: World, chance: np.random.Generator, leads: Leads, handoffs: Handoffs) -> Tasks:
    """To-dos that a workflow makes at the handoff: some are closed by it later, none is a touch."""
    place = np.flatnonzero(chance.random(handoffs.count) < 0.6)
    count = len(place)
    region = handoffs.region[place]
    manager = world.people.sales_managers[region]
    owner = np.where(handoffs.to_queue[place], manager, handoffs.first[place])
    created = handoffs.at[place] + chance.integers(2, 60, count)
    is_closed = chance.random(count) < 0.4
    integration = np.full(count, world.people.integration)
    return Tasks(
        lead=handoffs.lead[place],
        deal=np.full(count, NONE),
        region=region,
        owner=owner,
        created_by=integration,
        created_at=created,
        done_at=np.where(is_closed, created + 10 * DAY, NEVER),
        done_by=integration,
        subtype=np.full(count, TODO),
        subject=np.full(count, 2),
    )


def _first_touches(world: World, chance: np.random.Generator, handoffs: Handoffs) -> Tasks:
    place = np.flatnonzero((handoffs.touched_at < NEVER) & ~is_meeting(world, handoffs))
    count = len(place)
    at, region = handoffs.touched_at[place], handoffs.region[place]
    by = handoffs.owner_at(handoffs.touched_at)[place]
    begun = np.where(
        by == handoffs.first[place],
        handoffs.assigned_at[place],
        np.minimum(
            np.where(
                by == handoffs.second[place], handoffs.second_at[place], handoffs.third_at[place]
            ),
            at,
        ),
    )
    planned = world.clock.between(
        np.minimum(begun, at), at, chance.uniform(0.2, 0.8, count), region
    )
    is_planned = (chance.random(count) < 0.2) & (planned < at - 60)
    subtype = np.where(chance.random(count) < 0.6, CALL, EMAIL)
    subtype = np.where(is_planned, CALL, subtype)
    return Tasks(
        lead=handoffs.lead[place],
        deal=np.full(count, NONE),
        region=region,
        owner=by,
        created_by=by,
        created_at=np.where(is_planned, planned, at),
        done_at=at,
        done_by=by,
        subtype=subtype,
        subject=subtype,
    )


def _attempts(world: World, chance: np.random.Generator, handoffs: Handoffs) -> Tasks:
    """Later touches, until the lead is converted, given up or returned."""
    touched = handoffs.touched_at < NEVER
    more = np.minimum(chance.poisson(1.8, handoffs.count), 7)
    is_given_up = handoffs.unreachable_at < NEVER
    rate = world.rates(handoffs.region, lambda s: s.handoff.six_attempts)
    is_thorough = chance.random(handoffs.count) < rate
    many = np.where(is_thorough, 5 + more % 3, more % 4)
    more = np.where(touched, np.where(is_given_up, many, more), 0)
    place = np.repeat(np.arange(handoffs.count), more)
    count = len(place)
    nth = np.arange(count) - np.repeat(np.cumsum(more) - more, more) + 1
    given_up = is_given_up[place]
    hours = nth * np.where(given_up, 6.0, 11.0) + chance.uniform(0, 4, count)
    region = handoffs.region[place]
    at = world.clock.after(handoffs.touched_at[place], hours, region)
    end = np.minimum.reduce([handoffs.converted_at, handoffs.unreachable_at, handoffs.recycled_at])
    rejected = np.where(handoffs.is_accepted, NEVER, handoffs.decided_at)
    end = np.minimum(end, np.maximum(rejected, np.where(touched, handoffs.touched_at, 0)))
    keep = at < end[place]
    place, at = place[keep], at[keep]
    owners = handoffs.select(place)
    subtype = np.where(chance.random(len(place)) < 0.55, CALL, EMAIL)
    by, deal = owners.owner_at(at), np.full(len(place), NONE)
    return Tasks(owners.lead, deal, owners.region, by, by, at, at, by, subtype, subtype)


def work_on(world: World, deals: Opportunities) -> Tasks:
    """Calls and mails on opportunities: the owner's, and on some Marketing's."""
    chance = world.chance("deal tasks")
    number = chance.poisson(4, deals.count)
    rate = world.rates(deals.region, lambda s: s.process.shared_records)
    helped = chance.random(deals.count) < rate
    marketer = pick(chance, world.people.marketers, deals.region)
    deal = np.concatenate([np.repeat(np.arange(deals.count), number), np.flatnonzero(helped)])
    by = np.concatenate([np.repeat(deals.owner, number), marketer[helped]])
    region = deals.region[deal]
    share = chance.uniform(0.02, 0.98, len(deal))
    at = world.clock.between(deals.created_at[deal], deals.closed_at[deal], share, region)
    subtype = np.where(chance.random(len(deal)) < 0.5, CALL, EMAIL)
    lead = np.full(len(deal), NONE)
    return Tasks(lead, deal, region, by, by, at, at, by, subtype, subtype)


def write_tasks(
    out: Out, world: World, parts: list[Tasks], deals: Opportunities, following: Following
) -> tuple[Tasks, Ints]:
    """Task: created, perhaps done later, moved with its lead, archived after a year. Returns the
    tasks by number, and when each can first be seen.
    """
    tasks = _join(parts)
    order = np.lexsort((tasks.lead, tasks.created_at))
    order = order[tasks.created_at[order] <= world.horizon]
    tasks = tasks.select(order)
    ledger = _lives(world, tasks, deals, following)
    versions = ledger.versions(world.horizon)
    seen = versions.first_seen(len(order))
    versions = versions.take(versions.is_seen)
    task = versions.record
    is_closed = versions.columns["IsClosed"].astype(np.int64)
    day = world.clock.local_day(np.minimum(tasks.done_at, tasks.created_at + 2 * DAY), tasks.region)
    subtype = tasks.subtype[task]
    is_call = subtype == CALL
    columns: dict[str, Values] = {
        "Subject": Coded(_subject(tasks)[task], (*SUBJECTS, *ODD_SUBJECTS)),
        "Description": odd_or_own(task, "Private notes of conversation {}", ODD_NOTES),
        "ActivityDate": day[task],
        "Status": Coded(is_closed, _STATUSES),
        "Priority": Coded(np.zeros(len(task), np.int64), ("Normal",)),
        "Type": Coded(np.where(subtype == TODO, NONE, subtype), ("Call", "Email")),
        "TaskSubtype": Coded(subtype, SUBTYPES),
        "CallType": Coded(np.where(is_call, 0, NONE), ("Outbound",)),
        "CallDurationInSeconds": np.where(is_call & (is_closed > 0), 40 + task % 900, MISSING),
    }
    out.write_versions("Task", versions, columns)
    return tasks, seen


def _subject(tasks: Tasks) -> Ints:
    """A few calls and mails have a subject that somebody typed."""
    number = np.arange(len(tasks.subject))
    is_typed = (number % 37 == 3) & (tasks.subject < 2)
    return np.where(is_typed, len(SUBJECTS) + number // 37 % len(ODD_SUBJECTS), tasks.subject)


def _lives(world: World, tasks: Tasks, deals: Opportunities, following: Following) -> Ledger:
    chance = world.chance("task records")
    count = len(tasks.lead)
    everyone = np.arange(count)
    ledger = Ledger(count)
    lead, deal = np.maximum(tasks.lead, 0), np.maximum(tasks.deal, 0)
    on_deal = tasks.deal != NONE
    is_done = tasks.done_at == tasks.created_at
    contact = ids.key("Contact", deals.contact[deal]) if deals.count else NONE
    account = ids.key("Account", deals.account[deal]) if deals.count else NONE
    start: dict[str, Column] = {
        "WhoId": np.where(on_deal, contact, ids.key("Lead", lead)),
        "WhatId": np.where(on_deal, ids.key("Opportunity", deal), NONE),
        "AccountId": np.where(on_deal, account, NONE),
        "OwnerId": user_key(tasks.owner),
        "IsClosed": is_done,
        "CompletedDateTime": np.where(is_done, tasks.created_at, MISSING),
        "IsArchived": np.zeros(count, bool),
        "IsDeleted": np.zeros(count, bool),
    }
    late = np.where(chance.random(count) < _LATE_SHARE, chance.integers(60, _LATEST, count), 0)
    hidden = np.where(on_deal, 0, following.first_seen[lead] - tasks.created_at)
    late = np.maximum(late, hidden)
    ledger.change(everyone, tasks.created_at, user_key(tasks.created_by), start, delay=late)
    later = everyone[~is_done & (tasks.done_at < NEVER)]
    done: dict[str, Column] = {
        "IsClosed": np.ones(len(later), bool),
        "CompletedDateTime": tasks.done_at[later],
    }
    ledger.change(later, tasks.done_at[later], user_key(tasks.done_by[later]), done)
    on_lead = everyone[~on_deal]
    following.apply(ledger, on_lead, tasks.lead[on_lead], tasks.created_at[on_lead])
    is_open = tasks.done_at[on_lead] > following.converted_at[tasks.lead[on_lead]]
    still = on_lead[is_open]
    following.hand_over(ledger, still, tasks.lead[still], tasks.created_at[still])
    touch_many(world, ledger, "tasks", tasks.created_at)
    closed = everyone[tasks.done_at < NEVER]
    archived: dict[str, Column] = {"IsArchived": np.ones(len(closed), bool)}
    at = tasks.done_at[closed] + _ARCHIVED_AFTER
    ledger.change(closed, at, user_key(tasks.owner[closed]), archived, is_silent=True)
    return ledger
