"""Before anybody looks: what the pages show of the whole company, worked out at the start and again
after each sync, so that readers seldom wait.
"""

import gc
import threading
import time
from collections.abc import Callable, Iterator

from streamlit import runtime

from dashboard import data, doing
from model.errors import DetenteError, NoAnswerError
from monitor.compare import NOW

EVERY_SECONDS = 10.0


def start() -> None:
    """Begin, beside whatever else the process does."""
    threading.Thread(target=_keep_warm, name="warm", daemon=True).start()


def _keep_warm() -> None:
    done: object = None
    while not runtime.exists():  # first of all, answer
        time.sleep(0.05)
    while True:
        try:
            data.reach_again()
            now = (data.workspace().config, data.manifest())
            if now != done and now[1] is not None:
                warm()
                done = now
                settle()
        except DetenteError:
            pass  # the pages say it, to whoever looks
        time.sleep(EVERY_SECONDS)


def settle() -> None:
    """Let the collector pass over what is there to stay. Streamlit has it look through everything
    after each run, which takes longer than the run.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def warm() -> None:
    """Work out what the pages show before a segment is chosen; what cannot be is left to them."""
    for ask in _asked():
        try:
            ask()
        except NoAnswerError:
            raise  # it would be the same with all the others
        except DetenteError:
            continue


def _asked() -> Iterator[Callable[[], object]]:
    """In the order in which readers come to it."""
    whole: dict[str, str] = {}
    yield data.segment_values
    yield lambda: data.stage(whole)
    if then := data.before(data.stage(whole)):
        yield lambda: data.moved(then["id"], whole)
    yield data.belief
    yield lambda: data.handoff(whole)
    yield lambda: data.open_leads(whole)
    yield lambda: data.pipeline(whole)
    for name, values in data.segment_values().items():
        if len(values) > 1:
            yield lambda name=name: data.split(name, whole)  # type: ignore[misc]
    yield data.advice
    yield doing.actions
    yield lambda: data.rules(whole)
    ids = [one["id"] for one in data.snapshot_lines()]
    if ids:
        yield lambda: data.comparison(*_compared(ids))
    yield data.findings


def _compared(ids: list[str]) -> tuple[str, str]:
    """What the trends compare unless the reader chooses: the newest and the third before it."""
    return ids[max(len(ids) - 4, 0)], ids[-1] if len(ids) > 1 else NOW
