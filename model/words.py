"""How a share is written, everywhere."""


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
