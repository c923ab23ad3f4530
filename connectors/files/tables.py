"""Canonical rows out of mapped columns: constants, logs of events, several files for one table."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from connectors.files.mapping import (
    EVENT_COLUMNS,
    ONE_PER_CASE,
    ColumnSource,
    EventRule,
    Events,
    Scalar,
    text_of,
)
from connectors.files.notes import plural
from connectors.files.staging import ROW
from model.errors import ConfigurationError, DataError
from model.tables import DAY, FLAG, INSTANT, NUMBER, TABLES, TEXT, WHOLE


@dataclass(frozen=True)
class Piece:
    """The rows that one file gives to a table: some of its columns, `_row` no longer among them."""

    label: str
    rows: pa.Table


def constant(value: Scalar, kind: pa.DataType, zone: ZoneInfo, where: str) -> pa.Scalar:
    """A constant of the mapping in a column's type. Raises ConfigurationError."""
    try:
        if value is None:
            return pa.scalar(None, kind)
        if kind == TEXT:
            return pa.scalar(text_of(value), TEXT)
        if kind == FLAG and isinstance(value, bool):
            return pa.scalar(value)
        if kind in (NUMBER, WHOLE) and isinstance(value, int | float) and value is not True:
            return pa.scalar(value, kind)
        if kind in (INSTANT, DAY) and isinstance(value, date | str):
            at = datetime.fromisoformat(value if isinstance(value, str) else value.isoformat())
            if kind == DAY:
                return pa.scalar(at.date(), DAY)
            at = at if at.tzinfo else at.replace(tzinfo=zone)
            return pa.scalar(at.astimezone(UTC).replace(tzinfo=None), INSTANT)
    except (ValueError, pa.ArrowInvalid):
        pass
    raise ConfigurationError(f"the constant {value!r} is not a {kind}", where)


def keyed(label: str, table: str, rows: pa.Table, word: str) -> tuple[pa.Table, int]:
    """`rows` with one row for each key, the last of each; and how many keys came twice.

    `rows` of the file `label` still have `_row`, counted in `word`s. Raises DataError for a row
    without a key.
    """
    key = TABLES[table].key
    missing = pc.index(pc.is_null(rows[key]), True).as_py() if rows[key].null_count else -1
    if missing >= 0:
        raise DataError(
            f"the row gives no {key}",
            f"{label}, {word} {rows[ROW][missing].as_py()}",
            "Nothing was imported; mend the row, or leave it out with `where`.",
        )
    places = rows.append_column("_place", pa.array(range(rows.num_rows), pa.int64()))
    last = places.group_by(key, use_threads=False).aggregate([("_place", "max"), (key, "count")])
    twice = pc.sum(pc.greater(last[f"{key}_count"], 1)).as_py() or 0
    if twice:
        rows = rows.take(last["_place_max"])
    return rows.drop_columns(ROW), twice


def combined(table: str, pieces: Sequence[Piece]) -> pa.Table:
    """The rows of all pieces; those that share a key complete each other.

    Raises DataError where two give different values for one column of one record.
    """
    key = TABLES[table].key
    every = pa.concat_tables([p.rows for p in pieces], promote_options="default")
    columns = [name for name in every.column_names if name != key]
    if len(pieces) == 1 or not columns:
        return every if len(pieces) == 1 else every.group_by(key, use_threads=False).aggregate([])
    wanted = [(name, how) for name in columns for how in ("min", "max")]
    found = every.group_by(key, use_threads=False).aggregate(wanted)
    for name in columns:
        differs = pc.sum(pc.not_equal(found[f"{name}_min"], found[f"{name}_max"])).as_py() or 0
        if differs:
            labels = ", ".join(
                dict.fromkeys(p.label for p in pieces if name in p.rows.column_names)
            )
            raise DataError(
                f"{plural(differs, 'record')} would have two values of {table}.{name}",
                labels,
                f"Map {name} from one of them; if their {key}s are not the same records, "
                "give one a prefix.",
            )
    made = {key: found[key], **{name: found[f"{name}_max"] for name in columns}}
    return pa.table(made)


def events_of(
    table: str, events: Events, log: pa.Table, constants: Mapping[tuple[int, str], pa.Scalar]
) -> list[pa.Table]:
    """What a log gives to a table: for each rule, rows that still have `_row`.

    `log` has `_row`, `case`, `name`, `at`, perhaps `by`, and `<rule>:<column>` for what rules read
    from columns of their own.
    """
    log = log.take(pc.sort_indices(log, [("at", "ascending"), (ROW, "ascending")]))
    made = []
    for index, rule in enumerate(events.rows):
        rows = log.filter(pc.is_in(log["name"], pa.array(rule.when, TEXT))) if rule.when else log
        columns = _filled(table, rule)
        given = {ROW: rows[ROW]}
        for column, source in columns.items():
            if isinstance(source, str):
                if source in rows.column_names:
                    given[column] = rows[source]
            elif source.is_constant:
                given[column] = pa.repeat(constants[index, column], rows.num_rows)
            else:
                given[column] = rows[f"{index}:{column}"]
        made.append(
            _per_case(table, rule, pa.table(given))
            if table in ONE_PER_CASE
            else _numbered(table, index, rows, pa.table(given))
        )
    return made


def _filled(table: str, rule: EventRule) -> dict[str, str | ColumnSource]:
    """A rule's columns, with the parts of the event that go without saying."""
    if table in ONE_PER_CASE:
        return {TABLES[table].key: "case", **rule.columns}
    usual = {column: word for word, column in EVENT_COLUMNS[table].items()}
    if "case" in rule.columns.values():
        usual = {column: word for column, word in usual.items() if word != "case"}
    return {**usual, **rule.columns}


def _per_case(table: str, rule: EventRule, rows: pa.Table) -> pa.Table:
    key = TABLES[table].key
    columns = [name for name in rows.column_names if name != key]
    found = rows.group_by(key, use_threads=False).aggregate([(n, rule.take) for n in columns])
    return found.rename_columns({f"{name}_{rule.take}": name for name in columns})


def _numbered(table: str, index: int, log: pa.Table, rows: pa.Table) -> pa.Table:
    """Rows with an id of case, event, time and rule; a number tells equal ones apart."""
    key = TABLES[table].key
    if key in rows.column_names:
        return rows
    at = pc.strftime(log["at"].cast(pa.timestamp("ms"), safe=False), "%Y-%m-%dT%H:%M:%S")
    parts = (log["case"], log["name"], at, str(index + 1))
    ids: list[str | None] = pc.binary_join_element_wise(*parts, "|").to_pylist()
    seen: Counter[str | None] = Counter()
    for place, id_ in enumerate(ids):
        seen[id_] += 1
        if seen[id_] > 1 and id_ is not None:
            ids[place] = f"{id_}|{seen[id_]}"
    return rows.append_column(key, pa.array(ids, TEXT))
