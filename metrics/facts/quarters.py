"""Fixed quarters of the fiscal year: forecasts against what was won in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from metrics.facts.paths import changes_of, path_of
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
    """Place (0, 1, …), quarter, began_at, ended_at (naive UTC), first_on, last_on."""
    return ibis.memtable(
        pa.table(
            {
                "place": pa.array(range(len(found)), pa.int64()),
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


def forecasts(
    known: Known, staged: ir.Table, periods: ir.Table, listed: Sequence[Quarter]
) -> ir.Table:
    """The fact `forecasts`: one row per opportunity and completed quarter in which it was forecast
    or won. `periods` is the table of the quarters `listed`.

    `forecast_amount` is its amount as the quarter began, where it was open then, its close date
    lay in the quarter and its forecast category was one that Sales stands by; `won_amount` what it
    brought in the quarter. Either is 0 where it does not apply.
    """
    zone = known.definitions.calendar.default.timezone
    over = [one for one in listed if end_of(one.last_on, zone) <= known.as_of]
    starts = [start_of(one.first_on, zone) for one in over]
    won = staged.filter(staged.is_won)
    brought = won.select("opportunity_id", place=_passed(won.closed_at, starts, True) - 1)
    then = _as_it_began(known, over, starts, brought).inner_join(periods, "place")
    stages = latest(known.all("sales_stages"), "sales_stage").select(
        _stage="sales_stage", _closed="is_closed"
    )
    described = then.left_join(stages, [("stage", "_stage")])
    deals = staged.select(
        "opportunity_id", "owner_id", "amount", "is_won", "closed_at", "cluster", *SEGMENTS
    )
    joined = described.inner_join(deals, "opportunity_id")
    close_on = _day(joined.close_date)
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


def _as_it_began(
    known: Known, over: Sequence[Quarter], starts: Sequence[datetime], won: ir.Table
) -> ir.Table:
    """What opportunities said as a quarter began that they were due in then, or were `won` in:
    opportunity_id, place (of the quarter), stage, amount_then, close_date, forecast. Null: the
    opportunity was not there yet.
    """
    steps = known.once("quarter_steps", lambda: _steps(known, starts))
    dated = steps.filter(steps.field == "close_date")
    due = dated.mutate(place=_passed(_day(dated.value), [q.first_on for q in over], True) - 1)
    expected = due.filter((due.place >= due.first) & (due.place < due.end))
    pairs = expected.select("opportunity_id", "place").union(won).distinct()
    joined = steps.inner_join(pairs, "opportunity_id")
    stood = joined.filter((joined.place >= joined.first) & (joined.place < joined.end))
    said = stood.group_by(["opportunity_id", "place"]).aggregate(
        **{
            "amount_then" if field == "amount" else field: stood.value.max(
                where=stood.field == field
            )
            for field in _FIELDS
        }
    )
    keys = ["opportunity_id", "place"]
    return pairs.left_join(said, keys).drop("opportunity_id_right", "place_right")


def _steps(known: Known, starts: Sequence[datetime]) -> ir.Table:
    """The values that stood as some quarter began: opportunity_id, field, value, and the places of
    the first such quarter (first) and of the first that began later (end).
    """
    parts = []
    for field, column in _FIELDS.items():
        changes = changes_of(known, "opportunity_changes", field)
        path = path_of(
            known, known.deals(), "opportunity_id", changes, current=ibis._[column].cast("string")
        )
        order = ibis.window(group_by="opportunity_id", order_by="position")
        next_at = path["at"].lead().over(order)
        parts.append(
            path.select(
                "opportunity_id",
                field=ibis.literal(field),
                value=path.value.fill_null(""),
                first=_passed(path["at"], starts, False),
                end=_passed(next_at, starts, False).fill_null(len(starts)),
            )
        )
    every = parts[0].union(*parts[1:])
    return every.filter(every.first < every.end)


def _passed(
    at: ir.Value, marks: Sequence[date] | Sequence[datetime], is_at_mark: bool
) -> ir.IntegerValue:
    """How many of `marks` come before `at`, or with it (`is_at_mark`)."""
    none = ibis.ifelse(at.isnull(), ibis.null("int64"), ibis.literal(0, "int64"))
    return reduce(
        lambda sum_, mark: sum_ + ((at >= mark) if is_at_mark else (at > mark)).cast("int64"),
        marks,
        none,
    )


def _day(text: ir.StringValue) -> ir.DateValue:
    return text.substr(0, 10).try_cast("date")
