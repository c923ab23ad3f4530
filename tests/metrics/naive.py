"""Indicators recomputed in pandas, sharing no code with the facts: rows looked at one by one, in
the plainest way, on purpose slow.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from model.definitions import Definitions
from model.tables import TABLES
from tests.metrics.company import Company
from tests.metrics.grown import AS_OF, ORDER, SIDE, SINCE, One, Rows


class Told:
    """The company's rows as frames, as of the day."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def all(self, name: str) -> Rows:
        rows = self._company.rows.get(name, [])
        return pd.DataFrame(TABLES[name].conform(rows).to_pandas())

    def rows(self, name: str) -> Rows:
        frame = self.all(name)
        known = frame[(frame.recorded_at <= AS_OF) & ~(frame.deleted_at <= AS_OF)]
        key = frame.columns[0]
        return known.sort_values("recorded_at").drop_duplicates(key, keep="last")

    def leads(self) -> list[One]:
        """Leads with the statuses they went through, and where their activities are."""
        changes = self.all("lead_changes").sort_values(["changed_at", "change_id"])
        found = []
        for lead in self.all("leads").to_dict("records"):
            if lead["created_at"] > AS_OF:
                continue
            own = changes[(changes.lead_id == lead["lead_id"]) & (changes.field == "status")]
            first = own.iloc[0].old if len(own) else lead["status"]
            by_now = own[own.changed_at <= AS_OF]
            lead["path"] = [(lead["created_at"], first)] + [
                (c.changed_at, c.new) for c in by_now.itertuples()
            ]
            gone = lead["deleted_at"]
            lead["end"] = gone if pd.notna(gone) and gone <= AS_OF else AS_OF
            lead["places"] = {x for x in (lead["lead_id"], lead["contact_id"]) if pd.notna(x)}
            found.append(lead)
        return found

    def mqls(self) -> list[One]:
        """Leads with `mql_at`, and their first decision at or after it."""
        found = []
        for lead in self.leads():
            since = [at for at, status in lead["path"] if status == "MQL"]
            if not since:
                continue
            decisions = self.decisions(lead)
            valid = sorted(
                (max(at, since[0]), what)
                for at, what, slack in decisions
                if at >= since[0] - timedelta(days=slack) and at <= max(lead["end"], since[0])
            )
            lead |= {"mql_at": since[0], "decided": valid[0] if valid else None}
            found.append(lead)
        return found

    def decisions(self, lead: One) -> list[tuple[datetime, str, int]]:
        words = {"Accepted": "accepted", "Rejected": "rejected"}
        found = [(at, words[status], 0) for at, status in lead["path"] if status in words]
        if pd.notna(lead["converted_at"]) and lead["converted_at"] <= AS_OF:
            found.append((lead["converted_at"], "accepted", 1))
        return found

    def deals(self) -> list[One]:
        """Opportunities with when they qualified and closed, and how."""
        changes = self.all("opportunity_changes")
        rows = self.rows("opportunities")
        found = []
        for deal in rows[rows.created_at <= AS_OF].to_dict("records"):
            own = changes[
                (changes.opportunity_id == deal["opportunity_id"]) & (changes.field == "stage")
            ].sort_values(["changed_at", "change_id"])
            path = [(deal["created_at"], own.iloc[0].old if len(own) else deal["sales_stage"])]
            path += [(c.changed_at, c.new) for c in own.itertuples() if c.changed_at <= AS_OF]
            passed = [at for at, stage in path if stage in ("Qualification", "Proposal", "Won")]
            last_at, last = path[-1]
            deal |= {
                "qualified": passed[0] if passed else None,
                "closed": last_at if last in ("Won", "Lost") else None,
                "won": last == "Won",
            }
            found.append(deal)
        return found

    def parties(self, deal: str) -> set[str]:
        """The leads and contacts of an opportunity."""
        found = set()
        for lead in self.leads():
            if lead["opportunity_id"] == deal:
                found |= lead["places"]
        roles = self.rows("contact_roles")
        own = roles[(roles.opportunity_id == deal) & ~(roles.added_at > AS_OF)]
        return found | set(own.contact_id)

    def members(self, places: set[str]) -> Rows:
        """The campaign memberships of leads or contacts, by now."""
        rows = self.rows("campaign_members")
        return rows[
            (rows.lead_id.isin(places) | rows.contact_id.isin(places)) & (rows.added_at <= AS_OF)
        ]

    def touches(self) -> Rows:
        """Human touches by either function."""
        rows = self.rows("activities")
        kinds = rows.kind.isin(["call", "email", "meeting"]) & (rows.is_internal != True)  # noqa: E712
        rows = rows[kinds & rows.performed_by.isin(SIDE) & (rows.occurred_at <= AS_OF)]
        return rows.assign(side=rows.performed_by.map(SIDE))


def text(value: Any) -> str:
    return "" if pd.isna(value) else str(value).strip()


