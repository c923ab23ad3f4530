"""What alerts look at: the newest figures, the waiting leads, the sources and the last sync."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from metrics.alerts import WITHIN, Sight, against_own_past, own_past, stage_beyond_doubt
from metrics.declaration import Indicator
from metrics.indicators import CATALOGUE
from model.alerts import Known
from model.stages import STAGES, Stage
from monitor.content import COMPANY
from monitor.open_leads import OpenLeadForm, open_leads
from monitor.outputs.words import amount, figure, interval
from monitor.report import IndicatorForm, estimate_of
from monitor.workspace import Workspace
from store.records.runs import STOPPED
from store.records.snapshots import Snapshot, SnapshotHead

MOST_REASONS = 3


def seen(workspace: Workspace, known: Mapping[str, Known], now: datetime) -> Iterator[Sight]:
    """Everything that the configured rules look at, as it stands at `now` (naive UTC)."""
    rules = workspace.settings.alerts.rules
    if rules.sync:
        yield from _sync(workspace)
    freshness = list(_stale(workspace, now))
    if rules.stale:
        yield from freshness
    if rules.sla and freshness and not freshness[0].is_bad:
        yield from _sla(workspace)
    if rules.headline or rules.indicators:
        heads = workspace.records.snapshots.list()
        live = [head for head in heads if head.kind == "live"]
        if live:
            newest = workspace.records.snapshots.get(live[-1].id)
            if rules.headline:
                yield from _headline(newest, known, workspace)
            if rules.indicators and newest.definitions == workspace.definitions_version:
                yield from _indicators(newest, heads, known, workspace)


def local(workspace: Workspace, at: datetime) -> str:
    """A naive UTC instant on the organisation's clock."""
    zone = workspace.settings.calendar.default.timezone
    there = at.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone))
    return f"{there:%Y-%m-%d %H:%M} ({zone})"


def _page(workspace: Workspace, place: str = "") -> str:
    link = workspace.settings.alerts.link
    return "" if link is None else f"\n{link.rstrip('/')}/{place}"


def _sync(workspace: Workspace) -> Iterator[Sight]:
    run = workspace.records.runs.newest_ended()
    if run is None or run.report.get("error") == STOPPED:
        return
    why = str(run.report.get("error") or "")
    if run.state == "partial":
        sources = run.report.get("sources", [])
        lines = [line for one in sources for line in one.get("incomplete", ())]
        lines += [f"{one['name']}: {one['error']}" for one in sources if one.get("error")]
        why = "; ".join(lines[:MOST_REASONS]) + (" and more" if len(lines) > MOST_REASONS else "")
    title = {
        "failed": "The sync failed: no new records came in",
        "partial": "The sync brought only some of the records",
    }
    ended = local(workspace, run.ended_at or run.started_at)
    yield Sight(
        "sync",
        "sync",
        run.state,
        is_bad=run.state != "done",
        title=title.get(run.state, ""),
        why=f"{ended}: {why}{_page(workspace, 'health')}",
    )


def _stale(workspace: Workspace, now: datetime) -> Iterator[Sight]:
    manifest = workspace.lake.manifest()
    if manifest is None:
        return
    age = now - manifest.cutoff_at
    is_bad = age > timedelta(hours=workspace.settings.alerts.stale_hours)
    hours = age.total_seconds() / 3600
    yield Sight(
        "stale",
        "stale",
        "stale" if is_bad else "fresh",
        is_bad=is_bad,
        title=f"No new records for {hours:,.0f} hours",
        why=f"What we know ends at {local(workspace, manifest.cutoff_at)}; figures speak of then."
        f"{_page(workspace, 'health')}",
    )


def _sla(workspace: Workspace) -> Iterator[Sight]:
    soon = workspace.settings.alerts.sla_hours
    for row in open_leads(workspace)["rows"]:
        if 0 < row["hours_left"] <= soon:
            key = f"sla:{row['lead_id']}:{row['handed_off_at']}"
            yield Sight(key, "sla", "due", why=_waiting(workspace, row))


