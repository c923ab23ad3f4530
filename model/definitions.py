"""What an organisation means by its words: typed, validated, hashed into the definitions version.

`config/` turns YAML into these; `metrics/` takes them as arguments. Nothing here reads a file.
"""

import hashlib
import json
import re
from datetime import date, time
from functools import cache
from itertools import pairwise
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from model.parts import Names, Part
from model.rules import Rule
from model.stages import DIMENSIONS, Dimension, Function


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _known_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError(f"{name!r} is not a time zone; write one such as Europe/Berlin")
    return name


Zone = Annotated[str, AfterValidator(_known_zone)]


class FunctionRule(Part):
    """Who belongs to one function; a user or queue that matches any list belongs to it."""

    roles: Names = ()
    profiles: Names = ()
    titles: Names = ()
    users: Names = ()
    queues: Names = ()


class FunctionRules(Part):
    """Who is Sales, SDR, Marketing. Users are matched by the most specific list first: users,
    then roles, profiles, titles. Names compare without case; `*` stands for any text.
    """

    sales: FunctionRule = FunctionRule()
    sdr: FunctionRule = FunctionRule()
    marketing: FunctionRule = FunctionRule()
    other: FunctionRule = FunctionRule()
    automation_users: Names = ()
    sdr_counts_as: Literal["sales", "marketing"] = "sales"

    def of(self, function: Function) -> FunctionRule:
        """The rule of one function."""
        rule: FunctionRule = getattr(self, function.value)
        return rule

    def side(self, function: str | None) -> str | None:
        """`sales`, `marketing` or None: the side that a function is on."""
        if function == Function.SDR:
            return self.sdr_counts_as
        return function if function in (Function.SALES, Function.MARKETING) else None


class Handoff(Part):
    """What counts as the passage of a lead to Sales: the first sales owner or sales queue
    (`owner`), or the source's own `handed_off_at` (`field`).
    """

    rule: Literal["owner", "field"] = "owner"


class Statuses(Part):
    """The agreed lead statuses in their order, and what they mean."""

    order: Names = ()
    mql: Names = ()
    accepted: Names = ()
    rejected: Names = ()
    unreachable: Names = ()
    recycled: Names = ()


class Reasons(Part):
    """The agreed reasons; free text such as "Other" is not one."""

    rejection: Names = ()
    loss: Names = ()
    no_decision: Names = ()  # those of `loss` that mean: the customer bought from nobody


class Forecast(Part):
    """The forecast categories that Sales stands by when a quarter begins."""

    categories: Names = (
        "Commit",
        "Forecast",
        "Most Likely",
        "MostLikely",
        "Best Case",
        "BestCase",
        "Closed",
    )


class Meetings(Part):
    """The types of a meeting that make it a training; names compare without case."""

    training: Names = ("Training",)


class Structure(Part):
    """The common head of the two functions: the titles of one who answers for revenue or customers
    as a whole (`*` stands for any text), and who it is where the CRM's managers do not tell.
    """

    joint_titles: Names = (
        "*chief revenue*",
        "*chief customer*",
        "*chief commercial*",
        "*chief growth*",
        "cro",
        "cco",
        "*head of revenue*",
        "*vp revenue*",
        "*vice president*revenue*",
    )
    common_head: Literal["top", "executive", "joint"] | None = None


class SlaRule(Part):
    """A response time for one segment, e.g. `where: {region: EMEA}`, `hours: 4`."""

    where: dict[str, str]
    hours: float = Field(gt=0)


class Sla(Part):
    """How fast Sales promises a first touch, in business hours; the first rule that fits wins."""

    hours: float = Field(default=8.0, gt=0)
    rules: tuple[SlaRule, ...] = ()


class Shift(Part):
    """Working time from `opens` to `closes`: on the next day, where that is not later."""

    opens: time
    closes: time


