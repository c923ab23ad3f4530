"""What every part of the generator shares: the scenario, time, chance and the people."""

from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sandbox.company.clock import REGIONS, Clock, Floats
from sandbox.company.ids import Ints
from sandbox.company.people import People
from sandbox.scenario import Scenario

SOURCES = ("Web", "Webinar", "Trade Show", "Content Download", "Referral", "Partner")
DIRECT_SOURCES = ("Inbound Call", "Sales Prospecting")
ALL_SOURCES = SOURCES + DIRECT_SOURCES
INDUSTRIES = ("Manufacturing", "Financial Services", "Healthcare", "Retail", "Energy", "Media")
SEGMENTS = ("Enterprise", "Mid-Market", "Small Business")
SEGMENT_SHARES = (0.2, 0.45, 0.35)
UNITS = ("Software", "Services")
UNIT_SHARES = (0.65, 0.35)
REGION_SHARES = (0.45, 0.35, 0.20)
FIRST_NAMES = (
    "Ada",
    "Ben",
    "Clara",
    "Deniz",
    "Elif",
    "Femi",
    "Greta",
    "Hugo",
    "Ines",
    "Jonas",
    "Kira",
    "Luca",
    "Mina",
    "Noor",
    "Otto",
    "Pia",
    "Quentin",
    "Rosa",
    "Sven",
    "Tara",
)
LAST_NAMES = (
    "Adler",
    "Baker",
    "Costa",
    "Dietz",
    "Engel",
    "Farah",
    "Green",
    "Huber",
    "Ivers",
    "Jansen",
    "Keller",
    "Lindt",
    "Moreau",
    "Novak",
    "Okoye",
    "Petrov",
    "Rossi",
    "Sato",
    "Tanaka",
    "Ueda",
    "Vogel",
    "Weber",
    "Yilmaz",
    "Zhang",
)
_OWNER_VARIANCE = 0.04


@dataclass(frozen=True)
class World:
    """The frame of a generated company, or of one cohort of its leads. Instants are seconds; the
    history runs from `start` to `now` and is written down until `horizon`. `leads` are those of
    the whole company.
    """

    scenario: Scenario
    seed: int
    leads: int
    start: int
    now: int
    horizon: int
    clock: Clock
    people: People
    cohort: int = 0

    def chance(self, name: str) -> np.random.Generator:
        """A stream of chance of its own for each purpose and cohort."""
        place = [self.cohort] if self.cohort else []
        return np.random.default_rng([self.seed, crc32(name.encode()), *place])

    def common_chance(self, name: str) -> np.random.Generator:
        """A stream of chance of its own for each purpose, the same in every cohort."""
        return np.random.default_rng([self.seed, crc32(name.encode())])

    def rates(self, region: Ints, of: Callable[[Scenario], float]) -> Floats:
        """The rate that holds for each record, by its region."""
        by_region: Floats = np.array([float(of(self.scenario.of(name))) for name in REGIONS])
        return by_region[region]

    def latent(self, chance: np.random.Generator, owner: Ints, aspect: str) -> Floats:
        """Standard normal values of which a small part is the owner's own. Over many owners
        the share of values below a bound is what a normal distribution says: owners differ,
        the population rate stays.
        """
        effects = self.common_chance(f"owners {aspect}").normal(size=len(self.people.region))
        noise = chance.normal(size=len(owner))
        mixed: Floats = np.sqrt(1 - _OWNER_VARIANCE) * noise + (
            np.sqrt(_OWNER_VARIANCE) * effects[owner]
        )
        return mixed

    def happens(
        self, chance: np.random.Generator, owner: Ints, aspect: str, rate: Floats | float
    ) -> NDArray[np.bool_]:
        """Whether something happens, of a population rate for each record, owners (user numbers)
        differing.
        """
        chosen: NDArray[np.bool_] = ndtr(self.latent(chance, owner, aspect)) < rate
        return chosen
