"""Files for their owner's eyes only."""

import os
from pathlib import Path


def write_private(file: Path, content: bytes) -> None:
    """Write `content` at once and whole, readable by the owner alone."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(content)
    draft.replace(file)
