"""EmailMessage and EmailMessageRelation: what Enhanced Email keeps beside the tasks.

Every mail that a person wrote has a task, and customers' replies have none; on opportunities a
few mails that were sent have none either.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sandbox.company import ids
from sandbox.company.clock import DAY, HOUR, NEVER
from sandbox.company.ids import NONE, Ints
from sandbox.company.leads import Flags
from sandbox.company.ledger import Column, Ledger
from sandbox.company.opportunities import Opportunities
from sandbox.company.people import user_key
from sandbox.company.tasks import EMAIL, Following, Tasks
from sandbox.company.texts import ODD_NOTES, ODD_SUBJECTS, odd_or_own
from sandbox.company.world import World
from sandbox.company.write import Coded, Out, Own, Texts, Values

_ANSWERED = 0.35
_WITHOUT_TASK = 0.06
_NEW, _READ, _REPLIED, _SENT = range(4)
_STATUSES = ("0", "1", "2", "3")
_SUBJECTS = ("Your enquiry", "Re: Your enquiry", *ODD_SUBJECTS)
_FROM, _TO = 0, 1


@dataclass(frozen=True)
class Mails:
    """Mails to write; parallel arrays. `task` is the task a mail is about, of which `is_logged`
    says whether the mail refers to it.
    """

    task: Ints
    at: Ints
    is_incoming: Flags
    is_logged: Flags


def exchange(world: World, tasks: Tasks) -> Mails:
    """The mails behind the tasks, and the replies to them, in order of time."""
    chance = world.chance("mails")
    is_person = tasks.created_by != world.people.integration
    task = np.flatnonzero((tasks.subtype == EMAIL) & is_person & (tasks.subject < EMAIL + 1))
    on_deal = task[tasks.deal[task] != NONE]
    again = on_deal[chance.random(len(on_deal)) < _WITHOUT_TASK]
    answered = task[chance.random(len(task)) < _ANSWERED]
    sent, resent, back = len(task), len(again), len(answered)
    place = np.concatenate([task, again, answered])
    later = np.concatenate(
        [
            np.zeros(sent, np.int64),
            chance.integers(60, HOUR, resent),
            chance.integers(HOUR, 3 * DAY, back),
        ]
    )
    at = tasks.done_at[place] + later
    order = np.lexsort((place, at))
    order = order[at[order] <= world.horizon]
    number = np.arange(len(place))
    return Mails(
        task=place[order],
        at=at[order],
        is_incoming=(number >= sent + resent)[order],
        is_logged=(number < sent)[order],
    )


def write_emails(
    out: Out,
    world: World,
    tasks: tuple[Tasks, Ints],
    deals: Opportunities,
    following: Following,
) -> None:
    """Both objects, where the organisation uses Enhanced Email; `tasks` with when each can first
    be seen.
    """
    known, task_seen = tasks
    mails = exchange(world, known)
    lead = known.lead[mails.task]
    gone_at = np.where(lead == NONE, NEVER, following.fate.gone_at[np.maximum(lead, 0)])
    keep = mails.at < gone_at
    mails = Mails(mails.task[keep], mails.at[keep], mails.is_incoming[keep], mails.is_logged[keep])
    seen = _write_mails(out, world, mails, known, (task_seen, following))
    _write_relations(out, world, (mails, seen, known), deals, following)


def _write_mails(
    out: Out,
    world: World,
    mails: Mails,
    tasks: Tasks,
    life: tuple[Ints, Following],
) -> Ints:
    """When each mail can first be seen."""
    task_seen, following = life
    count = len(mails.task)
    lead, deal = tasks.lead[mails.task], tasks.deal[mails.task]
    robot = user_key(np.full(count, world.people.integration))
    by = np.where(mails.is_incoming, robot, user_key(tasks.done_by[mails.task]))
    ledger = Ledger(count)
    start: dict[str, Column] = {
        "Status": np.where(mails.is_incoming, _NEW, _SENT),
        "IsDeleted": np.zeros(count, bool),
    }
    hidden = np.maximum(task_seen[mails.task] - mails.at, 0)
    ledger.change(np.arange(count), mails.at, by, start, delay=hidden)
    chance = world.chance("mail records")
    read = np.flatnonzero(mails.is_incoming)
    at = mails.at[read] + chance.integers(900, 2 * DAY, len(read))
    status = np.where(chance.random(len(read)) < 0.5, _READ, _REPLIED)
    ledger.change(read, at, user_key(tasks.owner[mails.task[read]]), {"Status": status})
    on_lead = np.flatnonzero(deal == NONE)
    following.end(ledger, on_lead, lead[on_lead], mails.at[on_lead])
    versions = ledger.versions(world.horizon)
    seen = versions.first_seen(count)
    versions = versions.take(versions.is_seen)
    mail = versions.record
    task = mails.task[mail]
    incoming = mails.is_incoming[mail]
    subject = np.where(task % 41 == 5, 2 + task % len(ODD_SUBJECTS), incoming.astype(np.int64))
    person = np.maximum(np.where(lead == NONE, deal, lead), 0)[mail]
    ours = tasks.done_by[task]
    customer = Own(person, "person{}@customer.example").render()
    colleague = Own(ours, "user{}@sandbox.example").render()
    columns: dict[str, Values] = {
        "ActivityId": np.where(mails.is_logged[mail], ids.key("Task", task), NONE),
        "RelatedToId": ids.key("Opportunity", deal[mail]),
        "Incoming": incoming,
        "Status": Coded(np.asarray(versions.columns["Status"], np.int64), _STATUSES),
        "MessageDate": mails.at[mail],
        "Subject": Coded(subject, _SUBJECTS),
        "TextBody": odd_or_own(mail, "Private body of mail {}", ODD_NOTES),
        "FromAddress": Texts(pc.if_else(pa.array(incoming), customer, colleague)),
        "ToAddress": Texts(pc.if_else(pa.array(incoming), colleague, customer)),
    }
    out.write_versions("EmailMessage", versions, columns)
    return seen


def _write_relations(
    out: Out,
    world: World,
    mails: tuple[Mails, Ints, Tasks],
    deals: Opportunities,
    following: Following,
) -> None:
    """Of each mail the person outside, then the colleague."""
    mail, seen, tasks = mails
    count = len(mail.task)
    number = np.repeat(np.arange(count), 2)
    is_colleague = np.tile([False, True], count)
    task = mail.task[number]
    lead, deal = tasks.lead[task], tasks.deal[task]
    contact = ids.key("Contact", deals.contact[np.maximum(deal, 0)]) if deals.count else NONE
    at = mail.at[number]
    some_lead = np.maximum(lead, 0)
    is_converted = at >= following.converted_at[some_lead]
    became = ids.key("Contact", following.contact[some_lead])
    person = np.where(is_converted, became, ids.key("Lead", lead))
    outside = np.where(deal == NONE, person, contact)
    robot = user_key(np.full(len(number), world.people.integration))
    writer = np.where(mail.is_incoming[number], robot, user_key(tasks.done_by[task]))
    ledger = Ledger(len(number))
    start: dict[str, Column] = {
        "EmailMessageId": ids.key("EmailMessage", number),
        "RelationId": np.where(is_colleague, user_key(tasks.done_by[task]), outside),
        "IsDeleted": np.zeros(len(number), bool),
    }
    ledger.change(np.arange(len(number)), at, writer, start, delay=np.maximum(seen[number] - at, 0))
    moving = np.flatnonzero(~is_colleague & (deal == NONE))
    following.move(ledger, moving, lead[moving], at[moving], "RelationId")
    on_lead = np.flatnonzero(deal == NONE)
    following.end(ledger, on_lead, lead[on_lead], at[on_lead])
    versions = ledger.versions(world.horizon)
    versions = versions.take(versions.is_seen)
    held = versions.record
    is_sender = mail.is_incoming[number] != is_colleague
    kind = np.asarray(versions.columns["RelationId"], np.int64) >> ids.SHIFT
    names = ("User", "Contact", "Lead")
    known = np.array([ids.object_number(name) for name in names])
    columns: dict[str, Values] = {
        "RelationType": Coded(np.where(is_sender[held], _FROM, _TO), ("FromAddress", "ToAddress")),
        "RelationObjectType": Coded((kind[:, None] == known).argmax(axis=1), names),
        "RelationAddress": Own(held, "address{}@customer.example"),
    }
    out.write_versions("EmailMessageRelation", versions, columns)
