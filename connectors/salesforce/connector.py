"""The Salesforce connector: one organisation as canonical tables."""

import hashlib
import json
import tempfile
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path

import pyarrow as pa

from connectors.base import Connector, Counted, Offer, Part, Pull
from connectors.inspection import Inspection, LiveCheck
from connectors.salesforce.bulk import drop_job
from connectors.salesforce.checks import live_checks
from connectors.salesforce.client import Client
from connectors.salesforce.inspecting import counted, inspect
from connectors.salesforce.kept import Kept, Plan, digest
from connectors.salesforce.objects import streams
from connectors.salesforce.oddities import ODD, oddities
from connectors.salesforce.offers import availability, feeding
from connectors.salesforce.pulling import Extract, Reader
from connectors.salesforce.queries import whole_seconds
from connectors.salesforce.schema import Described, described
from connectors.salesforce.settings import SalesforceSource
from connectors.salesforce.shapes import Stream
from connectors.salesforce.together import together
from model.errors import DataError, SourceError

MAPPING = 3  # raised when the same fields come to mean other rows: everything is pulled again


class SalesforceConnector(Connector):
    """A Salesforce organisation by REST and Bulk 2. One object serves one sync: what is visible
    and the cutoff are found once, at the first `offer` or `pull`, and again after `renew`.

    `work` is the folder where a killed pull finds its Bulk jobs again; without one, nothing is
    resumed. Tables may be pulled from several threads; `parallel` objects of many rows are read at
    a time, and those of few beside them.
    """

    kind = "salesforce"

    def __init__(self, name: str, settings: SalesforceSource, work: Path | None = None) -> None:
        super().__init__(name)
        self._settings = settings
        self._client = Client(settings)
        self._streams = streams(settings.fields, settings.qualified_from, settings.influence_model)
        self._others: dict[str, pa.Table] = {}
        self._lock = threading.RLock()
        self._slots = threading.Semaphore(settings.parallel)
        self._work = work

    @property
    def api_calls(self) -> int:
        """Requests made to Salesforce so far, log-ins and retries included."""
        return self._client.calls

    @property
    def parallel(self) -> int:
        """How many tables may be pulled at once."""
        return self._settings.parallel

    @property
    def reconcile_days(self) -> int:
        """After how many days the ids are compared again."""
        return self._settings.reconcile_days

    def offer(self) -> Offer:
        """What the connection's user can see, mapped to canonical tables."""
        with self._lock:
            return self._offer

    def renew(self) -> None:
        """Describe everything again at the next `offer`, which has a new cutoff."""
        with self._lock:
            for found in ("_described", "_cutoff_at", "_offer"):
                self.__dict__.pop(found, None)
            self._others.clear()
            self._client.restart()

    def pull(self, table: str, cursor: str | None) -> Pull:
        """The rows of `table`; see the contract. Counts them now and reads them lazily."""
        members = self._members(table)
        keys = [self._key(stream) for stream in members]
        meaning = repr((cursor, keys, self._identity))
        plan = self._kept.plan(table, meaning, self.offer().cutoff_at)
        extracts = [
            self._extract(stream, plan, _since(cursor, key))
            for stream, key in zip(members, keys, strict=True)
        ]
        counts = self._counts(extracts)
        parts = [
            Part(self._named(stream), None if stream.shape else count)
            for stream, count in zip(members, counts, strict=True)
        ]
        read = [
            part.counting(extract.tables(count))
            for part, extract, count in zip(parts, extracts, counts, strict=True)
        ]
        threshold = self._settings.bulk_threshold
        few = [n for n, count in enumerate(counts) if count is not None and count < threshold]
        batches = together(read, self._slots, few)
        seen = _Content()
        whole = all(stream.whole for stream in members)
        return Pull(
            table,
            replaces=whole,
            batches=seen.watch(batches) if whole else batches,
            cursor=seen.cursor if whole else partial(_cursor, dict(keys), plan.cutoff_at),
            finish=partial(self._kept.finish, plan.folder),
            complete_at=plan.cutoff_at,
            parts=parts,
        )

    def present(self, table: str) -> Iterator[pa.Array] | None:
        """The ids that exist; None for a table that every pull replaces."""
        members = self._members(table)
        if all(stream.whole for stream in members):
            return None
        plan = self._passing(f"{table}-ids")
        extracts = [self._extract(stream, plan, None) for stream in members]
        return (ids for extract in extracts for ids in extract.present())

    def counted(self) -> Mapping[str, Counted]:
        """Leads and opportunities; three requests."""
        return counted(self._client, self.offer().tables)

    def inspect(self) -> Inspection:
        """Rights, counts, budget, tracked and mapped fields, suggestions."""
        return inspect(self._client, self._settings, self._streams)

    def live_checks(self) -> Iterator[LiveCheck]:
        """Our assumptions about Salesforce, tried on this organisation."""
        return live_checks(self._client, self._streams)

    def record_url(self, record_id: str) -> str | None:
        """The record's page, once the organisation's address is known."""
        return f"{self._client.instance}/{record_id}" if self._client.instance else None

    def close(self) -> None:
        """Close the connections and remove what is not worth keeping."""
        self._client.close()
        scratch = self.__dict__.pop("_scratch", None)
        if scratch is not None:
            scratch.cleanup()

    def _named(self, stream: Stream) -> str:
        """The object; and for what, where it feeds several tables."""
        is_only = sum(other.object == stream.object for other in self._streams) == 1
        return stream.object if is_only else f"{stream.object} for {stream.table}"

    def _counts(self, extracts: Sequence[Extract]) -> list[int | None]:
        with ThreadPoolExecutor(len(extracts)) as pool:
            return list(pool.map(Extract.count, extracts))

    def _members(self, table: str) -> list[Stream]:
        offer = self.offer()
        if table not in offer.tables:
            reason = offer.availability.lacks([table])
            raise SourceError(f"{table} is not on offer: {reason[0]}", self.name)
        return feeding(self._streams, table, self._described.visible)

    @cached_property
    def _scratch(self) -> tempfile.TemporaryDirectory[str]:
        if self._work is not None:
            self._work.mkdir(parents=True, exist_ok=True, mode=0o700)
        return tempfile.TemporaryDirectory(prefix="pull-", dir=self._work)

    @cached_property
    def _kept(self) -> Kept:
        with self._lock:
            folder = self._work or Path(self._scratch.name)
            drop = partial(drop_job, self._client)
            return Kept(folder, drop, lasting=self._work is not None)

    @property
    def _identity(self) -> tuple[str | None, ...]:
        """Whose jobs can be resumed: another user may see other rows."""
        settings = self._settings
        return (self._client.host, settings.auth, settings.username, settings.client_id)

    def _passing(self, name: str) -> Plan:
        """A plan for queries that are not worth resuming."""
        with self._lock:
            return Plan(Path(self._scratch.name) / name, datetime.min, "", lasting=False)

    @cached_property
    def _described(self) -> Described:
        settings = self._settings
        return described(self._client, self._streams, settings.fields, settings.parallel)

    @cached_property
    def _cutoff_at(self) -> datetime:
        now = self._client.first_seen_at
        if now is None:
            raise DataError("the answers have no Date", self._client.host, "Check the proxy.")
        return whole_seconds(now, self._settings.lag_minutes)

    @cached_property
    def _offer(self) -> Offer:
        seen = self._described  # the first answers, by whose date the cutoff goes
        self._kept.sweep()
        available = availability(self._streams, seen.visible, seen.explain)
        drifting = {s.table for s in self._streams if not s.whole and seen.formulas_of(s)}
        costly = frozenset(self._costly(available.columns))
        seldom = [
            f"{table} takes many requests: it is pulled every {self._settings.reconcile_days} days"
            for table in sorted(costly)
        ]
        notes = (*seen.notes, *self._formulas(), *seldom, *self._oddities())
        return Offer(available, self._cutoff_at, notes, frozenset(drifting), costly)

    def _costly(self, tables: Collection[str]) -> Iterator[str]:
        for stream in self._streams:
            if stream.within and stream.table in tables:
                plan = self._passing("set-up")
                if self._extract(stream, plan, None).is_costly():
                    yield stream.table

    def _formulas(self) -> Iterator[str]:
        for stream in self._streams:
            for name in () if stream.whole else self._described.formulas_of(stream):
                yield (
                    f"{stream.object}.{name} is a formula, whose changes leave no trace: "
                    f"{stream.table} is pulled whole every {self._settings.reconcile_days} days"
                )

    def _oddities(self) -> list[str]:
        """What the set-up says and no row would. Raises DataError for an unknown model."""
        read = {
            name: self._other(s, name)
            for s in self._streams
            for name in self._lookups(s)
            if name in ODD
        }
        visible, model = self._described.visible, self._settings.influence_model
        reader = self._reader(self._passing("set-up"))
        return oddities(reader, visible, self._streams, read, model)

    def _reader(self, plan: Plan) -> Reader:
        return Reader(self._client, self._settings.bulk_threshold, plan)

    def _extract(self, stream: Stream, plan: Plan, since: datetime | None) -> Extract:
        earlier = whole_seconds(since, self._settings.overlap_minutes) if since else None
        others = {name: self._other(stream, name) for name in self._lookups(stream)}
        visible = self._described.visible
        cutoff = plan.cutoff_at if plan.cutoff_at > datetime.min else self._cutoff_at
        return Extract(self._reader(plan), stream, visible, others, cutoff, earlier)

    def _lookups(self, stream: Stream) -> list[str]:
        given = stream.given(self._described.visible)
        return [
            lookup.object
            for lookup in stream.lookups
            if all(ours in given for ours, _ in lookup.fields.values())
        ]

    def _other(self, stream: Stream, name: str) -> pa.Table:
        with self._lock:
            if name not in self._others:
                lookup = next(lookup for lookup in stream.lookups if lookup.object == name)
                reader = self._reader(self._passing("lookups"))
                self._others[name] = reader.lookup(lookup)
            return self._others[name]

    def _key(self, stream: Stream) -> tuple[str, str]:
        """The object, and a digest of all that decides what its rows look like: where that has
        changed since the cursor, every row is pulled again.
        """
        given = stream.given(self._described.visible)
        parts = [
            MAPPING,
            sorted(given),
            sorted((column, made.needs) for column, made in stream.all_columns.items()),
            [self._other(stream, name).to_pylist() for name in self._lookups(stream)],
        ]
        return stream.object, digest(repr(parts))


def _cursor(keys: dict[str, str], at: datetime) -> str:
    return json.dumps({name: {"at": at.isoformat(), "shape": key} for name, key in keys.items()})


def _since(cursor: str | None, key: tuple[str, str]) -> datetime | None:
    """The instant that a cursor holds for an object, if it still fits the object's shape."""
    name, shape = key
    try:
        held = json.loads(cursor or "{}")[name]
        return datetime.fromisoformat(held["at"]) if held["shape"] == shape else None
    except (ValueError, KeyError, TypeError):
        return None


class _Content:
    """The content of a whole table as its cursor, whatever its order: unchanged content, unchanged
    cursor.
    """

    def __init__(self) -> None:
        self._sum = 0

    def watch(self, batches: Iterator[pa.Table]) -> Iterator[pa.Table]:
        for rows in batches:
            for row in rows.to_pylist():
                held = hashlib.sha256(repr(row).encode()).digest()
                self._sum = (self._sum + int.from_bytes(held)) % 2**256
            yield rows

    def cursor(self) -> str:
        return json.dumps({"content": f"{self._sum:064x}"})