def share(flags: list[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None


def within(at: Any) -> bool:
    return at is not None and pd.notna(at) and SINCE <= at <= AS_OF


def kaplan_meier(rows: list[tuple[float, bool]], until: float) -> float | None:
    """The share with the event by `until`, one time after another."""
    left = 1.0
    for time in sorted({t for t, happened in rows if happened and t <= until}):
        risk = sum(t >= time for t, _ in rows)
        left *= 1 - sum(t == time and happened for t, happened in rows) / risk
    watched = max((t for t, _ in rows), default=0.0)
    return None if not rows or (watched < until and left > 0) else 1 - left


def acceptance(told: Told) -> float | None:
    decided = [m["decided"] for m in told.mqls() if within(m["mql_at"]) and m["decided"]]
    return share([what == "accepted" for _, what in decided])


def rejection_reasons(told: Told) -> float | None:
    return share(
        [
            m["rejection_reason"] == "No Budget"
            for m in told.mqls()
            if within(m["mql_at"]) and m["decided"] and m["decided"][1] == "rejected"
        ]
    )


def vocabulary(told: Told) -> float | None:
    flags = []
    for lead in told.leads():
        path = [status for _, status in lead["path"]]
        if len(path) < 2 or not within(lead["created_at"]):
            continue
        kept = path[0] in ("New", "MQL")
        for before, status in pairwise(path):
            inside = before in ORDER and status in ORDER
            forward = inside and ORDER.index(status) == ORDER.index(before) + 1
            known = before in (*ORDER, "Rejected", "Unreachable", "Recycled")
            leaves = known and status in ("Rejected", "Unreachable", "Recycled")
            returns = before == "Recycled" and status in ("New", "MQL")
            kept &= forward or leaves or returns or (before == status and before != "Odd")
        flags.append(kept)
    return share(flags)


def attempts(told: Told) -> float | None:
    owner = told.all("lead_changes")
    touches = told.touches()
    sales = touches[touches.side == "sales"]
    flags = []
    for lead in told.leads():
        own = owner[(owner.lead_id == lead["lead_id"]) & (owner.field == "owner")]
        handed = own.iloc[0].changed_at
        if handed > AS_OF:
            continue
        end = max(lead["end"], handed)
        closed = [at for at, s in lead["path"] if s == "Unreachable" and handed <= at <= end]
        if not closed or not within(closed[0]):
            continue
        there = sales.lead_id.isin(lead["places"]) | sales.contact_id.isin(lead["places"])
        made = sales[there & (sales.occurred_at >= handed) & (sales.occurred_at <= closed[0])]
        flags.append(made[made.occurred_at <= end].activity_id.nunique() >= 6)
    return share(flags)


def taken_up(told: Told) -> float | None:
    rows = []
    for lead in told.leads():
        members = told.members(lead["places"])
        members = members[~members.added_by.isin(["s1", "s2", "s3"])]
        was_back = False
        for at, status in lead["path"]:
            back = status in ("Rejected", "Recycled")
            if back and not was_back and within(at):
                end = max(lead["end"], at)
                again = [t for t in members.added_at if at < t <= end]
                days = (min(again, default=end) - at).total_seconds() / 86400
                rows.append((days, bool(again)))
            was_back = back
    return kaplan_meier(rows, 60)


def segments(told: Told) -> float | None:
    accounts = told.rows("accounts").set_index("account_id")
    pairs: list[tuple[str, str]] = []
    for lead in told.leads():
        at = lead["converted_at"]
        if not within(at) or lead["account_id"] not in accounts.index or pd.isna(lead["segment"]):
            continue
        account = accounts.loc[lead["account_id"]]
        if account.created_at <= at - timedelta(hours=1):
            pairs.append((lead["segment"].upper(), account.segment))
    if not pairs or len({label for pair in pairs for label in pair}) == 1:
        return None
    return float(cohen_kappa_score(*zip(*pairs, strict=True)))


def discrimination(told: Told) -> float | None:
    changes = told.all("lead_changes").sort_values(["changed_at", "change_id"])
    scores, accepted = [], []
    for lead in told.mqls():
        if not within(lead["mql_at"]) or not lead["decided"]:
            continue
        at, what = lead["decided"]
        own = changes[(changes.lead_id == lead["lead_id"]) & (changes.field == "score")]
        score = float(own.iloc[0].old) if len(own) else lead["score"]
        for change in own.itertuples():
            score = float(change.new) if change.changed_at <= at else score
        scores.append(score)
        accepted.append(what == "accepted")
    return float(roc_auc_score(accepted, scores)) if len(set(accepted)) == 2 else None


def roles(told: Told) -> float | None:
    rows = told.rows("contact_roles")
    by_now = set(rows[~(rows.added_at > AS_OF)].opportunity_id)
    deals = [d for d in told.deals() if within(d["qualified"])]
    return share([d["opportunity_id"] in by_now for d in deals])


def content(told: Told) -> float | None:
    rows = told.rows("content_links")
    ours = set(rows[rows.author_id.isin(["m1", "m2"]) & (rows.linked_at <= AS_OF)].opportunity_id)
    deals = [d for d in told.deals() if within(d["qualified"])]
    return share([d["opportunity_id"] in ours for d in deals])


def reasons(told: Told) -> float | None:
    lost = [d for d in told.deals() if within(d["closed"]) and not d["won"]]
    return share([text(d["loss_reason"]).lower() == "price" for d in lost])


def sources(told: Told) -> float | None:
    deals = [d for d in told.deals() if within(d["created_at"])]
    return share([bool(text(d["source"]) or text(d["campaign_id"])) for d in deals])


def touched(told: Told) -> float | None:
    credits_, total, part = told.rows("campaign_influences"), 0.0, 0.0
    for deal in told.deals():
        if not deal["won"] or not within(deal["closed"]):
            continue
        total += deal["amount"]
        members = told.members(told.parties(deal["opportunity_id"]))
        own = credits_[credits_.opportunity_id == deal["opportunity_id"]]
        days = [*members.added_at, *own.added_at]
        part += deal["amount"] * any(day <= deal["closed"] for day in days)
    return part / total if total else None


def hygiene(told: Told) -> float | None:
    touches = told.touches()
    recent = touches[touches.occurred_at >= AS_OF - timedelta(days=30)]
    flags = []
    for deal in told.deals():
        if deal["closed"] is None:
            places = told.parties(deal["opportunity_id"])
            on_it = recent.opportunity_id == deal["opportunity_id"]
            fresh = bool((on_it | recent.contact_id.isin(places)).any())
            due = deal["close_on"]
            ahead: bool = pd.notna(due) and pd.Timestamp(due).date() >= date(2026, 6, 30)
            flags.append(bool(fresh and ahead))
    return share(flags)


def logged(told: Told) -> float | None:
    activities, flags = told.rows("activities"), []
    done = activities[activities.occurred_at <= AS_OF]
    for deal in told.deals():
        if not within(deal["created_at"]):
            continue
        places = told.parties(deal["opportunity_id"])
        on_it = done.opportunity_id == deal["opportunity_id"]
        near = done.contact_id.isin(places) & (done.occurred_at >= deal["created_at"])
        by = [*done[on_it | near].performed_by, *told.members(places).added_by]
        sides = {SIDE[person] for person in by if person in SIDE}
        flags.append(len(sides) == 2)
    return share(flags)


def key_teams(told: Told) -> float | None:
    teams, accounts, deals = told.rows("team_members"), told.rows("accounts"), told.deals()
    ours = teams[teams.user_id.isin(["m1", "m2"]) & (teams.added_at <= AS_OF)]
    there = accounts[(accounts.is_key_account) & (accounts.created_at <= AS_OF)]
    opened = [d for d in deals if d["closed"] is None]
    flags = []
    for account in there.account_id:
        own = [d["opportunity_id"] for d in opened if d["account_id"] == account]
        flags.append(
            bool((ours.account_id == account).any() or ours.opportunity_id.isin(own).any())
        )
    for deal in opened:
        is_key = deal["is_key"] is True or deal["amount"] >= 150
        if is_key and deal["account_id"] not in set(there.account_id):
            flags.append(bool((ours.opportunity_id == deal["opportunity_id"]).any()))
    return share(flags)


def campaigns(told: Told) -> float | None:
    members, met = told.rows("campaign_members"), told.rows("activities")
    people, flags = told.rows("attendees"), []
    for one in told.rows("campaigns").to_dict("records"):
        day = one["started_on"]
        if not within(one["created_at"] if pd.isna(day) else pd.Timestamp(day)):
            continue
        added = members[(members.campaign_id == one["campaign_id"]) & (members.added_at <= AS_OF)]
        about = met[
            (met.campaign_id == one["campaign_id"])
            & (met.kind == "meeting")
            & (met.occurred_at <= AS_OF)
        ]
        there = people[people.activity_id.isin(about.activity_id)].user_id
        everybody = [one["owner_id"], *added.added_by, *there]
        flags.append("sales" in {SIDE.get(person) for person in everybody})
    return share(flags)


def reports(told: Told) -> float | None:
    rows = told.rows("report_uses")
    rows = rows[rows.user_id.isin(SIDE) & rows.used_at.map(within)]
    sides = rows.assign(side=rows.user_id.map(SIDE)).groupby("report_id").side.nunique()
    return share([count == 2 for count in sides])


RETOLD: dict[str, Callable[[Told], float | None]] = {
    "mql_acceptance_rate": acceptance,
    "rejection_reason_rate": rejection_reasons,
    "status_vocabulary_rate": vocabulary,
    "attempts_before_giving_up": attempts,
    "recycle_return_rate": taken_up,
    "segment_agreement": segments,
    "score_discrimination": discrimination,
    "contact_role_coverage": roles,
    "content_use_rate": content,
    "loss_reason_rate": reasons,
    "source_capture_rate": sources,
    "campaign_touch_coverage": touched,
    "pipeline_hygiene": hygiene,
    "shared_record_use": logged,
    "marketing_on_key_accounts": key_teams,
    "sales_in_campaigns": campaigns,
    "shared_dashboard_use": reports,
}


def unrestricted(company: Company) -> Company:
    """The company, its indicators assessed however few records there are."""
    overrides = {name: {"minimum_n": 1} for name in RETOLD}
    content_ = {**company.definitions.model_dump(), "indicators": overrides}
    company.definitions = Definitions.model_validate(content_)
    return company
