"""The headline: the stage that a company is called by, which does not follow every verdict.

A new stage takes over with at least 70 % in two live snapshots 28 days or more apart, or once it
has been the likeliest for four months; in between, no snapshot may speak for another. The first
stage that is stated at all is the first headline.
"""

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from model.stages import STAGES, Stage
from model.words import chance

STRONG = 0.70
DAYS_APART = timedelta(days=28)
MONTHS = 4


@dataclass(frozen=True)
class Said:
    """What one snapshot said. `is_stated`: there was evidence and there were people enough to
    state a stage, though perhaps none was likely enough.
    """

    at: datetime
    definitions: str
    probabilities: Mapping[Stage, float]
    stage: Stage | None
    is_stated: bool
    is_live: bool = True

    @property
    def likeliest(self) -> Stage:
        """The likeliest stage; of two alike, the lower."""
        return max(STAGES, key=lambda stage: (self.probabilities[stage], -stage.rank))


@dataclass(frozen=True)
class Headline:
    """The headline and since when it stands; `rival`, `rival_since` and `strong_since`: the other
    stage that the snapshots have spoken for lately, unbroken since, and with 70 % since.
    """

    stage: Stage | None = None
    since: date | None = None
    rival: Stage | None = None
    rival_since: date | None = None
    strong_since: date | None = None
    definitions: str | None = None

    def after(self, said: Said) -> "Headline":
        """The headline once `said` is known. Backfilled snapshots, and those without the evidence
        to state a stage, change nothing; other definitions begin the count anew.
        """
        if not (said.is_live and said.is_stated):
            return self
        day, new = said.at.date(), said.likeliest
        if self.stage is None:
            return Headline(said.stage, day, definitions=said.definitions) if said.stage else self
        if new == self.stage:
            return Headline(self.stage, self.since, definitions=said.definitions)
        begun = replace(self, rival=new, rival_since=day, strong_since=None)
        goes_on = new == self.rival and said.definitions == self.definitions
        now = replace(self if goes_on else begun, definitions=said.definitions)
        if said.probabilities[new] >= STRONG and now.strong_since is None:
            now = replace(now, strong_since=day)
        if now._takes_over(day, said.probabilities[new]):
            return Headline(new, day, definitions=said.definitions)
        return now

    def _takes_over(self, day: date, share: float) -> bool:
        held = self.strong_since is not None and share >= STRONG
        return (held and day >= self._until(share)) or (
            self.rival_since is not None and day >= months_after(self.rival_since, MONTHS)
        )

    def _until(self, share: float) -> date:
        """The first day on which the rival could take over with such a `share`."""
        if self.rival_since is None:
            raise ValueError("nothing rivals the headline")
        late = months_after(self.rival_since, MONTHS)
        if share >= STRONG and self.strong_since is not None:
            return min(late, self.strong_since + DAYS_APART)
        return late

    def sentence(self, now: Said | None = None) -> str:
        """The headline in words, beside what is said `now` (which need not be a snapshot)."""
        if self.stage is None:
            return "Headline: none yet; the first live snapshot that states a stage sets it."
        told = f"Headline: {self.stage.value.title()} since {self.since}"
        if now is None or not now.is_stated:
            return f"{told}."
        if now.likeliest == self.stage:
            agreed = chance(now.probabilities[self.stage])
            return f"{told}; the records of today speak for it too ({agreed})."
        share = now.probabilities[now.likeliest]
        words = f"{now.likeliest.value.title()} ({chance(share)})"
        weighed = self.after(now)
        if weighed.stage != self.stage:
            return (
                f"{told}; the records of today speak for {words}, which the next snapshot makes it."
            )
        how = "hold" if share >= STRONG else "stay the likeliest"
        return (
            f"{told}; the records of today speak for {words}, which must {how} until "
            f"{weighed._until(share)} to take over."
        )


def headline(snapshots: Iterable[Said]) -> Headline:
    """The headline after `snapshots`, whatever their order."""
    found = Headline()
    for said in sorted(snapshots, key=lambda one: one.at):
        found = found.after(said)
    return found


def months_after(day: date, months: int) -> date:
    """The same day some months later, or the last of that month."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
