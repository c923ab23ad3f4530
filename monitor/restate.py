"""`detente snapshot restate`: the past under today's definitions, beside what was kept."""

from monitor.progress import SILENT, Progress
from monitor.reading import Reading
from monitor.snapshots import Taken, keep
from monitor.workspace import Workspace
from store.manifest import Manifest
from store.records.snapshots import SnapshotHead


def restate(workspace: Workspace, progress: Progress = SILENT) -> list[Taken]:
    """A series of snapshots under today's definitions, one for each as-of that was kept under
    others only. The old ones stay as they are.

    Each is made from the table versions of the one it restates where these are still kept, else
    from the CRM's history in the newest ones. That of the newest figures is kept as on its day.
    """
    wanted = _wanted(workspace)
    newest = workspace.lake.manifest()
    taken = []
    for done, head in enumerate(wanted):
        progress.step("restated snapshots", done, len(wanted))
        manifest: Manifest | None = workspace.lake.manifest(head.manifest_id) or newest
        if manifest is not None and head.as_of_at <= manifest.cutoff_at:
            with Reading(workspace, manifest, head.as_of_at) as reading:
                is_now = manifest == newest and reading.as_of == manifest.cutoff_at
                taken.append(
                    keep(reading, "live") if is_now else keep(reading, "backfilled", head.id)
                )
    progress.end("restated snapshots")
    return taken


def _wanted(workspace: Workspace) -> list[SnapshotHead]:
    """The snapshots to restate: for each as-of without today's definitions the last one taken,
    those of their own day first.
    """
    heads, today = workspace.records.snapshots.list(), workspace.definitions_version
    have = {head.as_of_at for head in heads if head.definitions == today}
    ranked = sorted(heads, key=lambda head: (head.kind == "live", head.taken_at))
    by_day = {head.as_of_at: head for head in ranked if head.as_of_at not in have}
    return sorted(by_day.values(), key=lambda head: head.as_of_at)