def _waiting(workspace: Workspace, row: OpenLeadForm) -> str:
    whose = row["owner"] or row["owner_id"] or "nobody"
    until = ""
    if row["due_at"]:
        until = f", until {local(workspace, datetime.fromisoformat(row['due_at'].rstrip('Z')))}"
    left = f"{row['hours_left']:.1f} of {row['sla_hours']:g} business hours left{until}"
    return f"{whose}: lead {row['lead_id']}, {left}. {row['link'] or ''}".rstrip()


def _headline(
    newest: Snapshot, known: Mapping[str, Known], workspace: Workspace
) -> Iterator[Sight]:
    stage = newest.payload["stage"]
    if stage["headline"] is None:
        return
    before = known.get("headline")
    was = f", it was {before.state.title()}" if before else ""
    yield Sight(
        "headline",
        "headline",
        stage["headline"],
        is_news=True,
        title=f"Sales and Marketing are now {stage['headline'].title()}{was}",
        why=f"{stage['sentence']} Snapshot {newest.id}, as of "
        f"{local(workspace, newest.as_of_at)}.{_page(workspace)}",
    )


def _indicators(
    newest: Snapshot, heads: list[SnapshotHead], known: Mapping[str, Known], workspace: Workspace
) -> Iterator[Sight]:
    same = {
        one.id
        for one in heads
        if one.definitions == newest.definitions and one.as_of_at < newest.as_of_at
    }
    for row in newest.payload["indicators"]["rows"]:
        if row["id"] in CATALOGUE and not row["segment"]:
            one = CATALOGUE[row["id"]].under(workspace.definitions)
            place = _page(workspace, f"indicators?indicator={one.id}")
            yield from _anchor(one, row, newest.definitions, known, place)
            past = own_past(_points(workspace, one.id, same), newest.as_of_at)
            yield from _past(one, row, past, newest.definitions, place)


def _points(
    workspace: Workspace, indicator: str, snapshots: set[str]
) -> list[tuple[datetime, float]]:
    """The indicator's values in these snapshots."""
    rows = workspace.records.snapshots.values(indicator, *COMPANY)
    return [
        (row["as_of_at"], row["value"])
        for row in rows
        if row["snapshot_id"] in snapshots and row["value"] is not None
    ]


def _anchor(
    one: Indicator, row: IndicatorForm, definitions: str, known: Mapping[str, Known], place: str
) -> Iterator[Sight]:
    key = f"anchor:{definitions}:{one.id}"
    before = Stage(known[key].state) if key in known else None
    stage = stage_beyond_doubt(one, estimate_of(row), before)
    if stage is None:
        return
    was = before or stage
    went = "has risen to" if stage.rank > was.rank else "has fallen to"
    upper = STAGES[max(was.rank, stage.rank, 1)]
    border = one.anchors[upper.rank - 1]
    yield Sight(
        key,
        "indicators",
        stage.value,
        is_news=True,
        title=f"{one.title}: {went} {stage.value.title()}",
        why=f"{_value(row, one)}.\n{upper.value.title()} begins at "
        f"{amount(border.value, one.unit)}.{place}",
    )


def _past(
    one: Indicator, row: IndicatorForm, past: list[float], definitions: str, place: str
) -> Iterator[Sight]:
    found = against_own_past(one.unit, estimate_of(row), past)
    if found is None:
        return
    usual = f"{amount(min(past), one.unit)} to {amount(max(past), one.unit)}"
    yield Sight(
        f"past:{definitions}:{one.id}",
        "indicators",
        found,
        is_bad=found != WITHIN,
        title=f"{one.title}: unusually {'high' if found == 'above' else 'low'}",
        why=f"{_value(row, one)}.\nIn the {len(past)} months before it was {usual}.{place}",
    )


def _value(row: IndicatorForm, one: Indicator) -> str:
    likely = interval(row, one.unit)
    return f"{figure(row, one.unit)}{f' (likely {likely})' if likely else ''}, n = {row['n']:,}"
