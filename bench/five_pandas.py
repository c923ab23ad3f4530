"""Five indicators from base tables to result in pandas, as one would write them down."""

import numpy as np
import pandas as pd

from bench.five import Given, surviving


def five(given: Given) -> dict[str, float]:  # noqa: PLR0915 (as one would write it down)
    """The values of `bench.five.NAMES`."""
    as_of, sided = pd.Timestamp(given.as_of), given.owners.to_pandas()
    leads = given.read(
        "leads",
        "lead_id created_at owner_id owner_kind status contact_id mql_at"
        " converted_at merged_into recorded_at deleted_at",
    ).to_pandas()
    leads = _latest(leads[(leads.recorded_at <= as_of) & (leads.created_at <= as_of)], "lead_id")
    changes = given.read(
        "lead_changes", "change_id lead_id field old new old_kind new_kind changed_at deleted_at"
    ).to_pandas()
    changes = changes[(changes.changed_at <= as_of) & ~(changes.deleted_at <= as_of)]
    changes = changes.sort_values(["lead_id", "changed_at", "change_id"])
    ends_at = leads.set_index("lead_id")["deleted_at"].fillna(as_of)

    owned = changes[(changes.field == "owner") & changes.new_kind.isin(["user", "queue"])]
    first = owned.drop_duplicates("lead_id").set_index("lead_id")
    begun = leads.set_index("lead_id").join(first[["old", "old_kind"]])
    begun["owner_id"] = begun.old.fillna(begun.owner_id)
    begun = begun.reset_index()[["lead_id", "created_at", "owner_id"]]
    begun.columns = ["lead_id", "at", "owner_id"]
    later = owned[["lead_id", "changed_at", "new"]].set_axis(begun.columns, axis=1)
    path = pd.concat([begun, later]).merge(sided[["owner_id", "side"]], on="owner_id")
    path = path[path.side.notna()].sort_values(["lead_id", "at"], kind="stable")
    before = path.groupby("lead_id").side.shift()
    handed = path[(path.side == "sales") & (before.isna() | (before == "marketing"))].copy()
    handed["next_at"] = handed.groupby("lead_id")["at"].shift(-1)
    handed["ends_at"] = handed.lead_id.map(ends_at)
    handed["handoff"] = np.arange(len(handed))

    acts = given.read(
        "activities",
        "kind lead_id contact_id performed_by occurred_at direction"
        " is_automated is_completed is_internal recorded_at deleted_at",
    ).to_pandas()
    people = sided[(sided.owner_kind == "user") & ~sided.is_automation & (sided.side == "sales")]
    made = acts[
        acts.kind.isin(["call", "email", "meeting"])
        & acts.is_completed
        & ~acts.is_automated
        & ~acts.is_internal
        & (acts.direction != "inbound")
        & (acts.occurred_at <= as_of)
        & (acts.recorded_at <= as_of)
        & ~(acts.deleted_at <= as_of)
        & acts.performed_by.isin(people.owner_id)
    ]
    touches = pd.concat(
        made[[at, "occurred_at"]].dropna().set_axis(["place", "occurred_at"], axis=1)
        for at in ("lead_id", "contact_id")
    )
    contact = leads.set_index("lead_id").contact_id
    merged = leads[leads.merged_into.notna()][["lead_id", "merged_into"]]
    places = pd.concat(
        [
            pd.DataFrame({"lead_id": leads.lead_id, "place": leads.lead_id}),
            pd.DataFrame({"lead_id": leads.lead_id, "place": leads.contact_id}),
            merged.set_axis(["lead_id", "place"], axis=1),
            pd.DataFrame({"lead_id": merged.lead_id, "place": merged.merged_into.map(contact)}),
        ]
    ).dropna()
    hits = handed.merge(places, on="lead_id").merge(touches, on="place")
    hits = hits[
        (hits.occurred_at >= hits["at"])
        & (hits.occurred_at <= hits.ends_at)
        & (hits.next_at.isna() | (hits.occurred_at < hits.next_at))
    ]
    answered_at = handed.handoff.map(hits.groupby("handoff").occurred_at.min())
    waited = _days(handed["at"], answered_at.fillna(handed.ends_at))
    untouched = surviving(np.asarray(waited, np.float64), answered_at.notna().to_numpy(), 30)

    spoken = changes[changes.field == "status"]
    entered = spoken[spoken.new == "Marketing Qualified"].groupby("lead_id").changed_at.min()
    mqls = leads.assign(at=leads.mql_at.fillna(leads.lead_id.map(entered))).dropna(subset="at")
    events = pd.concat(
        [
            spoken[spoken.new.isin(["Accepted", "Rejected"])][
                ["lead_id", "changed_at", "new"]
            ].set_axis(["lead_id", "decided_at", "decision"], axis=1),
            leads.loc[leads.converted_at.notna(), ["lead_id", "converted_at"]]
            .set_axis(["lead_id", "decided_at"], axis=1)
            .assign(decision="Accepted"),
        ]
    )
    pairs = mqls[["lead_id", "at"]].merge(events, on="lead_id")
    pairs = pairs[pairs.decided_at >= pairs["at"]].sort_values(["decided_at", "decision"])
    decided = pairs.drop_duplicates("lead_id").set_index("lead_id")
    decided_at = mqls.lead_id.map(decided.decided_at)
    until = mqls.lead_id.map(ends_at).clip(lower=mqls["at"])
    decided_at = decided_at.where(decided_at <= until)
    watched = _days(mqls["at"], decided_at.fillna(until))
    undecided = surviving(np.asarray(watched, np.float64), decided_at.notna().to_numpy(), 14)

    deals = given.read(
        "opportunities",
        "opportunity_id sales_stage loss_reason created_at closed_at recorded_at deleted_at",
    ).to_pandas()
    there = (deals.recorded_at <= as_of) & (deals.created_at <= as_of)
    deals = _latest(deals[there & ~(deals.deleted_at <= as_of)], "opportunity_id")
    stages = given.read("sales_stages", "sales_stage is_closed is_won is_qualified").to_pandas()
    moves = given.read(
        "opportunity_changes", "change_id opportunity_id field old new changed_at deleted_at"
    ).to_pandas()
    moves = moves[(moves.changed_at <= as_of) & ~(moves.deleted_at <= as_of)]
    moves = moves[moves.field == "stage"].sort_values(["opportunity_id", "changed_at", "change_id"])
    now = moves.drop_duplicates("opportunity_id", keep="last").set_index("opportunity_id").new
    deals["now"] = deals.opportunity_id.map(now).fillna(deals.sales_stage)
    deals = deals.merge(stages, left_on="now", right_on="sales_stage")
    lost = deals[deals.is_closed & ~deals.is_won]
    agreed = lost.loss_reason.isin(["Price", "Product Gap", "Competitor", "No Decision", "Timing"])
    passed = moves.merge(stages, left_on="old", right_on="sales_stage")
    passed = set(passed[passed.is_qualified & ~passed.is_closed].opportunity_id)
    qualified = deals[
        deals.opportunity_id.isin(passed) | (deals.is_qualified & ~deals.is_closed) | deals.is_won
    ]
    roles = given.read(
        "contact_roles", "opportunity_id added_at recorded_at deleted_at"
    ).to_pandas()
    there = (roles.recorded_at <= as_of) & ~(roles.deleted_at <= as_of)
    roles = roles[there & (roles.added_at <= as_of)]
    named = qualified.opportunity_id.isin(roles.opportunity_id)
    accepted = mqls.lead_id[decided_at.notna()].map(decided.decision) == "Accepted"
    return {
        "never_touched_rate": untouched,
        "mql_acceptance_rate": accepted.mean(),
        "decision_rate": 1 - undecided,
        "loss_reason_rate": agreed.mean(),
        "contact_role_coverage": named.mean(),
    }


def _latest(rows: pd.DataFrame, key: str) -> pd.DataFrame:
    return rows.sort_values("recorded_at").drop_duplicates(key, keep="last")


def _days(since: "pd.Series[pd.Timestamp]", until: "pd.Series[pd.Timestamp]") -> "pd.Series[float]":
    return (until.dt.floor("s") - since.dt.floor("s")).dt.total_seconds() / 86400
