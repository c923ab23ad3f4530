"""Coverage of the 95 % intervals over generated data whose truth is known.

    python -m bench.intervals [replications]

Records belong to owners of unequal size and resemble each other within an owner so that the
design effect is the one named. Gaps between meetings are as many as there are owners elsewhere, on
average, and gamma; the design effect is how irregular they are: 1 for shape 4, 4 for shape 1.
Prints the share of intervals that hold the truth, their median width, and the mean coverage of each
kind.
"""

import math
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import product

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import special, stats

from metrics.statistics import (
    Auc,
    GapQuantile,
    Kappa,
    Proportion,
    RatioOfSums,
    Statistic,
    Sums,
    SurvivalQuantile,
    SurvivalShare,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ENDS_AT = datetime(2026, 6, 30)
BEFORE = 20  # gaps before the window, so that it begins anywhere between two meetings


@dataclass(frozen=True)
class Setting:
    kind: str
    clusters: int
    deff: float
    share: float
    mean_size: int = 20


def sizes(setting: Setting, rng: np.random.Generator) -> Ints:
    """Records per owner: 1 + Poisson around gamma-distributed work loads (coefficient 0.5)."""
    loads = rng.gamma(4, setting.mean_size / 4, setting.clusters)
    return 1 + rng.poisson(loads)


def latent(setting: Setting, owner: Ints, rng: np.random.Generator) -> Floats:
    """Uniform ranks of records, alike within an owner: a Gaussian copula whose correlation of
    the events `rank < share` gives the design effect.
    """
    count = np.bincount(owner)
    rho = (setting.deff - 1) / max(float((count**2).sum() / count.sum()) - 1, 1)
    r = _copula(setting.share, round(rho, 3))
    shared = rng.standard_normal(len(count))[owner]
    z = math.sqrt(r) * shared + math.sqrt(1 - r) * rng.standard_normal(len(owner))
    return np.asarray(stats.norm.cdf(z))


_COPULA: dict[tuple[float, float], float] = {}


def _copula(share: float, rho: float) -> float:
    """The latent correlation for which two events of probability `share` correlate by `rho`."""
    if rho <= 0:
        return 0.0
    if (share, rho) not in _COPULA:
        cut = float(stats.norm.ppf(share))
        nodes, weights = np.polynomial.hermite_e.hermegauss(60)
        weights = weights / weights.sum()
        low, high = 0.0, 0.999
        for _ in range(40):
            r = (low + high) / 2
            given = stats.norm.cdf((cut - math.sqrt(r) * nodes) / math.sqrt(1 - r))
            found = float(weights @ given**2 - share**2) / (share * (1 - share))
            low, high = (r, high) if found < rho else (low, r)
        _COPULA[share, rho] = (low + high) / 2
    return _COPULA[share, rho]


def covered(setting: Setting, rng: np.random.Generator) -> tuple[bool, float]:
    """Whether one generated data set's interval holds the truth, and how wide it is."""
    owner = np.repeat(np.arange(setting.clusters), sizes(setting, rng))
    rank = latent(setting, owner, rng)
    names = pa.array([f"o{i}" for i in owner])
    statistic, statistics, truth = KINDS[setting.kind](setting, rank, names, rng)
    estimate = statistic.estimate(Sums.of(statistics), ends_at=ENDS_AT)
    low = 0.0 if estimate.low is None else estimate.low
    high = math.inf if estimate.high is None else estimate.high
    return low <= truth <= high, high - low


Made = tuple[Statistic, pa.Table, float]


def _proportion(setting: Setting, rank: Floats, names: pa.Array, _: np.random.Generator) -> Made:
    event = (rank < setting.share).astype(np.int64)
    rows = pa.table({"cluster": names, "n": np.ones(len(rank), np.int64), "k": event})
    return Proportion("event"), rows, setting.share


def _ratio(setting: Setting, rank: Floats, names: pa.Array, rng: np.random.Generator) -> Made:
    amount = rng.lognormal(0, 0.8, len(rank))
    part = amount * (rank < setting.share)
    rows = pa.table(
        {
            "cluster": names,
            "n": np.ones(len(rank), np.int64),
            "numerator": part,
            "denominator": amount,
            "numerator_squares": part**2,
            "denominator_squares": amount**2,
            "products": part * amount,
        }
    )
    return RatioOfSums("part", "amount"), rows, setting.share


def _times(rank: Floats, names: pa.Array, rng: np.random.Generator, watched: float) -> pa.Table:
    """Exponential times with mean 1, watched for a uniform time up to `watched`."""
    event_at, end = -np.log1p(-rank), rng.uniform(0, watched, len(rank))
    return pa.table(
        {
            "cluster": names,
            "duration": np.minimum(event_at, end),
            "is_event": event_at <= end,
            "n": np.ones(len(rank), np.int64),
        }
    )


def _survival(setting: Setting, rank: Floats, names: pa.Array, rng: np.random.Generator) -> Made:
    at = -math.log1p(-setting.share)
    return SurvivalShare("d", "e", at), _times(rank, names, rng, 4 * at + 1), setting.share


def _median(setting: Setting, rank: Floats, names: pa.Array, rng: np.random.Generator) -> Made:
    return SurvivalQuantile("d", "e"), _times(rank, names, rng, 4), math.log(2)


def _kappa(setting: Setting, rank: Floats, names: pa.Array, rng: np.random.Generator) -> Made:
    """Three labels as likely as each other; the second is the first for a share of records."""
    first = rng.integers(0, 3, len(rank))
    second = np.where(rank < setting.share, first, (first + rng.integers(1, 3, len(rank))) % 3)
    labels = {"first": pa.array(first.astype(str)), "second": pa.array(second.astype(str))}
    rows = pa.table({"cluster": names, **labels, "n": np.ones(len(rank), np.int64)})
    return Kappa("first", "second"), rows, 1.5 * setting.share - 0.5


def _auc(setting: Setting, rank: Floats, names: pa.Array, rng: np.random.Generator) -> Made:
    """Normal scores, half of them moved up so far that the area is 0.75."""
    event = rng.random(len(rank)) < 0.5
    score = special.ndtri(np.clip(rank, 1e-9, 1 - 1e-9)) + math.sqrt(2) * _AREA_AT * event
    columns = {"score": np.round(score, 2), "is_event": event}
    rows = pa.table({"cluster": names, **columns, "n": np.ones(len(rank), np.int64)})
    return Auc("score", "event"), rows, 0.75


_AREA_AT = float(special.ndtri(0.75))


def _gaps(setting: Setting, _: Floats, __: pa.Array, rng: np.random.Generator) -> Made:
    statistic, shape = GapQuantile("at"), 4 / setting.deff
    scale = statistic.over_days / setting.clusters / shape
    gaps = rng.gamma(shape, scale, BEFORE + 4 * setting.clusters + 20)
    days = np.cumsum(gaps) - rng.uniform(BEFORE - 1, BEFORE) * shape * scale
    begins = np.datetime64(ENDS_AT, "us") - np.timedelta64(statistic.over_days, "D")
    at = begins + (days * 86_400e6).astype("timedelta64[us]")
    truth = scale * float(special.gammaincinv(shape, statistic.q))
    return statistic, pa.table({"at": at}), truth


KINDS: dict[str, Callable[[Setting, Floats, pa.Array, np.random.Generator], Made]] = {
    "proportion": _proportion,
    "ratio of sums": _ratio,
    "survival share": _survival,
    "survival median": _median,
    "kappa": _kappa,
    "area under the curve": _auc,
    "gap quantile": _gaps,
}
OF_ONE_SHARE = ("survival median", "area under the curve", "gap quantile")
SETTINGS = [
    Setting(kind, clusters, deff, share)
    for kind, clusters, deff, share in product(
        KINDS, (8, 12, 20, 30), (1.0, 2.0, 4.0), (0.1, 0.3, 0.5, 0.8)
    )
    if share == 0.5 or (kind not in OF_ONE_SHARE and (kind != "kappa" or share > 0.5))
]


def coverage(setting: Setting, replications: int, seed: int = 7) -> tuple[float, float]:
    """Share of intervals that hold the truth, and their median width."""
    rng = np.random.default_rng([seed, *repr(setting).encode()])
    hits, widths = zip(*(covered(setting, rng) for _ in range(replications)), strict=True)
    return float(np.mean(hits)), float(np.median(widths))


def main() -> None:
    replications = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    found: dict[str, list[float]] = {}
    with ProcessPoolExecutor() as pool:
        results = pool.map(coverage, SETTINGS, [replications] * len(SETTINGS))
        for setting, (share, width) in zip(SETTINGS, results, strict=True):
            found.setdefault(setting.kind, []).append(share)
            print(
                f"{setting.kind:20} owners {setting.clusters:3} deff {setting.deff:.0f} "
                f"share {setting.share:.1f}  coverage {share:.3f}  width {width:.3f}"
            )
    for kind, shares in found.items():
        print(f"{kind:20} mean {np.mean(shares):.3f}  {min(shares):.3f} to {max(shares):.3f}")


if __name__ == "__main__":
    main()
