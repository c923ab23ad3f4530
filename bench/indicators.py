"""How fast facts are built: all of them beside a script in SQL, and five indicators from base
tables to result beside pandas and polars.

    python -m bench.indicators [--leads 2000000] [--folder FOLDER] [--rounds 3]
    python -m bench.indicators --growth 200000 2000000 10000000 --plot docs/growth.svg
    python -m bench.indicators --growth 200000 --sail

The lakes are made in FOLDER where they are not there (bench.lake). Each run is a process of its
own, in turns; memory is the peak of that process. `--sail` builds on Spark Connect as well, by
Sail's server inside that same process. `polars` needs `pip install polars`.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import monitor  # noqa: F401  (as every command: it chooses how Arrow takes memory)

Found = dict[str, Any]
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
    parser.add_argument("--sail", action="store_true", help="build on Spark Connect (Sail) as well")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        print(json.dumps(_measured(_WORKERS[given.step], given.folder, sail=given.sail)))
        return
    _print_machine()
    if given.growth:
        _growth(given.growth, given.folder, given.plot, sail=given.sail)
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
    figures = {step: runs[step][0]["values"] for step in FIVE if step in runs}
    for step, values in figures.items():
        print(step, values)


def _growth(sizes: list[int], folder: Path, plot: Path | None, *, sail: bool) -> None:
    print(f"\n{'leads':>10}{'engine':>8}{'wall s':>9}{'CPU s':>9}{'peak MB':>9}")
    points: dict[str, list[tuple[int, float, float]]] = {}
    for leads in sizes:
        home = _home(folder, leads)
        for engine in ("DuckDB", "Sail") if sail else ("DuckDB",):
            found = _run("ours", home, sail=engine == "Sail")
            points.setdefault(engine, []).append((leads, found["cpu"], found["peak"]))
            print(
                f"{leads:10}{engine:>8}{found['wall']:9.1f}{found['cpu']:9.1f}{found['peak']:9.0f}",
                flush=True,
            )
    if plot:
        from bench.plot import curves

        plot.write_text(curves(points), encoding="utf-8")


def _home(folder: Path, leads: int) -> Path:
    home = folder / f"lake-{leads}"
    if not (home / "detente.yaml").is_file():
        from bench import lake

        half = home.with_suffix(".half")
        shutil.rmtree(half, ignore_errors=True)
        lake.write(half, leads, report=False)
        half.rename(home)
    return home


def _run(step: str, home: Path, *, sail: bool = False) -> Found:
    command = [sys.executable, "-m", "bench.indicators", "--step", step, "--folder", str(home)]
    if sail:
        command.append("--sail")
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: Found = json.loads(done.stdout.splitlines()[-1])
    return found


def _measured(work: Callable[[Any], Found], home: Path, *, sail: bool) -> Found:
    from config.settings import EngineSettings
    from monitor.workspace import Workspace

    workspace = Workspace.open(home / "detente.yaml", home)
    if sail:
        from pysail.spark import SparkConnectServer

        server = SparkConnectServer("127.0.0.1", 0)
        server.start(background=True)
        engine = EngineSettings(url=f"sc://127.0.0.1:{server.listening_address[1]}")
        workspace = Workspace(home, workspace.settings.model_copy(update={"engine": engine}))
    began, used = time.perf_counter(), time.process_time()
    values = work(workspace)
    return {
        "wall": time.perf_counter() - began,
        "cpu": time.process_time() - used,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "values": values,
    }


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


_WORKERS: dict[str, Callable[[Any], Found]] = {
    "ours": _ours,
    "script": _script,
    "ours_five": _ours_five,
    "pandas": _pandas,
    "polars": _polars,
}

if __name__ == "__main__":
    main()
