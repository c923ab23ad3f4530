"""`detente sync`: pull what changed, rebuild the facts, publish one manifest.

Each table's rows and cursor reach the lake in one commit; readers see the whole sync or none of
it, because they open only what the manifest names. A source of which a table fails keeps what it
committed for the next run, and readers keep its tables as they were.
"""

from dataclasses import asdict, dataclass

from connectors.base import Connector
from model.errors import DetenteError, SourceError
from monitor import functions, refresh, sources
from monitor import missing as lacking
from monitor.missing import MissingForm
from monitor.progress import SILENT, Progress
from monitor.pulls import SourcePull, TableReport, Wish
from monitor.workspace import Workspace
from store.manifest import Manifest, SourceState


@dataclass(frozen=True)
class SourceReport:
    """What one source gave; `missing` is what it could not give, and why.

    `incomplete` has a line for each table that failed; `error` one for a source that failed
    before the first. `notes` are what the user should know.
    """

    name: str
    tables: tuple[TableReport, ...]
    api_calls: int
    missing: tuple[MissingForm, ...] = ()
    notes: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True)
class SyncReport:
    """What a sync did. `manifest` is None when nothing could be published."""

    sources: tuple[SourceReport, ...]
    manifest: int | None

    @property
    def failures(self) -> list[str]:
        """One line for each source and table that failed."""
        lines = [[f"{s.name}: {s.error}"] if s.error else s.incomplete for s in self.sources]
        return [line for some in lines for line in some]

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
    reconcile: bool = False,
) -> SyncReport:
    """Pull `only` one source or all, and publish.

    `full` pulls everything anew; `reconcile` compares the rows with the records that the sources
    still hold, whether it is time or not. Raises the source's error when none makes an offer.
    """
    names = sources.chosen(workspace.settings, only)
    connectors = [sources.connector(workspace.settings, name, workspace.home) for name in names]
    with workspace.writing(), workspace.records.runs.running() as run:
        before = workspace.lake.manifest()
        states = dict(before.sources) if before else {}
        versions = dict(before.versions) if before else {}
        reports: list[SourceReport] = []
        failures: list[SourceError] = []
        for source in connectors:
            wish = Wish(full, reconcile)
            pull = SourcePull(workspace.lake, source, wish, states.get(source.name), progress)
            try:
                with source:
                    report, state = _pulled(source, pull)
            except SourceError as error:
                failures.append(error)
                calls = source.api_calls
                reports.append(SourceReport(source.name, (), calls, error=error.line()))
                continue
            reports.append(report)
            if not report.incomplete:
                states[source.name] = state
                own = workspace.lake.versions(source.name)
                versions = {
                    k: v for k, v in versions.items() if not k.startswith(f"{source.name}/")
                }
                versions |= own
        run.api_calls = sum(report.api_calls for report in reports)
        if len(failures) == len(connectors):
            run.report = {"error": failures[0].line()}
            raise failures[0]
        manifest = _published(workspace, versions, states, progress)
        done = SyncReport(tuple(reports), None if manifest is None else manifest.id)
        run.report = done.to_json()
        run.partial = bool(done.failures)
    return done


def _pulled(source: Connector, pull: SourcePull) -> tuple[SourceReport, SourceState]:
    offer, gathered, state = pull.run()
    report = SourceReport(
        source.name,
        tuple(gathered.tables[name] for name in offer.tables if name in gathered.tables),
        source.api_calls,
        tuple(lacking.missing(offer.availability)),
        (*offer.notes, *gathered.reconciled),
        tuple(gathered.missing(source.name)),
    )
    return report, state


def _published(
    workspace: Workspace,
    versions: dict[str, int],
    states: dict[str, SourceState],
    progress: Progress,
) -> Manifest | None:
    """The manifest of what is complete; None where no source ever was."""
    configured = sources.names(workspace.settings)
    states = {name: state for name, state in states.items() if name in configured}
    versions = {k: v for k, v in versions.items() if k.partition("/")[0] in configured}
    if not states:
        return None
    functions.keep_history(workspace, versions, states)
    return refresh.publish(workspace, versions, states, progress)


__all__ = ["DetenteError", "SourceReport", "SyncReport", "TableReport", "sync"]
