"""One source into the lake: its tables side by side, each in one commit with its cursor."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pyarrow as pa

from connectors.base import Connector, Counted, Offer, OfferChangedError, Pull, PullAgainError
from model.errors import CredentialsError, LimitError, SourceError
from model.words import percent
from monitor.progress import Progress
from store.lake import Lake
from store.manifest import SourceState

PULL_ATTEMPTS = 3
OFFER_ATTEMPTS = 2


@dataclass(frozen=True)
class TableReport:
    """One table of one source: rows read, written (new or changed), deleted among them."""

    table: str
    read: int
    written: int
    deleted: int
    cursor: str | None


@dataclass(frozen=True)
class Wish:
    """How to pull: everything anew (`full`), and whether to `reconcile` in any case."""

    full: bool = False
    reconcile: bool = False


@dataclass
class Gathered:
    """What came of a source's tables: reports, and errors by the table that is not complete."""

    tables: dict[str, TableReport] = field(default_factory=dict)
    failed: dict[str, SourceError] = field(default_factory=dict)
    reconciled: list[str] = field(default_factory=list)
    counted: dict[str, Counted] = field(default_factory=dict)

    def missing(self, source: str) -> list[str]:
        """One line for each table that is not complete."""
        return [f"{source}.{name}: {why.line()}" for name, why in sorted(self.failed.items())]


