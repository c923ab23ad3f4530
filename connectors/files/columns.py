"""Text columns into typed ones, in two passes: first what all values say, then the values.

The first pass (`survey`) learns how each column writes its dates and flags; the second (`convert`)
reads every value and fails on the first that does not fit, naming file, row, column and shape.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.files.dialect import (
    FLAGS,
    Clock,
    Form,
    Profile,
    form_of,
    read_day,
    read_instant,
    read_number,
    shape,
)
from connectors.files.staging import ROW, Staged
from connectors.salesforce.values import NO_ID
from model.errors import DataError
from model.tables import DAY, FLAG, INSTANT, NUMBER, TEXT, WHOLE

_ADVICE = "Nothing was imported; check the column's values."


@dataclass(frozen=True)
class Target:
    """A typed column to make out of a text column.

    `format` is a strptime format; without one the dates tell their own. `values` replaces whole
    values before they are read. `is_id` marks Salesforce ids. `naive_is_utc`: times to the second
    without a zone are UTC, as in a data export, not local.
    """

    name: str
    column: str
    type: pa.DataType
    zone: ZoneInfo
    format: str | None = None
    decimal: str = "."
    values: Mapping[str, str | None] = field(default_factory=dict)
    prefix: str = ""
    is_id: bool = False
    naive_is_utc: bool = False

    @property
    def is_date(self) -> bool:
        """Whether its values are dates whose form has to be found out."""
        return self.type in (INSTANT, DAY) and self.format is None


@dataclass(frozen=True)
class Filter:
    """Keeps the rows whose value of each named column is one of those listed (None: empty), and
    makes the columns `joined` out of several (null where one of them is).
    """

    where: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    joined: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def batches(self, part: Staged, columns: Iterable[str]) -> Iterator[pa.Table]:
        """The rows of `part` that are kept, with `columns`, those joined among them."""
        own = [name for name in columns if name not in self.joined]
        parts = [name for names in self.joined.values() for name in names]
        for batch in part.batches([*own, *parts, *self.where]):
            kept = batch
            for column, values in self.where.items():
                kept = kept.filter(pc.is_in(kept[column], value_set=pa.array(values, TEXT)))
            for name, names in self.joined.items():
                text = pc.binary_join_element_wise(*(kept[n] for n in names), "/")
                kept = kept.append_column(name, text)
            yield kept


@dataclass
class Survey:
    """What the values of one file's columns say, by target name."""

    dates: dict[str, Profile] = field(default_factory=dict)
    flags: dict[str, set[str | None]] = field(default_factory=dict)


@dataclass
class Outcome:
    """The typed file, and what was noticed while it was made."""

    path: Path
    latest: dict[str, datetime] = field(default_factory=dict)
    empty: dict[str, int] = field(default_factory=dict)  # null values by target
    skipped: int = 0
    repeated: int = 0


def survey(part: Staged, targets: Sequence[Target], keep: Filter) -> Survey:
    """First pass. Raises DataError for a value that is no date, or a column with two ways of
    writing dates or flags.
    """
    found = Survey(
        {t.name: Profile() for t in targets if t.is_date},
        {t.name: set() for t in targets if t.type == FLAG},
    )
    looked = [t for t in targets if t.is_date or t.type == FLAG]
    for batch in keep.batches(part, [t.column for t in looked]):
        for target in looked:
            for text, row in _first_rows(batch, target):
                if target.is_date and text is not None:
                    if not found.dates[target.name].see(text, row):
                        raise bad_value(part, row, target, text)
                elif target.type == FLAG:
                    if text is not None and text.casefold() not in FLAGS:
                        raise bad_value(part, row, target, text)
                    found.flags[target.name].add(text and text.casefold())
    for target in looked:
        _one_way(part, target, found)
    return found


