"""A Salesforce export: CSV files named by object, in whatever dialect they were written.

The objects, their fields and the canonical rows they make are those of `connectors.salesforce`;
here is only how they get out of files.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.files.columns import Filter, Outcome, Reading, Survey, Target, convert, survey
from connectors.files.inputs import InputFile, find
from connectors.files.notes import Notes, listed, plural
from connectors.files.orders import Orders, settle
from connectors.files.settings import FilesSource
from connectors.files.staging import ROW, Staged, stage
from connectors.salesforce.connector import MAPPING
from connectors.salesforce.directory import Directory
from connectors.salesforce.objects import streams
from connectors.salesforce.offers import PARTIAL, availability, feeding
from connectors.salesforce.shapes import Companion, Fields, Kind, Stream
from model.availability import Availability
from model.errors import DataError, SourceError

_STAMPS = ("SystemModstamp", "LastModifiedDate")
_RECORD_KEEPING = ("CreatedDate", *_STAMPS)
_ALL_ROWS = Filter()
_BATCH = 100_000


@dataclass
class Part:
    """One file of an object; an object may be split over several."""

    staged: Staged
    targets: tuple[Target, ...]
    outcome: Outcome
    reading: Reading
    dropped: set[int] = field(default_factory=set)

    @property
    def label(self) -> str:
        """The file's name in messages."""
        return self.staged.file.label

    def identity(self) -> str:
        """What decides the typed rows: the bytes, and how they were read."""
        zones = sorted({target.zone.key for target in self.targets})
        read = (sorted(self.reading.day_first.items()), self.reading.blank_is_false)
        return repr((self.staged.digest, self.staged.encoding, zones, read, sorted(self.names)))

    @property
    def names(self) -> frozenset[str]:
        """The fields that it gives."""
        return frozenset(target.name for target in self.targets)


