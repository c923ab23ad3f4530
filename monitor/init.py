"""`detente init`: a commented configuration to fill in."""

from pathlib import Path

from config.loader import DEFAULT_FILE
from model.errors import ConfigurationError
from monitor.workspace import CONFIG_NAME

HEAD = """\
# Détente's configuration. What stands here is laid over the defaults; what you leave out, or
# comment out, stays at its default. Start with `sources`, `functions` and `statuses`, and run
# `detente doctor` after each change: it says what is understood and what is still missing.
"""


def init(folder: Path) -> Path:
    """Write `detente.yaml` into `folder`: every key, its explanation and its default.

    Raises ConfigurationError where one is already there; it is never overwritten.
    """
    file = folder / CONFIG_NAME
    _, _, body = DEFAULT_FILE.read_text(encoding="utf-8").partition("\n\n")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(f"{HEAD}\n{body}")
    except FileExistsError:
        raise ConfigurationError(
            "is there already", str(file), "Edit it, or move it away."
        ) from None
    except OSError as error:
        raise ConfigurationError(f"cannot be written ({error.strerror})", str(file)) from None
    return file
