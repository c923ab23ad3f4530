"""`detente alerts check`: what changed is told to every channel, once.

What is known and the messages to send are kept in one transaction; a message that a channel did
not take is sent again with the next check. One process at a time sends.
"""

import os
import socket
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypedDict

from metrics.alerts import Sight, decide
from model.alerts import Known, MessageDraft
from model.errors import RecordsError
from monitor import sights
from monitor.outputs import notify
from monitor.workspace import Workspace
from store.records.alerts import Message
from store.records.leases import Lease

LEASE = "alerts"
LASTS = timedelta(minutes=2)
LONGEST_TITLE = 300


class MessageForm(TypedDict):
    """What is told; `rule`: headline, indicators, sla, stale or sync."""

    rule: str
    title: str
    body: str


class AlertsForm(TypedDict):
    """`detente alerts check --json`. `told` is new; `sent` counts what channels took in this check,
    `waiting` what they have not taken yet; `failures` says why not.
    """

    channels: list[str]
    told: list[MessageForm]
    sent: int
    waiting: int
    failures: list[str]


def check(workspace: Workspace, now: datetime, dry_run: bool = False) -> AlertsForm:
    """Tell the channels what is new at `now` (naive UTC), and what they have not taken before.

    A `dry_run` only says what would be told; so does a check where no channel is configured.
    Raises RecordsError where another process is sending.
    """
    channels = [channel.name for channel in workspace.settings.alerts.channels]
    if dry_run or not channels:
        return _form(channels, _decided(workspace, now)[0])
    leases = workspace.records.leases
    lease = leases.take(LEASE, f"{socket.gethostname()}:{os.getpid()}", now, LASTS)
    if lease is None:
        raise RecordsError("another process is sending", LEASE, "Try again in two minutes.")
    try:
        drafts, known = _decided(workspace, now)
        workspace.records.alerts.queue(lease, known, drafts, channels, now)
        return _sent(workspace, lease, drafts, now)
    finally:
        leases.release(lease)


def _decided(workspace: Workspace, now: datetime) -> tuple[list[MessageDraft], dict[str, Known]]:
    known = workspace.records.alerts.known()
    quiet = timedelta(hours=workspace.settings.alerts.quiet_hours)
    decision = decide(sights.seen(workspace, known, now), known, now, quiet)
    return _messages(decision.tell), dict(decision.known)


def _messages(tell: Sequence[Sight]) -> list[MessageDraft]:
    """A message for each thing, one for all that is new of an indicator, one for all leads."""
    groups: dict[str, list[Sight]] = {}
    for one in tell:
        whole = one.key.rpartition(":")[2] if one.rule == "indicators" else one.rule
        groups.setdefault(whole, []).append(one)
    found = []
    for group in groups.values():
        title = _leads_title(len(group)) if group[0].rule == "sla" else group[0].title
        lines = [line for one in group for line in one.why.splitlines()]
        body = "\n".join(dict.fromkeys(lines))
        found.append(MessageDraft(group[0].rule, title[:LONGEST_TITLE], body))
    return found


def _leads_title(count: int) -> str:
    many = f"{count} leads wait" if count > 1 else "A lead waits"
    return f"{many} for a first touch, and the agreed time is nearly over"


def _sent(
    workspace: Workspace, lease: Lease, drafts: Sequence[MessageDraft], now: datetime
) -> AlertsForm:
    kept = workspace.records.alerts
    channels = {one.name: one.url_env for one in workspace.settings.alerts.channels}
    sent, reasons = 0, dict[str, str]()
    mine = [message for message in kept.waiting() if message.channel in channels]
    for message in mine:
        if message.channel in reasons:
            continue  # the next check tries again, in order
        if not workspace.records.leases.renew(lease, now, LASTS):
            raise RecordsError("another process has taken over", LEASE, "It goes on with them.")
        reason = _handed_over(message, channels[message.channel])
        kept.note(lease, message, None if reason else now)
        if reason:
            reasons[message.channel] = reason
        else:
            sent += 1
    failures = [
        f"channel {name}: {reason}; what it has not taken is sent again with the next check"
        for name, reason in reasons.items()
    ]
    form = _form(list(channels), drafts)
    return {**form, "sent": sent, "waiting": len(mine) - sent, "failures": failures}


def _handed_over(message: Message, variable: str) -> str | None:
    url = os.environ.get(variable)
    if not url:
        return f"the environment variable {variable} is not set"
    return notify.send(url, message.title, message.body)


def _form(channels: list[str], drafts: Sequence[MessageDraft]) -> AlertsForm:
    told: list[MessageForm] = [
        {"rule": one.rule, "title": one.title, "body": one.body} for one in drafts
    ]
    return {"channels": channels, "told": told, "sent": 0, "waiting": 0, "failures": []}
