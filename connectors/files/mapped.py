"""Files of any kind, read as a mapping says, into canonical tables."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.files.columns import Filter, Outcome, Reading, Survey, Target, convert, survey
from connectors.files.inputs import InputFile, find
from connectors.files.mapping import (
    WORDS,
    ColumnSource,
    Scalar,
    TableSource,
    load,
    text_of,
)
from connectors.files.notes import Notes, closest, listed, plural
from connectors.files.orders import settle
from connectors.files.settings import FilesSource
from connectors.files.staging import ROW, Staged, stage
from connectors.files.tables import Piece, combined, constant, events_of, keyed
from model.availability import Availability
from model.errors import ConfigurationError, DataError
from model.tables import INSTANT, TABLES, TEXT

_RECORD_KEEPING = ("recorded_at", "created_at", "changed_at", "added_at", "linked_at")


@dataclass(frozen=True)
class _Use:
    """One source of one table, ready to be read."""

    key: str
    table: str
    source: TableSource
    staged: Staged
    targets: tuple[Target, ...]
    keep: Filter


class Mapped:
    """The canonical tables of a mapping, read whole below `work` when made.

    Raises ConfigurationError where the mapping does not fit the files, else SourceError.
    """

    def __init__(self, settings: FilesSource, mapping_file: Path, work: Path) -> None:
        self._settings = settings
        self._mapping = load(mapping_file)
        self._where = str(mapping_file)
        self._work = work
        self._zone = ZoneInfo(self._mapping.timezone or settings.timezone or "UTC")
        self.notes = Notes()
        self._staged: dict[InputFile, Staged] = {}
        uses = list(self._uses(find(settings.path)))
        self._latest: list[datetime] = []
        self._read(uses)
        self.cutoff_at = self._cutoff()
        self._say_unrecorded()

    # What there is.

    @property
    def availability(self) -> Availability:
        """What the mapping gives; the reasons name the mapping."""
        columns = {
            name: frozenset({*rows.column_names, "recorded_at"})
            for name, rows in self._tables.items()
        }
        reasons = {
            f"{table}.{column}": f"the mapping gives no {table}.{column}"
            for table, given in columns.items()
            for column in TABLES[table].columns
            if column not in given
        }
        absent = {t: f"the mapping does not name {t}" for t in TABLES if t not in columns}
        return Availability(columns, {**reasons, **absent})

    def rows(self, table: str) -> pa.Table:
        """All canonical rows of a table; rows that nothing dates are recorded at the cutoff."""
        rows = TABLES[table].conform(self._tables[table])
        at = rows.schema.get_field_index("recorded_at")
        known = pc.coalesce(rows["recorded_at"], pa.scalar(self.cutoff_at, INSTANT))
        return rows.set_column(at, "recorded_at", known)

    def content(self, table: str) -> str:
        """A digest of everything that decides the rows of a table."""
        sum_ = hashlib.sha256(self._mapping.model_dump_json().encode())
        files = {source.file.casefold() for source in self._mapping.tables[table]}
        for file, staged in sorted(self._staged.items(), key=lambda item: item[0].label):
            if {file.label.casefold(), file.name.casefold()} & files:
                sum_.update(staged.digest.encode())
        sum_.update(f"{self._zone.key} {self._settings.day_first} {self.cutoff_at}".encode())
        return sum_.hexdigest()

    # Reading.

    def _uses(self, files: list[InputFile]) -> Iterator[_Use]:
        needed: dict[InputFile, dict[str, None]] = {}
        found: list[tuple[str, str, int, TableSource, InputFile]] = []
        for table, sources in self._mapping.tables.items():
            for index, source in enumerate(sources):
                key = f"tables.{table}" + (f".{index}" if len(sources) > 1 else "")
                file = self._file(files, source.file, key)
                needed.setdefault(file, {}).update(source.reads)
                found.append((key, table, index, source, file))
        for number, (file, columns) in enumerate(needed.items()):
            self._staged[file] = self._stage(file, list(columns), number)
        for key, table, index, source, file in found:
            staged = self._staged[file]
            targets = tuple(self._targets(table, source, staged))
            joined = {_joined(c): c.columns for c in source.sources() if c.columns}
            where = {
                column: tuple(t for value in values for t in _spellings(value))
                for column, values in source.where.items()
            }
            yield _Use(f"{key}#{index}", table, source, staged, targets, Filter(where, joined))

    def _file(self, files: list[InputFile], name: str, key: str) -> InputFile:
        wanted = name.casefold()
        same = [f for f in files if wanted in (f.name.casefold(), f.label.casefold())]
        if len(same) == 1:
            return same[0]
        if same:
            raise ConfigurationError(
                f"several files are named {name}: {listed(f.label for f in same)}",
                f"{self._where}, key {key}",
                "Write the name with that of its zip.",
            )
        raise ConfigurationError(
            f"{name} is not among the files",
            f"{self._where}, key {key}",
            f"There are: {listed(closest(name, [f.label for f in files]))}.",
        )

    def _stage(self, file: InputFile, columns: list[str], number: int) -> Staged:
        def choose(header: list[str]) -> list[str]:
            for column in columns:
                if column not in header:
                    raise ConfigurationError(
                        f"{file.label} has no column {column!r}",
                        self._where,
                        f"It has: {listed(closest(column, header))}.",
                    )
            return columns

        path = self._work / f"{number}.text.parquet"
        staged = stage(file, choose, path, self._settings.encoding)
        self.notes.encoding(staged)
        return staged

    def _targets(self, table: str, source: TableSource, staged: Staged) -> Iterator[Target]:
        schema = TABLES[table].schema
        for column, made in source.columns.items():
            if not made.is_constant:
                yield self._target(column, schema.field(column).type, made, staged)
        if source.events is None:
            return
        for word in WORDS:
            part = source.events.part(word)
            if part is not None:
                yield self._target(word, INSTANT if word == "at" else TEXT, part, staged)
        for index, rule in enumerate(source.events.rows):
            for column, own in rule.columns.items():
                if isinstance(own, ColumnSource) and not own.is_constant:
                    kind = schema.field(column).type
                    yield self._target(f"{index}:{column}", kind, own, staged)

    def _target(self, name: str, kind: pa.DataType, made: ColumnSource, staged: Staged) -> Target:
        return Target(
            name,
            made.column if made.column is not None else _joined(made),
            kind,
            ZoneInfo(made.timezone) if made.timezone else self._zone,
            format=made.format,
            decimal="." if staged.typed else self._mapping.decimal,
            values={key: text_of(value) for key, value in made.values.items()},
            prefix=made.prefix,
        )

    def _read(self, uses: list[_Use]) -> None:
        surveys = {use.key: survey(use.staged, use.targets, use.keep) for use in uses}
        orders = settle(surveys, self._settings.day_first)
        for key, name in sorted(orders.open):
            use = next(use for use in uses if use.key == key)
            column = next(t.column for t in use.targets if t.name == name)
            raise ConfigurationError(
                f"the dates of {column} can be month/day or day/month and nothing tells which",
                f"{self._where}, file {use.staged.file.label}",
                'Give the column a format, such as "%d/%m/%Y".',
            )
        pieces: dict[str, list[Piece]] = {}
        for number, use in enumerate(uses):
            order = {t.name: orders.day_first.get((use.key, t.name), False) for t in use.targets}
            how = Reading(surveys[use.key], order)
            path = self._work / f"{number}.typed.parquet"
            outcome = convert(use.staged, use.targets, how, use.keep, path)
            self.notes.clocks(use.staged, outcome)
            self._say_zones(use, surveys[use.key])
            pieces.setdefault(use.table, []).extend(self._pieces(use, outcome))
        self._tables = {table: combined(table, parts) for table, parts in pieces.items()}

    def _pieces(self, use: _Use, outcome: Outcome) -> Iterator[Piece]:
        label = use.staged.file.label
        rows = pq.read_table(outcome.path)
        where = f"{self._where}, tables.{use.table}"
        schema = TABLES[use.table].schema
        if use.source.events is None:
            for column, made in use.source.columns.items():
                if made.is_constant:
                    value = constant(made.constant, schema.field(column).type, self._zone, where)
                    rows = rows.append_column(column, pa.repeat(value, rows.num_rows))
            self._latest += [outcome.latest[c] for c in _RECORD_KEEPING if c in outcome.latest]
            found = [rows]
        else:
            self._check_events(use, rows)
            fixed = {
                (index, column): constant(
                    own.constant, schema.field(column).type, self._zone, where
                )
                for index, rule in enumerate(use.source.events.rows)
                for column, own in rule.columns.items()
                if isinstance(own, ColumnSource) and own.is_constant
            }
            self._latest += [outcome.latest["at"]] if "at" in outcome.latest else []
            found = events_of(use.table, use.source.events, rows, fixed)
        for made_rows in found:
            kept, twice = keyed(label, use.table, made_rows, use.staged.row_word())
            if twice:
                self.notes.add(
                    f"{plural(twice, 'duplicated id')} in {label} ({use.table}); the last row of "
                    "each was kept"
                )
            yield Piece(label, kept)

    def _check_events(self, use: _Use, log: pa.Table) -> None:
        label = use.staged.file.label
        for part in ("case", "at"):
            if log[part].null_count:
                row = log[ROW][pc.index(pc.is_null(log[part]), True).as_py()].as_py()
                raise DataError(
                    f"the event has no {part}",
                    f"{label}, {use.staged.row_word()} {row}",
                    "Nothing was imported; mend the row, or leave it out with `where`.",
                )
        if use.source.events is None or any(r.when is None for r in use.source.events.rows):
            return
        named = {name for rule in use.source.events.rows for name in rule.when or ()}
        present = set(log["name"].unique().to_pylist()) - {None}
        if unmet := sorted(named - present):
            there = listed(closest(unmet[0], sorted(present)))
            self.notes.add(f"{label} has no event {listed(unmet)}; it has {there or 'none'}")

    # Saying what was noticed.

    def _cutoff(self) -> datetime:
        if self._settings.exported_at is not None:
            return self._settings.exported_at
        newest = max(file.modified_at for file in self._staged)
        return self.notes.cutoff(max(self._latest, default=None), newest)

    def _say_zones(self, use: _Use, found: Survey) -> None:
        said = self._mapping.timezone or self._settings.timezone
        local = [
            f"{use.staged.file.label} {target.column}"
            for target in use.targets
            if target.type == INSTANT and _is_local(target, found)
        ]
        if local and not said:
            self.notes.add(
                f"times without a time zone in {listed(local)}: read as UTC; say timezone if that "
                "is wrong"
            )

    def _say_unrecorded(self) -> None:
        bare = [t for t, rows in self._tables.items() if "recorded_at" not in rows.column_names]
        if bare:
            self.notes.add(
                f"the mapping gives no recorded_at for {listed(bare)}: these rows count from the "
                "export on, not at earlier dates"
            )


def _is_local(target: Target, found: Survey) -> bool:
    if target.format:
        return "%z" not in target.format
    return any(not form.has_zone for form in found.dates[target.name].forms)


def _joined(made: ColumnSource) -> str:
    return "/".join(made.columns)


def _spellings(value: Scalar) -> tuple[str | None, ...]:
    """How a file may write a value of `where`."""
    text = text_of(value)
    if isinstance(value, bool) and text:
        return (text, text.upper(), text.title())
    return (text,)
