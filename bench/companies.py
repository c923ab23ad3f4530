"""Organisations whose population values are known, made at fact level for `bench.validity`.

Each indicator's population value is planted from the score of its dimension; then sufficient
statistics are drawn as the facts would give them (owners of unequal load who resemble themselves
in everything, censored waits, skewed amounts) and go through the real statistics. Complete counts
have no sampling: their population value is what was counted.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import special

from metrics.declaration import Indicator, Result
from metrics.estimate import Estimate
from metrics.indicators import CATALOGUE
from metrics.scoring import score, value_at
from metrics.statistics import Proportion, Sums
from model.definitions import Definitions
from model.stages import DIMENSIONS, Dimension, Stage

Floats = NDArray[np.float64]
PLAIN = Definitions()
DAY = date(2026, 6, 30)
ENDS_AT = datetime(2026, 6, 30)
WORKED = 8 * 5 / 7  # business hours in a calendar day
GATES = ("handoffs_recorded", "decisions_recorded")
DECLARED = frozenset(one.id for one in CATALOGUE.values() if one.declared is not None)


@dataclass(frozen=True)
class Habits:
    """How the records of a population come about; none of it says how well the teams work.

    `handoffs`: a year's, from and to; `per_owner`: a quarter's, of one salesperson; `load_shape`:
    of the gamma that spreads them (small: few do most); `alike`: from and to, how far an owner's
    records resemble each other; `common`: how far an owner is good at everything; `jitter`: how
    far indicators of one dimension differ, in points; `tail`: the exponent of waits (1: heavy);
    `recent`: above 1, more of the handoffs are of late; `unlogged`: the share of owners who log
    hardly any touch; `behind`: how many points one region of a third of the owners is behind.
    """

    handoffs: tuple[float, float] = (500, 20_000)
    per_owner: float = 30
    load_shape: float = 4
    alike: tuple[float, float] = (0.02, 0.12)
    common: float = 0.5
    jitter: float = 5
    tail: float = 0.8
    recent: float = 1
    unlogged: float = 0
    behind: float = 0
    deals: float = 0.2
    amounts: float = 0.8
    ruled: float = 0.5


@dataclass(frozen=True)
class Organisation:
    """What `infer` is given, and the truth: population values by indicator and gate."""

    handoffs: int
    results: list[Result]
    gates: dict[str, Estimate]
    truth: dict[str, float]
    true_gates: dict[str, float]


def organisation(
    levels: Mapping[Dimension, float], habits: Habits, rng: np.random.Generator
) -> Organisation:
    """One organisation whose dimensions score `levels` (20–100) in the population."""
    low, high = np.log(habits.handoffs)
    year = float(np.exp(rng.uniform(low, high)))
    sampler = _Sampler(habits, max(round(year / 4), 20), rng)
    results, truth = [], {}
    for one in CATALOGUE.values():
        wanted = levels[one.dimension] + rng.normal(0, habits.jitter)
        value = value_at(one, float(np.clip(wanted, 21, 99)))
        estimate, truth[one.id] = sampler.estimate(one, value)
        got = score(one, estimate)
        stage = None if got is None else Stage.of_score(got)
        results.append(Result(one, {}, DAY, DAY, estimate, got, stage))
    gates, true_gates = sampler.gates(truth["shared_metric_coverage"])
    return Organisation(round(year), results, gates, truth, true_gates)


class _Sampler:
    def __init__(self, habits: Habits, handoffs: int, rng: np.random.Generator) -> None:
        self.habits, self.handoffs, self.rng = habits, handoffs, rng
        self.owners = int(np.clip(handoffs / habits.per_owner, 3, 400))
        self.skill = rng.standard_normal(self.owners)
        if habits.behind:
            self.skill = self.skill + habits.behind * (np.arange(self.owners) % 3 == 0)
            self.skill = (self.skill - self.skill.mean()) / max(self.skill.std(), 1e-9)
        self.loads = rng.gamma(habits.load_shape, 1, self.owners)
        self.r = rng.uniform(*habits.alike)
        self.silent = rng.random(self.owners) < habits.unlogged
        self.who = self._owners_of(handoffs)
        self.response = self._ranks(self.who)
        age = rng.random(handoffs) ** habits.recent * 90
        self.age = np.maximum(age, 0.01)

    def _owners_of(self, count: int) -> NDArray[np.int64]:
        return self.rng.choice(self.owners, count, p=self.loads / self.loads.sum())

    def _ranks(self, who: NDArray[np.int64]) -> Floats:
        """Uniform ranks of records (low is good), alike within an owner."""
        share = self.habits.common
        of_this = self.rng.standard_normal(self.owners)
        own = math.sqrt(share) * self.skill + math.sqrt(1 - share) * of_this
        z = math.sqrt(self.r) * own[who] + math.sqrt(1 - self.r) * self.rng.standard_normal(
            len(who)
        )
        return np.asarray(special.ndtr(z))

    def _good(self, one: Indicator, value: float, ranks: Floats) -> NDArray[np.bool_]:
        return ranks < value if one.better == "higher" else ranks > 1 - value

    def estimate(self, one: Indicator, value: float) -> tuple[Estimate, float]:
        """The estimate of an indicator whose population value is `value`, and that value (as
        counted, where it is a complete count).
        """
        made = MADE.get(one.id)
        if made is None:
            return self._share(one, value, self._count(one)), value
        return made(self, one, value)

    def _count(self, one: Indicator) -> int:
        n, deals = self.handoffs, self.habits.deals
        of_fact = {
            "handoffs": 0.1 * n,
            "checks": n * (self.rng.random() < self.habits.ruled),
            "decisions": 0.7 * n,
            "leads": 1.3 * n,
            "opportunities": deals * n,
            "keys": 5 + 0.02 * n,
            "campaigns": 4 + 0.01 * n,
            "returned": 0.2 * n,
        }
        part = {"marketing_in_key_meetings": 0.15, "rejection_reason_rate": 0.3}
        return int(self.rng.poisson(of_fact.get(one.fact, n) * part.get(one.id, 1)))

    def _table(self, who: NDArray[np.int64], **columns: NDArray[Any]) -> pa.Table:
        names = pa.array([f"owner {i}" for i in range(self.owners)]).take(pa.array(who))
        return pa.table({"cluster": names, "n": np.ones(len(who), np.int64), **columns})

    def _said(self, one: Indicator, table: pa.Table, **given: bool) -> Estimate:
        statistic = one.statistic(PLAIN)
        found = statistic.estimate(Sums.of(table), minimum_n=one.minimum_n, ends_at=ENDS_AT)
        if given.get("declared") and found.is_assessed:
            return Estimate(**{**vars(found), "declared": True})
        return found

    def _share(self, one: Indicator, value: float, count: int) -> Estimate:
        who = self._owners_of(count)
        good = self._good(one, value, self._ranks(who))
        by = np.bincount(who, minlength=self.owners)
        k = np.bincount(who, good, self.owners).astype(np.int64)
        names = [f"owner {i}" for i in np.flatnonzero(by)]
        return self._said(one, pa.table({"cluster": names, "n": by[by > 0], "k": k[by > 0]}))

    def ratio(self, one: Indicator, value: float) -> tuple[Estimate, float]:
        count = self.handoffs if one.fact == "handoffs" else self._count(one) // 3
        who = self._owners_of(count)
        amount = self.rng.lognormal(0, self.habits.amounts, count)
        part = amount * self._good(one, value, self._ranks(who))
        table = self._table(
            who,
            numerator=part,
            denominator=amount,
            numerator_squares=part**2,
            denominator_squares=amount**2,
            products=part * amount,
        )
        return self._said(one, table), value

    def _timed(
        self, one: Indicator, who: NDArray[np.int64], at: Floats, watched: Floats
    ) -> Estimate:
        """Times to an event (infinite: never), watched for so long each."""
        if one.id in LOGGED:
            missed = self.silent[who] & (self.rng.random(len(who)) < 0.9)
            at = np.where(missed, np.inf, at)
        table = self._table(who, duration=np.minimum(at, watched), is_event=at <= watched)
        found = self._said(one, table)
        if one.id in LOGGED and self.silent.mean() > 0.5 and found.is_assessed:
            return Estimate(**{**vars(found), "status": "weak"})
        return found

    def in_time(self, one: Indicator, value: float) -> tuple[Estimate, float]:
        """A share with the event by `at` units, `value`; the rest later. With `complement`, the
        share that never has it.
        """
        by, unit = TIMES[one.id]
        if one.id in LOGGED:
            who, ranks, age = self.who, self.response, self.age
        else:
            who = self._owners_of(max(self._count(one), self.handoffs // 5))
            ranks, age = self._ranks(who), self.rng.random(len(who)) * 90
        never = one.better == "lower" and one.id in LOGGED
        if one.id == "ownership_bounce_rate":
            ranks = 1 - ranks
        within = 1 - value if never else value
        early = by * (ranks / max(within, 1e-9)) ** (2 if one.id in LOGGED else 1)
        late = np.inf if never else by * (1 + 9 * (ranks - within) / max(1 - within, 1e-9))
        return self._timed(one, who, np.where(ranks < within, early, late), age * unit), value

    def median(self, one: Indicator, value: float) -> tuple[Estimate, float]:
        ranks = self.response if one.id in LOGGED else self._ranks(self.who)
        at = value * (ranks / (1 - ranks)) ** self.habits.tail
        return self._timed(one, self.who, at, self.age * WORKED), value

    def kappa(self, one: Indicator, value: float) -> tuple[Estimate, float]:
        who = self._owners_of(max(self.handoffs // 20, 5))
        first = self.rng.integers(0, 4, len(who))
        same = self._ranks(who) < value
        second = np.where(same, first, self.rng.integers(0, 4, len(who)))
        table = self._table(who, first=first.astype(str), second=second.astype(str))
        return self._said(one, table), value

    def auc(self, one: Indicator, value: float) -> tuple[Estimate, float]:
        who = self._owners_of(max(round(0.7 * self.handoffs), 5))
        event = self.rng.random(len(who)) < 0.6
        shift = math.sqrt(2) * special.ndtri(value)
        noise = special.ndtri(np.clip(1 - self._ranks(who), 1e-9, 1 - 1e-9))
        table = self._table(who, score=np.round(noise + shift * event, 2), is_event=event)
        return self._said(one, table), value

    def cadence(self, one: Indicator, value: float) -> tuple[Estimate, float]:
        """Regular meetings (gamma gaps) whose 75 % quantile of days between them is `value`."""
        scale = value / float(special.gammaincinv(4, 0.75))
        gaps = self.rng.gamma(4, scale, max(int(3 * 365 / (4 * scale)), 8))
        days = np.cumsum(gaps) - self.rng.uniform(0, 4 * scale)
        at = [ENDS_AT - timedelta(days=365) + timedelta(days=float(d)) for d in days]
        kept = [a for a in at if a <= ENDS_AT]
        table = pa.table({"at": pa.array(kept, pa.timestamp("us"))})
        return self._said(one, table), value

    def forecast(self, one: Indicator, value: float) -> tuple[Estimate, float]:
        """Four quarters, each missed by the same share one way or the other."""
        sign = self.rng.choice([-1.0, 1.0], 4)
        count = max(int(self.habits.deals * self.handoffs / 3), 2)
        tables = []
        for quarter in range(4):
            who = self._owners_of(count)
            won = self.rng.lognormal(0, self.habits.amounts, count)
            mean = math.exp(self.habits.amounts**2 / 2)
            noise = won + 0.3 * self.rng.normal(0, mean, count)
            forecast = noise + sign[quarter] * (1 - value) * mean
            labels = pa.array([f"Q{quarter}"] * count)
            columns = {"quarter": labels, "forecast": forecast, "won": won}
            tables.append(self._table(who, **columns))
        return self._said(one, pa.concat_tables(tables)), value

    def counted(self, one: Indicator, value: float) -> tuple[Estimate, float]:
        """A share of a list that is known in full."""
        n = {"metrics": 8, "report_uses": 40}.get(one.fact, self.owners + 8)
        k = round(n * value)
        table = pa.table({"n": [n], "k": [k]})
        return self._said(one, table, declared=one.id in DECLARED), k / n

    def quotient(self, one: Indicator, value: float) -> tuple[Estimate, float]:
        table = pa.table({"n": [4], "numerator": [value], "denominator": [1.0]})
        return self._said(one, table, declared=True), value

    def gap(self, one: Indicator, value: float) -> tuple[Estimate, float]:
        rows = [(f"Q{q}", side, a) for q in range(4) for side, a in (("s", 1), ("m", 1 - value))]
        quarter, side, attained = (list(x) for x in zip(*rows, strict=True))
        columns = {"quarter": quarter, "side": side, "n": [1] * 8, "attained": attained}
        return self._said(one, pa.table(columns), declared=True), value

    def level(self, one: Indicator, value: float) -> tuple[Estimate, float]:
        nearest = min((40.0, 70.0, 100.0), key=lambda known: abs(known - value))
        return self._said(one, pa.table({"n": [1], "value": [nearest]})), nearest

    def gates(self, coverage: float) -> tuple[dict[str, Estimate], dict[str, float]]:
        """The gates' evidence and population values; every seventh company hardly records one."""
        found, true = {}, {}
        for name in GATES:
            low, high = (0.02, 0.25) if self.rng.random() < 1 / 7 else (0.4, 0.98)
            true[name] = float(self.rng.uniform(low, high))
            who = self._owners_of(self.handoffs)
            event = (self._ranks(who) < true[name]).astype(np.int64)
            found[name] = Proportion("e").estimate(Sums.of(self._table(who, k=event)), minimum_n=20)
        true["shared_metrics"] = coverage * 8
        found["shared_metrics"] = Estimate(coverage * 8, None, None, 8, declared=True)
        return found, true


