"""Before anybody looks: what the pages show of the whole company, worked out at the start and again
after each sync, so that readers seldom wait.
"""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

from streamlit import runtime

from dashboard import data, doing
from model.errors import DetenteError, NoAnswerError
from monitor.compare import NOW

EVERY_SECONDS = 10.0
MOST_SEGMENTS = 40  # of one dimension each; others are worked out when somebody chooses them


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
    """Work out what the pages show of the company, then of its segments; what cannot be is left to
    them.
    """
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
    yield from _looks(whole)
    yield data.belief
    for name, values in data.segment_values().items():
        if len(values) > 1:
            yield partial(data.split, name, whole)
    yield data.advice
    yield doing.actions
    yield lambda: data.rules(whole)
    ids = [one["id"] for one in data.snapshot_lines()]
    if ids:
        yield lambda: data.comparison(*_compared(ids))
    yield data.findings
    for segment in islice(_segments(), MOST_SEGMENTS):
        yield from _looks(segment)


def _segments() -> Iterator[dict[str, str]]:
    for name, values in data.segment_values().items():
        yield from ({name: value} for value in values)


def _looks(segment: dict[str, str]) -> Iterator[Callable[[], object]]:
    """What the pages up front show of a segment."""
    yield partial(data.stage, segment)
    yield partial(_moved, segment)
    yield partial(data.handoff, segment)
    yield partial(data.open_leads, segment)
    yield partial(data.pipeline, segment)


def _moved(segment: dict[str, str]) -> None:
    if then := data.before(data.stage(segment)):
        data.moved(then["id"], segment)


def _compared(ids: list[str]) -> tuple[str, str]:
    """What the trends compare unless the reader chooses: the newest and the third before it."""
    return ids[max(len(ids) - 4, 0)], ids[-1] if len(ids) > 1 else NOW
