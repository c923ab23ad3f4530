"""How the records of other companies come about: parameters kept apart from `bench.companies`,
which the inference was looked at with. Nothing was tuned on these.

Fewer or far more leads, most of them of late (a season), a few owners who do most of the work,
heavy-tailed waits and deal sizes, indicators of one dimension that disagree, one region far
behind; and, named apart because it makes the records wrong, owners who log next to nothing.
"""

from bench.companies import Habits

UNLIKE = Habits(
    handoffs=(900, 24_000),
    per_owner=18,
    load_shape=1.2,
    alike=(0.05, 0.25),
    common=0.8,
    jitter=9,
    tail=2.2,
    recent=2.5,
    behind=1.5,
    deals=0.12,
    amounts=1.4,
    ruled=0.2,
)
LAZY = Habits(**{**vars(UNLIKE), "unlogged": 0.35})
