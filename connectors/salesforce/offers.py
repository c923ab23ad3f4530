"""What visible objects and fields amount to: tables and columns on offer, reasons for the rest."""

from collections.abc import Callable, Iterator, Mapping, Sequence
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
    "report_uses.user_id": "Salesforce tells who used a report only in Event Monitoring",
    "sales_stages.is_qualified": "no first sales-qualified stage is configured (qualified_from)",
}


def availability(
    streams: Sequence[Stream], visible: Visible, explain: Explain, dated: bool = True
) -> Availability:
    """The canonical columns that `visible` fields fill; a column counts where every object that
    should give it can. `explain` says why a Salesforce field or object cannot be read.

    A table is left out where one of its objects lacks its id or, when `dated`, a field to see
    changes by, unless `PARTIAL` says what it can still tell. Where an optional object is missing,
    the table is given and what it lacks is said.
    """
    columns: dict[str, frozenset[str]] = {}
    reasons: dict[str, str] = {}
    partial: dict[str, str] = {}
    for table in dict.fromkeys(stream.table for stream in streams):
        every = [stream for stream in streams if stream.table == table]
        lost = [n for s in every if not s.optional for n in unusable(s, visible, dated)]
        members = feeding(streams, table, visible, dated)
        if not members:
            lost = lost or [name for s in every for name in unusable(s, visible, dated)]
            reasons[table] = _sentence(lost, explain)
            continue
        absent = {s.object: unusable(s, visible, dated) for s in every if s.optional}
        gaps = _gaps(members, visible) | {column: lost for column in PARTIAL.get(table, ()) if lost}
        columns[table] = frozenset({*(c for c, lacks in gaps.items() if not lacks), "recorded_at"})
        for column in TABLES[table].columns:
            if column not in columns[table] and column != "deleted_at":
                key = f"{table}.{column}"
                others = [n for s in every if column in s.columns for n in absent.get(s.object, ())]
                lacks = gaps.get(column) or lost or others
                reasons[key] = _sentence(lacks, explain) if lacks else _unmapped(key)
        lacking = [*_absent(every, absent, explain), *_some_rows(every, visible, explain)]
        if lacking:
            partial[table] = "; ".join(lacking)
    return Availability(columns, reasons, partial)


def feeding(
    streams: Sequence[Stream], table: str, visible: Visible, dated: bool = True
) -> list[Stream]:
    """The streams to pull for `table`: all of its, less optional ones that cannot be used; none
    where another one cannot. A table in `PARTIAL` keeps the others, without the columns that
    would mislead.
    """
    members = [stream for stream in streams if stream.table == table]
    usable = [stream for stream in members if not unusable(stream, visible, dated)]
    if all(stream in usable or stream.optional for stream in members):
        return usable
    if table not in PARTIAL:
        return []
    return [
        replace(s, columns={c: made for c, made in s.columns.items() if c not in PARTIAL[table]})
        for s in usable
    ]


def unusable(stream: Stream, visible: Visible, dated: bool = True) -> list[str]:
    """What keeps a stream from giving any row: its object, its id, or a field to date changes;
    for an optional one any field that it needs, or it would take columns from the others.
    """
    fields = visible.get(stream.object)
    if fields is None:
        return [stream.object]
    missing = stream.missing(visible)
    if stream.optional:
        lost = [
            name for column, names in missing.items() if column != "deleted_at" for name in names
        ]
    else:
        lost = list(missing[TABLES[stream.table].key])
    if dated and stream.within and stream.within[1] not in visible:
        lost.append(stream.within[1])
    if dated and not stream.whole and cursor_field(stream, visible) is None:
        lost.append(f"{stream.object}.{next(c for c in CURSORS if c in stream.clocks)}")
    return list(dict.fromkeys(lost))


def cursor_field(stream: Stream, visible: Visible) -> str | None:
    """The best visible field that tells what changed, or None."""
    fields = visible.get(stream.object, frozenset())
    return next((c for c in CURSORS if c in fields and c in stream.clocks), None)


def _absent(
    streams: Sequence[Stream], absent: Mapping[str, Sequence[str]], explain: Explain
) -> Iterator[str]:
    for stream in streams:
        if lost := absent.get(stream.object):
            yield f"{_sentence(lost, explain)}: {stream.optional}"


def _some_rows(streams: Sequence[Stream], visible: Visible, explain: Explain) -> Iterator[str]:
    """Fields whose absence leaves rows out rather than a column."""
    for stream in streams:
        if stream.object == "OpportunityHistory" and stream.object in visible:
            named = (name for name in stream.fields if name != "CurrencyIsoCode")
            lost = [name for name in named if name not in visible[stream.object]]
            for name in lost:
                yield f"{explain(f'{stream.object}.{name}')}: its changes are not seen"


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
