"""How far the inferred stage can be trusted, against populations whose stage is known.

    python -m bench.validity [organisations] [part ...]

Writes docs/validity/figures.json and the plots beside it, and prints the tables that
docs/validity.md quotes. With parts named (a kind of company, sensitivity, missing_tables), the
others stay as they are in the file. `bench.whole` takes companies the whole way.
"""

import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from bench import judging, plots
from bench.companies import REGIMES, Habits, Organisation, organisation, planted
from bench.judging import Row
from bench.unlike import LAZY, UNLIKE

FOLDER = Path(__file__).parents[1] / "docs" / "validity"
USUAL = Habits()
SEEDS = {"usual": 41, "unlike": 43, "lazy": 47, "scattered": 1059}
HABITS = {"usual": USUAL, "unlike": UNLIKE, "lazy": LAZY, "scattered": USUAL}
SHARES = {"usual": 1, "unlike": 1 / 3, "lazy": 1 / 6, "scattered": 1 / 4}


def made(kind: str, index: int) -> tuple[str, Organisation]:
    """The organisation of that index, the same in every run."""
    rng = np.random.default_rng([SEEDS[kind], index])
    regime = "scattered" if kind == "scattered" else REGIMES[index % len(REGIMES)]
    return regime, organisation(planted(regime, rng), HABITS[kind], rng)


def row(task: tuple[str, int]) -> Row:
    return judging.judged(*made(*task))


def broken(index: int) -> tuple[int, int, dict[str, float]]:
    tried, broke, evidence = judging.missing_tables(made("usual", index)[1])
    return tried, broke, dict(evidence)


def summary(rows: Sequence[Row]) -> dict[str, object]:
    """Coverage, recovery and calibration of one set of organisations."""
    calibrated = judging.calibration(rows)
    levels = np.array([level for one in rows for level in one.levels])
    parts = {
        **{name: [r for r in rows if r.regime == name] for name in ("together", "scattered")},
        "one dimension alone": [r for r in rows if r.regime not in ("together", "scattered")],
        "under 8 owners": [r for r in rows if r.owners < 8],
        "8 to 29 owners": [r for r in rows if 8 <= r.owners < 30],
        "30 owners and more": [r for r in rows if r.owners >= 30],
        "score under 40": [r for r in rows if r.known < 40],
        "score 40 to 80": [r for r in rows if 40 <= r.known < 80],
        "score 80 and more": [r for r in rows if r.known >= 80],
    }
    return {
        "organisations": len(rows),
        "coverage": judging.coverage(rows),
        "coverage_by": {name: (len(p), *judging.coverage(p)) for name, p in parts.items() if p},
        "dimension_coverage": float(levels[:, 0].mean()),
        "dimension_stage_right": float(levels[:, 1].mean()),
        "right": float(np.mean([int(np.argmax(r.chances)) == r.planted for r in rows])),
        "stated": float(np.mean([r.stated is not None for r in rows])),
        "evidence": float(np.mean([r.evidence for r in rows])),
        "width": float(np.mean([r.high - r.low for r in rows])),
        "bias": float(np.mean([r.score - r.known for r in rows])),
        "recovery": judging.recovery(rows),
        "brier": calibrated.brier,
        "calibration_error": calibrated.error,
        "calibration_error_of_likeliest": calibrated.error_of_likeliest,
        "reliability": [
            (float(s), float(a), int(n))
            for s, a, n in zip(calibrated.stated, calibrated.actual, calibrated.counts, strict=True)
        ],
    }


def sensitivity() -> dict[str, dict[str, float]]:
    return judging.sensitivity([made("usual", i)[1] for i in range(200)])


def missing_tables(pool: ProcessPoolExecutor) -> dict[str, object]:
    tried = list(pool.map(broken, range(8)))
    return {
        "verdicts": sum(one[0] for one in tried),
        "broke_the_rule": sum(one[1] for one in tried),
        "evidence_without": {
            t: float(np.mean([one[2][t] for one in tried])) for t in judging.tables()
        },
    }


def main() -> None:
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 2400
    wanted = sys.argv[2:] or [*HABITS, "sensitivity", "missing_tables"]
    file = FOLDER / "figures.json"
    found: dict[str, Any] = json.loads(file.read_text()) if sys.argv[2:] else {}
    FOLDER.mkdir(exist_ok=True)
    with ProcessPoolExecutor() as pool:
        for kind in [name for name in HABITS if name in wanted]:
            tasks = [(kind, i) for i in range(round(total * SHARES[kind]))]
            began, rows = time.monotonic(), list(pool.map(row, tasks, chunksize=8))
            found[kind] = summary(rows) | {"seconds": round(time.monotonic() - began)}
            plots.recovery(FOLDER / f"recovery-{kind}.svg", rows)
        if "sensitivity" in wanted:
            found["sensitivity"] = sensitivity()
        if "missing_tables" in wanted:
            found["missing_tables"] = missing_tables(pool)
    plots.reliability(FOLDER / "reliability.svg", {k: found[k] for k in HABITS})
    plots.flips(FOLDER / "flips.svg", found["sensitivity"])
    file.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    print(json.dumps(found, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
