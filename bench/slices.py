"""How long a slice takes: all indicators with their intervals, of a segment and a window.

    python -m bench.slices HOME [slices]

HOME is a home folder with a detente.yaml and built facts (bench/lake.py makes one of any size).
Random slices of it: a segment (none, one dimension, or two) and a quarter, or all 24 months. Cold
is the first question of a workspace, which opens the engine and loads what it looks at; warm are
those after it. A line by kind, in milliseconds of the clock and of the processor, which is what
counts where others use the machine as well.
"""

import random
import resource
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from config.settings import PeopleSettings
from model.periods import Period
from monitor.reading import Reading
from monitor.workspace import Workspace

SEED = 5
COLD = 2
MONTHS = 24
DIMENSIONS = ("region", "business_unit", "source", "industry", "segment", "team", "owner")

Ask = Callable[[Reading], object]
Took = tuple[float, float]


def main() -> None:
    home = Path(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    chance = random.Random(SEED)
    with Reading.open(_opened(home)) as reading:
        known = reading.segment_values()
        known |= {name: values for name in ("team", "owner") if (values := _values(reading, name))}
        last = reading.as_of_on.replace(day=1) - timedelta(days=1)
    whole = Period(_first_of_month(last, 1 - MONTHS), last)

    def segment() -> dict[str, str]:
        names = chance.sample([*known], chance.choice((0, 1, 1, 1, 2, 2)))
        return {name: chance.choice(known[name]) for name in names}

    def quarter() -> Period:
        begins = _first_of_month(whole.from_on, 3 * chance.randrange(MONTHS // 3))
        return Period(begins, _first_of_month(begins, 3) - timedelta(days=1))

    def slices(window: Callable[[], Period], number: int) -> list[Ask]:
        return [_slice(segment(), window()) for _ in range(number)]

    def of_all(window: Period) -> list[Ask]:
        return [_slice({}, window)] * 5

    def by_region_and_month(reading: Reading) -> object:
        return reading.indicators(by=("region", "month"), window=whole)

    print("| all indicators of | asked | p50 | p95 | processor p50 | p95 |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, asks in (
        ("a segment and a quarter", slices(quarter, COLD)),
        ("a segment and 24 months", slices(lambda: whole, COLD)),
        ("region × month, 24 months", [by_region_and_month]),
    ):
        _line(f"{name}, cold", [_cold(home, ask) for ask in asks])
    with Reading.open(_opened(home)) as reading:
        by_region_and_month(reading)
        for name, asks in (
            ("a segment and a quarter", slices(quarter, count)),
            ("the whole company and a quarter", of_all(quarter())),
            ("a segment and 24 months", slices(lambda: whole, count)),
            ("the whole company and 24 months", of_all(whole)),
            ("region × month, 24 months", [by_region_and_month] * 5),
        ):
            _line(f"{name}, warm", [_timed(ask, reading) for ask in asks])
        loaded = {name: rows for name in reading.loaded.needed if (rows := _count(reading, name))}
    print()
    print("rows:", ", ".join(f"{name} {rows:,}" for name, rows in loaded.items()))
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


def _slice(segment: dict[str, str], window: Period) -> Ask:
    return lambda reading: reading.indicators(where=segment, window=window)


def _opened(home: Path) -> Workspace:
    opened = Workspace.open(home / "detente.yaml", home)
    people = PeopleSettings(per_person=True)  # so that owners are among the slices
    return Workspace(home, opened.settings.model_copy(update={"people": people}))


def _values(reading: Reading, dimension: str) -> list[str]:
    rows = reading.loaded.rows("handoffs")
    return [str(name) for name in rows.labels(dimension)]


def _first_of_month(day: date, months: int) -> date:
    """The first of the month that lies `months` after that of `day`."""
    year, month = divmod(12 * day.year + day.month - 1 + months, 12)
    return date(year, month + 1, 1)


def _count(reading: Reading, fact: str) -> int:
    return len(reading.loaded.rows(fact))


def _cold(home: Path, ask: Ask) -> Took:
    def first(_: Reading | None) -> object:
        with Reading.open(_opened(home)) as reading:
            return ask(reading)

    return _timed(first, None)


def _timed(ask: Callable[..., object], reading: Reading | None) -> Took:
    wall, processor = time.perf_counter(), time.process_time()
    ask(reading)
    return time.perf_counter() - wall, time.process_time() - processor


def _line(name: str, took: Sequence[Took]) -> None:
    wall, processor = (np.array(times) * 1000 for times in zip(*took, strict=True))
    shown = [len(wall), *np.percentile(wall, [50, 95]), *np.percentile(processor, [50, 95])]
    print(f"| {name} | {' | '.join(f'{value:.0f}' for value in shown)} |", flush=True)


if __name__ == "__main__":
    main()
