"""Rates of a generated company, computed the slow and plain way from its parquet files."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import pandas as pd

SALES_ROLES = ("VP Sales", "Sales Manager", "Account Executive", "SDR")
MARKETING_ROLES = ("VP Marketing", "Marketing Manager", "Marketing Specialist")
ZONES = {"EMEA": "Europe/Berlin", "AMER": "America/New_York", "APAC": "Asia/Singapore"}
COUNTRIES = {"EMEA": "DE", "AMER": "US", "APAC": "SG"}
AGREED_LOSS = ("Price", "Product Gap", "Competitor", "No Decision", "Timing")
_CLOSED = {r: holidays.country_holidays(c, years=range(2020, 2031)) for r, c in COUNTRIES.items()}


@dataclass(frozen=True)
class Rate:
    """A share and the number it was taken over."""

    value: float
    n: int


def rows_of(frame: pd.DataFrame, *names: str) -> list[tuple[Any, ...]]:
    """The rows of the named columns."""
    return list(zip(*(frame[name].tolist() for name in names), strict=True))


@dataclass(frozen=True)
class Company:
    """A generated company, or the leads and deals of a region, as seen at an instant (naive
    UTC).
    """

    folder: Path
    at: datetime
    region: str | None = None

    def _here(self, rows: pd.DataFrame) -> pd.DataFrame:
        return rows if self.region is None else rows[rows.Region__c == self.region]

    def table(self, name: str) -> pd.DataFrame:
        rows = pd.read_parquet(self.folder / f"{name}.parquet")
        shown = (rows._visible_from <= self.at) & ~(rows._visible_to <= self.at)
        return rows[shown]

    @cached_property
    def users(self) -> pd.DataFrame:
        roles = dict(rows_of(self.table("UserRole"), "Id", "Name"))
        users = self.table("User").set_index("Id")
        return users.assign(role=users.UserRoleId.map(roles))

    @cached_property
    def sales(self) -> set[str]:
        queues = self.table("Group")
        ours = queues[queues["Name"].str.startswith(("Sales Queue", "SDR Queue"))].Id
        return {*self.users[self.users.role.isin(SALES_ROLES)].index, *ours}

    @cached_property
    def marketers(self) -> set[str]:
        return set(self.users[self.users.role.isin(MARKETING_ROLES)].index)

    @cached_property
    def leads(self) -> pd.DataFrame:
        return self._here(self.table("Lead")).set_index("Id")

    @cached_property
    def owners(self) -> dict[str, list[tuple[datetime, str]]]:
        """The owners of every lead, from when on."""
        history = self.table("LeadHistory")
        history = history[(history.Field == "Owner") & (history.DataType == "EntityId")]
        history = history[history.LeadId.isin(self.leads.index)]
        history = history.sort_values("CreatedDate", kind="stable")
        found: dict[str, list[tuple[datetime, str]]] = {}
        created = dict(rows_of(self.leads.reset_index(), "Id", "CreatedDate"))
        for lead, at, old, new in rows_of(history, "LeadId", "CreatedDate", "OldValue", "NewValue"):
            found.setdefault(lead, [(created[lead], old)]).append((at, new))
        for lead, owner in rows_of(self.leads.reset_index(), "Id", "OwnerId"):
            found.setdefault(lead, [(created[lead], owner)])
        return found

    @cached_property
    def handoffs(self) -> list[tuple[str, datetime]]:
        """Passages to Sales of leads that are still there, more than 31 days ago."""
        there = set(self.leads[~self.leads.IsDeleted].index)
        found = []
        for lead, owners in self.owners.items():
            before = None
            for at, owner in owners:
                passed = owner in self.sales and before not in self.sales
                if passed and lead in there and at < self.at - timedelta(days=31):
                    found.append((lead, at))
                before = owner
        return found

    @cached_property
    def touches(self) -> dict[str, list[datetime]]:
        """Instants of sales people's calls, mails and meetings, by lead."""
        tasks = self.table("Task")
        tasks = tasks[tasks.IsClosed & tasks.TaskSubtype.isin(["Call", "Email"])]
        tasks = tasks[["WhoId", "CreatedById", "CompletedDateTime"]]
        events = self.table("Event")
        events = events[~events.IsChild & (events.StartDateTime <= self.at)]
        events = events[["WhoId", "CreatedById", "StartDateTime"]]
        rows = pd.DataFrame(
            [*tasks.itertuples(index=False, name=None), *events.itertuples(index=False, name=None)],
            columns=["who", "by", "at"],
        )
        rows = rows[rows.by.isin(self.sales)]
        contacts = self.leads.reset_index().dropna(subset="ConvertedContactId")
        lead_of = dict(zip(contacts.ConvertedContactId, contacts.Id, strict=True))
        found: dict[str, list[datetime]] = {}
        for who, at in rows_of(rows.sort_values("at"), "who", "at"):
            found.setdefault(lead_of.get(who, who), []).append(at)
        return found

    def responses(self) -> list[tuple[float, float]]:
        """Business hours and days to the first touch of each handoff, infinite without one."""
        found = []
        for lead, at in self.handoffs:
            later = [t for t in self.touches.get(lead, []) if t >= at]
            if not later:
                found.append((float("inf"), float("inf")))
                continue
            region = self.leads.Region__c[lead]
            days = (later[0] - at).total_seconds() / 86_400
            found.append((business_hours(at, later[0], region) if days < 30 else 999.0, days))
        return found

    def bounced(self) -> Rate:
        hits = 0
        for lead, at in self.handoffs:
            after = [o for t, o in self.owners[lead] if at <= t <= at + timedelta(days=30)]
            people = [o for o in after if o.startswith("005")]
            first_person = next((n for n, o in enumerate(after) if o.startswith("005")), len(after))
            requeued = any(o.startswith("00G") for o in after[first_person:])
            hits += len(people) >= 3 or requeued
        return Rate(hits / len(self.handoffs), len(self.handoffs))

    def decisions(self) -> tuple[Rate, Rate]:
        """Acceptance of decided MQLs; MQLs decided within 14 days."""
        history = self.table("LeadHistory")
        status = history[(history.Field == "Status")].sort_values("CreatedDate", kind="stable")
        first: dict[tuple[str, str], datetime] = {}
        for lead, new, at in rows_of(status, "LeadId", "NewValue", "CreatedDate"):
            first.setdefault((lead, new), at)
        leads = self.leads[~self.leads.IsDeleted & self.leads.MQL_Date__c.notna()]
        leads = leads[leads.MQL_Date__c < self.at - timedelta(days=31)]
        accepted = rejected = timely = 0
        for lead, mql_at in rows_of(leads.reset_index(), "Id", "MQL_Date__c"):
            yes = first.get((lead, "Accepted"), datetime.max)
            no = first.get((lead, "Rejected"), datetime.max)
            accepted += yes < no
            rejected += no < yes
            timely += min(yes, no) - mql_at <= timedelta(days=14)
        decided = accepted + rejected
        return Rate(accepted / decided, decided), Rate(timely / len(leads), len(leads))

    def deals(self) -> pd.DataFrame:
        return self._here(self.table("Opportunity")).set_index("Id")

    def loss_reasons(self) -> Rate:
        lost = self.deals().query("IsClosed and not IsWon")
        return Rate(float(lost.Loss_Reason__c.isin(AGREED_LOSS).mean()), len(lost))

    def contact_roles(self) -> Rate:
        deals = self.deals()
        deals = deals[deals.CreatedDate < self.at - timedelta(days=2)]
        roles = self.table("OpportunityContactRole").query("not IsDeleted")
        return Rate(float(deals.index.isin(roles.OpportunityId).mean()), len(deals))

    def key_meetings(self) -> Rate:
        key = self.deals().query("Is_Key__c and IsClosed")
        events = self.table("Event").query("not IsChild")
        events = events[events.WhatId.isin(key.index)].set_index("Id")
        relations = self.table("EventRelation")
        attended = relations[relations.RelationId.isin(self.marketers)].EventId
        with_marketer = events[events.index.isin(attended)]
        return Rate(float(key.index.isin(with_marketer.WhatId).mean()), len(key))

    def traced(self) -> tuple[Rate, Rate]:
        """Won opportunities traceable from campaign to close, by number and by amount."""
        won = self.deals().query("IsWon")
        leads = self.leads.reset_index().dropna(subset="ConvertedOpportunityId")
        members = self.table("CampaignMember").query("not IsDeleted")
        added = members.groupby("LeadId").CreatedDate.min()
        leads = leads.assign(added=leads.Id.map(added))
        created = won.CreatedDate.reindex(leads.ConvertedOpportunityId).to_numpy()
        in_order = leads[leads.added.to_numpy() <= created].ConvertedOpportunityId
        is_traced = won.index.isin(in_order)
        amount = won.Amount[is_traced].sum() / won.Amount.sum()
        return Rate(float(is_traced.mean()), len(won)), Rate(float(amount), len(won))

    def joint_days(self) -> list[datetime]:
        """Instants of internal events that people of both functions take part in."""
        events = self.table("Event")
        internal = events[~events.IsChild & events.WhoId.isna() & events.WhatId.isna()]
        internal = internal[internal.StartDateTime <= self.at]
        relations = self.table("EventRelation")
        guests = relations.groupby("EventId").RelationId.agg(set)
        return sorted(
            start
            for event, owner, start in rows_of(internal, "Id", "OwnerId", "StartDateTime")
            if {owner, *guests.get(event, set())} & self.sales
            and {owner, *guests.get(event, set())} & self.marketers
        )


def business_hours(start: datetime, end: datetime, region: str) -> float:
    """Hours between 9 and 17 on working days, day by day."""
    zone = ZoneInfo(ZONES[region])
    utc = ZoneInfo("UTC")
    first = start.replace(tzinfo=utc).astimezone(zone)
    last = end.replace(tzinfo=utc).astimezone(zone)
    total, day = 0.0, first.date()
    while day <= last.date():
        if day.weekday() < 5 and day not in _CLOSED[region]:
            opens = datetime(day.year, day.month, day.day, 9, tzinfo=zone)
            begin, finish = max(first, opens), min(last, opens + timedelta(hours=8))
            total += max((finish - begin).total_seconds(), 0) / 3600
        day += timedelta(days=1)
    return total
