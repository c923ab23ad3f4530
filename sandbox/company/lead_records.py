"""Lead and LeadHistory: the leads' lives as versions and as tracked changes."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sandbox.company import ids
from sandbox.company import world as w
from sandbox.company.accounts import Conversions, person_columns
from sandbox.company.clock import DAY, HOUR, NEVER, REGIONS, Floats
from sandbox.company.funnel import Handoffs
from sandbox.company.history import Change, write_changes
from sandbox.company.ids import NONE, Ints, number_of
from sandbox.company.leads import Flags, Leads
from sandbox.company.ledger import MISSING, Column, Ledger, Versions
from sandbox.company.people import NURTURE_QUEUE, QUEUES, SDR_QUEUE, user_key, user_names
from sandbox.company.setup import lead_type
from sandbox.company.texts import ODD_COMPANIES, odd_or_own
from sandbox.company.upkeep import touch_many
from sandbox.company.world import World
from sandbox.company.write import Coded, Out, Own, Values

STATUSES = (
    "New",
    "Marketing Qualified",
    "Accepted",
    "Working",
    "Converted",
    "Rejected",
    "Unreachable",
    "Recycled",
    "Open",  # not agreed
    "Contacted",  # not agreed
)
REASONS = (
    "No Budget",
    "Not A Fit",
    "Bad Contact Data",
    "No Project",
    "Competitor Customer",
    "Other",
    "see my notes",
    'budget "frozen"\ncall again, maybe',
    "zu früh – nächstes Jahr 🙂",
)
_AGREED_REASONS = 5
_NO_REASONS = [NONE, NONE, NONE, 5, 5, 5, 6, 7, 8]
RATINGS = ("Cold", "Warm", "Hot")
BANDS = ("C - nurture", "B - promising", "A - ready")
_READY, _READY_LATER = 65, 66  # the score from which the formula says A, and for a while later
_FORMULA_CHANGED = (-45 * DAY, 10 * DAY)  # from the present: the formula changed, and back
_LATE_SHARE, _LATEST = 0.02, 600
_CLEANED_UP = (-14 * DAY, -3 * DAY, 2 * DAY)  # from the present: purged after, deleted around it
_CLEANED = 3
_CODE = {status: code for code, status in enumerate(STATUSES)}


@dataclass(frozen=True)
class Fates:
    """Leads that end otherwise: `gone_at` when a lead is deleted or merged away (else NEVER),
    `merged_into` the position of the surviving lead (else NONE).
    """

    gone_at: Ints
    merged_into: Ints


def fates(world: World, leads: Leads, handoffs: Handoffs, converted_at: Ints) -> Fates:
    """A few duplicates are merged and a few leads deleted; none of them was converted."""
    chance = world.chance("fates")
    count = leads.count
    is_handed = leads.handed_at < NEVER
    draw = chance.random(count)
    free = converted_at == NEVER
    merges = free & (draw < np.where(is_handed, 0.004, 0.012)) & (np.arange(count) > 0)
    winner = np.floor(chance.random(count) * np.arange(count)).astype(np.int64)
    hours = chance.uniform(1, 120, count)
    at = world.clock.after(leads.created_at, hours, leads.region)
    merges &= ~merges[winner] & (converted_at[winner] > at)
    deletes = free & ~merges & (draw > np.where(is_handed, 0.996, 0.99))
    days = (chance.uniform(35, 300, count) * DAY).astype(np.int64)
    begun = np.where(is_handed, np.minimum(leads.handed_at, world.horizon), leads.created_at)
    deleted_at = world.clock.after(begun + days, np.zeros(count), leads.region)
    merges &= ~deletes[winner] | (deleted_at[winner] > at)
    gone_at = np.where(merges, at, np.where(deletes, deleted_at, NEVER))
    fate = Fates(gone_at, np.where(merges, winner, NONE))
    if world.cohort == 0:
        _clean_up(world, leads, fate, free & ~is_handed)
    return fate


def _clean_up(world: World, leads: Leads, fate: Fates, free: Flags) -> None:
    """On some days around the present a few of the `free` leads are merged and as many deleted,
    however small the company.
    """
    open_leads = free & (fate.gone_at == NEVER) & (leads.created_at < world.now - 16 * DAY)
    open_leads[fate.merged_into[fate.merged_into != NONE]] = False
    chosen = world.chance("clean-up").permutation(np.flatnonzero(open_leads))
    many = min(_CLEANED, len(chosen) // (3 * len(_CLEANED_UP)))
    groups = chosen[: 3 * many * len(_CLEANED_UP)].reshape(len(_CLEANED_UP), 3, many)
    for after, (survivors, merged, deleted) in zip(_CLEANED_UP, groups, strict=True):
        gone = np.concatenate([merged, deleted])
        day = np.full(len(gone), world.now + after)
        fate.gone_at[gone] = world.clock.after(day, np.zeros(len(gone)), leads.region[gone])
        fate.merged_into[merged] = survivors


def queue_key(number: Ints) -> Ints:
    """Queues' record keys by their numbers."""
    return ids.key("Group", number)


