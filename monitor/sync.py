"""`detente sync`: pull what changed, rebuild the facts, publish one manifest.

Each table's rows and cursor reach the lake in one commit; readers see the whole sync or none of
it, because they open only what the manifest names. A source that fails half-way keeps what it
committed for the next run, and readers keep its tables as they were.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import pyarrow as pa

from connectors.base import Connector, Pull
from model.errors import DetenteError, SourceError
from monitor import functions, refresh, sources
from monitor.progress import SILENT, Progress
from monitor.workspace import Workspace
from store.manifest import SourceState


@dataclass(frozen=True)
class TableReport:
    """One table of one source: rows read, written (new or changed), deleted among them."""

    table: str
    read: int
    written: int
    deleted: int
    cursor: str | None


@dataclass(frozen=True)
class SourceReport:
    """What one source gave; `missing` is what it could not give, and why."""

    name: str
    tables: tuple[TableReport, ...]
    api_calls: int
    missing: tuple[str, ...]
    error: str | None = None


@dataclass(frozen=True)
class SyncReport:
    """What a sync did. `manifest` is None when nothing could be published."""

    sources: tuple[SourceReport, ...]
    manifest: int | None

    @property
    def failures(self) -> list[str]:
        """One line for each source that failed."""
        return [f"{source.name}: {source.error}" for source in self.sources if source.error]

    def to_json(self) -> dict[str, object]:
        """The form of `detente sync --json`."""
        return {
            "sources": [
                {key: value for key, value in asdict(source).items() if value is not None}
                for source in self.sources
            ],
            "manifest": self.manifest,
        }


def sync(
    workspace: Workspace,
    only: str | None = None,
    full: bool = False,
    progress: Progress = SILENT,
) -> SyncReport:
    """Pull `only` one source or all, and publish. Raises the source's error when none succeeds."""
    names = sources.chosen(workspace.settings, only)
    connectors = [sources.connector(workspace.settings, name) for name in names]
    with workspace.writing(), workspace.records.runs.running() as run:
        before = workspace.lake.manifest()
        states = dict(before.sources) if before else {}
        versions = dict(before.versions) if before else {}
        reports, failures = [], []
        for source in connectors:
            try:
                with source:
                    report, state = _pull_source(workspace, source, full, progress)
            except SourceError as error:
                failures.append(error)
                reports.append(SourceReport(source.name, (), source.api_calls, (), error.line()))
                continue
            reports.append(report)
            states[source.name] = state
            versions = {k: v for k, v in versions.items() if not k.startswith(f"{source.name}/")}
            versions |= workspace.lake.versions(source.name)
        run.api_calls = sum(report.api_calls for report in reports)
        if len(failures) == len(connectors):
            run.report = {"error": failures[0].line()}
            raise failures[0]
        configured = sources.names(workspace.settings)
        states = {name: state for name, state in states.items() if name in configured}
        versions = {k: v for k, v in versions.items() if k.partition("/")[0] in configured}
        functions.keep_history(workspace, versions, states)
        manifest = refresh.publish(workspace, versions, states, progress)
        done = SyncReport(tuple(reports), manifest.id)
        run.report = done.to_json()
        run.partial = bool(failures)
    return done


def _pull_source(
    workspace: Workspace, source: Connector, full: bool, progress: Progress
) -> tuple[SourceReport, SourceState]:
    offer = source.offer()
    reports = []
    for table in offer.tables:
        cursor = None if full else workspace.lake.cursor(source.name, table)
        pull = source.pull(table, cursor)
        task = f"{source.name} · {table}"
        write = workspace.lake.replace if pull.replaces or full else workspace.lake.upsert
        written = write(source.name, table, _watched(pull, task, progress), cursor=pull.cursor)
        stored = workspace.lake.cursor(source.name, table)
        reports.append(TableReport(table, written.read, written.written, written.deleted, stored))
        progress.end(task)
    state = SourceState(
        availability=offer.availability,
        cutoff_at=offer.cutoff_at,
        record_url=source.record_url("{id}"),
        notes=offer.notes,
    )
    missing = tuple(f"{key}: {why}" for key, why in sorted(offer.availability.reasons.items()))
    return SourceReport(source.name, tuple(reports), source.api_calls, missing), state


def _watched(pull: Pull, task: str, progress: Progress) -> Iterator[pa.Table]:
    done = 0
    progress.step(task, done, pull.expected_rows)
    for batch in pull.batches:
        done += batch.num_rows
        progress.step(task, done, pull.expected_rows)
        yield batch


__all__ = ["DetenteError", "SourceReport", "SyncReport", "TableReport", "sync"]
