"""Writing a file whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(file: Path) -> Iterator[Path]:
    """A place beside `file` to write to, which takes its place at the end; nothing is left of it
    after an error. Raises OSError.
    """
    draft = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        yield draft
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
