"""Coverage of the score's interval and calibration of the stage's probabilities.

    python -m bench.stages [organisations]

Organisations are made at fact level with known shares: five indicators in each dimension on the
same owners, each owner better or worse at everything. The truth is the score of the known shares.
"""

import math
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import stats

from metrics.declaration import Indicator, Result, convention
from metrics.estimate import Estimate
from metrics.scoring import score, value_at
from metrics.stage import infer
from metrics.stage.profile import profile
from metrics.statistics import Proportion, Sums
from model.definitions import Definitions, StageSettings
from model.stages import DIMENSIONS, STAGES, Stage

Floats = NDArray[np.float64]
REGIMES = ("level", "one weak", "scattered")


def catalogue(each: int = 5) -> dict[str, Indicator]:
    """Plain share indicators, `each` per dimension."""
    found = {}
    for dimension in DIMENSIONS:
        for i in range(each):
            name = f"{dimension.value}_{i}"
            found[name] = Indicator(
                id=name,
                title=name,
                definition=name,
                dimension=dimension,
                unit="share",
                better="higher",
                clock=None,
                fact="f",
                placed_by=None,
                needs=(),
                anchors=convention(0.40, 0.65, 0.85),
                statistic=lambda _: Proportion("event"),
            )
    return found


def levels(regime: str, rng: np.random.Generator) -> Floats:
    """True scores by dimension."""
    middle = rng.uniform(30, 90)
    if regime == "level":
        return np.full(6, middle)
    if regime == "one weak":
        return np.array([middle] * 5 + [max(middle - 30, 22)])
    return np.clip(middle + rng.normal(0, 12, 6), 22, 98)


def result(one: Indicator, estimate: Estimate) -> Result:
    day = date(2026, 6, 30)
    return Result(one, {}, day, day, estimate, score(one, estimate), None)


def organisation(task: tuple[str, int]) -> tuple[float, float, float, float, list[float], int]:
    """True score, point score, low, high, probabilities, true stage."""
    regime, seed = task
    rng = np.random.default_rng([seed, *regime.encode()])
    definitions = Definitions(stage=StageSettings(draws=1000))
    known = catalogue()
    truth = dict(zip(DIMENSIONS, levels(regime, rng), strict=True))
    owners = int(rng.integers(8, 31))
    skill = rng.standard_normal(owners)
    results, true_results = [], []
    for name in known:
        one = known[name]
        share = value_at(one, float(np.clip(truth[one.dimension] + rng.normal(0, 5), 21, 99)))
        sizes = 1 + rng.poisson(rng.gamma(4, 10 / 4, owners))
        z = math.sqrt(0.1) * (0.7 * skill + math.sqrt(0.51) * rng.standard_normal(owners))
        given = stats.norm.cdf((stats.norm.ppf(share) - z) / math.sqrt(0.9))
        k = rng.binomial(sizes, given)
        names = pa.array([f"owner {i}" for i in range(owners)])
        rows = pa.table({"cluster": names, "n": sizes, "k": k})
        results.append(result(one, Proportion("event").estimate(Sums.of(rows))))
        true_results.append(result(one, Estimate(share, None, None, 1)))
    plain = profile(true_results, definitions, known)
    true_score = plain.score(plain.filled())
    count = Estimate(3.0, None, None, 8)
    gates = {
        "handoffs_recorded": Estimate(0.9, None, None, 500),
        "decisions_recorded": Estimate(0.9, None, None, 500),
        "shared_metrics": count,
    }
    said = infer(results, gates, None, definitions, known)
    chances = [said.probabilities[s] for s in STAGES]
    return (
        true_score,
        said.score or 0.0,
        said.low or 0.0,
        said.high or 0.0,
        chances,
        Stage.of_score(true_score).rank,
    )


def report(regime: str, rows: list[tuple[float, float, float, float, list[float], int]]) -> None:
    true, point, low, high = (np.array(x) for x in list(zip(*rows, strict=True))[:4])
    chances = np.array([row[4] for row in rows])
    actual = np.array([row[5] for row in rows])
    under, over = float(np.mean(true < low)), float(np.mean(true > high))
    right = float(np.mean(chances.argmax(axis=1) == actual))
    hits = np.eye(4)[actual].ravel()
    said = chances.ravel()
    bins = np.clip((said * 10).astype(int), 0, 9)
    gaps = [
        (bins == b).mean() * abs(said[bins == b].mean() - hits[bins == b].mean())
        for b in range(10)
        if (bins == b).any()
    ]
    print(
        f"{regime:10} n {len(rows)}  coverage {1 - under - over:.3f} (truth below {under:.3f}, "
        f"above {over:.3f})  bias {np.mean(point - true):+.2f}  width {np.mean(high - low):.1f}  "
        f"stage right {right:.3f}  calibration error {sum(gaps):.3f}"
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with ProcessPoolExecutor() as pool:
        for regime in REGIMES:
            tasks = [(regime, seed) for seed in range(count)]
            report(regime, list(pool.map(organisation, tasks, chunksize=8)))


if __name__ == "__main__":
    main()
