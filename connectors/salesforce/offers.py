"""What visible objects and fields amount to: tables and columns on offer, reasons for the rest."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from connectors.salesforce.shapes import CURSORS, Stream, Visible
from model.availability import Availability
from model.tables import TABLES

Explain = Callable[[str], str]  # "Lead.Rating" -> "Lead.Rating is not visible to …"

PARTIAL = {"activities": ("occurred_at",)}
"""What a table does not tell where one of its objects is missing: tasks without events, with their
times, would make a lead look untouched that somebody met."""

_DERIVED = {
    "users.function": "the CRM does not say it; it comes from the configured functions",
    "users.is_automation": "the CRM does not say it; name automation_users in the configuration",
    "queues.function": "the CRM does not say it; it comes from the configured functions",
    "sales_stages.is_qualified": "no first sales-qualified stage is configured (qualified_from)",
}


def availability(
    streams: Sequence[Stream], visible: Visible, explain: Explain, dated: bool = True
) -> Availability:
    """The canonical columns that `visible` fields fill; a column counts where every object that
    should give it can. `explain` says why a Salesforce field or object cannot be read.

    A table is left out where one of its objects lacks its id or, when `dated`, a field to see
    changes by, unless `PARTIAL` says what it can still tell.
    """
    columns: dict[str, frozenset[str]] = {}
    reasons: dict[str, str] = {}
    for table in dict.fromkeys(stream.table for stream in streams):
        every = [stream for stream in streams if stream.table == table]
        lost = [name for s in every for name in unusable(s, visible, dated)]
        members = feeding(streams, table, visible, dated)
        if not members:
            reasons[table] = _sentence(lost, explain)
            continue
        gaps = _gaps(members, visible) | {column: lost for column in PARTIAL.get(table, ()) if lost}
        columns[table] = frozenset({*(c for c, lacks in gaps.items() if not lacks), "recorded_at"})
        for column in TABLES[table].columns:
            if column not in columns[table] and column != "deleted_at":
                key = f"{table}.{column}"
                lacks = gaps.get(column) or lost
                reasons[key] = _sentence(lacks, explain) if lacks else _unmapped(key)
    return Availability(columns, reasons)


def feeding(
    streams: Sequence[Stream], table: str, visible: Visible, dated: bool = True
) -> list[Stream]:
    """The streams to pull for `table`: all of its, or none where one cannot be used. A table in
    `PARTIAL` keeps the others, without the columns that would mislead.
    """
    members = [stream for stream in streams if stream.table == table]
    usable = [stream for stream in members if not unusable(stream, visible, dated)]
    if len(usable) == len(members):
        return members
    if table not in PARTIAL:
        return []
    return [
        replace(s, columns={c: made for c, made in s.columns.items() if c not in PARTIAL[table]})
        for s in usable
    ]


def unusable(stream: Stream, visible: Visible, dated: bool = True) -> list[str]:
    """What keeps a stream from giving any row: its object, its id, or a field to date changes."""
    fields = visible.get(stream.object)
    if fields is None:
        return [stream.object]
    lost = list(stream.missing(visible)[TABLES[stream.table].key])
    if dated and not stream.whole and cursor_field(stream, visible) is None:
        lost.append(f"{stream.object}.{next(c for c in CURSORS if c in stream.clocks)}")
    return lost


def cursor_field(stream: Stream, visible: Visible) -> str | None:
    """The best visible field that tells what changed, or None."""
    fields = visible.get(stream.object, frozenset())
    return next((c for c in CURSORS if c in fields and c in stream.clocks), None)


def partial(streams: Sequence[Stream], visible: Visible, explain: Explain) -> Iterator[str]:
    """Sentences for fields whose absence leaves rows out rather than a column."""
    for stream in streams:
        if stream.object == "OpportunityHistory" and stream.object in visible:
            lost = [f for f in stream.fields if f not in visible[stream.object]]
            for name in lost:
                why = explain(f"{stream.object}.{name}")
                yield f"opportunity_changes lacks some changes: {why}"


def _gaps(members: Sequence[Stream], visible: Visible) -> dict[str, list[str]]:
    gaps: dict[str, list[str]] = {}
    for stream in members:
        for column, lacks in stream.missing(visible).items():
            gaps.setdefault(column, []).extend(lacks)
    return gaps


def _sentence(lost: Sequence[str], explain: Explain) -> str:
    return "; ".join(explain(name) for name in dict.fromkeys(lost))


def _unmapped(key: str) -> str:
    return _DERIVED.get(key, f"no field is mapped to it (fields: {{{key}: …}})")
