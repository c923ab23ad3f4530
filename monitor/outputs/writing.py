"""Tables as CSV, and texts into files: whole or not at all."""

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile

from model.errors import ConfigurationError

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """Rows as CSV. Texts that a spreadsheet would run as a formula are made plain texts."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _safe(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def _safe(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.6g}"
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def write(file: Path, text: str) -> None:
    """A file that only its owner can read, since it may hold what is personal."""
    try:
        with NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, delete=False) as part:
            part.write(text)
        os.replace(part.name, file)
    except OSError as error:
        raise ConfigurationError(
            f"cannot be written ({type(error).__name__})", str(file), "Choose another place."
        ) from None
