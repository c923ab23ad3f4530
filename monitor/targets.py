"""`detente targets import`: targets that both functions declare; most CRMs hold only quotas."""

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from metrics.facts import catalogue
from model.errors import ConfigurationError, DataError
from model.periods import Period, start_of
from model.tables import TABLES
from model.validation import suggest
from monitor.refresh import refresh
from monitor.workspace import Workspace

SOURCE = "declared"
REQUIRED = ("metric", "function", "period", "amount")
OPTIONAL = ("unit", "currency", "actual_metric", "is_shared")
FUNCTIONS = ("sales", "marketing")
YES, NO = ("1", "true", "yes"), ("", "0", "false", "no")


@dataclass(frozen=True)
class TargetsReport:
    """How many targets were read, and the manifest that now includes them (None: no data yet)."""

    targets: int
    manifest: int | None

    def to_json(self) -> dict[str, object]:
        """The form of `--json`."""
        return {"targets": self.targets, "manifest": self.manifest}


def import_targets(workspace: Workspace, file: Path) -> TargetsReport:
    """Replace the declared targets by those of a CSV file.

    Columns: metric, function (sales or marketing), period (2026, 2026-Q3, 2026-08), amount, and
    if wanted unit, currency, actual_metric, is_shared. Nothing is stored unless every row is good.
    Raises DataError naming file, row and column.
    """
    known = [metric.id for metric in catalogue(workspace.definitions)]
    zone = workspace.settings.calendar.default.timezone
    rows = [_target(row, known, zone, f"{file.name}, row {n}") for n, row in _rows(file)]
    doubles = {row["target_id"] for row in rows}
    if len(doubles) < len(rows):
        raise DataError(
            "a metric, function and period stands twice", file.name, "Keep one row of each."
        )
    with workspace.writing():
        table = TABLES["targets"].conform(rows)
        workspace.lake.replace(SOURCE, "targets", [table], cursor=None)
    manifest = refresh(workspace).id if workspace.lake.manifest() else None
    return TargetsReport(len(rows), manifest)


def _rows(file: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            header = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = header
            for name in header:
                if name not in (*REQUIRED, *OPTIONAL):
                    raise DataError(
                        f"unknown column {name!r}", file.name, suggest(name, [*REQUIRED, *OPTIONAL])
                    )
            lacking = [name for name in REQUIRED if name not in header]
            if lacking:
                raise DataError(
                    f"no column {', '.join(map(repr, lacking))}",
                    file.name,
                    f"Its first line names the columns: {', '.join(REQUIRED)}.",
                )
            return list(enumerate(reader, start=2))
    except FileNotFoundError:
        raise ConfigurationError("no such file", str(file)) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"is not a UTF-8 CSV file ({type(error).__name__})", file.name) from None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _target(row: dict[str, str], known: list[str], zone: str, where: str) -> dict[str, object]:
    """A row of the `targets` table. A declared target counts from the start of its period on,
    because that is what declaring it says, whenever the file was imported.
    """
    text = {key: (value or "").strip() for key, value in row.items() if isinstance(key, str)}
    if None in row or len(text) < len(row) or any(value is None for value in row.values()):
        raise DataError("has another number of fields than the header", where)
    if text["metric"] not in known:
        raise DataError(f"unknown metric {text['metric']!r}", where, suggest(text["metric"], known))
    if text["function"] not in FUNCTIONS:
        raise DataError(f"unknown function {text['function']!r}", where, "sales or marketing.")
    try:
        period = Period.parse(text["period"])
    except ConfigurationError as error:
        raise DataError(error.what, f"{where}, column period", error.todo) from None
    amount = _number(text["amount"])
    if amount is None:
        raise DataError("amount is not a number", where, "Write 1200000 or 0.85.")
    shared = text.get("is_shared", "").lower()
    if shared not in (*YES, *NO):
        raise DataError("is_shared is neither yes nor no", where)
    return {
        "target_id": "/".join((text["metric"], text["function"], text["period"].upper())),
        "metric": text["metric"],
        "function": text["function"],
        "period": text["period"].upper(),
        "amount": amount,
        "unit": text.get("unit") or None,
        "currency": text.get("currency") or None,
        "actual_metric": text.get("actual_metric") or None,
        "is_shared": shared in YES,
        "provenance": "declared",
        "recorded_at": start_of(period.from_on, zone),
    }
