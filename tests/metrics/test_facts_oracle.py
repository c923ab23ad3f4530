"""Handoffs, first responses and bounces on random histories, against a slow and obvious retelling
in plain Python that shares no code with the facts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metrics.company import Company, Row

START = datetime(2026, 6, 1)
OWNERS = ("s1", "s2", "m1", "q", "mq", "boss", "robot", "ghost")
SIDE = {"s1": "sales", "s2": "sales", "s3": "sales", "q": "sales", "robot": "sales"}
SIDE |= {"m1": "marketing", "m2": "marketing", "mq": "marketing"}
AS_OF = datetime(2026, 7, 20, 12)


@dataclass
class Story:
    """A lead's life: its owner at creation, the changes, the touches, its end."""

    first: str
    changes: list[tuple[int, str]]
    touches: list[tuple[int, str, str, str]]
    created: int
    deleted: int | None
    knows_old: bool


def hour(value: int) -> datetime:
    return START + timedelta(hours=value)


HOURS = st.integers(0, 60 * 24)
NEAR = st.one_of(st.integers(0, 30), HOURS)
STORIES = st.builds(
    Story,
    first=st.sampled_from(OWNERS),
    changes=st.lists(st.tuples(NEAR, st.sampled_from(OWNERS)), max_size=7),
    touches=st.lists(
        st.tuples(
            NEAR,
            st.sampled_from(("s1", "s2", "m1", "robot")),
            st.sampled_from(("call", "email", "task")),
            st.sampled_from(("lead", "contact")),
        ),
        max_size=5,
    ),
    created=st.integers(0, 12),
    deleted=st.one_of(st.none(), HOURS),
    knows_old=st.booleans(),
)


def tell(company: Company, number: int, story: Story) -> None:
    """Write the story into the tables. Changes in one second are in the order of their ids."""
    lead, contact = f"lead{number}", f"contact{number}"
    changes = sorted(story.changes, key=lambda change: change[0])
    path = [story.first, *(owner for _, owner in changes)]
    company.add(
        "leads",
        lead_id=lead,
        created_at=hour(story.created),
        contact_id=contact,
        owner_id=path[-1],
        owner_kind="queue" if path[-1].endswith("q") else "user",
        deleted_at=None if story.deleted is None else hour(story.deleted),
    )
    for index, ((when, new), old) in enumerate(zip(changes, path, strict=False)):
        known = story.knows_old or index > 0
        company.owner_change(lead, old if known else None, new, hour(when).isoformat())
    for when, by, kind, place in story.touches:
        on = {"contact_id": contact} if place == "contact" else {}
        company.touch(
            lead if place == "lead" else None, by, hour(when).isoformat(), kind=kind, **on
        )


def retell(number: int, story: Story) -> list[dict[str, Any]]:
    """The handoffs of a story, step by step."""
    created = hour(story.created)
    changes = sorted(story.changes, key=lambda change: change[0])
    first = story.first if story.knows_old or not changes else None
    steps = [(created, first)] + [
        (max(hour(w), created), o) for w, o in changes if hour(w) <= AS_OF
    ]
    end = AS_OF if story.deleted is None else min(AS_OF, hour(story.deleted))
    passed, previous = [], None
    for position, (when, owner) in enumerate(steps):
        side = SIDE.get(owner or "")
        if side == "sales" and previous != "sales":
            passed.append((position, when, owner))
        previous = side or previous
    handoffs = []
    for index, (position, when, owner) in enumerate(passed):
        limit = passed[index + 1][1] if index + 1 < len(passed) else None
        over = max(end, when)
        answers = [
            hour(t)
            for t, by, kind, _ in story.touches
            if by in ("s1", "s2")
            and kind != "task"
            and when <= hour(t) <= over
            and (limit is None or hour(t) < limit)
        ]
        bounced = bounce(steps[position:], when)
        handoffs.append(
            {
                "handoff_id": f"lead{number}:{index + 1}",
                "handed_off_at": when,
                "owner_id": owner,
                "first_response_at": min(answers, default=None),
                "is_bounced": bounced is not None and bounced <= over,
            }
        )
    return handoffs


def bounce(steps: list[tuple[datetime, str | None]], since: datetime) -> datetime | None:
    """When the lead changed person twice or went from a person to a queue, in 30 days."""
    person, moves = None, 0
    for when, owner in steps:
        if owner is None or when > since + timedelta(days=30):
            continue
        if owner.endswith("q"):
            if person is not None:
                return when
        elif owner != "robot":
            moves += person is not None and person != owner
            person = owner
            if moves == 2:
                return when
    return None


@settings(max_examples=8, deadline=None)
@given(st.lists(STORIES, min_size=15, max_size=40))
def test_random_histories(stories: list[Story]) -> None:
    company = Company(as_of=AS_OF)
    for number, story in enumerate(stories):
        tell(company, number, story)
    expected = [row for number, story in enumerate(stories) for row in retell(number, story)]
    found: list[Row] = company.fact("handoffs")
    got = [{key: row[key] for key in expected[0]} for row in found] if expected else found
    assert sorted(got, key=lambda row: str(row["handoff_id"])) == sorted(
        expected, key=lambda row: str(row["handoff_id"])
    )
