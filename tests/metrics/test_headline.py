from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from metrics.stage.headline import Headline, Said, headline, months_after
from model.stages import STAGES, Stage

START = datetime(2026, 1, 5, 18)
U, D, A, N = STAGES


def said(day: int, stage: Stage, share: float = 0.75, **changes: object) -> Said:
    rest = (1 - share) / 3
    chances = {s: share if s is stage else rest for s in STAGES}
    stated = stage if share >= 0.5 else None
    given_ = {"stage": stated, "is_stated": True, "definitions": "a", **changes}
    return Said(at=START + timedelta(days=day), probabilities=chances, **given_)  # type: ignore[arg-type]


def test_the_first_stage_that_is_stated_is_the_first_headline() -> None:
    found = headline([said(0, D, 0.45), said(7, D, 0.55)])
    assert (found.stage, found.since) == (D, date(2026, 1, 12))
    assert headline([]) == Headline()


def test_seventy_percent_twice_28_days_apart_takes_over() -> None:
    held = [said(0, D), said(10, A, 0.70), said(20, A, 0.60)]
    assert headline([*held, said(37, A, 0.70)]).stage is D
    found = headline([*held, said(38, A, 0.70)])
    assert (found.stage, found.since) == (A, date(2026, 2, 12))
    assert headline([*held, said(38, A, 0.69)]).stage is D


def test_the_likeliest_for_four_months_takes_over() -> None:
    weeks = [said(7 * week, A, 0.4) for week in range(1, 18)]
    assert headline([said(0, D), *weeks]).stage is D
    assert headline([said(0, D), *weeks, said(127, A, 0.4)]).stage is A  # 12 January to 12 May


def test_a_word_for_the_headline_between_begins_the_count_anew() -> None:
    assert headline([said(0, D), said(10, A), said(20, D), said(45, A)]).stage is D
    assert headline([said(0, D), said(10, A), said(20, N), said(45, A)]).stage is D


def test_other_definitions_begin_the_count_anew() -> None:
    other: dict[str, Any] = {"definitions": "b"}
    changed = [said(0, D), said(10, A), said(40, A, **other)]
    assert headline(changed).stage is D
    assert headline([*changed, said(68, A, **other)]).stage is A


def test_the_headline_in_words() -> None:
    settled = headline([said(0, D), said(10, A, 0.72)])
    assert settled.sentence(said(17, A, 0.72)) == (
        "Headline: Defined since 2026-01-05; the records of today speak for Aligned (72 %), which "
        "must hold until 2026-02-12 to take over."
    )
    assert "must stay the likeliest until 2026-05-15" in settled.sentence(said(17, A, 0.55))
    assert "speak for it too (75 %)" in settled.sentence(said(17, D))
    assert "which the next snapshot makes it" in settled.sentence(said(40, A))
    assert settled.sentence(said(17, A, is_stated=False)) == "Headline: Defined since 2026-01-05."
    assert "none yet" in Headline().sentence(said(0, D))


def test_months_end_where_they_end() -> None:
    assert months_after(date(2026, 10, 31), 4) == date(2027, 2, 28)
    assert months_after(date(2026, 1, 5), 4) == date(2026, 5, 5)


ONE = st.builds(
    said,
    st.integers(0, 400),
    st.sampled_from(STAGES),
    st.floats(0.3, 0.99),
    is_stated=st.booleans(),
    is_live=st.booleans(),
    definitions=st.sampled_from(["a", "b"]),
)
CHAINS = st.lists(ONE, max_size=25, unique_by=lambda one: one.at)


@given(CHAINS)
def test_backfilled_and_unstated_snapshots_never_change_it(chain: list[Said]) -> None:
    counted = [one for one in chain if one.is_live and one.is_stated]
    assert headline(chain) == headline(counted)
    assert headline(reversed(chain)) == headline(chain)


@given(CHAINS)
def test_it_changes_only_on_what_the_rule_asks_for(chain: list[Said]) -> None:
    """An oracle by brute force: at every change, the snapshots since the rival's run began."""
    chain = sorted(chain, key=lambda one: one.at)
    now = Headline()
    for i, one in enumerate(chain):
        later = now.after(one)
        if later.stage is not now.stage and now.stage is not None:
            run: list[Said] = []
            for past in reversed([x for x in chain[: i + 1] if x.is_live and x.is_stated]):
                if past.likeliest is not later.stage or past.definitions != one.definitions:
                    break
                run.append(past)
            strong = [x.at.date() for x in run if x.probabilities[x.likeliest] >= 0.7]
            twice = (
                bool(strong) and (strong[0] - strong[-1]).days >= 28 and strong[0] == one.at.date()
            )
            long = one.at.date() >= months_after(run[-1].at.date(), 4)
            assert later.since == one.at.date()
            assert twice or long
        now = later