def handoff_queue(handoffs: Handoffs) -> Ints:
    """The queue that a handoff goes to first: the region's, or that of the SDRs."""
    return np.where(handoffs.lead % 3 == 0, SDR_QUEUE, handoffs.region)


def live(
    world: World, leads: Leads, handoffs: Handoffs, conversions: Conversions, fate: Fates
) -> Versions:
    """Every version of every lead."""
    ledger = Ledger(leads.count)
    chance = world.chance("lead records")
    agreed = world.rates(leads.region, lambda s: s.language.agreed_statuses)
    accepted = np.zeros(leads.count, bool)
    np.logical_or.at(accepted, handoffs.lead, handoffs.is_accepted)
    _create(ledger, leads, chance, chance.random(leads.count) < agreed)
    scores = _qualify(world, ledger, leads, accepted)
    _pass_on(world, ledger, leads, handoffs)
    _work(world, ledger, handoffs, chance)
    _convert(world, ledger, conversions)
    touch_many(world, ledger, "leads", leads.created_at)
    _rate_anew(world, ledger, leads, scores)
    _end(ledger, leads, fate)
    return ledger.versions(world.horizon)


def _late(chance: np.random.Generator, count: int) -> Ints:
    is_late = chance.random(count) < _LATE_SHARE
    return np.where(is_late, chance.integers(60, _LATEST, count), 0)


def _create(
    ledger: Ledger,
    leads: Leads,
    chance: np.random.Generator,
    agreed: Flags,
) -> None:
    count = leads.count
    owner = np.where(
        leads.is_queued,
        queue_key(np.full(count, NURTURE_QUEUE)),
        user_key(leads.marketer),
    )
    values: dict[str, Column] = {
        "Status": np.where(agreed, _CODE["New"], _CODE["Open"]),
        "OwnerId": owner,
        "Score__c": leads.first_score,
        "MQL_Date__c": np.full(count, MISSING),
        "Rejection_Reason__c": np.full(count, NONE),
        "IsConverted": np.zeros(count, bool),
        "ConvertedDate": np.full(count, MISSING),
        "ConvertedAccountId": np.full(count, NONE),
        "ConvertedContactId": np.full(count, NONE),
        "ConvertedOpportunityId": np.full(count, NONE),
        "IsDeleted": np.zeros(count, bool),
        "MasterRecordId": np.full(count, NONE),
    }
    created_by = user_key(leads.created_by)
    late = _late(chance, count)
    ledger.change(np.arange(count), leads.created_at, created_by, values, delay=late)


def _qualify(world: World, ledger: Ledger, leads: Leads, accepted: Flags) -> Floats:
    """Leads become MQLs; the scores of all leads afterwards."""
    lead = np.flatnonzero(leads.mql_at < NEVER)
    shift = world.rates(leads.region[lead], lambda s: s.language.score_shift) * accepted[lead]
    score = np.clip(np.round(62 + 12 * (leads.score_noise[lead] + shift)), 41, 100)
    at = leads.mql_at[lead]
    values: dict[str, Column] = {
        "Status": np.full(len(lead), _CODE["Marketing Qualified"]),
        "MQL_Date__c": at,
        "Score__c": score,
    }
    ledger.change(lead, at, user_key(leads.mql_by[lead]), values)
    scores = leads.first_score.copy()
    scores[lead] = score
    return scores