class Export:
    """The files of one export, read whole and typed below `work` when made.

    Raises SourceError or DataError if anything in them cannot be read.
    """

    def __init__(self, settings: FilesSource, work: Path) -> None:
        self._settings = settings
        self._work = work
        self._zone = ZoneInfo(settings.timezone or "UTC")
        self.notes = Notes()
        self.streams = streams(settings.fields, settings.qualified_from, settings.influence_model)
        self._wanted = _wanted(self.streams)
        self.parts: dict[str, list[Part]] = {}
        self._load(find(settings.path))
        for name in self.parts:
            self._drop_duplicates(name)
        self._say_incomplete()

    # What there is.

    @cached_property
    def visible(self) -> Mapping[str, frozenset[str]]:
        """For each object among the files, the fields that all of its files give."""
        return {
            name: frozenset.intersection(*(part.names for part in parts))
            for name, parts in self.parts.items()
        }

    @cached_property
    def availability(self) -> Availability:
        """The canonical columns that the files fill, and why not the others."""
        return availability(self.streams, self.visible, self._explain, dated=False)

    @cached_property
    def cutoff_at(self) -> datetime:
        """Up to when the records are complete; how it was found out is among the notes."""
        stamps = [
            part.outcome.latest[name]
            for part in self._all_parts()
            for name in _RECORD_KEEPING
            if name in part.outcome.latest
        ]
        latest, stated = max(stamps, default=None), self._settings.exported_at
        if stated is None:
            newest = max(part.staged.file.modified_at for part in self._all_parts())
            return self.notes.cutoff(latest, newest)
        if latest and latest > stated:
            self.notes.add(
                f"some records were changed after exported_at, the last at "
                f"{latest:%Y-%m-%d %H:%M:%S} UTC: check exported_at and timezone"
            )
        return stated

    def feeding(self, table: str) -> list[Stream]:
        """The streams that give the rows of a table."""
        return feeding(self.streams, table, self.visible, dated=False)

    def content(self, table: str) -> str:
        """A digest of everything that decides the rows of a table."""
        own = self._settings
        sum_ = hashlib.sha256(
            f"{MAPPING} {own.fields} {own.qualified_from} {own.influence_model}".encode()
        )
        for stream in self.feeding(table):
            given = stream.given(self.visible)
            needs = sorted((column, made.needs) for column, made in stream.all_columns.items())
            sum_.update(repr((stream.object, sorted(given), needs)).encode())
            for part in self._parts_of(stream):
                sum_.update(part.identity().encode())
            if self._is_dateless(stream):
                sum_.update(self.cutoff_at.isoformat().encode())
        return sum_.hexdigest()

    def _all_parts(self) -> Iterator[Part]:
        return (part for parts in self.parts.values() for part in parts)

    def _parts_of(self, stream: Stream) -> Iterator[Part]:
        others = [lookup.object for lookup in stream.lookups]
        others += [stream.companion.object] if stream.companion else []
        return (part for name in (stream.object, *others) for part in self.parts.get(name, []))

    def _is_dateless(self, stream: Stream) -> bool:
        """Whether some of its rows are recorded at the cutoff for want of a date."""
        return any(
            part.outcome.empty.get("CreatedDate", 1) for part in self.parts.get(stream.object, [])
        )

    def _explain(self, name: str) -> str:
        object_, _, column = name.partition(".")
        if object_ not in self.parts:
            return f"{object_}.csv is not among the files"
        for part in self.parts[object_]:
            if (part.label, column) in self._orders.open:
                return f"the dates of {part.label} {column} can be month/day or day/month"
            if column not in part.names:
                return f"{part.label} has no column {column}"
        return f"{object_}.csv cannot be used"

    # Rows.

    def rows(self, name: str, fields: Fields) -> Iterator[pa.Table]:
        """Typed rows of an object, those of `fields` that all of its files give, in batches."""
        columns = [column for column in fields if column in self.visible[name]]
        for part in self.parts[name]:
            with pq.ParquetFile(part.outcome.path) as parquet:
                for batch in parquet.iter_batches(_BATCH, columns=[ROW, *columns]):
                    table = pa.Table.from_batches([batch])
                    if part.dropped:
                        gone = pa.array(part.dropped, pa.int64())
                        table = table.filter(pc.invert(pc.is_in(table[ROW], value_set=gone)))
                    yield table.drop_columns(ROW)

    def whole(self, name: str, fields: Fields) -> pa.Table:
        """All rows of an object at once."""
        given = [(f, kind.arrow) for f, kind in fields.items() if f in self.visible[name]]
        empty = pa.schema(given).empty_table()
        return pa.concat_tables([empty, *self.rows(name, fields)]).combine_chunks()

    def canonical(self, stream: Stream) -> Iterator[pa.Table]:
        """The canonical rows of one stream whose object is among the files."""
        given = stream.given(self.visible)
        others = {
            lookup.object: self.whole(lookup.object, lookup.wanted)
            for lookup in stream.lookups
            if {ours for ours, _ in lookup.fields.values()} <= given
        }
        reduced, companion = None, stream.companion
        if companion and stream.companion_visible(self.visible):
            whole = self.whole(companion.object, _companion_fields(companion))
            reduced = Directory(companion.reduce(whole), companion.key)
        tables = self.rows(stream.object, stream.wanted)
        if stream.grouped_by or stream.whole:
            tables = iter([self.whole(stream.object, stream.wanted)])
        for rows in tables:
            made = stream.joined(rows, others, reduced)
            yield stream.canonical(made, given, self.cutoff_at)

    # Reading.

    def _load(self, files: list[InputFile]) -> None:
        objects = {name.casefold(): name for name in self._wanted}
        known = [f for f in files if f.suffix == ".csv" and f.stem in objects]
        if not known:
            raise SourceError(
                "holds no CSV file named after a Salesforce object that is read",
                str(self._settings.path),
                "Expected Lead.csv, Opportunity.csv and the like; other files need a mapping.",
            )
        if ignored := [f.label for f in files if f not in known]:
            self.notes.add(f"not read, as no indicator needs them: {listed(ignored)}")
        staged = {f: self._stage(f, objects[f.stem], at) for at, f in enumerate(known)}
        targets = {f: self._targets(objects[f.stem], s) for f, s in staged.items()}
        surveys = {f.label: survey(staged[f], targets[f], _ALL_ROWS) for f in known}
        self._orders = orders = settle(surveys, self._settings.day_first)
        blank_is_false = _blank_means_no(surveys.values())
        if blank_is_false:
            self.notes.add("checkboxes are 1 or empty in these files: empty is read as no")
        self._say_orders(orders)
        for at, file in enumerate(known):
            readable = tuple(t for t in targets[file] if (file.label, t.name) not in orders.open)
            order = {t.name: orders.day_first.get((file.label, t.name), False) for t in readable}
            reading = Reading(surveys[file.label], order, blank_is_false)
            typed = self._work / f"{at}.typed.parquet"
            outcome = convert(staged[file], readable, reading, _ALL_ROWS, typed)
            name = objects[file.stem]
            part = Part(staged[file], readable, outcome, reading)
            self.parts.setdefault(name, []).append(part)
            self.notes.clocks(part.staged, outcome)
        self._say_zones()

    def _stage(self, file: InputFile, name: str, at: int) -> Staged:
        lower = {field.casefold() for field in self._wanted[name]}
        staged = stage(
            file,
            lambda header: [column for column in header if column.casefold() in lower],
            self._work / f"{at}.text.parquet",
            self._settings.encoding,
        )
        header = {column.casefold() for column in staged.columns}
        if "id" not in header and not self._is_keyed_otherwise(name, header):
            raise SourceError(
                f"has no column Id; it has {listed(staged.columns)}",
                file.label,
                "Export it with API names as column names, or describe the file in a mapping.",
            )
        self.notes.encoding(staged)
        return staged

    def _is_keyed_otherwise(self, name: str, header: set[str]) -> bool:
        keys = {u.key for s in self.streams for u in s.lookups if u.object == name}
        return name not in {s.object for s in self.streams} and any(
            key.casefold() in header for key in keys
        )

    def _targets(self, name: str, staged: Staged) -> tuple[Target, ...]:
        columns = {column.casefold(): column for column in staged.columns}
        return tuple(
            Target(
                field,
                columns[field.casefold()],
                kind.arrow,
                self._zone,
                is_id=kind is Kind.ID or field == "Id",
                naive_is_utc=True,
            )
            for field, kind in self._wanted[name].items()
            if field.casefold() in columns
        )

    def _drop_duplicates(self, name: str) -> None:
        """Marks all but the latest row of each id; the last in the files where none is dated."""
        stamps = [s for s in _STAMPS if s in self.visible[name]]
        if "Id" not in self.visible[name] or self._is_unique(name):
            return
        latest: dict[str, tuple[datetime, int, int]] = {}
        twice: set[str] = set()
        for place, part in enumerate(self.parts[name]):
            for record, at, row in _ids(part, stamps):
                if record is None:
                    raise DataError(
                        "the row has no Id",
                        f"{part.label}, line {row}",
                        "Nothing was imported; export the file again or mend the row.",
                    )
                this = (at, place, row)
                if record in latest:
                    twice.add(record)
                    this, older = max(this, latest[record]), min(this, latest[record])
                    self.parts[name][older[1]].dropped.add(older[2])
                latest[record] = this
        if twice:
            files = listed([part.label for part in self.parts[name]])
            self.notes.add(
                f"{plural(len(twice), 'duplicated id')} in {files}; the latest of each was kept"
            )

    def _is_unique(self, name: str) -> bool:
        ids = self.whole(name, {"Id": Kind.ID})["Id"]
        return bool(ids.null_count == 0 and pc.count_distinct(ids).as_py() == len(ids))

    # Saying what was noticed.

    def _say_orders(self, orders: Orders) -> None:
        if orders.open:
            columns = listed(sorted(f"{label} {name}" for label, name in orders.open))
            self.notes.add(
                f"left out, as its dates can be month/day or day/month and no file tells which: "
                f"{columns}; say day_first: true or false"
            )
        if orders.borrowed:
            columns = listed(sorted(f"{label} {name}" for label, name in orders.borrowed))
            self.notes.add(
                f"the order of day and month was taken from other columns, or the configuration, "
                f"for {columns}"
            )

    def _say_incomplete(self) -> None:
        """A table that two objects make, one of them absent, would be wrong: what would mislead
        is left out.
        """
        for table in dict.fromkeys(stream.table for stream in self.streams):
            members = [s for s in self.streams if s.table == table and not s.optional]
            objects = dict.fromkeys(s.object for s in members)
            absent = [name for name in objects if name not in self.parts]
            if absent and len(absent) < len(objects):
                present = listed(f"{name}.csv" for name in objects if name in self.parts)
                columns = listed(f"{table}.{column}" for column in PARTIAL.get(table, ()))
                what = f"{columns or table} left out"
                self.notes.add(
                    f"{what}: {present} alone would not be all of them; add "
                    f"{listed(f'{name}.csv' for name in absent)} (its header alone if it is empty)"
                )

    def _say_zones(self) -> None:
        local, dates = [], []
        for part in self._all_parts():
            for target in part.targets:
                forms = part.reading.found.dates.get(target.name)
                if not forms or not forms.forms or target.type != Kind.INSTANT.arrow:
                    continue
                form = next(iter(forms.forms))
                if not form.has_time:
                    dates.append(f"{part.label} {target.name}")
                elif not form.has_zone and not form.to_second:
                    local.append(f"{part.label} {target.name}")
        read_as = (
            f"as {self._settings.timezone}"
            if self._settings.timezone
            else "as UTC; say timezone if that is wrong"
        )
        if local:
            self.notes.add(f"times without a time zone in {listed(local)}: read {read_as}")
        if dates:
            self.notes.add(
                f"no time of day in {listed(dates)}: read as the start of the day, {read_as}"
            )


