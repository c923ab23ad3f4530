"""The Salesforce connector: one organisation as canonical tables."""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cached_property

import pyarrow as pa

from connectors.base import Connector, Offer, Pull
from connectors.salesforce.client import Client, whole_seconds
from connectors.salesforce.objects import streams
from connectors.salesforce.offers import availability, feeding, partial
from connectors.salesforce.pulling import Extract, Reader
from connectors.salesforce.schema import Described, described
from connectors.salesforce.settings import SalesforceSource
from connectors.salesforce.shapes import Stream
from model.errors import DataError, SourceError

MAPPING = 1  # raised when the same fields come to mean other rows: everything is pulled again


class SalesforceConnector(Connector):
    """A Salesforce organisation by REST and Bulk 2. One object serves one sync: what is visible
    and the cutoff are found once, at the first `offer` or `pull`.
    """

    kind = "salesforce"

    def __init__(self, name: str, settings: SalesforceSource) -> None:
        super().__init__(name)
        self._settings = settings
        self._client = Client(settings)
        self._streams = streams(settings.fields, settings.qualified_from)
        self._reader = Reader(self._client, settings.bulk_threshold)
        self._others: dict[str, pa.Table] = {}

    @property
    def api_calls(self) -> int:
        """Requests made to Salesforce so far, log-ins and retries included."""
        return self._client.calls

    def offer(self) -> Offer:
        """What the connection's user can see, mapped to canonical tables."""
        return self._offer

    def pull(self, table: str, cursor: str | None) -> Pull:
        """The rows of `table`; see the contract. Counts them now and reads them lazily."""
        if table not in self.offer().tables:
            reason = self.offer().availability.lacks([table])
            raise SourceError(f"{table} is not on offer: {reason[0]}", self.name)
        members = feeding(self._streams, table, self._described.visible)
        extracts = [self._extract(stream, _since(cursor, self._key(stream))) for stream in members]
        counts = [extract.count() for extract in extracts]
        seen = _Content()
        batches = (
            rows
            for extract, count in zip(extracts, counts, strict=True)
            for rows in extract.tables(count)
        )
        whole = all(stream.whole for stream in members)
        known = [count for count in counts if count is not None]
        as_counted = len(known) == len(members) and not any(stream.shape for stream in members)
        return Pull(
            table,
            replaces=whole,
            batches=seen.watch(batches) if whole else batches,
            cursor=seen.cursor if whole else self._cursor(members),
            expected_rows=sum(known) if as_counted else None,
        )

    def record_url(self, record_id: str) -> str | None:
        """The record's page, once the organisation's address is known."""
        return f"{self._client.instance}/{record_id}" if self._client.instance else None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @cached_property
    def _described(self) -> Described:
        return described(self._client, self._streams, self._settings.fields)

    @cached_property
    def _cutoff_at(self) -> datetime:
        now = self._client.first_seen_at
        if now is None:
            raise DataError("the answers have no Date", self._client.host, "Check the proxy.")
        return whole_seconds(now, self._settings.lag_minutes)

    @cached_property
    def _offer(self) -> Offer:
        seen = self._described  # the first answers, by whose date the cutoff goes
        return Offer(
            availability(self._streams, seen.visible, seen.explain),
            self._cutoff_at,
            (*seen.notes, *partial(self._streams, seen.visible, seen.explain)),
        )

    def _extract(self, stream: Stream, since: datetime | None) -> Extract:
        earlier = whole_seconds(since, self._settings.overlap_minutes) if since else None
        others = {name: self._other(stream, name) for name in self._lookups(stream)}
        visible = self._described.visible
        return Extract(self._reader, stream, visible, others, self._cutoff_at, earlier)

    def _lookups(self, stream: Stream) -> list[str]:
        given = stream.given(self._described.visible)
        return [
            lookup.object
            for lookup in stream.lookups
            if all(ours in given for ours, _ in lookup.fields.values())
        ]

    def _other(self, stream: Stream, name: str) -> pa.Table:
        if name not in self._others:
            lookup = next(lookup for lookup in stream.lookups if lookup.object == name)
            self._others[name] = self._reader.lookup(lookup)
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
        return stream.object, _digest(repr(parts))

    def _cursor(self, members: list[Stream]) -> Callable[[], str]:
        def text() -> str:
            keys = dict(self._key(stream) for stream in members)
            at = self._cutoff_at.isoformat()
            return json.dumps({name: {"at": at, "shape": key} for name, key in keys.items()})

        return text


def _since(cursor: str | None, key: tuple[str, str]) -> datetime | None:
    """The instant that a cursor holds for an object, if it still fits the object's shape."""
    name, shape = key
    try:
        held = json.loads(cursor or "{}")[name]
        return datetime.fromisoformat(held["at"]) if held["shape"] == shape else None
    except (ValueError, KeyError, TypeError):
        return None


class _Content:
    """The content of a whole table as its cursor: unchanged content, unchanged cursor."""

    def __init__(self) -> None:
        self._rows: list[str] = []

    def watch(self, batches: Iterator[pa.Table]) -> Iterator[pa.Table]:
        for rows in batches:
            self._rows += map(repr, rows.to_pylist())
            yield rows

    def cursor(self) -> str:
        return json.dumps({"content": _digest("\n".join(sorted(self._rows)))})


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