def _rate_anew(world: World, ledger: Ledger, leads: Leads, scores: Floats) -> None:
    """The formula behind the score band changes: the band of some leads with it, although nobody
    touches them and their SystemModstamp stays.
    """
    for after in _FORMULA_CHANGED:
        at = world.now + after
        between = (scores >= _READY) & (scores < _READY_LATER) & (leads.mql_at < at - HOUR)
        lead = np.flatnonzero(between)
        nobody = np.full(len(lead), NONE)
        ledger.change(lead, np.full(len(lead), at), nobody, {}, is_silent=True)


def _band(world: World, score: Column, at: Ints) -> Ints:
    first, back = (world.now + after for after in _FORMULA_CHANGED)
    ready = np.where((at >= first) & (at < back), _READY_LATER, _READY)
    band: Ints = (score >= 41).astype(np.int64) + (score >= ready)
    return band


def _pass_on(world: World, ledger: Ledger, leads: Leads, handoffs: Handoffs) -> None:
    """Every change of owner after Marketing let go."""
    queue = queue_key(handoff_queue(handoffs))
    first = user_key(handoffs.first)
    giver = np.where(
        leads.is_direct[handoffs.lead],
        leads.created_by[handoffs.lead],
        leads.handed_by[handoffs.lead],
    )
    again = handoffs.is_second_round
    giver = np.where(again, leads.marketer[handoffs.lead], giver)
    ledger.change(
        handoffs.lead,
        handoffs.at,
        user_key(giver),
        {"OwnerId": np.where(handoffs.to_queue, queue, first)},
    )
    status = np.full(int(again.sum()), _CODE["Marketing Qualified"])
    ledger.change(
        handoffs.lead[again], handoffs.at[again], user_key(giver[again]), {"Status": status}
    )
    manager = user_key(world.people.sales_managers[handoffs.region])

    def passes(chosen: Flags, at: Ints, by: Ints, owner: Ints) -> None:
        ledger.change(handoffs.lead[chosen], at[chosen], by[chosen], {"OwnerId": owner[chosen]})

    passes(handoffs.to_queue & (handoffs.assigned_at < NEVER), handoffs.assigned_at, first, first)
    second = np.where(handoffs.second == NONE, queue, user_key(handoffs.second))
    passes(handoffs.second_at < NEVER, handoffs.second_at, first, second)
    passes(handoffs.third_at < NEVER, handoffs.third_at, manager, user_key(handoffs.third))


def _work(world: World, ledger: Ledger, handoffs: Handoffs, chance: np.random.Generator) -> None:
    """Decisions and what follows them."""
    count = handoffs.count
    rate = world.rates(handoffs.region, lambda s: s.language.rejection_reason)
    is_agreed = chance.random(count) < rate
    reason = np.where(
        is_agreed,
        chance.integers(_AGREED_REASONS, size=count),
        chance.choice(_NO_REASONS, count),
    )

    def becomes(
        at: Ints, status: Ints | np.int64 | int, chosen: Flags, more: dict[str, Column]
    ) -> None:
        chosen = chosen & (at < NEVER)
        by = user_key(handoffs.owner_at(at))
        values = {name: column[chosen] for name, column in more.items()}
        codes = np.broadcast_to(np.asarray(status, np.int64), count)[chosen]
        ledger.change(
            handoffs.lead[chosen],
            at[chosen],
            by[chosen],
            {"Status": codes, **values},
            delay=_late(chance, int(chosen.sum())),
        )

    accepted = handoffs.is_accepted
    becomes(handoffs.decided_at, _CODE["Accepted"], accepted, {})
    becomes(handoffs.decided_at, _CODE["Rejected"], ~accepted, {"Rejection_Reason__c": reason})
    rate = world.rates(handoffs.region, lambda s: s.language.agreed_statuses)
    agreed = chance.random(count) < rate
    working = np.where(agreed, _CODE["Working"], _CODE["Contacted"])
    everyone = np.ones(count, bool)
    becomes(handoffs.working_at, working, everyone, {})
    becomes(handoffs.unreachable_at, _CODE["Unreachable"], everyone, {})
    nurture = queue_key(np.full(count, NURTURE_QUEUE))
    becomes(handoffs.recycled_at, _CODE["Recycled"], everyone, {"OwnerId": nurture})


