"""Results as text for people: tables, sentences, progress bars. Errors go to standard error."""

import json as _json
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeGuard

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from model.stages import Dimension
from model.words import percent
from monitor import missing as lacking
from monitor.doctor import DoctorForm, InspectionForm, LiveForm
from monitor.outputs.words import amount, figure, interval, points, status_words
from monitor.progress import SILENT
from monitor.progress import Progress as Watcher
from monitor.report import GroupForm, IndicatorsForm, ShownForm, StageForm, SurveyForm
from monitor.snapshots import ComparisonForm, SnapshotForm, SnapshotLine
from monitor.sync import SyncReport
from monitor.views import ExplanationForm, PlainExplanationForm

PIPED_WIDTH = 200
out = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def json(form: object) -> None:
    """Print JSON."""
    sys.stdout.write(_json.dumps(form, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def line(text: str) -> None:
    """Print one line."""
    out.print(text, markup=False, soft_wrap=True)


def lines(texts: Iterable[str]) -> None:
    """Print lines."""
    for text in texts:
        line(text)


def error(text: str) -> None:
    """Print one line on standard error."""
    err.print(text, markup=False)


class _Bars:
    """A progress bar for each task, with its rate, and the requests made so far."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}
        self._calls: dict[str, str] = {}
        self._lock = threading.Lock()

    def step(self, task: str, done: int, total: int | None) -> None:
        """Move the bar of `task`."""
        with self._lock:
            if task not in self._tasks:
                self._tasks[task] = self._bars.add_task(task, total=total, calls="")
            known = self._tasks[task]
        calls = self._calls.get(task.partition(" · ")[0], "")
        self._bars.update(known, completed=done, total=total, calls=calls)

    def calls(self, source: str, used: int) -> None:
        """Remember it for the bars of `source`."""
        if used:
            self._calls[source] = f"{used:,} API calls"

    def end(self, task: str) -> None:
        """Fill the bar of `task`."""
        known = self._tasks.get(task)
        if known is not None:
            done = int(self._bars.tasks[known].completed)
            self._bars.update(known, completed=max(done, 1), total=max(done, 1))


class _Lines:
    """A line for each task that ends, where nobody watches a terminal."""

    def __init__(self) -> None:
        self._begun: dict[str, float] = {}
        self._done: dict[str, int] = {}
        self._calls: dict[str, int] = {}

    def step(self, task: str, done: int, total: int | None) -> None:
        """Remember it."""
        self._begun.setdefault(task, time.monotonic())
        self._done[task] = done

    def calls(self, source: str, used: int) -> None:
        """Remember it."""
        self._calls[source] = used

    def end(self, task: str) -> None:
        """Say what was done, in how long."""
        source, pulled, _ = task.partition(" · ")
        if not pulled or task not in self._begun:
            return
        seconds = max(time.monotonic() - self._begun[task], 0.001)
        done, calls = self._done[task], self._calls.get(source, 0)
        so_far = f", {calls:,} API calls so far" if calls else ""
        error(f"{task}: {done:,} rows in {seconds:.1f} s ({done / seconds:,.0f}/s){so_far}")


class _Rate(ProgressColumn):
    """Rows a second, once it is known."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s")


@contextmanager
def progress(quiet: bool = False) -> Iterator[Watcher]:
    """Bars on standard error while it is a terminal, else a line for each pulled table; silence
    where that is asked for.
    """
    if quiet:
        yield SILENT
        return
    if not err.is_terminal:
        yield _Lines()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        _Rate(),
        TextColumn("{task.fields[calls]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err) as bars:
        yield _Bars(bars)


def table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()
) -> None:
    """Print a plain table; `right` are the columns to align right."""
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for position, heading in enumerate(headings):
        is_right = position in right
        grid.add_column(heading, justify="right" if is_right else "left", no_wrap=is_right)
    for row in rows:
        grid.add_row(*row)
    out.print(grid)


def sync(report: SyncReport) -> None:
    """What a sync did."""
    rows = [
        (source.name, one.table, f"{one.read:,}", f"{one.written:,}", f"{one.deleted:,}")
        for source in report.sources
        for one in source.tables
    ]
    table(("source", "table", "read", "written", "deleted"), rows, right=(2, 3, 4))
    for source in report.sources:
        if source.api_calls:
            line(f"{source.name}: {source.api_calls} API calls.")
        lines(f"{source.name}: {note}" for note in source.notes)
        for missing in source.missing:
            line(f"{source.name}: not available: {lacking.line(missing)}")


def indicators(form: IndicatorsForm) -> None:
    """The indicators, by dimension."""
    rows = []
    for row in form["rows"]:
        segment = ", ".join(row["segment"].values())
        score = "" if row["score"] is None else f"{row['score']:.0f}"
        rows.append(
            (
                Dimension(row["dimension"]).label,
                row["title"],
                segment,
                figure(row, row["unit"]),
                interval(row, row["unit"]),
                f"{row['n']:,}",
                score,
                status_words(row),
            )
        )
    line(f"As of {form['as_of']}, definitions {form['definitions']}.")
    headings = ("dimension", "indicator", "segment", "value", "95 % interval", "n", "score", "")
    table(headings, rows, right=(3, 4, 5, 6))
    _beside("Outcomes (shown, never scored)", form.get("outcomes", []))
    _beside("Evidence (what limits the claims)", form.get("evidence", []))


def _beside(title: str, found: Sequence[ShownForm]) -> None:
    if not found:
        return
    rows = [
        (
            one["title"],
            ", ".join(one["segment"].values()),
            figure(one, one["unit"]),
            interval(one, one["unit"]),
            f"{one['n']:,}",
            one["reason"] or "",
        )
        for one in found
    ]
    line("")
    table((title, "segment", "value", "95 % interval", "n", ""), rows, right=(2, 3, 4))


def explanation(form: ExplanationForm | PlainExplanationForm) -> None:
    """Everything about one figure."""
    if is_scored(form):
        _scored(form)
    else:
        declared = form["declaration"]
        line(f"{declared['title']} ({declared['id']}), {declared['kind']}: shown, never scored")
        line(declared["definition"])
    declared, result = form["declaration"], form["result"]
    if declared["formula"]:
        line(f"Formula: {declared['formula']}.")
        for name, formula in declared["variants"].items():
            line(f"  {name.replace('_', ' ')}: {formula}.")
        line(f"Source: fact {declared['fact']}, from {', '.join(declared['needs'])}.")
    unit = declared["unit"]
    line(
        f"Now: {figure(result, unit)} {interval(result, unit)}, n {result['n']:,}. "
        f"{status_words(result)}"
    )
    for name, found in result["variants"].items():
        line(f"  {name.replace('_', ' ')}: {figure(found, unit)} {interval(found, unit)}")
    line(f"Records counted: {form['counted']:,}.")
    for reason, count in form["left_out"].items():
        line(f"  left out: {count:,} ({reason})")


def is_scored(form: ExplanationForm | PlainExplanationForm) -> TypeGuard[ExplanationForm]:
    """Whether it explains an indicator, and not an outcome or a measure of evidence."""
    return "anchors" in form["declaration"]


def _scored(form: ExplanationForm) -> None:
    declared = form["declaration"]
    line(f"{declared['title']} ({declared['id']}), {declared['dimension_title']}")
    line(declared["definition"])
    clock = f", {declared['clock']} clock" if declared["clock"] else ""
    line(f"Unit: {declared['unit']}{clock}; {declared['better']} is better.")
    for anchor in declared["anchors"]:
        source = f": {anchor['source']}" if anchor["source"] else ""
        value = amount(anchor["value"], declared["unit"])
        line(f"  {anchor['stage'].capitalize()} from {value} ({anchor['kind']}{source})")


def stage(form: StageForm) -> None:
    """The verdict beside the self-assessment."""
    if form["segment"]:
        line("Segment: " + ", ".join(f"{k} {v}" for k, v in form["segment"].items()))
    line(form["sentence"])
    chances = ", ".join(
        f"{name.capitalize()} {percent(p)}" for name, p in form["probabilities"].items()
    )
    if form["score"] is not None:
        line(f"Score {points(form)}; {chances}; evidence {percent(form['evidence'])}.")
    for gate in form["held_by"]:
        line(f"Held down: {gate['reason']}")
    rows = [
        (
            one["title"],
            points(one),
            (one["stage"] or one["status"].replace("_", " ")).capitalize(),
            percent(one["evidence"]),
        )
        for one in form["dimensions"]
    ]
    table(("dimension", "score (95 %)", "stage", "evidence"), rows, right=(1, 3))
    survey(form["survey"])


def survey(form: SurveyForm | None) -> None:
    """What may be shown of a wave."""
    if form is None:
        line("No survey yet: `detente survey import FILE`, or open a wave.")
        return
    line(f"Survey {form['wave']} ({form['state']}):")
    for name, group in (
        ("Sales", form["sales"]),
        ("Marketing", form["marketing"]),
        ("Both", form["all"]),
    ):
        line(f"  {name}: {_group(group)}")
    for head in form["heads"]:
        said = "not scored" if head["score"] is None else f"{head['score']:.0f}"
        line(f"  {head['name']} ({head['function']}): {said}, {head['stage'] or ''}")
    for note in form["notes"]:
        line(f"  {note}")


def _group(group: GroupForm) -> str:
    if group["mean"] is None or group["stage"] is None:
        return group["hidden"] or "no result"
    between = ""
    if group["low"] is not None and group["high"] is not None:
        between = f" (95 % {group['low']:.0f} to {group['high']:.0f})"
    count = f", n {group['n']}" if group["n"] is not None else ""
    return f"{group['stage'].capitalize()}, {group['mean']:.1f}{between}{count}"


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


def doctor(form: DoctorForm) -> None:
    """Every check."""
    for source in form["sources"]:
        if source["error"]:
            line(f"{source['name']}: cannot be used: {source['error']}")
            continue
        line(
            f"{source['name']}: complete until {source['complete_until']}, "
            f"{len(source['tables'])} tables: {', '.join(source['tables'])}"
        )
        lines(f"  note: {note}" for note in source["notes"])
        lines(f"  not available: {lacking.line(missing)}" for missing in source["missing"])
        if source["inspection"]:
            _inspection(source["inspection"])
    if form["unmatched_users"]:
        line(
            f"{len(form['unmatched_users'])} active users belong to no function; name their role, "
            "profile, title or id under `functions`:"
        )
        lines(f"  {user}" for user in form["unmatched_users"][:20])
    lines(f"not assessed: {name}: {why}" for name, why in form["not_assessed"].items())


def _inspection(form: InspectionForm) -> None:
    lines(f"  {sentence}" for sentence in form["sentences"])
    rows = [
        (one["object"], *(_count(one[n]) for n in ("seen", "with_deleted", "held")))
        for one in form["records"]
    ]
    table(("object", "records seen", "with deleted", "CRM holds"), rows, right=(1, 2, 3))
    since = [f"{t['history']} {t['field']} {t['since']}" for t in form["tracked"] if t["since"]]
    if since:
        line(f"  changes are recorded since: {', '.join(since)}")
    if form["suggestions"]:
        line("  fields that may be what columns without a mapping want; copy what is right:")
        line("    fields:")
        best: dict[str, int] = {}
        for one in form["suggestions"]:
            first = best.setdefault(one["target"], id(one)) == id(one)
            line(f"      {'' if first else '# or '}{one['yaml']}")


def _count(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"


def live_check(one: LiveForm) -> None:
    """One assumption, as soon as it was tried."""
    words = {"pass": "ok", "fail": "FAILED", "not_applicable": "not applicable"}
    line(f"{words[one['result']]:<15}{one['title']}: {one['found']}")
    if one["result"] == "fail":
        line(f"{'':<15}{one['meaning']}")
