"""Snapshots, and two of them beside each other."""

from collections.abc import Sequence

from monitor.outputs.terminal.figures import indicators
from monitor.outputs.terminal.printing import line, table
from monitor.outputs.terminal.stage import stage
from monitor.outputs.words import amount, points
from monitor.snapshots import ComparisonForm, SnapshotForm, SnapshotLine


def snapshots(found: Sequence[SnapshotLine]) -> None:
    """The list of snapshots."""
    rows = [
        (
            one["id"],
            one["as_of"][:10],
            one["kind"],
            (one["stage"] or "no single stage").capitalize(),
            points(one),
            one["definitions"],
        )
        for one in found
    ]
    table(("id", "as of", "kind", "stage", "score (95 %)", "definitions"), rows, right=(4,))


def snapshot(form: SnapshotForm) -> None:
    """One snapshot."""
    line(
        f"Snapshot {form['id']}, {form['kind']}, taken {form['taken_at']}, "
        f"manifest {form['manifest']}, version {form['software']}."
    )
    stage(form["stage"])
    indicators(form["indicators"])
    for words in form["unknown"]:
        line(f"Not known of that day: {words}.")


def comparison(form: ComparisonForm) -> None:
    """Two snapshots beside each other."""
    line(f"From {form['from_as_of'][:10]} to {form['to_as_of'][:10]}.")
    if form["note"]:
        line(form["note"])
    rows = [
        (
            one["title"],
            amount(one["before"], one["unit"]),
            amount(one["after"], one["unit"]),
            one["words"],
        )
        for one in form["changes"]
    ]
    table(("indicator", "before", "after", ""), rows, right=(1, 2))
