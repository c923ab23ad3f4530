"""`detente refresh`: rebuild the facts from the lake and publish the manifest that names them."""

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta

import ibis.expr.types as ir

from metrics import facts
from model.availability import Availability
from model.errors import LakeError
from model.tables import TABLES
from monitor.functions import with_functions
from monitor.progress import SILENT, Progress
from monitor.retention import kept_manifests
from monitor.workspace import Workspace
from store.engines import Engine
from store.manifest import Manifest, SourceState

HISTORY = timedelta(days=3 * 366)


def refresh(workspace: Workspace, progress: Progress = SILENT) -> Manifest:
    """Rebuild the facts under today's definitions from what the lake holds."""
    with workspace.writing():
        manifest = workspace.lake.manifest()
        if manifest is None:
            raise LakeError("nothing has been pulled yet", "lake", "Run `detente sync` first.")
        return publish(workspace, manifest.versions, manifest.sources, progress)


def publish(
    workspace: Workspace,
    versions: Mapping[str, int],
    states: Mapping[str, SourceState],
    progress: Progress,
) -> Manifest:
    """Build the facts over these table versions, write them, and commit the manifest.

    The caller holds the writer's lock. Raises LakeError when two sources give the same record.
    """
    canonical = {path: number for path, number in versions.items() if not path.startswith("facts/")}
    states = dict(states)
    for name in workspace.own_sources:
        own = workspace.lake.versions(name)
        canonical |= own
        states[name] = _own_state(own)
    draft = Manifest.draft(canonical, states, workspace.definitions_version)
    with workspace.engine(draft) as engine, ExitStack() as steps:
        _refuse_doubles(engine.duplicated_keys())
        tables = with_functions(engine, workspace.settings.functions)
        as_of = draft.cutoff_at
        built = facts.build(
            tables,
            workspace.definitions,
            draft.availability,
            as_of,
            as_of - HISTORY,
            keeping(engine, steps),
            recorded_until=engine.recorded_until,
        )
        written = {}
        for done, (name, expression) in enumerate(built.items()):
            progress.step("facts", done, len(built))
            with engine.stream(expression) as rows:
                version = workspace.lake.write_fact(name, rows)
            written[f"facts/{name}"] = version
            built.put(name, engine.written_fact(name, version))
        progress.end("facts")
    manifest = workspace.lake.publish(draft.with_versions({**canonical, **written}))
    workspace.lake.vacuum(keep=kept_manifests(workspace, manifest.cutoff_at))
    return manifest


def keeping(engine: Engine, steps: ExitStack) -> facts.Keep:
    """Computes the steps that facts share into memory, until `steps` is closed."""

    def keep(name: str, rows: ir.Table) -> ir.Table:
        return steps.enter_context(engine.materialise({name: rows}))[name]

    return keep


def _own_state(versions: Mapping[str, int]) -> SourceState:
    """What we keep ourselves (targets, function history) has every column and no cutoff."""
    tables = [path.partition("/")[2] for path in versions]
    columns = {table: frozenset(TABLES[table].columns) for table in tables}
    return SourceState(Availability(columns), cutoff_at=None, record_url=None, notes=())


def _refuse_doubles(doubles: Mapping[str, int]) -> None:
    if doubles:
        tables = ", ".join(f"{table} ({count})" for table, count in sorted(doubles.items()))
        raise LakeError(
            f"the same record comes from two sources: {tables}",
            "sources",
            "Configure each table in one source only, then sync again.",
        )
