"""Rules of engagement as data: what they apply to, when, what is required, within which time."""

import re
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from model.parts import Names, Part
from model.validation import suggest

Subject = Literal["handoffs", "opportunities", "accounts"]
Requirement = Literal[
    "first_response",
    "decision",
    "contact_role",
    "marketer_met",
    "marketer_on_team",
    "campaign",
    "involved",
]
REQUIREMENTS: dict[Subject, tuple[Requirement, ...]] = {
    "handoffs": ("first_response", "decision"),
    "opportunities": ("contact_role", "marketer_met", "marketer_on_team", "campaign", "involved"),
    "accounts": ("marketer_met", "marketer_on_team", "involved"),
}
SEGMENTS: dict[Subject, Names] = {
    "handoffs": ("region", "business_unit", "source", "industry", "segment", "team", "owner"),
    "opportunities": ("region", "business_unit", "source", "industry", "segment", "team", "owner"),
    "accounts": ("region", "business_unit", "industry", "segment", "owner"),
}
WITHIN = re.compile(r"(\d+(?:\.\d+)?) (hours?|days?)")


class When(Part):
    """Which records: `where` are segment values, `amount` the least amount, `key` whether only the
    key ones, `stage` sales stages of which the opportunity must have reached one.
    """

    where: dict[str, str] = {}
    amount: float | None = Field(default=None, gt=0)
    key: bool = False
    stage: Names = ()


class Who(Part):
    """Whom the rule is about: anybody whose role, title or user id is listed (`*`: any text)."""

    roles: Names = ()
    titles: Names = ()
    users: Names = ()

    @model_validator(mode="after")
    def _somebody(self) -> "Who":
        if not (self.roles or self.titles or self.users):
            raise ValueError("names nobody; give roles, titles or users")
        return self


def _within(text: str) -> str:
    if not WITHIN.fullmatch(text.strip()) or float(text.split(maxsplit=1)[0]) == 0:
        raise ValueError(f"{text!r} is not a time; write 8 hours (business hours) or 10 days")
    return text.strip()


def _requirement(name: object) -> object:
    known = list(get_args(Requirement))
    if name not in known:
        raise ValueError(f"{name!r} is not a requirement. {suggest(str(name), known)}")
    return name


class Rule(Part):
    """A rule of engagement.

    Of a handoff, the first response or the decision is required `within` business hours. Of an
    opportunity, a thing is due by its close, or `within` days of its creation (of reaching `stage`
    where that is given). Of an account, somebody must stand on the team, or have met or worked on
    it in the last days that `within` says.
    """

    id: str
    title: str
    applies_to: Subject
    when: When = When()
    require: Annotated[Requirement, BeforeValidator(_requirement)]
    who: Who | None = None
    within: Annotated[str, AfterValidator(_within)] | None = None

    @model_validator(mode="after")
    def _fits(self) -> "Rule":
        possible = REQUIREMENTS[self.applies_to]
        if self.require not in possible:
            raise ValueError(
                f"{self.require} cannot be required of {self.applies_to}; "
                f"write one of {', '.join(possible)}"
            )
        known = SEGMENTS[self.applies_to]
        for name in self.when.where:
            if name not in known:
                raise ValueError(f"{name!r} is no segment. {suggest(name, list(known))}")
        if (self.require == "involved") != (self.who is not None):
            raise ValueError("who is for involved, which needs it: give roles, titles or users")
        self._check_times()
        return self

    def _check_times(self) -> None:
        of_leads, of_deals = self.applies_to == "handoffs", self.applies_to == "opportunities"
        hours = self.within is not None and "hour" in self.within
        if of_leads and not hours:
            raise ValueError("within is needed here, in business hours: write within: 8 hours")
        if not of_leads and hours:
            raise ValueError(f"within must be in days for {self.applies_to}: write within: 10 days")
        over_time = self.require in ("marketer_met", "involved")
        if self.applies_to == "accounts" and over_time != (self.within is not None):
            raise ValueError(
                "within says in how many of the last days a marketer must have met the account "
                "(marketer_met) or somebody been involved; marketer_on_team has none"
            )
        if not of_deals and (self.when.amount is not None or self.when.stage):
            raise ValueError(f"amount and stage are of opportunities, not of {self.applies_to}")
        if of_leads and self.when.key:
            raise ValueError("key is of opportunities and accounts, not of handoffs")

    @property
    def span(self) -> float:
        """The number in `within`: business hours of a handoff, days of anything else."""
        return float(self.within.split()[0]) if self.within else 0.0
