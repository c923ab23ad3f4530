"""What the joint meeting of Sales and Marketing needs on the table: `detente pack`."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypedDict

import ibis
import ibis.expr.types as ir

from model.periods import local_day
from monitor import open_leads, snapshots, surveys
from monitor.compare import ChangeForm, ComparisonForm, compare
from monitor.reading import Reading
from monitor.report import StageForm, instant, stage_form
from monitor.snapshots import SnapshotLine
from monitor.workspace import Workspace

SHOWN = 10
LATELY = timedelta(days=90)
QUIET = timedelta(days=30)
BETWEEN_MEETINGS = timedelta(days=28)


class DealForm(TypedDict):
    """A major open opportunity, and why it stands here: `risks` of it, and whether the other
    function takes no part. `url` opens it in the CRM.
    """

    id: str
    url: str | None
    amount: float | None
    sales_stage: str | None
    close_on: str | None
    owner: str | None
    is_key: bool
    risks: list[str]
    is_alone: bool


class LeadForm(TypedDict):
    """A lead that Sales has not answered within the agreed time, still open."""

    id: str
    url: str | None
    handed_off_on: str
    owner: str | None


class BrokenForm(TypedDict):
    """A rule of engagement: how often it was checked and broken in the last 90 days, and the
    newest records that broke it.
    """

    title: str
    checked: int
    broken: int
    records: list[dict[str, str | None]]


class ActionLine(TypedDict):
    """An agreed action, as far as the meeting looks at it; `sentence`: how far it has come."""

    title: str
    function: str
    due_on: str
    is_overdue: bool
    state: str
    sentence: str


class MeetingForm(TypedDict):
    """`detente pack --json`. `since` is the snapshot of the last meeting, if there is one;
    `deals_of` major open opportunities were looked at; `dropped_of` counts all leads that wait too
    long. `deals` and `dropped` are None where the records do not tell.
    """

    organisation: str
    as_of: str
    as_of_on: str
    definitions: str
    stage: StageForm
    since: SnapshotLine | None
    comparison: ComparisonForm | None
    changes: list[ChangeForm]
    history: list[SnapshotLine]
    deals: list[DealForm] | None
    deals_of: int
    dropped: list[LeadForm] | None
    dropped_of: int
    rules: list[BrokenForm]
    actions: list[ActionLine]
    titles: dict[str, str]


def meeting(
    workspace: Workspace, since: str | None = None, actions: Sequence[ActionLine] = ()
) -> MeetingForm:
    """Everything for the meeting, as of the newest records.

    `since`: the snapshot to look back to; by default the newest live one from at least four weeks
    before, else the oldest. RecordsError where there is no such snapshot.
    """
    with Reading.open(workspace) as reading:
        results = reading.indicators()
        verdict = reading.verdict_of(results)
        survey = surveys.form(workspace)
        assessed = {one.indicator.id for one in results if one.estimate.is_assessed}
        lines = snapshots.listed(workspace)
        before = _since(workspace, reading, lines, since)
        compared = compare(workspace, before["id"]) if before else None
        deals, deals_of = _deals(reading, assessed)
        dropped, dropped_of = _dropped(reading, assessed)
        return {
            "organisation": workspace.settings.organisation,
            "as_of": instant(reading.as_of),
            "as_of_on": reading.as_of_on.isoformat(),
            "definitions": workspace.definitions_version,
            "stage": stage_form(verdict, survey, reading.as_of, workspace.definitions_version, {}),
            "since": before,
            "comparison": compared,
            "changes": [one for one in compared["changes"] if one["exceeds"]] if compared else [],
            "history": snapshots.series(lines),
            "deals": deals,
            "deals_of": deals_of,
            "dropped": dropped,
            "dropped_of": dropped_of,
            "rules": _rules(reading),
            "actions": [one for one in actions if one["state"] == "open"],
            "titles": {one.indicator.id: one.indicator.title for one in results},
        }


def _since(
    workspace: Workspace, reading: Reading, lines: Sequence[SnapshotLine], wanted: str | None
) -> SnapshotLine | None:
    if wanted is not None:
        workspace.records.snapshots.get(wanted)  # raises where there is none
        return next(one for one in lines if one["id"] == wanted)
    latest = instant(reading.as_of - BETWEEN_MEETINGS)
    earlier = [one for one in lines if one["as_of"] <= latest]
    live = [one for one in earlier if one["kind"] == "live"]
    found = live or earlier
    return found[-1] if found else None


def _deals(reading: Reading, assessed: set[str]) -> tuple[list[DealForm] | None, int]:
    """The major open opportunities with something to talk about, the biggest first."""
    if "pipeline_hygiene" not in assessed:
        return None, 0
    fact = reading.facts["opportunities"]
    is_open = fact.filter(fact.is_open)
    order = [ibis.desc(is_open.is_key), ibis.desc(is_open.amount), is_open.opportunity_id]
    columns = (
        "opportunity_id",
        "owner_id",
        "amount",
        "sales_stage",
        "close_on",
        "is_key",
        "last_touch_at",
        "has_marketer",
        "marketer_met_at",
        "campaign_touched_at",
    )
    size = is_open.aggregate(n=is_open.count(), keys=is_open.is_key.cast("int64").sum())
    counted = reading.engine.run(size).to_pylist()[0]
    major = max(counted["keys"] or 0, min(SHOWN, counted["n"]))
    rows = reading.engine.run(is_open.order_by(order).limit(major).select(*columns)).to_pylist()
    knows_marketers = "marketing_in_key_meetings" in assessed
    names = _names(reading, [row["owner_id"] for row in rows])
    deals = [_deal(reading, row, names, knows_marketers) for row in rows]
    to_discuss = [one for one in deals if one["risks"] or one["is_alone"]]
    return sorted(to_discuss, key=lambda one: -(one["amount"] or 0))[:SHOWN], major


def _deal(
    reading: Reading, row: Mapping[str, Any], names: Mapping[str, str], knows_marketers: bool
) -> DealForm:
    helped = row["has_marketer"] or row["marketer_met_at"] or row["campaign_touched_at"]
    return {
        "id": row["opportunity_id"],
        "url": reading.record_url(row["opportunity_id"]),
        "amount": None if row["amount"] is None else float(row["amount"]),
        "sales_stage": row["sales_stage"],
        "close_on": row["close_on"] and row["close_on"].isoformat(),
        "owner": names.get(row["owner_id"]),
        "is_key": bool(row["is_key"]),
        "risks": _risks(reading, row),
        "is_alone": knows_marketers and not helped,
    }


def _risks(reading: Reading, row: Mapping[str, Any]) -> list[str]:
    found = []
    close_on: date | None = row["close_on"]
    if close_on is None:
        found.append("it has no close date")
    elif close_on < reading.as_of_on:
        found.append("its close date has passed")
    touched = row["last_touch_at"]
    if touched is None:
        found.append("no contact is logged")
    elif touched < reading.as_of - QUIET:
        found.append(f"no contact for {(reading.as_of - touched).days} days")
    return found


def _dropped(reading: Reading, assessed: set[str]) -> tuple[list[LeadForm] | None, int]:
    """The open leads handed over in the last 90 days whose agreed time is over without an answer;
    those that have waited longest first.
    """
    if "lead_followup_rate" not in assessed:
        return None, 0
    since, zone = instant(reading.as_of - LATELY), reading.definitions.calendar.default.timezone

    def day(one: open_leads.OpenLeadForm) -> str:
        return local_day(datetime.fromisoformat(one["handed_off_at"].rstrip("Z")), zone).isoformat()

    late = [
        one
        for one in open_leads.of_reading(reading)["rows"]
        if one["hours_left"] < 0 and one["handed_off_at"] >= since
    ]
    late.sort(key=lambda one: (one["handed_off_at"], one["lead_id"]))
    return [
        {
            "id": one["lead_id"],
            "url": one["link"],
            "handed_off_on": day(one),
            "owner": one["owner"],
        }
        for one in late[:SHOWN]
    ], len(late)


def _rules(reading: Reading) -> list[BrokenForm]:
    """Each rule with what broke it lately."""
    fact = reading.facts["checks"]
    lately = fact.filter((fact.placed_at >= reading.as_of - LATELY) & fact.is_kept.notnull())
    sums = lately.group_by("rule_id").aggregate(
        n=lately.count(), broken=(~lately.is_kept).cast("int64").sum()
    )
    counts = {row["rule_id"]: row for row in reading.engine.run(sums).to_pylist()}
    return [
        {
            "title": rule.title,
            "checked": counts[rule.id]["n"],
            "broken": counts[rule.id]["broken"],
            "records": _breaking(reading, lately.filter(lately.rule_id == rule.id)),
        }
        for rule in reading.definitions.rules
        if rule.id in counts
    ]


def _breaking(reading: Reading, checked: ir.Table) -> list[dict[str, str | None]]:
    broken = checked.filter(~checked.is_kept)
    newest = broken.order_by([ibis.desc(broken.placed_at), broken.record_id]).limit(SHOWN // 2)
    rows = reading.engine.run(newest.select("record_id")).to_pylist()
    # a handoff's id is the lead's, a colon and a number
    ids = list(dict.fromkeys(str(row["record_id"]).partition(":")[0] for row in rows))
    return [{"id": one, "url": reading.record_url(one)} for one in ids]


def _names(reading: Reading, ids: Sequence[str | None]) -> dict[str, str]:
    """The display names of those who are to act."""
    wanted = sorted({one for one in ids if one is not None})
    users = reading.tables["users"]
    found = users.filter(users.user_id.isin(wanted)).select("user_id", "display_name")
    rows = reading.engine.run(found).to_pylist() if wanted else []
    return {row["user_id"]: row["display_name"] for row in rows if row["display_name"]}
