"""Random companies, dirty ones: rows that are recorded late, deleted, duplicated, dated ahead,
merged or by machines; converted leads whose activities moved to the contact; owners that change.
"""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from model.definitions import Definitions, Key, Reasons, Statuses
from tests.metrics.company import Company

AS_OF = datetime(2026, 6, 30, 12)
SINCE = datetime(2026, 4, 2)  # the first of the 90 days
SIDE = {"s1": "sales", "s2": "sales", "s3": "sales", "m1": "marketing", "m2": "marketing"}
PEOPLE = (*SIDE, "robot", "boss")
ORDER = ("New", "MQL", "Accepted", "Working")
WORDS = Definitions(
    statuses=Statuses(
        order=ORDER,
        mql=("MQL",),
        accepted=("Accepted",),
        rejected=("Rejected",),
        unreachable=("Unreachable",),
        recycled=("Recycled",),
    ),
    reasons=Reasons(rejection=("No Budget",), loss=("Price",)),
    key=Key(amount=150),
)
Rng = np.random.Generator
Rows = pd.DataFrame
One = dict[Any, Any]


def some(rng: Rng, *values: Any) -> Any:
    return values[int(rng.integers(len(values)))]


def moment(rng: Rng, first: datetime = datetime(2026, 3, 1), days: int = 130) -> datetime:
    """Some hour, now and then after the as-of; coarse, so that there are ties."""
    return first + timedelta(hours=int(rng.integers(0, days * 8)) * 3)


def clocks(rng: Rng) -> dict[str, Any]:
    """Recorded at once or too late; deleted before, after or never."""
    return {
        "recorded_at": some(rng, *[datetime(2020, 1, 1)] * 8, AS_OF + timedelta(days=1)),
        "deleted_at": some(rng, *[None] * 8, datetime(2026, 5, 1), AS_OF + timedelta(days=1)),
    }


def grown(seed: int) -> Company:
    """A random company."""
    rng = np.random.default_rng(seed)
    company = Company(WORDS, as_of=AS_OF)
    for name in ("a1", "a2", "a3", "a4"):
        company.add(
            "accounts",
            account_id=name,
            segment=some(rng, "S", "L"),
            is_key_account=some(rng, True, False),
            created_at=moment(rng),
            owner_id=some(rng, "s1", "s2"),
        )
    deals = [_deal(company, rng, index) for index in range(30)]
    for index in range(40):
        _lead(company, rng, index, deals)
    for _ in range(60):
        _around(company, rng, deals)
    for number in range(8):
        company.add(
            "campaigns",
            campaign_id=f"k{number}",
            owner_id=some(rng, "m1", "m2", "s1", "robot"),
            created_at=moment(rng),
            started_on=some(rng, None, moment(rng).date()),
        )
    return company


def _deal(company: Company, rng: Rng, index: int) -> str:
    created = moment(rng, days=100)
    steps, at = ["Prospecting"], created
    for stage in ("Qualification", some(rng, "Won", "Lost", "Proposal")):
        at += timedelta(hours=int(rng.integers(1, 40)) * 12)
        steps.append(f"{stage} {at.isoformat()}")
        if rng.random() < 0.3:
            break
    row = {
        "amount": float(some(rng, 0, 100, 200)),
        "account_id": some(rng, "a1", "a2", "a3", "a4", None),
        "source": some(rng, "Web", None, " "),
        "campaign_id": some(rng, None, None, "k1"),
        "loss_reason": some(rng, "Price", "price ", "Other", None),
        "close_on": some(rng, None, (AS_OF + timedelta(days=int(rng.integers(-20, 20)))).date()),
        "is_key": some(rng, True, False, None),
        **clocks(rng),
    }
    deal = company.deal(", ".join(steps), created=created.isoformat(), **row)
    if index % 7 == 0:  # the same record twice: the one recorded last counts
        again = company.rows["opportunities"][-1]
        company.add("opportunities", **{**again, "source": "Fair", "recorded_at": AS_OF})
    return deal