def _ids(part: Part, stamps: list[str]) -> Iterator[tuple[str | None, datetime, int]]:
    with pq.ParquetFile(part.outcome.path) as parquet:
        for batch in parquet.iter_batches(_BATCH, columns=[ROW, "Id", *stamps]):
            columns = batch.to_pydict()
            for at, record in enumerate(columns["Id"]):
                known = (columns[stamp][at] for stamp in stamps)
                stamp = next((value for value in known if value), datetime.min)
                yield record, stamp, columns[ROW][at]


def _wanted(known: tuple[Stream, ...]) -> dict[str, dict[str, Kind]]:
    """Every field that some stream reads from each object, directly or beside its own."""
    wanted: dict[str, dict[str, Kind]] = {}
    for stream in known:
        wanted.setdefault(stream.object, {}).update(stream.wanted)
        for lookup in stream.lookups:
            wanted.setdefault(lookup.object, {}).update(lookup.wanted)
        if stream.companion:
            fields = _companion_fields(stream.companion)
            wanted.setdefault(stream.companion.object, {}).update(fields)
    return wanted


def _companion_fields(companion: Companion) -> dict[str, Kind]:
    return {"Id": Kind.ID, companion.key: Kind.ID, **companion.fields}


def _blank_means_no(surveys: Iterable[Survey]) -> bool:
    """Whether the files write a checkbox as 1 or nothing."""
    seen = {flag for survey_ in surveys for flags in survey_.flags.values() for flag in flags}
    return seen == {"1", None}
