"""How fast facts are built: all of them beside a script in SQL, and five indicators from base
tables to result beside pandas and polars.

    python -m bench.indicators [--leads 2000000] [--folder FOLDER] [--rounds 3]
    python -m bench.indicators --growth 200000 2000000 10000000 --plot docs/growth.svg
    python -m bench.indicators --growth 200000 --engines DuckDB Sail Spark

The lakes are made in FOLDER where they are not there (bench.lake). Each run is a process of its
own, in turns; time on processors and peak memory are of that process and of those below it. Sail
is a Spark Connect server inside the same process, Spark a cluster of a master and two workers with
2 GB each. What grew is kept in FOLDER/growth.json, and a plot shows all of it. `polars` needs
`pip install polars`.
"""

import argparse
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import monitor  # noqa: F401  (as every command: it chooses how Arrow takes memory)

Found = dict[str, Any]
Points = dict[str, dict[str, tuple[float, float]]]  # by engine and leads: CPU seconds and MB
FACTS, FIVE = ("ours", "script"), ("ours_five", "pandas", "polars")


def main() -> None:
    """Run everything in turns and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=2_000_000)
    parser.add_argument("--folder", type=Path, default=Path("facts-bench"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", nargs="+", choices=_WORKERS, default=list(_WORKERS))
    parser.add_argument("--growth", type=int, nargs="+", default=[])
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--engines", choices=_ENGINES, nargs="+", default=["DuckDB"])
    parser.add_argument("--step", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        print(json.dumps(_measured(_WORKERS[given.step], given.folder, given.engines[0])))
        return
    _print_machine()
    if given.growth:
        _growth(given.growth, given.folder, given.plot, given.engines)
    else:
        _compare(given.leads, given.folder, given.steps, given.rounds)


def _print_machine() -> None:
    names = ("duckdb", "ibis-framework", "deltalake", "pandas", "polars", "pyspark", "pysail")
    found = []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    print(f"{os.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}")
    print(", ".join(found))


def _compare(leads: int, folder: Path, steps: list[str], rounds: int) -> None:
    home = _home(folder, leads)
    runs: dict[str, list[Found]] = {step: [] for step in steps}
    for number in range(rounds):
        for step in steps[number % len(steps) :] + steps[: number % len(steps)]:
            runs[step].append(_run(step, home))
    for group in (FACTS, FIVE):
        named = [step for step in group if step in runs]
        if not named:
            continue
        base = runs[named[0]]
        print(f"\n{'':12}{'wall s':>9}{'CPU s':>9}{'peak MB':>9}{'wall ×':>9}{'CPU ×':>9}")
        for step in named:
            own = {key: _median(runs[step], key) for key in ("wall", "cpu", "peak")}
            times = [own[key] / _median(base, key) for key in ("wall", "cpu")]
            print(
                f"{step:12}{own['wall']:9.1f}{own['cpu']:9.1f}{own['peak']:9.0f}"
                f"{times[0]:9.2f}{times[1]:9.2f}"
            )
    _agree({step: runs[step][0]["values"] for step in FIVE if step in runs})


def _agree(told: dict[str, Found]) -> None:
    """Print the figures, and in what they differ."""
    for step, figures in told.items():
        for name, figure in figures.items():
            print(f"{step:12}{name:24}", *(f"{what} {one}" for what, one in figure.items()))
    if len(told) < 2:
        return
    (base, expected), *others = told.items()
    unlike = [
        f"{step} has {name}, {what}: {figures[name][what]}, {base} {one}"
        for step, figures in others
        for name, figure in expected.items()
        for what, one in figure.items()
        if not _same(figures[name][what], one)
    ]
    print("\n".join(["THEY DO NOT AGREE", *unlike] if unlike else ["they agree to 12 digits"]))


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-12)


def _growth(sizes: list[int], folder: Path, plot: Path | None, engines: list[str]) -> None:
    kept = folder / "growth.json"
    points: Points = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    print(f"\n{'leads':>10}{'engine':>8}{'wall s':>9}{'CPU s':>9}{'peak MB':>9}")
    for leads in sizes:
        home = _home(folder, leads)
        for engine in engines:
            found = _run("ours", home, engine)
            points.setdefault(engine, {})[str(leads)] = (found["cpu"], found["peak"])
            kept.write_text(json.dumps(points), encoding="utf-8")
            print(
                f"{leads:10}{engine:>8}{found['wall']:9.1f}{found['cpu']:9.1f}{found['peak']:9.0f}",
                flush=True,
            )
    if plot:
        from bench.plots import growth

        growth(plot, points)


def _home(folder: Path, leads: int) -> Path:
    home = folder / f"lake-{leads}"
    if not (home / "detente.yaml").is_file():
        from bench import lake

        half = home.with_suffix(".half")
        shutil.rmtree(half, ignore_errors=True)
        lake.write(half, leads, report=False)
        half.rename(home)
    return home


def _run(step: str, home: Path, engine: str = "DuckDB") -> Found:
    command = [sys.executable, "-m", "bench.indicators", "--step", step, "--folder", str(home)]
    command += ["--engines", engine]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: Found = json.loads(done.stdout.splitlines()[-1])
    return found


def _measured(work: Callable[[Any], Found], home: Path, engine: str) -> Found:
    from config.settings import EngineSettings
    from monitor.workspace import Workspace

    workspace = Workspace.open(home / "detente.yaml", home)
    with tempfile.TemporaryDirectory(dir=home) as scratch, _ENGINES[engine](Path(scratch)) as url:
        settings = workspace.settings.model_copy(update={"engine": EngineSettings(url=url)})
        if url:
            workspace = Workspace(home, settings)
        began, (used, _) = time.perf_counter(), _taken()
        values = work(workspace)
        wall, (cpu, peak) = time.perf_counter() - began, _taken()
    return {"wall": wall, "cpu": cpu - used, "peak": peak, "values": values}


def _taken() -> tuple[float, float]:
    """Seconds of processors and peak memory in MB, of this process and those below it (Linux)."""
    cpu, peak, left = 0.0, 0.0, [os.getpid()]
    while left:
        place = Path(f"/proc/{left.pop()}")
        fields = (place / "stat").read_text().rpartition(")")[2].split()
        cpu += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        if fields[0] != "Z":  # one that ended has no memory
            held = (place / "status").read_text().partition("VmHWM:")[2]
            peak += int(held.split()[0]) / 1024
        for children in place.glob("task/*/children"):
            left += map(int, children.read_text().split())
    return cpu, peak


def _duckdb(_: Path) -> AbstractContextManager[str | None]:
    return nullcontext()


def _sail(scratch: Path) -> AbstractContextManager[str | None]:
    from tests.store.servers import sail

    return sail(scratch)


def _spark(scratch: Path) -> AbstractContextManager[str | None]:
    from tests.store.servers import cluster

    return cluster(scratch)


def _ours(workspace: Any) -> Found:
    from monitor.refresh import refresh

    refresh(workspace)
    return {}


def _script(workspace: Any) -> Found:
    from bench import by_hand

    with by_hand.opened(workspace) as con:
        by_hand.build(con, workspace.home / "by-hand")
    return {}


def _ours_five(workspace: Any) -> Found:
    from bench.five import five

    return five(workspace)


def _pandas(workspace: Any) -> Found:
    from bench import five_pandas
    from bench.five import Given

    return five_pandas.five(Given.of(workspace))


def _polars(workspace: Any) -> Found:
    from bench import five_polars
    from bench.five import Given

    return five_polars.five(Given.of(workspace))


def _median(runs: list[Found], key: str) -> float:
    return float(statistics.median(run[key] for run in runs))


_ENGINES: dict[str, Callable[[Path], AbstractContextManager[str | None]]] = {
    "DuckDB": _duckdb,
    "Sail": _sail,
    "Spark": _spark,
}
_WORKERS: dict[str, Callable[[Any], Found]] = {
    "ours": _ours,
    "script": _script,
    "ours_five": _ours_five,
    "pandas": _pandas,
    "polars": _polars,
}

if __name__ == "__main__":
    main()