class SourcePull:
    """One sync of one source into `lake`."""

    def __init__(
        self, lake: Lake, source: Connector, wish: Wish, before: SourceState | None, watch: Progress
    ) -> None:
        self._lake, self._source, self._wish, self._watch = lake, source, wish, watch
        self._before = before
        self._no_more = threading.Event()  # nothing new is begun
        self._given_up = threading.Event()  # and what is under way ends at once
        self._rebuilt: set[str] = set()

    def run(self) -> tuple[Offer, Gathered, SourceState]:
        """Pull all tables; a table that fails leaves the others be.

        Raises the SourceError of a source that makes no offer. The state is what readers are to
        be told, once no table is missing.
        """
        for _ in range(OFFER_ATTEMPTS):
            offer = self._source.offer()
            reconciles = self._reconciles(offer)
            gathered = self._gather(offer, reconciles)
            if not any(isinstance(e, OfferChangedError) for e in gathered.failed.values()):
                break
            self._source.renew()
        return offer, gathered, self._state(offer, gathered, reconciles)

    def _state(self, offer: Offer, gathered: Gathered, reconciles: bool) -> SourceState:
        before = self._before
        fresh = reconciles or before is None or self._wish.full
        return SourceState(
            availability=offer.availability,
            cutoff_at=offer.cutoff_at,
            record_url=self._source.record_url("{id}"),
            notes=offer.notes,
            reconciled_at=offer.cutoff_at if fresh else before.reconciled_at,  # type: ignore[union-attr]
            reconciled=tuple(gathered.reconciled) if fresh else before.reconciled,  # type: ignore[union-attr]
            counted={name: (one.seen, one.held) for name, one in gathered.counted.items()},
        )

    def _reconciles(self, offer: Offer) -> bool:
        """Whether rows are compared with the records that the source still holds."""
        if self._wish.reconcile:
            return True
        days, before = self._source.reconcile_days, self._before
        if days is None or before is None:
            return False
        last = before.reconciled_at or datetime.min
        return offer.cutoff_at - last >= timedelta(days=days)

    def _gather(self, offer: Offer, reconciles: bool) -> Gathered:
        found, lock = Gathered(), threading.Lock()

        def one(table: str) -> None:
            try:
                report = self._table(table, offer, reconciles, found.reconciled.append)
            except SourceError as error:
                if isinstance(error, CredentialsError | LimitError):
                    self._no_more.set()
                with lock:
                    found.failed[table] = error
            else:
                with lock:
                    found.tables[table] = report

        def count() -> None:
            with suppress(SourceError):  # a sync without these counts is complete
                found.counted.update(self._source.counted())

        self._no_more.clear()
        with ThreadPoolExecutor(self._source.parallel) as pool:
            try:
                pulled = [pool.submit(one, table) for table in offer.tables]
                for done in [*pulled, pool.submit(count)]:
                    done.result()
            except BaseException:
                self._no_more.set()
                self._given_up.set()
                raise
        return found

    def _table(
        self, table: str, offer: Offer, reconciles: bool, note: Callable[[str], None]
    ) -> TableReport:
        for attempt in range(1, PULL_ATTEMPTS + 1):
            try:
                return self._once(table, offer, reconciles, note)
            except PullAgainError:
                if attempt == PULL_ATTEMPTS:
                    raise
        raise AssertionError

    def _once(
        self, table: str, offer: Offer, reconciles: bool, note: Callable[[str], None]
    ) -> TableReport:
        """Pull a table until it is complete at the offer's cutoff."""
        name, lake = self._source.name, self._lake
        read = written = deleted = 0
        first_time = lake.version(name, table) is None
        rebuild = self._wish.full and table not in self._rebuilt
        anew = rebuild or (reconciles and table in offer.drifting)
        if table in offer.costly and not (first_time or anew or reconciles):
            return TableReport(table, 0, 0, 0, lake.cursor(name, table))
        while True:
            if self._no_more.is_set():
                raise _stopped(name)
            pull = self._source.pull(table, None if anew else lake.cursor(name, table))
            batches = self._watched(pull)
            if pull.replaces or rebuild:
                again = rebuild and not pull.replaces
                done = lake.replace(name, table, batches, cursor=pull.cursor, rebuild=again)
            else:
                done = lake.upsert(name, table, batches, cursor=pull.cursor)
            pull.finish()
            self._rebuilt.add(table)
            read, written, deleted = (
                read + done.read,
                written + done.written,
                deleted + done.deleted,
            )
            if pull.complete_at is None or pull.complete_at >= offer.cutoff_at:
                break
            anew = rebuild = False
        if reconciles and not (first_time or self._wish.full):
            deleted += self._purge(table, note)
        for task, *_ in self._steps(pull, read):
            self._watch.end(task)
        return TableReport(table, read, written, deleted, lake.cursor(name, table))

    def _purge(self, table: str, note: Callable[[str], None]) -> int:
        """Remove the rows whose records are gone; how many."""
        ids = self._source.present(table)
        if ids is None:
            return 0
        removed = self._lake.retain(self._source.name, table, ids)
        if removed is None or not removed.gone:
            return 0
        if removed.refused:
            share = percent(removed.gone / removed.rows)
            note(
                f"{table}: {removed.gone} of {removed.rows} rows ({share}) are out of the "
                "connection's sight; that is more than is ever purged, so all were kept. Check its "
                "permissions; `detente sync --full` removes them."
            )
            return 0
        note(f"{table}: {removed.gone} rows were purged from the CRM and have been removed.")
        return removed.gone

    def _watched(self, pull: Pull) -> Iterator[pa.Table]:
        done = 0
        for step in self._steps(pull, done):
            self._watch.step(*step)
        for batch in pull.batches:
            if self._given_up.is_set():
                raise _stopped(self._source.name)
            done += batch.num_rows
            self._watch.calls(self._source.name, self._source.api_calls)
            for step in self._steps(pull, done):
                self._watch.step(*step)
            yield batch

    def _steps(self, pull: Pull, done: int) -> Iterator[tuple[str, int, int | None]]:
        """Of each object that feeds the table (or of the table): name, rows so far, of how many."""
        source = self._source.name
        if not pull.parts:
            yield f"{source} · {pull.table}", done, None
        for part in pull.parts:
            yield f"{source} · {part.name}", part.read, part.expected


def _stopped(source: str) -> SourceError:
    return SourceError("not pulled, as the sync was stopped before", source, "Sync again.")
