"""What a pull keeps on disk so that a killed sync resumes its Bulk jobs instead of starting anew.

    <work>/<table>/pull.json              the cutoff of the pull, and what else must still be so
    <work>/<table>/<query digest>/job.json, 0000.csv, 0001.csv …

A resumed pull keeps its old cutoff: its jobs answered queries up to that instant, so the cursor
that is committed with their rows must not be later. Files are replaced atomically, the folder goes
when the rows are stored, and nothing survives `STALE`.
"""

import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

STALE = timedelta(days=2)
_PLAN, _JOB = "pull.json", "job.json"


@dataclass
class Job:
    """A Bulk job of one query and the pages of its result that are on disk.

    `pages` has for each page the number of rows that Salesforce said and the next locator
    (empty: it was the last). `deleted`: Salesforce has been told to forget it.
    """

    folder: Path
    id: str = ""
    total: int | None = None
    pages: list[tuple[int | None, str]] = field(default_factory=list)
    deleted: bool = False

    @property
    def complete(self) -> bool:
        """Whether every page is here."""
        return bool(self.pages) and self.pages[-1][1] == ""

    def page(self, number: int) -> Path:
        """Where a page is."""
        return self.folder / f"{number:04}.csv"

    def save(self) -> None:
        """Write down what is known."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(self.folder / _JOB, {k: v for k, v in asdict(self).items() if k != "folder"})

    @classmethod
    def read(cls, folder: Path) -> "Job":
        """The job in a folder; one without id where there is none, or its files are not whole."""
        try:
            held = json.loads((folder / _JOB).read_text())
            job = cls(
                folder,
                str(held["id"]),
                held["total"],
                [(rows, str(after)) for rows, after in held["pages"]],
                bool(held["deleted"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return cls(folder)
        return job if all(job.page(n).is_file() for n in range(len(job.pages))) else cls(folder)

    def forget(self) -> None:
        """Remove the files."""
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True)
class Plan:
    """One pull of one table: its cutoff, and the folder for its jobs.

    `lasting`: what is kept may be resumed by a later process.
    """

    folder: Path
    cutoff_at: datetime
    meaning: str
    lasting: bool = True

    def job(self, soql: str) -> Job:
        """The job of a query, perhaps begun by an earlier process."""
        return Job.read(self.folder / digest(soql))

    def begin(self) -> None:
        """Write the plan down, before the first of its jobs."""
        if not (self.folder / _PLAN).exists():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            held = {"cutoff_at": self.cutoff_at.isoformat(), "meaning": self.meaning}
            _write(self.folder / _PLAN, held)

    def jobs(self) -> Iterator[Job]:
        """All its jobs."""
        for file in sorted(self.folder.glob(f"*/{_JOB}")):
            yield Job.read(file.parent)


class Kept:
    """The folder `work`. `drop` tells Salesforce to forget a job by its id."""

    def __init__(self, work: Path, drop: Callable[[str], None], *, lasting: bool) -> None:
        self._work, self._drop, self._lasting = work, drop, lasting

    def plan(self, table: str, meaning: str, cutoff_at: datetime) -> Plan:
        """How to pull a table now: as begun earlier, where a job of a pull with the same `meaning`
        (cursor, shape, connection) is left, else up to `cutoff_at`.
        """
        folder = self._work / table
        held = self._held(folder)
        if held and held.meaning == digest(meaning) and any(job.id for job in held.jobs()):
            return held
        self.finish(folder)
        return Plan(folder, cutoff_at, digest(meaning), self._lasting)

    def finish(self, folder: Path) -> None:
        """Remove what a pull kept, at Salesforce too."""
        if folder.exists():
            for job in Plan(folder, datetime.min, "").jobs():
                if job.id and not job.deleted:
                    self._drop(job.id)
            shutil.rmtree(folder, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what has been left for longer than `STALE`."""
        for folder in self._work.glob("*") if self._work.is_dir() else ():
            with suppress(OSError):
                files = [folder, *folder.rglob("*")]
                if time.time() - max(f.stat().st_mtime for f in files) > STALE.total_seconds():
                    self.finish(folder)

    def _held(self, folder: Path) -> Plan | None:
        try:
            held = json.loads((folder / _PLAN).read_text())
            begun = datetime.fromisoformat(held["cutoff_at"])
            return Plan(folder, begun, str(held["meaning"]), self._lasting)
        except (OSError, ValueError, KeyError, TypeError):
            return None


def digest(text: str) -> str:
    """A short name for a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _write(file: Path, content: dict[str, Any]) -> None:
    beside = file.with_suffix(f".{threading.get_ident()}")  # the jobs of a plan begin side by side
    beside.write_text(json.dumps(content))
    os.replace(beside, file)
