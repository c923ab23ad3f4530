"""Fixed quarters of the fiscal year: forecasts against what was won in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from metrics.facts.owner_path import changes_of, path_of
from metrics.facts.sides import Known, latest, one_of
from model.definitions import Definitions
from model.periods import end_of, local_day, start_of

SEGMENTS = ("region", "business_unit", "source", "industry", "segment", "team", "owner")
COLUMNS = (
    "opportunity_id",
    "quarter",
    "quarter_began_at",
    "quarter_ended_at",
    "owner_id",
    "forecast_category",
    "forecast_close_on",
    "forecast_amount",
    "won_amount",
    *SEGMENTS,
    "cluster",
    "as_of",
)


@dataclass(frozen=True)
class Quarter:
    """A fiscal quarter: its first and last local day, and its name (2026-Q3, or the days)."""

    first_on: date
    last_on: date

    @property
    def name(self) -> str:
        """`2026-Q3` where it is one of the calendar's, else `2026-02-01..2026-04-30`."""
        if self.first_on.month % 3 == 1:
            return f"{self.first_on.year}-Q{self.first_on.month // 3 + 1}"
        return self.span

    @property
    def span(self) -> str:
        """`2026-07-01..2026-09-30`."""
        return f"{self.first_on}..{self.last_on}"

    @property
    def months(self) -> tuple[str, str, str]:
        """Its months by name."""
        first, second, third = (_after(self.first_on, n) for n in range(3))
        return f"{first:%Y-%m}", f"{second:%Y-%m}", f"{third:%Y-%m}"


def _after(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, 1)


def quarter_of(day: date, fiscal_year_starts: int) -> Quarter:
    """The fiscal quarter that `day` is in."""
    back = (day.month - fiscal_year_starts) % 3
    first = _after(day.replace(day=1), -back)
    return Quarter(first, _after(first, 3) - timedelta(days=1))


def quarters(definitions: Definitions, as_of: datetime, since: datetime) -> Iterator[Quarter]:
    """The quarters that ended in `since` to `as_of`, and then the present one."""
    zone, starts = definitions.calendar.default.timezone, definitions.calendar.fiscal_year_starts
    today = local_day(as_of, zone)
    one = quarter_of(local_day(since, zone), starts)
    while one.first_on <= today:
        yield one
        one = quarter_of(one.last_on + timedelta(days=1), starts)


def quarter_table(found: list[Quarter], zone: str) -> ir.Table:
    """quarter, began_at, ended_at (naive UTC), first_on, last_on."""
    return ibis.memtable(
        pa.table(
            {
                "quarter": pa.array([q.name for q in found], pa.string()),
                "began_at": pa.array([start_of(q.first_on, zone) for q in found], _INSTANT),
                "ended_at": pa.array([end_of(q.last_on, zone) for q in found], _INSTANT),
                "first_on": pa.array([q.first_on for q in found], pa.date32()),
                "last_on": pa.array([q.last_on for q in found], pa.date32()),
            }
        )
    )


_INSTANT = pa.timestamp("us")
_FIELDS = {
    "stage": "sales_stage",
    "amount": "amount",
    "close_date": "close_on",
    "forecast": "forecast_category",
}


def forecasts(known: Known, staged: ir.Table, periods: ir.Table) -> ir.Table:
    """The fact `forecasts`: one row per opportunity and completed quarter in which it was forecast
    or won.

    `forecast_amount` is its amount as the quarter began, where it was open then, its close date
    lay in the quarter and its forecast category was one that Sales stands by; `won_amount` what it
    brought in the quarter. Either is 0 where it does not apply.
    """
    over = periods.filter(periods.ended_at <= known.as_of)
    then = _as_it_began(known, over)
    stages = latest(known.all("sales_stages"), "sales_stage").select(
        _stage="sales_stage", _closed="is_closed"
    )
    described = then.left_join(stages, [("stage", "_stage")])
    deals = staged.select(
        "opportunity_id", "owner_id", "amount", "is_won", "closed_at", "cluster", *SEGMENTS
    )
    joined = described.inner_join(deals, "opportunity_id")
    close_on = joined.close_date.substr(0, 10).try_cast("date")
    stands = one_of(joined.forecast, known.definitions.forecast.categories)
    due = (close_on >= joined.first_on) & (close_on <= joined.last_on)
    counts = joined.stage.notnull() & ~joined._closed.fill_null(False) & stands & due
    then_amount = ibis.greatest(joined.amount_then.try_cast("float64").fill_null(0.0), 0.0)
    won_now = joined.is_won & joined.closed_at.between(joined.began_at, joined.ended_at)
    won = ibis.greatest(joined.amount.cast("float64").fill_null(0.0), 0.0)
    found = joined.mutate(
        quarter_began_at=joined.began_at,
        quarter_ended_at=joined.ended_at,
        forecast_category=joined.forecast,
        forecast_close_on=close_on,
        forecast_amount=ibis.ifelse(counts.fill_null(False), then_amount, 0.0),
        won_amount=ibis.ifelse(won_now.fill_null(False), won, 0.0),
        as_of=known.now,
    ).select(*COLUMNS)
    return found.filter((found.forecast_amount > 0) | (found.won_amount > 0))


def _as_it_began(known: Known, periods: ir.Table) -> ir.Table:
    """What each opportunity said as each quarter began (null: it was not there yet):
    opportunity_id, the quarter's columns, stage, amount_then, close_date, forecast.
    """
    rows = latest(known.rows("opportunities"), "opportunity_id")
    text = rows.mutate(**{f"_{column}": rows[column].cast("string") for column in _FIELDS.values()})
    parts = []
    for field, column in _FIELDS.items():
        changes = changes_of(known, "opportunity_changes", field)
        path = path_of(known, text, "opportunity_id", changes, current=f"_{column}")
        parts.append(
            path.select(
                "opportunity_id",
                "position",
                "at",
                field=ibis.literal(field),
                value=path.value.fill_null(""),
            )
        )
    steps = parts[0].union(*parts[1:]).cross_join(periods)
    before = steps["at"] <= steps.began_at
    # aggregated, not filtered: no engine may join steps to quarters by time
    values = {
        "amount_then" if field == "amount" else field: steps.value.argmax(
            steps.position, where=before & (steps.field == field)
        )
        for field in _FIELDS
    }
    keys = ["opportunity_id", *periods.columns]
    return steps.group_by(keys).aggregate(**values)