def _first_rows(batch: pa.Table, target: Target) -> Iterator[tuple[str | None, int]]:
    """Each distinct value of a column, ready to be read, with the row where it stands first.

    Of ISO dates one of each shape is enough to tell the form: 9s stand for all digits.
    """
    texts = batch[target.column]
    if target.is_date and not target.values:
        is_iso = pc.match_substring_regex(texts, r"^\d{4}-\d\d-\d\d")
        texts = pc.if_else(is_iso, pc.replace_substring_regex(texts, r"\d", "9"), texts)
    distinct = (
        pa.table({"text": texts, "row": batch[ROW]})
        .group_by("text", use_threads=False)
        .aggregate([("row", "min")])
    )
    for text, row in zip(
        distinct["text"].to_pylist(), distinct["row_min"].to_pylist(), strict=True
    ):
        yield _prepared(text, target), row


def _prepared(text: str | None, target: Target) -> str | None:
    if text is not None:
        text = target.values.get(text.strip(), text)
    if text is not None and target.type != TEXT:
        text = text.strip()
    return text or None


def _one_way(part: Staged, target: Target, found: Survey) -> None:
    where = f"{part.file.label}, column {target.column}"
    if target.type == FLAG:
        seen = {text for text in found.flags[target.name] if text}
        if seen & {"true", "false"} and seen & {"1", "0"}:
            raise DataError("both true/false and 1/0 occur", where, _ADVICE)
        return
    profile = found.dates[target.name]
    if len(profile.forms) > 1:
        (_, usual), (row, other) = sorted(profile.forms.values())[:2]
        raise DataError(
            f"dates are written in two ways, {usual!r} and {other!r}",
            f"{part.file.label}, {part.row_word()} {row}, column {target.column}",
            _ADVICE,
        )
    if profile.day_first_at is not None and profile.month_first_at is not None:
        row = max(profile.day_first_at, profile.month_first_at)
        raise DataError(
            "some dates can only be month/day, others only day/month",
            f"{part.file.label}, {part.row_word()} {row}, column {target.column}",
            _ADVICE,
        )


def bad_value(part: Staged, row: int, target: Target, text: str) -> DataError:
    """The error for one value: where it is and what it looks like, not what it says."""
    words = {INSTANT: "a date and time", DAY: "a date", NUMBER: "a number", WHOLE: "a whole number"}
    wanted = words.get(target.type, "true, false, 1 or 0")
    if target.format:
        wanted += f" written {target.format}"
    return DataError(
        f"a value that looks like {shape(text)!r} is not {wanted}",
        f"{part.file.label}, {part.row_word()} {row}, column {target.column}",
        _ADVICE,
    )


@dataclass(frozen=True)
class Reading:
    """How one file is to be read, settled after its survey.

    `day_first` is the order of day and month by target; `blank_is_false` that of flags.
    """

    found: Survey
    day_first: Mapping[str, bool] = field(default_factory=dict)
    blank_is_false: bool = False


def convert(
    part: Staged, targets: Sequence[Target], how: Reading, keep: Filter, path: Path
) -> Outcome:
    """Second pass: writes `path`, a Parquet file of the targets and `_row`. Raises DataError."""
    schema = pa.schema([(ROW, pa.int64()), *((t.name, t.type) for t in targets)])
    outcome = Outcome(path)
    clocks = {t.name: Clock(t.zone) for t in targets}
    with pq.ParquetWriter(path, schema) as writer:
        for batch in keep.batches(part, [t.column for t in targets]):
            made = {ROW: batch[ROW]}
            for target in targets:
                profile = how.found.dates.get(target.name, Profile())
                form = next(iter(profile.forms), None)
                order = how.day_first.get(target.name, False)
                reader = _Reader(target, form, order, clocks, part.typed)
                values = _column(part, batch, target, reader)
                if target.type == FLAG and how.blank_is_false:
                    values = pc.fill_null(values, False)
                made[target.name] = values
                _notice(outcome, target, values)
            writer.write_table(pa.table(made, schema=schema))
    outcome.skipped = sum(clock.skipped for clock in clocks.values())
    outcome.repeated = sum(clock.repeated for clock in clocks.values())
    return outcome