def _lead(company: Company, rng: Rng, index: int, deals: list[str]) -> None:
    created = moment(rng, days=60)
    handed = created + timedelta(hours=int(rng.integers(0, 48)))
    deal = some(rng, *[None] * 3, some(rng, *deals))
    contact = f"c{index}" if deal else None
    converted = handed + timedelta(days=int(rng.integers(1, 20))) if deal else None
    lead = company.lead(
        f"m1, {some(rng, 's1', 's2', 'q')} {handed.isoformat()}",
        created=created.isoformat(),
        contact_id=contact,
        opportunity_id=deal,
        account_id=some(rng, "a1", "a2", "a3", "a4") if deal else None,
        converted_at=converted,
        segment=some(rng, "S", "s", "L", None),
        score=float(rng.integers(1, 5)),
        rejection_reason=some(rng, "No Budget", "Other", None),
        deleted_at=some(rng, *[None] * 9, datetime(2026, 5, 20)),
    )
    at, steps = created, ["New"]
    for _ in range(int(rng.integers(0, 5))):
        at += timedelta(hours=int(rng.integers(1, 200)))
        status = some(rng, *ORDER[1:], "Rejected", "Unreachable", "Recycled", "Odd", "MQL")
        steps.append(f"{status} {at.isoformat()}")
    company.status(lead, ", ".join(steps))
    for _ in range(int(rng.integers(0, 3))):
        company.add(
            "lead_changes",
            lead_id=lead,
            field="score",
            old=str(int(rng.integers(1, 5))),
            new=str(int(rng.integers(1, 5))),
            changed_at=moment(rng),
        )
    for _ in range(int(rng.integers(0, 9))):
        place = {"contact_id": contact} if contact and rng.random() < 0.5 else {}
        when = handed + timedelta(hours=int(rng.integers(-5, 400)))
        kind = some(rng, "call", "email", "task")
        by = some(rng, *PEOPLE)
        company.touch(None if place else lead, by, when.isoformat(), kind=kind, **place)
    for _ in range(int(rng.integers(0, 3))):
        place = {"contact_id": contact} if contact and rng.random() < 0.5 else {"lead_id": lead}
        company.add(
            "campaign_members",
            campaign_id=f"k{int(rng.integers(8))}",
            added_at=moment(rng),
            added_by=some(rng, *PEOPLE, None),
            **place,
            **clocks(rng),
        )


def _around(company: Company, rng: Rng, deals: list[str]) -> None:
    deal, person, when = some(rng, *deals), some(rng, *PEOPLE), moment(rng)
    what = int(rng.integers(7))
    if what == 0:
        company.add(
            "contact_roles",
            opportunity_id=deal,
            contact_id=f"c{int(rng.integers(50))}",
            added_at=some(rng, when, None),
            **clocks(rng),
        )
    elif what == 1:
        row = {"opportunity_id": deal, "author_id": person, "linked_at": when}
        company.add("content_links", **row, **clocks(rng))
    elif what == 2:
        on = some(rng, {"opportunity_id": deal}, {"account_id": f"a{int(rng.integers(1, 5))}"})
        company.add("team_members", user_id=person, added_at=when, **on, **clocks(rng))
    elif what == 3:
        row = {"opportunity_id": deal, "campaign_id": "k1", "added_at": when}
        company.add("campaign_influences", **row, **clocks(rng))
    elif what == 4:
        company.touch(None, person, when.isoformat(), opportunity_id=deal, **clocks(rng))
    elif what == 5:
        row = {"report_id": f"r{int(rng.integers(4))}", "user_id": person, "used_at": when}
        company.add("report_uses", **row, **clocks(rng))
    else:
        company.meeting(when.isoformat(), person, some(rng, *PEOPLE), campaign_id="k2")