LOGGED = ("lead_followup_rate", "never_touched_rate", "first_response_hours")
TIMES = {
    "lead_followup_rate": (1.0, WORKED / 8),
    "never_touched_rate": (30.0, 1.0),
    "ownership_bounce_rate": (30.0, 1.0),
    "decision_rate": (14.0, 1.0),
    "recycle_return_rate": (60.0, 1.0),
}
Make = Callable[[_Sampler, Indicator, float], tuple[Estimate, float]]
MADE: dict[str, Make] = {
    **dict.fromkeys(TIMES, _Sampler.in_time),
    **dict.fromkeys(("first_response_hours", "decision_hours"), _Sampler.median),
    **dict.fromkeys(
        ("queue_wait_share", "funnel_continuity", "campaign_touch_coverage"), _Sampler.ratio
    ),
    **dict.fromkeys(
        (
            "joint_training_rate",
            "people_interchange",
            "shared_metric_coverage",
            "shared_dashboard_use",
        ),
        _Sampler.counted,
    ),
    "segment_agreement": _Sampler.kappa,
    "score_discrimination": _Sampler.auc,
    "joint_meeting_cadence": _Sampler.cadence,
    "forecast_accuracy": _Sampler.forecast,
    "shared_target_share": _Sampler.quotient,
    "attainment_gap": _Sampler.gap,
    "common_head": _Sampler.level,
}


def planted(regime: str, rng: np.random.Generator) -> dict[Dimension, float]:
    """Population scores by dimension: all together, one alone better or worse, or scattered."""
    middle = float(rng.uniform(24, 96))
    if regime == "together":
        return dict.fromkeys(DIMENSIONS, middle)
    if regime == "scattered":
        found = np.clip(middle + rng.normal(0, 12, 6), 22, 98)
        return dict(zip(DIMENSIONS, found.tolist(), strict=True))
    moved = float(np.clip(middle + rng.choice([-1, 1]) * rng.uniform(15, 45), 22, 98))
    return {d: moved if d == regime else middle for d in DIMENSIONS}


REGIMES = ("together", "scattered", *(d.value for d in DIMENSIONS))
