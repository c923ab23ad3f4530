"""What is asked of the figures: of which segment, split by what, over which window."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property

from metrics.declaration import Measure
from metrics.facts.quarters import quarter_of
from metrics.statistics import GapQuantile, Statistic
from model.definitions import Definitions
from model.errors import ConfigurationError
from model.periods import Period, end_of, local_day, start_of

Segment = tuple[str, ...]
WEEK, MONTH, QUARTER = "week", "month", "quarter"
PERIODS = (WEEK, MONTH, QUARTER)  # what rows can be split by beside dimensions
RECENT = {WEEK: 12, MONTH: 12, QUARTER: 4}  # how many end with the as-of's, without a window


@dataclass(frozen=True)
class Asked:
    """What is asked: of which segment, split by what, over which window, as of when.

    `by` are dimensions, and at most one of `PERIODS`.
    """

    definitions: Definitions
    as_of: datetime
    window: Period | None
    by: tuple[str, ...]
    where: Mapping[str, str]

    def period(self, one: Measure, statistic: Statistic) -> Period:
        """The local days that the figure covers. Stocks are of the last one; gaps always run over
        their own days, which end with the window.
        """
        if one.placed_by is None:
            return Period(self.today, self.today)
        if self.window is None:
            return Period.trailing(one.window_days, self.today)
        if isinstance(statistic, GapQuantile):
            return Period.trailing(one.window_days, min(self.window.to_on, self.today))
        return self.window

    def whole(self, one: Measure, statistic: Statistic) -> Period:
        """The local days of all the periods that the figure is split by, or of its only one."""
        if self.split is None or one.placed_by is None:
            return self.period(one, statistic)
        each = [self.within(name).period(one, statistic) for name in self.periods]
        return Period(each[0].from_on, each[-1].to_on)

    def starts_at(self, period: Period) -> datetime:
        """The period's first instant."""
        return start_of(period.from_on, self.zone)

    def ends_at(self, period: Period) -> datetime:
        """The period's last instant, or the as-of where that comes first."""
        return min(end_of(period.to_on, self.zone), self.as_of)

    @property
    def zone(self) -> str:
        """The organisation's own time zone."""
        return self.definitions.calendar.default.timezone

    @cached_property
    def today(self) -> date:
        """The local day of the as-of."""
        return local_day(self.as_of, self.zone)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What is split by, periods aside."""
        return tuple(name for name in self.by if name not in PERIODS)

    @property
    def split(self) -> str | None:
        """The kind of period that is split by."""
        return next((name for name in self.by if name in PERIODS), None)

    @cached_property
    def periods(self) -> Mapping[str, Period]:
        """By name, in order, the periods that the window is split into: those that have begun.
        Where the window cuts one off, what is left of it. ConfigurationError where none has begun.
        """
        if self.split is None:
            return {}
        starts = self.definitions.calendar.fiscal_year_starts
        window = self.window or _recent(self.split, self.today, starts)
        last = min(window.to_on, self.today)
        if last < window.from_on:
            raise ConfigurationError(
                f"{window.from_on} has not begun", "window", f"The records reach to {self.today}."
            )
        return dict(_periods(self.split, Period(window.from_on, last), starts))

    def within(self, name: str) -> "Asked":
        """The same of one of the periods, split by the dimensions alone."""
        return replace(self, window=self.periods[name], by=self.dimensions)

    def named(self, segment: Segment, name: str) -> Segment:
        """A segment of the dimensions within a period, in the order of `by`."""
        values = iter(segment)
        return tuple(name if one in PERIODS else next(values) for one in self.by)

    def period_of(self, one: Measure, statistic: Statistic, segment: Segment) -> Period:
        """The local days that the figure of a segment covers."""
        if self.split is None:
            return self.period(one, statistic)
        return self.within(segment[self.by.index(self.split)]).period(one, statistic)


def _periods(kind: str, window: Period, fiscal_year_starts: int) -> Iterator[tuple[str, Period]]:
    """The periods that the window meets, with their names: 2026-W07, 2026-02, 2026-Q1."""
    day = window.from_on
    while day <= window.to_on:
        name, whole = _period(kind, day, fiscal_year_starts)
        yield name, Period(day, min(whole.to_on, window.to_on))
        day = whole.to_on + timedelta(days=1)


def _period(kind: str, day: date, fiscal_year_starts: int) -> tuple[str, Period]:
    """The period that a day is in. Quarters are the fiscal year's."""
    if kind == QUARTER:
        quarter = quarter_of(day, fiscal_year_starts)
        return quarter.name, Period(quarter.first_on, quarter.last_on)
    if kind == MONTH:
        return f"{day:%Y-%m}", Period.parse(f"{day:%Y-%m}")
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}", Period.parse(f"{year}-W{week:02}")


def _recent(kind: str, last: date, fiscal_year_starts: int) -> Period:
    """As many periods as are worth looking at, the present one the last."""
    first = last
    for _ in range(RECENT[kind]):
        _, whole = _period(kind, first, fiscal_year_starts)
        begins, first = whole.from_on, whole.from_on - timedelta(days=1)
    return Period(begins, last)
