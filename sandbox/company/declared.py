"""What the CRM does not hold (targets of both functions, survey answers), Sales' quotas, and
what was planted.
"""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from sandbox.company.clock import DAY, REGIONS, Floats
from sandbox.company.money import CODES, currency_of, local
from sandbox.company.people import user_key, user_names
from sandbox.company.world import World
from sandbox.company.write import Coded, Out, Values, system
from sandbox.scenario import METRICS, Scenario
from sandbox.schema import CURRENCY_CODE

_UNITS = {
    "pipeline_created": "currency",
    "mqls": "count",
    "revenue": "currency",
    "win_rate": "share",
    "acceptance": "share",
    "response_time": "hours",
    "cycle_length": "days",
    "cost_of_acquisition": "currency",
}
_STATEMENTS = {
    "handoff": (2, 10),
    "language": (7, 9),
    "joint_work": (3, 4, 5, 8, 11, 13, 19, 20),
    "feedback": (1, 6),
    "process": (14, 15),
    "structure": (12, 16, 17, 18),
}
_SALES_BIAS, _MARKETING_BIAS = -0.3, 0.85  # each side sees another company
_DAYS_OPEN = 14


def quarters(world: World) -> list[tuple[int, int]]:
    """Year and quarter, from the first to the one after the horizon's."""
    first, last = (datetime.fromtimestamp(at, UTC) for at in (world.start, world.horizon))
    begin = first.year * 4 + (first.month - 1) // 3
    end = last.year * 4 + (last.month - 1) // 3 + 1
    return [(n // 4, n % 4 + 1) for n in range(begin, end + 1)]


def _quarter_start(year: int, quarter: int) -> int:
    return int(datetime(year, 3 * quarter - 2, 1, tzinfo=UTC).timestamp())


def write_quotas(out: Out, world: World, won: float) -> float:
    """ForecastingQuota of every account executive and quarter; returns a quarter's revenue, of
    what was `won` until the present.
    """
    chance = world.chance("quotas")
    revenue = won / max((world.now - world.start) / (91 * DAY), 1)
    executives = np.concatenate(world.people.executives)
    periods = quarters(world)
    owner = np.tile(executives, len(periods))
    region = world.people.region[executives]
    spread = world.rates(region, lambda s: s.feedback.forecast_error)
    error = np.exp(np.outer(chance.normal(size=len(periods)), spread)).ravel()
    amount = np.round(revenue / len(executives) * error, -3)
    starts = np.repeat(
        np.array([_quarter_start(*period) for period in periods], np.int64), len(executives)
    )
    entered = starts - 20 * DAY
    keep = entered <= world.horizon
    count = int(keep.sum())
    by = user_key(np.full(count, world.people.head_of_sales))
    at = entered[keep]
    currency = np.tile(currency_of(world, "quotas", region), len(periods))[keep]
    columns: dict[str, Values] = {
        **system("ForecastingQuota", at, by),
        "QuotaOwnerId": user_key(owner[keep]),
        "QuotaAmount": local(amount[keep], currency),
        "IsAmount": np.ones(count, bool),
        "StartDate": starts[keep] // DAY,
        CURRENCY_CODE: Coded(currency, CODES),
    }
    out.write("ForecastingQuota", count, columns)
    return revenue


def write_targets(folder: Path, world: World, revenue: float) -> None:
    """targets.csv: both functions' targets for the shared metrics, one's for some others. Sales'
    revenue targets are quotas in the CRM and not here; Marketing is held to its share of them.
    """
    structure = world.scenario.structure
    amounts = {
        "pipeline_created": round(3 * revenue, -3),
        "mqls": round(world.leads * 0.45 / 8),
        "revenue": round(revenue * structure.shared_target, -3),
        "win_rate": 0.35,
        "acceptance": 0.8,
        "response_time": 8,
        "cycle_length": 60,
        "cost_of_acquisition": 900,
    }
    home = CODES[0] if world.scenario.has_currencies else "EUR"
    rows: list[list[object]] = []
    for year, quarter in quarters(world):
        period = f"{year}-Q{quarter}"
        for place, metric in enumerate(METRICS):
            is_both = place < structure.shared_metrics
            only = "marketing" if metric == "mqls" else "sales"
            for function in ("sales", "marketing"):
                in_crm = metric == "revenue" and function == "sales"
                if in_crm or not (is_both or (function == only and place < 4)):
                    continue
                is_shared = is_both and metric == "revenue"
                unit = _UNITS[metric]
                currency = home if unit == "currency" else ""
                row = [metric, function, period, amounts[metric], unit, currency]
                rows.append([*row, "true" if is_shared else "false"])
    header = ["metric", "function", "period", "amount", "unit", "currency", "is_shared"]
    _write_csv(folder / "targets.csv", header, rows)


def write_survey(folder: Path, world: World) -> None:
    """survey.csv: every head's and staff member's ratings of the 20 statements; heads by name,
    those of a region on their own region.
    """
    chance = world.chance("survey")
    people = world.people
    names = user_names(people)
    groups = (
        ("sales", "head", np.array([people.head_of_sales]), _SALES_BIAS),
        ("sales", "staff", people.sales_staff[:200], _SALES_BIAS),
        ("marketing", "head", np.array([people.head_of_marketing]), _MARKETING_BIAS),
        ("marketing", "staff", people.marketing_staff[:200], _MARKETING_BIAS),
        ("sales", "head", people.sales_managers, _SALES_BIAS),
    )
    heads_of_all = (people.head_of_sales, people.head_of_marketing)
    rows: list[list[object]] = []
    for function, rank, users, bias in groups:
        for user in users.tolist():
            mood = chance.normal(0, 0.25)
            noise = chance.normal(0, 0.7, 20)
            day = datetime.fromtimestamp(
                world.now - int(chance.integers(1, _DAYS_OPEN)) * DAY, UTC
            ).date()
            token = f"r-{chance.integers(16**10):010x}"
            region = "" if user in heads_of_all else REGIONS[int(people.region[user])]
            level = _ratings(world.scenario.of(region))
            ratings = np.clip(np.round(level + bias + mood + noise), 1, 5).astype(int)
            name = names[user] if rank == "head" else ""
            rows.append([token, function, rank, name, region, day.isoformat(), *ratings.tolist()])
    rows.sort(key=lambda row: str(row[0]))
    statements_header = [f"s{number}" for number in range(1, 21)]
    person = ["respondent", "function", "level", "name", "region", "submitted_on"]
    header = [*person, *statements_header]
    _write_csv(folder / "survey.csv", header, rows)


def _ratings(scenario: Scenario) -> Floats:
    """The mean rating of each statement."""
    level = np.zeros(20)
    for dimension, statements in _STATEMENTS.items():
        for statement in statements:
            level[statement - 1] = getattr(scenario, dimension).rating
    return level


def write_planted(folder: Path, world: World) -> None:
    """population.json and scenario.json."""
    planted = json.dumps(world.scenario.population(), indent=2, sort_keys=True)
    (folder / "population.json").write_text(planted + "\n", encoding="utf-8")
    chosen = {
        "scenario": world.scenario.to_json(),
        "seed": world.seed,
        "leads": world.leads,
        "start_at": _iso(world.start),
        "ends_at": _iso(world.now),
        "horizon_at": _iso(world.horizon),
    }
    text = json.dumps(chosen, indent=2, sort_keys=True)
    (folder / "scenario.json").write_text(text + "\n", encoding="utf-8")


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).replace(tzinfo=None).isoformat()


def _write_csv(path: Path, header: list[str], rows: list[list[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
