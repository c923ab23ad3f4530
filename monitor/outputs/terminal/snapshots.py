"""Snapshots, and two of them beside each other."""

from collections.abc import Sequence

from monitor.compare import ComparisonForm, MovedForm
from monitor.outputs.terminal.figures import indicators
from monitor.outputs.terminal.printing import line, table
from monitor.outputs.terminal.stage import stage
from monitor.outputs.words import amount, points
from monitor.snapshots import SnapshotForm, SnapshotLine
from monitor.verify import VerificationForm

HOW = {
    "versions": "from the table versions that it was made from",
    "statistics": "from its own statistics (the table versions are not kept any more)",
}
SHOWN_IDS = 20


def snapshots(found: Sequence[SnapshotLine]) -> None:
    """The list of snapshots."""
    rows = [
        (
            one["id"],
            one["as_of_on"],
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
    if form["restates"]:
        line(f"It restates snapshot {form['restates']} under newer definitions.")
    stage(form["stage"])
    _segments(form)
    indicators(form["indicators"])
    for words in form["unknown"]:
        line(f"Not known of that day: {words}.")


def _segments(form: SnapshotForm) -> None:
    rows = [
        (
            ", ".join(one["segment"].values()),
            (one["stage"]["stage"] or "no single stage").capitalize(),
            points(one["stage"]),
            one["stage"]["sentence"],
        )
        for one in form["segments"]
    ]
    if rows:
        table(("segment", "stage", "score (95 %)", ""), rows, right=(2,))


def verification(form: VerificationForm) -> None:
    """What came of computing a snapshot again."""
    same = form["figures"] - len(form["differences"])
    line(f"Snapshot {form['id']}, computed again {HOW[form['how']]}:")
    line(f"{same} of {form['figures']} figures are the same.")
    if form["as_kept"]:
        line(f"Not computed again, as they rest on no statistics: {', '.join(form['as_kept'])}.")
    if form["differences"]:
        rows = [(d["figure"], str(d["kept"]), str(d["again"])) for d in form["differences"]]
        table(("figure", "kept", "again"), rows, right=(1, 2))


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
    for moved in form["records"]:
        _moved(moved)
    if form["records_note"]:
        line(form["records_note"])


def _moved(moved: MovedForm) -> None:
    """The first of the records that entered and left; --json has them all."""
    if not moved["has_records"]:
        line(f"{moved['title']}: it counts people or metrics, which are not listed.")
        return
    for word in ("entered", "left"):
        ids: list[str] = moved[word]
        more = f" and {len(ids) - SHOWN_IDS} more" if len(ids) > SHOWN_IDS else ""
        shown = f": {', '.join(ids[:SHOWN_IDS])}{more}" if ids else ""
        line(f"{moved['title']}, {len(ids)} {word}{shown}")
