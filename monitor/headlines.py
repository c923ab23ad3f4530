"""The headline that the kept snapshots have settled on; see `metrics.stage.headline`."""

from datetime import datetime

from metrics.stage.headline import Headline, Said, headline
from model.stages import Stage
from monitor.workspace import Workspace
from store.records.snapshots import SnapshotHead


def settled(workspace: Workspace, until: datetime) -> Headline:
    """The headline after the snapshots that speak of `until` or an earlier instant."""
    heads = workspace.records.snapshots.list()
    return headline(_said(head) for head in heads if head.as_of_at <= until)


def _said(head: SnapshotHead) -> Said:
    """What a kept snapshot says; one kept before `withheld` was, is taken by its stage alone."""
    summary = head.summary
    stage = Stage(summary["stage"]) if summary["stage"] else None
    unsaid = "evidence" if stage is None else None
    return Said(
        at=head.as_of_at,
        definitions=head.definitions,
        probabilities={Stage(name): share for name, share in summary["probabilities"].items()},
        stage=stage,
        is_stated=summary.get("withheld", unsaid) not in ("evidence", "people"),
        is_live=head.kind == "live",
    )