def _convert(world: World, ledger: Ledger, conversions: Conversions) -> None:
    count = len(conversions.lead)
    values: dict[str, Column] = {
        "Status": np.full(count, _CODE["Converted"]),
        "IsConverted": np.ones(count, bool),
        "ConvertedDate": world.clock.local_day(conversions.at, conversions.region),
        "ConvertedAccountId": ids.key("Account", conversions.account),
        "ConvertedContactId": ids.key("Contact", conversions.contact),
        "ConvertedOpportunityId": ids.key("Opportunity", np.arange(count)),
    }
    ledger.change(conversions.lead, conversions.at, user_key(conversions.by), values)


def _end(ledger: Ledger, leads: Leads, fate: Fates) -> None:
    lead = np.flatnonzero(fate.gone_at < NEVER)
    values: dict[str, Column] = {
        "IsDeleted": np.ones(len(lead), bool),
        "MasterRecordId": ids.key("Lead", fate.merged_into[lead]),
    }
    ledger.change(lead, fate.gone_at[lead], user_key(leads.marketer[lead]), values)


def write_leads(out: Out, world: World, leads: Leads, versions: Versions) -> None:
    """Lead and LeadHistory."""
    _write_history(out, world, versions)
    shown = versions.take(versions.is_seen)
    lead = shown.record
    score = shown.columns["Score__c"]
    columns: dict[str, Values] = {
        **person_columns(lead),
        "Company": odd_or_own(lead, "Company {} Ltd", ODD_COMPANIES),
        "Email": Own(lead, "person{}@customer.example"),
        "LeadSource": Coded(leads.source[lead], w.ALL_SOURCES),
        "Status": Coded(np.asarray(shown.columns["Status"], np.int64), STATUSES),
        "Industry": Coded(leads.industry[lead], w.INDUSTRIES),
        "Rating": Coded(np.digitize(score, [41, 65]), RATINGS),
        "Region__c": Coded(leads.region[lead], REGIONS),
        "Business_Unit__c": Coded(leads.unit[lead], w.UNITS),
        "Segment__c": Coded(leads.segment[lead], w.SEGMENTS),
        "Rejection_Reason__c": Coded(
            np.asarray(shown.columns["Rejection_Reason__c"], np.int64), REASONS
        ),
        "RecordTypeId": ids.key("RecordType", lead_type(leads.source[lead])),
        "Score_Band__c": Coded(_band(world, score, shown.at), BANDS),
    }
    out.write_versions("Lead", shown, columns)


def _write_history(out: Out, world: World, versions: Versions) -> None:
    """The rows that Salesforce's history tracking would hold, each visible with its version."""
    before = np.maximum(np.arange(len(versions.record)) - 1, 0)
    later = ~versions.is_first
    texts: list[Change] = []

    def tracked(name: str) -> Ints:
        column = versions.columns[name]
        return np.flatnonzero(later & (column != column[before]))

    created = np.flatnonzero(versions.is_first)
    none = pa.nulls(len(created), pa.string())
    texts.append((created, "created", "Text", none, none))
    rows = tracked("OwnerId")
    owner = np.asarray(versions.columns["OwnerId"], np.int64)
    old, new = owner[before[rows]], owner[rows]
    texts.append((rows, "Owner", "EntityId", ids.render(old), ids.render(new)))
    names = _owner_names(world, old), _owner_names(world, new)
    texts.append((rows, "Owner", "Text", *names))
    rows = tracked("Status")
    status = np.asarray(versions.columns["Status"], np.int64)
    old_text, new_text = (Coded(c, STATUSES).render() for c in (status[before[rows]], status[rows]))
    texts.append((rows, "Status", "Text", old_text, new_text))
    rows = tracked("Score__c")
    score = pa.array(versions.columns["Score__c"].astype(np.int64)).cast(pa.string())
    texts.append((rows, "Score__c", "Double", score.take(before[rows]), score.take(rows)))
    rows = tracked("IsConverted")
    none = pa.nulls(len(rows), pa.string())
    texts.append((rows, "leadConverted", "Text", none, none))
    write_changes(out, "Lead", "LeadHistory", versions, texts)


def _owner_names(world: World, owner: Ints) -> pa.Array:
    people = user_names(world.people)
    is_queue = owner >> ids.SHIFT == ids.object_number("Group")
    number = number_of(owner)
    return Coded(np.where(is_queue, len(people) + number, number), [*people, *QUEUES]).render()
