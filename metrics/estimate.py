"""An estimate: a value, its 95 % interval for sampling, and how far it can be trusted."""

from collections.abc import ItemsView, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Status = Literal["ok", "weak", "not_assessed"]


class Influence(Mapping[str, float]):
    """A number by cluster, kept as arrays: `names` are sorted."""

    def __init__(self, names: NDArray[Any], values: NDArray[np.float64]) -> None:
        self.names = names
        self.numbers = values

    def __getitem__(self, name: str) -> float:
        place = int(np.searchsorted(self.names, name))
        if place == len(self.names) or self.names[place] != name:
            raise KeyError(name)
        return float(self.numbers[place])

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def items(self) -> ItemsView[str, float]:
        """All of them at once."""
        return dict(zip(self.names, self.numbers.tolist(), strict=True)).items()


@dataclass(frozen=True)
class Estimate:
    """What the records say about one indicator.

    `value` is None where nothing can be said (`status` "not_assessed", with `reason`) and where
    the value lies beyond everything observed (`bound`, e.g. ">720": a median never reached).
    `low` and `high` are the 95 % interval; both None for a complete count, and `high` alone None
    where the records set no upper limit. `n` counts records, `clusters` their owners.

    `influence` maps a cluster to the first-order change of the estimate, on its natural scale,
    per unit of extra weight for that cluster; it sums to zero and is empty for complete counts.
    `declared` marks what somebody declared rather than what the CRM recorded.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    clusters: int = 0
    status: Status = "ok"
    reason: str | None = None
    bound: str | None = None
    influence: Mapping[str, float] = field(default_factory=dict, repr=False)
    declared: bool = False

    @classmethod
    def not_assessed(cls, reason: str, n: int = 0) -> "Estimate":
        """Nothing can be said, for `reason`; never a zero."""
        return cls(None, None, None, n, status="not_assessed", reason=reason)

    @property
    def is_assessed(self) -> bool:
        """Whether there is a value or a bound."""
        return self.status != "not_assessed"
