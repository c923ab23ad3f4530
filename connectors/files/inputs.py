"""The files of a folder, of the zips in it, of one zip, or one file: found and opened read-only.

Nothing is ever unpacked to disk: an entry of a zip is read as a stream under its bare name, so a
name such as `../../x.csv` can lead nowhere.
"""

import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO

from model.errors import SourceError

SUFFIXES = (".csv", ".parquet", ".xlsx")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class InputFile:
    """One file, on disk or inside a zip. `label` is its name in messages."""

    path: Path
    entry: str | None = None

    @property
    def name(self) -> str:
        """The bare file name."""
        return PurePosixPath(self.entry).name if self.entry else self.path.name

    @property
    def label(self) -> str:
        """`Lead.csv`, or `WE_1.zip/Lead.csv`."""
        return f"{self.path.name}/{self.entry}" if self.entry else self.name

    @property
    def stem(self) -> str:
        """The name without its ending, without case."""
        return PurePosixPath(self.name).stem.casefold()

    @property
    def suffix(self) -> str:
        """The ending, in small letters."""
        return PurePosixPath(self.name).suffix.casefold()

    @property
    def modified_at(self) -> datetime:
        """When the file (or the zip around it) was last written; naive UTC."""
        return datetime.fromtimestamp(self.path.stat().st_mtime, UTC).replace(tzinfo=None)

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The bytes as a stream. Raises SourceError where they cannot be read."""
        try:
            if self.entry is None:
                with self.path.open("rb") as stream:
                    yield stream
            else:
                with zipfile.ZipFile(self.path) as archive, archive.open(self.entry) as stream:
                    yield stream
        except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
            raise SourceError(
                f"cannot be read ({type(error).__name__})", self.label, "Export it again."
            ) from None
        except RuntimeError as error:
            if "password" not in str(error) and "encrypted" not in str(error):
                raise
            raise SourceError(
                "is protected by a password", self.label, "Unpack it, or export it without one."
            ) from None

    def digest(self) -> str:
        """The SHA-256 of the content."""
        sum_ = hashlib.sha256()
        with self.open() as stream:
            while chunk := stream.read(_CHUNK):
                sum_.update(chunk)
        return sum_.hexdigest()


def find(path: Path) -> list[InputFile]:
    """The data files at `path` in natural order of their names (WE_2.zip before WE_10.zip).

    Raises SourceError for a path that is missing, unreadable or holds no data file.
    """
    path = path.expanduser()
    if not path.exists():
        raise SourceError("no such file or folder", str(path), "Check the path of this source.")
    try:
        paths = [p for p in path.iterdir() if p.is_file()] if path.is_dir() else [path]
    except OSError as error:
        raise SourceError(f"cannot be read ({type(error).__name__})", str(path)) from None
    found: list[InputFile] = []
    for one in sorted(paths, key=_natural):
        if one.suffix.casefold() == ".zip":
            found += _entries(one)
        elif one.suffix.casefold() in SUFFIXES and not one.name.startswith((".", "~$")):
            found.append(InputFile(one))
    if not found:
        raise SourceError(
            "holds no data files", str(path), "Expected .csv files (or .zip, .parquet, .xlsx)."
        )
    return found


def _entries(path: Path) -> list[InputFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except (OSError, zipfile.BadZipFile) as error:
        raise SourceError(
            f"is not a zip that can be read ({type(error).__name__})",
            path.name,
            "Download it again.",
        ) from None
    files = [InputFile(path, name) for name in names if not name.startswith("__MACOSX/")]
    return [f for f in files if f.suffix in SUFFIXES and not f.name.startswith(".")]


def _natural(path: Path) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", path.name.casefold())
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