def _notice(outcome: Outcome, target: Target, values: pa.Array) -> None:
    outcome.empty[target.name] = outcome.empty.get(target.name, 0) + values.null_count
    if target.type != INSTANT:
        return
    latest = pc.max(values).as_py()
    if latest is not None:
        outcome.latest[target.name] = max(latest, outcome.latest.get(target.name, latest))


@dataclass(frozen=True)
class _Reader:
    """Reads one value of a column. Dates of `from_cells` need no format: they are dates."""

    target: Target
    form: Form | None
    day_first: bool
    clocks: Mapping[str, Clock]
    from_cells: bool

    def read(self, text: str, times: int) -> object:
        """The typed value; ValueError if there is none."""
        target = self.target
        if target.type == TEXT:
            return _salesforce_id(text) if target.is_id else target.prefix + text
        if target.type == FLAG:
            return FLAGS[text.casefold()]
        if target.type in (INSTANT, DAY):
            return self._date(text, times)
        number = read_number(text, target.decimal)
        if target.type == WHOLE and not number.is_integer():
            raise ValueError("not whole")
        return int(number) if target.type == WHOLE else number

    def _date(self, text: str, times: int) -> object:
        target, form = self.target, self.form
        if target.format:
            cell = form_of(text) if self.from_cells else None
            form = cell if cell and cell.mark == "iso" else None
        if form is None:
            at = datetime.strptime(text, target.format or "")
        elif target.type == DAY:
            return read_day(text, form, self.day_first)
        else:
            at = read_instant(text, form, self.day_first)
        if target.type == DAY:
            return at.date()
        if at.tzinfo:
            return at.astimezone(UTC).replace(tzinfo=None)
        is_utc = form is not None and form.to_second and target.naive_is_utc
        return at if is_utc else self.clocks[target.name].utc(at, times)


def _column(part: Staged, batch: pa.Table, target: Target, reader: _Reader) -> pa.Array:
    values = batch[target.column].combine_chunks()
    plain = None if target.values else _plain(values, target, reader.form)
    if plain is not None:
        return plain
    encoded = values.dictionary_encode()
    texts = [_prepared(text, target) for text in encoded.dictionary.to_pylist()]
    times = dict(_counts(encoded.indices))
    read: list[object] = []
    for index, text in enumerate(texts):
        try:
            read.append(None if text is None else reader.read(text, times.get(index, 0)))
        except (ValueError, OverflowError, KeyError):
            row = batch[ROW][pc.index(encoded.indices, index).as_py()].as_py()
            raise bad_value(part, row, target, text or "") from None
    return pa.array(read, target.type).take(encoded.indices)


def _plain(values: pa.Array, target: Target, form: Form | None) -> pa.Array | None:
    """The whole column at once where its values need no care, else None."""
    if target.type == TEXT and target.is_id:
        is_full = pc.and_(pc.equal(pc.utf8_length(values), 18), pc.not_equal(values, NO_ID))
        return values if pc.all(is_full, min_count=0).as_py() else None
    if target.type == TEXT:
        return values if not target.prefix else None
    if target.type != INSTANT or form is None or form.mark != "iso":
        return None
    try:
        if form.has_zone:
            return values.cast(pa.timestamp("us", "UTC")).cast(INSTANT)
        if form.to_second and target.naive_is_utc:
            return values.cast(INSTANT)
    except pa.ArrowInvalid:
        pass  # reading one by one finds the row
    return None


def _counts(indices: pa.Array) -> Iterator[tuple[int, int]]:
    for entry in pc.value_counts(indices).to_pylist():
        if entry["values"] is not None:
            yield entry["values"], entry["counts"]


_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def _salesforce_id(text: str) -> str | None:
    """The 18-character form of a record id; an empty lookup (all zeros) is null."""
    if text in (NO_ID[:15], NO_ID):
        return None
    if len(text) != 15 or not text.isalnum():
        return text
    blocks = (text[start : start + 5] for start in (0, 5, 10))
    return text + "".join(
        _ALPHABET[sum(1 << place for place, letter in enumerate(block) if letter.isupper())]
        for block in blocks
    )
