"""How a share, a chance and a score are written, everywhere."""

from math import ceil

from model.stages import CUTS


def percent(share: float) -> str:
    """`62 %`; never rounded to 0 % or 100 % unless it is exactly that."""
    if 0 < share < 0.005:
        return "<1 %"
    if 0.995 < share < 1:
        return ">99 %"
    return f"{100 * share:.0f} %"


def chance(probability: float) -> str:
    """`62 %` of a simulated probability, which is never claimed as certain: `>99 %`, `<1 %`."""
    if probability > 0.99:
        return ">99 %"
    return "<1 %" if probability < 0.01 else percent(probability)


def score(value: float) -> str:
    """A score on 20–100, without decimals, and never rounded up over a cut: 59.9 reads as 59."""
    near = round(value)
    return str(near if near <= value or near not in CUTS else near - 1)


def score_up(value: float) -> str:
    """A score that must be reached: rounded up."""
    return str(ceil(value - 1e-6))
