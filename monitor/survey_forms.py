"""The forms in which a survey's results leave the product; see `report` for the others."""

from typing import TypedDict


class GroupForm(TypedDict):
    """What one group said of itself; None where anonymity or n forbids it, `hidden` says why.
    `stages`: the share of people at each; `agreement`: r_wg, 0 to 1, over the shown statements.
    """

    n: int | None
    invited: int | None
    response_rate: float | None
    unscored: int | None
    mean: float | None
    low: float | None
    high: float | None
    sd: float | None
    stage: str | None
    stages: dict[str, float] | None
    agreement: float | None
    hidden: str | None


class HeadForm(TypedDict):
    """A head's own rating; heads answer by name. `answers` are those to the twenty statements."""

    name: str
    function: str
    segment: dict[str, str]
    score: float | None
    stage: str | None
    answers: list[int | None]


class GapForm(TypedDict):
    """Sales minus Marketing; no interval where either has under ten answers."""

    value: float
    low: float | None
    high: float | None


class AgreementForm(TypedDict):
    """r_wg, 0 to 1, within each function and over both; None under ten answers."""

    sales: float | None
    marketing: float | None
    all: float | None


class StatementForm(TypedDict):
    """One statement's mean (1 to 5) by function, where it may be shown; `all` weighs both alike."""

    number: int
    text: str
    root: str
    sales: float | None
    marketing: float | None
    all: float | None
    gap: GapForm | None
    agreement: AgreementForm
    bearing: dict[str, str]


class RootForm(TypedDict):
    """The mean rating (1 to 5) of the statements about one root of the strain."""

    root: str
    sales: float
    marketing: float
    gap: GapForm


class CellForm(TypedDict):
    """A function's staff in one row of a segment's table."""

    n: int | None
    mean: float | None
    stage: str | None
    hidden: str | None


class SegmentRowForm(TypedDict):
    """One value of a segment."""

    value: str
    sales: CellForm
    marketing: CellForm


class SegmentForm(TypedDict):
    """The table of one dimension; values of which nothing may be shown are left out."""

    dimension: str
    rows: list[SegmentRowForm]


class SurveyForm(TypedDict):
    """One wave; `state`: planned, open (no results yet), closed. `gap`: Sales minus Marketing."""

    wave: str
    state: str
    opens_on: str
    closes_on: str
    sales: GroupForm
    marketing: GroupForm
    all: GroupForm
    gap: float | None
    gap_low: float | None
    gap_high: float | None
    roots: list[RootForm]
    segments: list[SegmentForm]
    heads: list[HeadForm]
    statements: list[StatementForm]
    notes: list[str]