def _shifts(value: object) -> object:
    """`09:00-12:30`, or a list of such, as shifts in their order."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, (list, tuple)):
        raise ValueError("write 09:00-17:00, a list of such, or [] for no work")
    shifts = [_shift(text) if isinstance(text, str) else text for text in texts]
    parts = [Shift.model_validate(shift) for shift in shifts]
    for first, second in pairwise(parts):
        if second.opens < first.closes or first.closes <= first.opens:
            raise ValueError(f"{second.opens:%H:%M} is before the shift ahead of it ends")
    return parts


def _shift(text: str) -> Shift:
    found = re.fullmatch(r"(\d{2}:\d{2})\s*[-–]\s*(\d{2}:\d{2})", text.strip())
    if not found:
        raise ValueError(f"{text!r} is not a shift; write 09:00-17:00")
    try:
        opens, closes = (time.fromisoformat(part) for part in found.groups())
    except ValueError:
        raise ValueError(f"{text!r} has a time that no day has") from None
    if opens == closes:
        raise ValueError(f"{text!r} begins when it ends")
    return Shift(opens=opens, closes=closes)


def _known_date(text: object) -> str:
    text = text.isoformat() if isinstance(text, date) else str(text)
    try:
        date.fromisoformat(text if len(text) > 5 else f"2000-{text}")
    except ValueError:
        raise ValueError(
            f"{text!r} is not a day; write 2026-12-24, or 12-24 for every year"
        ) from None
    return text


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Shifts = Annotated[tuple[Shift, ...], BeforeValidator(_shifts)]
Day = Annotated[str, BeforeValidator(_known_date)]


class WorkingHours(Part):
    """Working days and hours of a region, in its own time zone, and whose public holidays.

    `hours` are the shifts of a weekday, in place of `days`, `opens` and `closes`: `{fri:
    "09:00-13:00", wed: []}`. `dates` are those of a day, whatever its weekday and also where it is
    a holiday: `{12-24: "09:00-12:00"}`. A shift belongs to the day on which it begins.
    """

    timezone: Zone = "UTC"
    days: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri")
    opens: time = time(9)
    closes: time = time(17)
    hours: dict[Weekday, Shifts] = {}
    dates: dict[Day, Shifts] = {}
    holidays: str | None = None  # country or country-subdivision: DE, US-CA

    @model_validator(mode="after")
    def _in_order(self) -> "WorkingHours":
        if self.closes <= self.opens:
            raise ValueError(
                f"closes ({self.closes}) is not after opens ({self.opens}); write a night shift "
                "under hours, as 22:00-06:00"
            )
        return self

    def __hash__(self) -> int:
        return hash(self.model_dump_json())

    def shifts(self, day: date, is_holiday: bool) -> tuple[Shift, ...]:
        """The shifts that begin on a local day."""
        for name in (day.isoformat(), f"{day:%m-%d}"):
            if name in self.dates:
                return self.dates[name]
        weekday = WEEKDAYS[day.weekday()]
        if is_holiday:
            return ()
        if weekday in self.hours:
            return self.hours[weekday]
        return (Shift(opens=self.opens, closes=self.closes),) if weekday in self.days else ()


class Calendar(Part):
    """The organisation's working hours; `regions` override them by the owner's region."""

    default: WorkingHours = WorkingHours()
    regions: dict[str, WorkingHours] = {}
    fiscal_year_starts: int = Field(default=1, ge=1, le=12)


class Key(Part):
    """What makes an opportunity key when the CRM has no flag: an amount in corporate currency."""

    amount: float | None = Field(default=None, gt=0)


class Metric(Part):
    """A metric that a joint funnel needs, and the canonical columns it is computed from."""

    id: str
    title: str
    needs: Names


class Anchors(Part):
    """The values from which Defined, Aligned and Integrated start (scores 40, 60, 80)."""

    defined: float
    aligned: float
    integrated: float


class IndicatorOverride(Part):
    """What an organisation sets differently for one indicator."""

    anchors: Anchors | None = None
    window_days: int | None = Field(default=None, ge=1, le=1096)
    minimum_n: int | None = Field(default=None, ge=1)
    weight: float | None = Field(default=None, ge=0)


GatedStage = Literal["undefined", "defined", "aligned"]


class GateSettings(Part):
    """Below `least` of `needs`, no higher stage. `needs`: handoffs_recorded or decisions_recorded
    (shares of MQLs), shared_metrics (how many), or the id of an indicator.
    """

    needs: str
    least: float = Field(gt=0)


class StageSettings(Part):
    """The parameters of the inferred stage; see docs/stage.md."""

    penalty: float = Field(default=0.3, ge=0, le=0.5)
    weights: dict[Dimension, float] = dict.fromkeys(DIMENSIONS, 1.0)
    gates: dict[GatedStage, GateSettings | None] = {
        "undefined": GateSettings(needs="handoffs_recorded", least=0.10),
        "defined": GateSettings(needs="decisions_recorded", least=0.10),
        "aligned": GateSettings(needs="shared_metrics", least=1),
    }
    minimum_evidence: float = Field(default=0.60, ge=0, le=1)
    minimum_probability: float = Field(default=0.50, ge=0, le=1)
    minimum_people: int = Field(default=5, ge=0)
    draws: int = Field(default=2000, ge=1000, le=20_000)
    seed: int = 2006

    @model_validator(mode="after")
    def _weights(self) -> "StageSettings":
        if any(weight < 0 for weight in self.weights.values()) or not sum(self.weights.values()):
            raise ValueError("weights must not be negative, and at least one must be positive")
        return self


class SurveySettings(Part):
    """The rules of the self-assessment. Any two scored responses share answered statements
    (`minimum_answers` over half of twenty): what keeps totals and statements apart rests on it.
    """

    floor: int = Field(default=5, ge=3)
    minimum_answers: int = Field(default=16, ge=11, le=20)


class Definitions(Part):
    """Everything that changes what a number means."""

    organisation: str = "Our company"
    functions: FunctionRules = FunctionRules()
    handoff: Handoff = Handoff()
    statuses: Statuses = Statuses()
    reasons: Reasons = Reasons()
    sla: Sla = Sla()
    calendar: Calendar = Calendar()
    segments: Names = ("region", "business_unit", "source", "industry")
    key: Key = Key()
    forecast: Forecast = Forecast()
    meetings: Meetings = Meetings()
    structure: Structure = Structure()
    rules: tuple[Rule, ...] = ()
    metrics_catalogue: tuple[Metric, ...] = ()
    indicators: dict[str, IndicatorOverride] = {}
    stage: StageSettings = StageSettings()
    survey: SurveySettings = SurveySettings()

    def version(self, declarations: str = "") -> str:
        """12 hex digits over every definition and `declarations` (the indicators' own text)."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True) + declarations
        return hashlib.sha256(content.encode()).hexdigest()[:12]
