"""How often chance alone raises an alarm: a year of daily snapshots of steady companies.

Each company has 35 shares that never change, read over 90 days from about `rows` records, after a
year of month-ends. Prints the alarms a company and year, of each kind, and how soon a real change
is told. Run: .venv/bin/python -m bench.alarms
"""

from datetime import datetime, timedelta

import numpy as np

from metrics.alerts import WITHIN, against_own_past, own_past, stage_beyond_doubt
from metrics.compare import NORMAL
from metrics.estimate import Estimate
from metrics.indicators import CATALOGUE
from metrics.statistics.base import wilson

INDICATORS, WINDOW, YEAR = 35, 90, 365
START = datetime(2024, 1, 1)


def estimates(daily: np.ndarray, hits: np.ndarray, day: int) -> Estimate:
    n = int(daily[day - WINDOW : day].sum())
    k = int(hits[day - WINDOW : day].sum())
    low, high = wilson(k / n, n, NORMAL)
    return Estimate(k / n, low, high, n)


def a_year(chance: np.random.Generator, rows: float, change: float = 0.0) -> tuple[int, int, int]:
    """Alarms of the band, of the anchors, and the day on which a `change` was told (-1: never).

    One indicator; the change comes at the start of the watched year.
    """
    one = CATALOGUE["lead_followup_rate"]
    days = WINDOW + 2 * YEAR
    p = np.full(days, chance.uniform(0.1, 0.9))
    p[WINDOW + YEAR :] = np.clip(p[0] + change * (1 if p[0] < 0.5 else -1), 0, 1)
    daily = chance.poisson(rows / WINDOW, days) + 1
    hits = chance.binomial(daily, p)
    points = [
        (START + timedelta(days=d), estimates(daily, hits, d).value or 0.0)
        for d in range(WINDOW, WINDOW + YEAR, 30)
    ]
    band, stage, bands, stages, told = WITHIN, None, 0, 0, -1
    for day in range(WINDOW + YEAR, days):
        at, estimate = START + timedelta(days=day), estimates(daily, hits, day)
        found = against_own_past("share", estimate, own_past(points, at))
        if found not in (None, band):
            bands += found != WITHIN
            told = day - WINDOW - YEAR if told < 0 else told
            band = str(found)
        crossed = stage_beyond_doubt(one, estimate, stage)
        stages += stage is not None and crossed != stage
        stage = crossed
        points.append((at, estimate.value or 0.0))
    return bands, stages, told


def main() -> None:
    chance = np.random.default_rng(2006)
    for rows in (40, 150, 1000):
        found = np.array([a_year(chance, rows)[:2] for _ in range(INDICATORS * 12)])
        band, anchor = found.mean(axis=0) * INDICATORS
        print(f"{rows} records: {band:.2f} alarms of the band, {anchor:.2f} of anchors, a year")
        days = np.array([a_year(chance, rows, 0.25)[2] for _ in range(60)])
        seen = days[days >= 0]
        late = f"half within {np.median(seen):.0f} days" if len(seen) else ""
        print(f"  25 points of change: told in {len(seen) / len(days):.0%} of cases, {late}")


if __name__ == "__main__":
    main()
