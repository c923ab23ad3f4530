"""The mapping file: which file and column feeds which canonical table and column.

    timezone: Europe/Berlin
    tables:
      leads:
        file: leads.csv
        columns: {lead_id: Lead ID, created_at: {column: Created, format: "%d.%m.%Y %H:%M"}}

See docs/files.md for all of it. Nothing here opens a data file.
"""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from model.definitions import Zone
from model.documents import Place, parse_yaml
from model.errors import ConfigurationError
from model.parts import Names, Part
from model.tables import DAY, INSTANT, TABLES, TEXT
from model.validation import place_of, suggest, validated

Scalar = str | bool | int | float | date | datetime | None
WORDS = ("case", "name", "at", "by")

# Where the parts of an event go, unless a rule says otherwise.
EVENT_COLUMNS: dict[str, dict[str, str]] = {
    "lead_changes": {"case": "lead_id", "at": "changed_at", "by": "changed_by"},
    "opportunity_changes": {"case": "opportunity_id", "at": "changed_at", "by": "changed_by"},
    "activities": {"case": "lead_id", "at": "occurred_at", "by": "performed_by"},
    "campaign_members": {"case": "lead_id", "at": "added_at", "by": "added_by"},
    "content_links": {"case": "opportunity_id", "at": "linked_at", "by": "author_id"},
}
ONE_PER_CASE = ("leads", "opportunities", "accounts", "contacts")


def text_of(value: Scalar) -> str | None:
    """A YAML value as the text that a file would hold."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):  # and datetime
        return value.isoformat()
    return None if value is None else str(value)


def _texts(values: Any) -> Any:
    if not isinstance(values, dict):
        return values
    for key in values:
        if isinstance(key, bool) or key is None:
            raise ValueError("YAML reads yes, no, on, off and null as its own: quote this key")
    return {str(key): value for key, value in values.items()}


def _as_column(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


class ColumnSource(Part):
    """Where a canonical column comes from: a column, several joined by `/`, or a constant.

    `format` is that of dates (strptime), `timezone` that of times without one; `values` replaces
    whole values; `prefix` stands before every value (ids of two files that would collide).
    """

    column: str | None = None
    columns: Names = ()
    constant: Scalar = None
    format: str | None = None
    timezone: Zone | None = None
    values: Annotated[dict[str, Scalar], BeforeValidator(_texts)] = {}
    prefix: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> "ColumnSource":
        given = [k for k in ("column", "columns", "constant") if k in self.model_fields_set]
        if len(given) != 1:
            raise ValueError("name one of column, columns or constant")
        if given == ["constant"] and len(self.model_fields_set) > 1:
            raise ValueError("a constant takes no other key")
        return self

    @property
    def is_constant(self) -> bool:
        """Whether it reads no column."""
        return "constant" in self.model_fields_set

    @property
    def reads(self) -> Names:
        """The columns of the file that it reads."""
        return self.columns or ((self.column,) if self.column is not None else ())


From = Annotated[ColumnSource, BeforeValidator(_as_column)]
Wanted = Annotated[tuple[Scalar, ...], BeforeValidator(_as_list)]


class EventRule(Part):
    """What the events named `when` become; without `when`, every event.

    In `columns` a word of `case`, `name`, `at`, `by` is that part of the event. In tables with one
    row for each case, `take` says whether the first or the last such event counts.
    """

    when: Annotated[Names | None, BeforeValidator(lambda v: v if v is None else _as_list(v))] = None
    take: Literal["first", "last"] = "first"
    columns: dict[str, str | ColumnSource]

    @model_validator(mode="before")
    @classmethod
    def _columns_apart(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        known = {key: value for key, value in data.items() if key in ("when", "take")}
        rest = {key: _event_column(value) for key, value in data.items() if key not in known}
        return {**known, "columns": rest}


def _event_column(value: Any) -> Any:
    return value if value in WORDS or isinstance(value, dict) else {"constant": value}


class Events(Part):
    """A log of events: the columns that hold the case, the event's name, its time, its actor."""

    case: From
    name: From
    at: From
    by: From | None = None
    rows: Annotated[tuple[EventRule, ...], Field(min_length=1)]

    def part(self, word: str) -> ColumnSource | None:
        """The column behind one of the words `case`, `name`, `at`, `by`."""
        source: ColumnSource | None = getattr(self, word)
        return source


class TableSource(Part):
    """One file that feeds a canonical table: row by row (`columns`) or as a log (`events`).

    `where` keeps the rows whose column has one of the values; null stands for empty.
    """

    file: str
    columns: dict[str, From] = {}
    where: dict[str, Wanted] = {}
    events: Events | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "TableSource":
        if bool(self.columns) == (self.events is not None):
            raise ValueError("give either columns or events")
        return self

    def sources(self) -> Iterator[ColumnSource]:
        """Every column source of the table."""
        yield from self.columns.values()
        if self.events:
            yield from (part for word in WORDS if (part := self.events.part(word)))
            for rule in self.events.rows:
                yield from (own for own in rule.columns.values() if isinstance(own, ColumnSource))

    @property
    def reads(self) -> dict[str, None]:
        """Every column of the file that is needed, in order."""
        read = [name for source in self.sources() for name in source.reads]
        return dict.fromkeys([*read, *self.where])


class Mapping(Part):
    """All of a mapping file. `decimal` is the sign before the decimals of numbers."""

    timezone: Zone | None = None
    decimal: Literal[".", ","] = "."
    tables: dict[str, Annotated[tuple[TableSource, ...], BeforeValidator(_as_list)]]


def load(path: Path) -> Mapping:
    """The mapping at `path`, checked against the canonical tables.

    Raises ConfigurationError naming the file, the line and the key.
    """
    try:
        text = path.expanduser().read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(
            "no such file", str(path), "Check `mapping` of this source."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"cannot be read ({type(error).__name__})", str(path), "It must be a UTF-8 text file."
        ) from None
    data, places = parse_yaml(text, str(path))
    mapping = validated(Mapping, data, str(path), _with_indexes(data, places))
    for key, problem, todo in _problems(mapping):
        at = place_of(key.split("."), places)
        place = f"{path}, {at}" if at else str(path)
        raise ConfigurationError(problem, f"{place}, key {key}", todo)
    return mapping


def _with_indexes(data: dict[str, Any], places: dict[str, Place]) -> dict[str, Place]:
    """`places`, also under the keys that a single source would have as the only one of a list."""
    tables = data.get("tables")
    single = (
        [k for k, v in tables.items() if isinstance(v, dict)] if isinstance(tables, dict) else []
    )
    more = {
        f"tables.{name}.0.{key.removeprefix(f'tables.{name}.')}": place
        for name in single
        for key, place in places.items()
        if key.startswith(f"tables.{name}.")
    }
    return {**places, **more}


def _problems(mapping: Mapping) -> Iterator[tuple[str, str, str]]:
    """Key, problem and advice for whatever does not fit the canonical tables."""
    if not mapping.tables:
        yield "tables", "no table is mapped", "Name at least one."
    for table, sources in mapping.tables.items():
        if table not in TABLES:
            yield f"tables.{table}", f"no canonical table {table}", suggest(table, [*TABLES])
            return
        for index, source in enumerate(sources):
            key = f"tables.{table}" + (f".{index}" if len(sources) > 1 else "")
            if source.events:
                yield from _event_problems(key, table, source.events)
            else:
                yield from _column_problems(f"{key}.columns", table, source.columns)
                if TABLES[table].key not in source.columns:
                    yield (
                        f"{key}.columns",
                        f"{TABLES[table].key} is not mapped",
                        "It tells the rows apart; several columns can make it: {columns: [A, B]}.",
                    )


def _column_problems(
    key: str, table: str, columns: dict[str, ColumnSource]
) -> Iterator[tuple[str, str, str]]:
    known = TABLES[table].columns
    for column, source in columns.items():
        place = f"{key}.{column}"
        if column not in known:
            yield place, f"{table} has no column {column}", suggest(column, [*known])
            continue
        kind = TABLES[table].schema.field(column).type
        if kind not in (INSTANT, DAY) and (source.format or source.timezone):
            yield place, f"{table}.{column} is no date", "Leave out format and timezone."
        if kind != TEXT and (source.prefix or source.columns):
            yield place, f"{table}.{column} is not text", "Leave out prefix; name one column."


def _event_problems(key: str, table: str, events: Events) -> Iterator[tuple[str, str, str]]:
    if table not in EVENT_COLUMNS and table not in ONE_PER_CASE:
        known = [*ONE_PER_CASE, *EVENT_COLUMNS]
        yield f"{key}.events", f"events cannot become {table}", f"They can: {', '.join(known)}."
        return
    if events.at.is_constant or events.case.is_constant or events.name.is_constant:
        yield f"{key}.events", "case, name and at must be columns", "Name them."
    for index, rule in enumerate(events.rows):
        place = f"{key}.events.rows.{index}"
        own = {c: s for c, s in rule.columns.items() if isinstance(s, ColumnSource)}
        yield from _column_problems(place, table, own)
        for column, word in rule.columns.items():
            if column in own:
                continue
            if column not in TABLES[table].columns:
                known = [*TABLES[table].columns]
                yield f"{place}.{column}", f"{table} has no column {column}", suggest(column, known)
            elif TABLES[table].schema.field(column).type != (INSTANT if word == "at" else TEXT):
                yield f"{place}.{column}", f"{word} of an event does not fit {table}.{column}", ""
            elif word == "by" and events.by is None:
                yield f"{key}.events", "by is not mapped, but a rule reads it", "Name its column."
