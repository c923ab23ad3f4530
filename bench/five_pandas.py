"""Five indicators from base tables to result in pandas, as one would write them down."""

from collections.abc import Sequence
from typing import TypeAlias

import pandas as pd
import pyarrow as pa

from bench.five import Figure, Given
from model.periods import local_day

SPACE = " \t\n\r\v\f"
REASONS = ("price", "product gap", "competitor", "no decision", "timing")
Moments: TypeAlias = "pd.Series[pd.Timestamp]"
Flags: TypeAlias = "pd.Series[bool]"


def five(given: Given) -> dict[str, Figure]:
    """The figures of `bench.five.NAMES`."""
    handed, decided = _leads(given)
    lost, qualified = _deals(given)
    return given.figures(
        {
            "never_touched_rate": _arrow(handed),
            "mql_acceptance_rate": _arrow(decided),
            "decision_rate": _arrow(decided),
            "loss_reason_rate": _arrow(lost),
            "contact_role_coverage": _arrow(qualified),
        }
    )


def _arrow(rows: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(rows, preserve_index=False)


def _latest(rows: pd.DataFrame, key: str) -> pd.DataFrame:
    """Of rows with the same key the one recorded last."""
    return rows.sort_values(["recorded_at", "deleted_at"], ascending=False).drop_duplicates(key)


def _changes(
    given: Given, table: str, key: str, fields: Sequence[str], kinds: str = ""
) -> pd.DataFrame:
    """Changes of these fields in order, those after the instant as well."""
    columns = f"change_id {key} field old new {kinds} changed_at deleted_at"
    rows = given.read(table, columns).to_pandas()
    is_gone = rows.deleted_at <= pd.Timestamp(given.as_of)
    found: pd.DataFrame = rows[rows.field.isin(fields) & rows.changed_at.notna() & ~is_gone]
    return found.sort_values(["changed_at", "change_id"])


def _begun(rows: pd.DataFrame, changes: pd.DataFrame, key: str, **columns: str) -> pd.DataFrame:
    """What each row began with: what its first change says was there, or what there is now."""
    first = changes.drop_duplicates(key)[[key, *columns]].rename(
        columns={k: f"first_{k}" for k in columns}
    )
    found = rows[[key, "created_at", *columns.values()]].merge(
        first.assign(is_changed=True), "left", on=key
    )
    for old, now in columns.items():
        found[now] = found[now].where(found.is_changed.isna(), found[f"first_{old}"])
    return found[[key, "created_at", *columns.values()]]


def _days(since: Moments, until: Moments) -> "pd.Series[float]":
    return (until.dt.floor("s") - since.dt.floor("s")).dt.total_seconds() / 86400


def _among(texts: "pd.Series[str]", words: Sequence[str]) -> Flags:
    """Whether each is one of the words, whatever the case and the space around."""
    return texts.str.strip(SPACE).str.lower().isin(words)


def _cluster(owners: pd.DataFrame, at: Moments) -> "pd.Series[str]":
    queued = owners.owner_kind == "queue"
    week = at[queued].dt.to_period("W").dt.start_time.dt.strftime("%Y-%m-%d")
    found = owners.owner_id.copy()
    found[queued] = found[queued] + "/" + week
    return found.fillna("nobody")


def _leads(given: Given) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Handoffs with the time to the first response, MQLs with the time to the decision."""
    as_of = pd.Timestamp(given.as_of)
    every = given.read(
        "leads",
        "lead_id created_at owner_id owner_kind status contact_id mql_at accepted_at rejected_at"
        " converted_at merged_into recorded_at deleted_at",
    ).to_pandas()
    known = every[~(every.recorded_at > as_of)]
    known = known.assign(deleted_at=known.deleted_at.where(known.deleted_at <= as_of))
    leads = _latest(known, "lead_id")
    leads = leads[~(leads.created_at > as_of)]
    leads["ends_at"] = leads.deleted_at.fillna(as_of)
    changes = _changes(
        given, "lead_changes", "lead_id", ["owner", "status", "converted"], "old_kind new_kind"
    )
    is_owner = changes.field == "owner"
    owned = changes[is_owner & changes.new_kind.isin(["user", "queue"])]
    handed = _handed(given, leads, owned)
    last = handed[handed.next_at.isna()][["lead_id", "owner_id", "owner_kind"]]
    if not (is_owner & (changes.changed_at <= as_of)).any():
        handed = handed[:0]
    handed["answered_at"] = handed.handoff.map(_answered(given, every, handed))
    handed = handed[handed["at"].between(*given.window)]
    waited = pd.DataFrame(
        {
            "cluster": _cluster(handed, handed["at"]),
            "response_wall_days": _days(handed["at"], handed.answered_at.fillna(handed.ends_at)),
            "is_responded": handed.answered_at.notna(),
        }
    )
    mqls = _mqls(given, leads, changes)
    # owners at the last handoff, or else as they stood then
    later = owned[owned.changed_at > as_of].drop_duplicates("lead_id")[
        ["lead_id", "old", "old_kind"]
    ]
    later.columns = last.columns
    owners = pd.concat([last, later, leads[["lead_id", "owner_id", "owner_kind"]]])
    mqls = mqls.merge(owners.drop_duplicates("lead_id"), "left", on="lead_id")
    decided = pd.DataFrame(
        {
            "cluster": _cluster(mqls, mqls["at"]),
            "decision_days": _days(mqls["at"], mqls.decided_at.fillna(mqls.until)),
            "is_decided": mqls.decided_at.notna(),
            "is_accepted": (mqls.accepted_at == mqls.decided_at)
            .astype("boolean")
            .where(mqls.decided_at.notna()),
        }
    )
    return waited, decided


def _handed(given: Given, leads: pd.DataFrame, owned: pd.DataFrame) -> pd.DataFrame:
    """Each passage to Sales, from nobody or from Marketing: its owner, and until when it counts."""
    begun = _begun(leads, owned, "lead_id", old="owner_id", old_kind="owner_kind")
    later = owned[owned.changed_at <= pd.Timestamp(given.as_of)]
    later = later[["lead_id", "changed_at", "new", "new_kind"]].set_axis(begun.columns, axis=1)
    sided = given.owners.to_pandas()[["owner_id", "owner_kind", "side"]].dropna()
    path = pd.concat([begun, later]).rename(columns={"created_at": "at"})
    path = path.merge(sided, "left", on=["owner_id", "owner_kind"]).dropna(subset="side")
    before = path.groupby("lead_id").side.shift()
    handed = path[(path.side == "sales") & (before.isna() | (before == "marketing"))]
    handed = handed.merge(leads[["lead_id", "created_at", "ends_at"]], on="lead_id")
    handed["at"] = handed[["at", "created_at"]].max(axis=1)
    handed = handed.dropna(subset="at")
    handed["next_at"] = handed.groupby("lead_id")["at"].shift(-1)
    handed["ends_at"] = handed.ends_at.clip(lower=handed["at"])
    handed["handoff"] = range(len(handed))
    return handed


def _answered(given: Given, every: pd.DataFrame, handed: pd.DataFrame) -> Moments:
    """The first touch by Sales: on the lead, its contact, or what it was merged into."""
    as_of, sided = pd.Timestamp(given.as_of), given.owners.to_pandas()
    people = sided[(sided.owner_kind == "user") & ~sided.is_automation & (sided.side == "sales")]
    acts = given.read(
        "activities",
        "kind lead_id contact_id performed_by occurred_at direction"
        " is_automated is_completed is_internal recorded_at deleted_at",
    ).to_pandas()
    made = acts[
        acts.kind.isin(["call", "email", "meeting"])
        & acts.is_completed.eq(True)
        & ~acts.is_automated.eq(True)
        & ~acts.is_internal.eq(True)
        & ~(acts.direction == "inbound")
        & (acts.occurred_at <= as_of)
        & ~(acts.recorded_at > as_of)
        & ~(acts.deleted_at <= as_of)
        & acts.performed_by.isin(people.owner_id)
    ]
    touches = pd.concat(
        made[[at, "occurred_at"]].dropna().set_axis(["place", "occurred_at"], axis=1)
        for at in ("lead_id", "contact_id")
    )
    contacts = _latest(every, "lead_id")[["lead_id", "contact_id"]]
    pairs = every[every.merged_into.notna()][["lead_id", "merged_into"]].drop_duplicates()
    merged = pairs
    for _ in range(2):  # merged into a lead that was merged, and so on
        onward = pairs.set_axis(["merged_into", "onward"], axis=1)
        merged = merged.merge(onward, "left", on="merged_into")
        merged = merged.assign(merged_into=merged.onward.fillna(merged.merged_into))
        merged = merged[["lead_id", "merged_into"]].drop_duplicates()
    became = merged.merge(
        contacts.set_axis(["merged_into", "contact_id"], axis=1), on="merged_into"
    )
    places = pd.concat(
        [
            contacts[["lead_id"]].assign(place=contacts.lead_id),
            contacts.set_axis(["lead_id", "place"], axis=1),
            merged.set_axis(["lead_id", "place"], axis=1),
            became[["lead_id", "contact_id"]].set_axis(["lead_id", "place"], axis=1),
        ]
    ).dropna()
    watched = handed[["handoff", "lead_id", "at", "next_at", "ends_at"]]
    hits = watched.merge(places, on="lead_id").drop(columns="lead_id").merge(touches, on="place")
    hits = hits[
        (hits.occurred_at >= hits["at"])
        & (hits.occurred_at <= hits.ends_at)
        & (hits.next_at.isna() | (hits.occurred_at < hits.next_at))
    ]
    return hits.groupby("handoff").occurred_at.min()


def _mqls(given: Given, leads: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """MQLs of the window with the first decision. A conversion's date may lack the time: a day's
    slack.
    """
    as_of = pd.Timestamp(given.as_of)
    spoken = changes[changes.field == "status"]
    by_now = spoken[spoken.changed_at <= as_of]
    begun = _begun(leads, spoken, "lead_id", old="status")
    path = by_now[["lead_id", "changed_at", "new"]].set_axis(["lead_id", "at", "value"], axis=1)
    if len(by_now):
        path = pd.concat([begun.set_axis(path.columns, axis=1), path])
    entered = path[_among(path.value, ["marketing qualified"])].groupby("lead_id")["at"].min()
    ready = leads.mql_at.where(leads.mql_at <= as_of).fillna(leads.lead_id.map(entered))
    mqls = leads.assign(at=ready.where(~(ready < leads.created_at), leads.created_at))
    mqls = mqls[mqls["at"].between(*given.window)]
    turned = changes[changes.field == "converted"].groupby("lead_id").changed_at.min()
    converted = mqls.lead_id.map(turned).fillna(mqls.converted_at)
    events = pd.concat(
        [
            path[_among(path.value, ["accepted"])].assign(is_accepted=True, slack=0),
            path[_among(path.value, ["rejected"])].assign(is_accepted=False, slack=0),
            mqls[["lead_id"]].assign(at=mqls.accepted_at, is_accepted=True, slack=0),
            mqls[["lead_id"]].assign(at=mqls.rejected_at, is_accepted=False, slack=0),
            mqls[["lead_id"]].assign(at=converted, is_accepted=True, slack=1),
        ]
    ).dropna(subset="at")
    mqls = mqls[["lead_id", "at"]].assign(until=mqls.ends_at.clip(lower=mqls["at"]))
    pairs = mqls.merge(events.rename(columns={"at": "moment"}), on="lead_id")
    pairs = pairs[(_days(pairs.moment, pairs["at"]) <= pairs.slack) & (pairs.moment <= pairs.until)]
    pairs["moment"] = pairs.moment.clip(lower=pairs["at"])
    first = pairs.groupby("lead_id").moment.min().rename("decided_at")
    accepted = pairs[pairs.is_accepted].groupby("lead_id").moment.min().rename("accepted_at")
    return mqls.merge(first, "left", on="lead_id").merge(accepted, "left", on="lead_id")


def _deals(given: Given) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lost opportunities with whether the reason is agreed, qualified ones with any role."""
    as_of = pd.Timestamp(given.as_of)
    every = given.read(
        "opportunities",
        "opportunity_id owner_id sales_stage loss_reason is_closed is_won created_at closed_at"
        " close_on recorded_at deleted_at",
    ).to_pandas()
    deals = every[~(every.recorded_at > as_of) & ~(every.deleted_at <= as_of)]
    deals = _latest(deals, "opportunity_id")
    deals = deals[~(deals.created_at > as_of)]
    changes = _changes(
        given,
        "opportunity_changes",
        "opportunity_id",
        ["stage", "owner", "loss_reason", "close_date"],
    )
    deals["close_on"] = pd.to_datetime(deals.close_on)
    later = changes[changes.changed_at > as_of].drop_duplicates(["opportunity_id", "field"])
    for field, column in {
        "owner": "owner_id",
        "loss_reason": "loss_reason",
        "close_date": "close_on",
    }.items():
        then = later.loc[later.field == field, ["opportunity_id", "old"]].assign(is_changed=True)
        if field == "close_date":
            then["old"] = pd.to_datetime(then.old.str[:10], format="%Y-%m-%d", errors="coerce")
        deals = deals.merge(then, "left", on="opportunity_id")
        deals[column] = deals[column].where(deals.is_changed.isna(), deals.old)
        deals = deals.drop(columns=["old", "is_changed"])
    deals = deals.merge(_stages(given, every, deals, changes), on="opportunity_id")
    next_day = (deals.close_on + pd.Timedelta(days=1)).dt.tz_localize(given.zone)
    ends = next_day.dt.tz_convert("UTC").dt.tz_localize(None) - pd.Timedelta(microseconds=1)
    is_dated = deals.close_on.between(
        "1990-01-01", pd.Timestamp(local_day(given.as_of, given.zone))
    )
    by_date = ends.mask(ends > as_of, as_of).where(is_dated)
    closed_at = deals.closing_at.fillna(deals.closed_at).fillna(by_date)
    is_closed = deals.closed_now & (closed_at <= as_of)
    deals["cluster"] = deals.owner_id.fillna("nobody")
    lost = deals[is_closed & ~deals.won_now & closed_at.between(*given.window)]
    roles = given.read(
        "contact_roles", "opportunity_id added_at recorded_at deleted_at"
    ).to_pandas()
    roles = roles[
        ~(roles.recorded_at > as_of) & ~(roles.deleted_at <= as_of) & ~(roles.added_at > as_of)
    ]
    is_old = is_closed & (closed_at < pd.Timestamp(given.since))
    qualified = deals[deals.qualified_at.between(*given.window) & ~is_old]
    return (
        lost[["cluster"]].assign(is_loss_reason_agreed=_among(lost.loss_reason, REASONS)),
        qualified[["cluster"]].assign(
            has_contact_role=qualified.opportunity_id.isin(roles.opportunity_id)
        ),
    )


def _stages(
    given: Given, every: pd.DataFrame, deals: pd.DataFrame, changes: pd.DataFrame
) -> pd.DataFrame:
    """When opportunities passed qualification and were closed, and what the last stage means.
    Where no stage says so, the opportunity's own flags say what its present one means.
    """
    changes = changes[changes.field == "stage"]
    begun = _begun(deals, changes, "opportunity_id", old="sales_stage").assign(is_change=False)
    later = changes[changes.changed_at <= pd.Timestamp(given.as_of)]
    later = later[["opportunity_id", "changed_at", "new"]].assign(is_change=True)
    path = pd.concat([begun, later.set_axis(begun.columns, axis=1)])
    stages = _latest(
        given.read(
            "sales_stages", "sales_stage is_closed is_won is_qualified recorded_at deleted_at"
        ).to_pandas(),
        "sales_stage",
    )
    stages = stages[["sales_stage", "is_closed", "is_won", "is_qualified"]]
    own = _latest(every, "opportunity_id")[["opportunity_id", "sales_stage", "is_closed", "is_won"]]
    own.columns = ["opportunity_id", "now", "own_closed", "own_won"]
    path = path.merge(stages, "left", on="sales_stage").merge(own, "left", on="opportunity_id")
    is_now = path.sales_stage == path.now
    for flag in ("closed", "won"):
        said = path[f"is_{flag}"].astype("boolean")
        said = said.fillna(path[f"own_{flag}"].astype("boolean").where(is_now))
        path[flag] = said.fillna(False).astype(bool)
    by_deal = path.groupby("opportunity_id")
    was_closed = by_deal.closed.shift(fill_value=False)
    path["closing_at"] = path.created_at.where(path.closed & ~was_closed & path.is_change)
    is_qualified = path.is_qualified.eq(True) & ~path.closed | path.won
    path["qualified_at"] = path.created_at.where(is_qualified)
    return by_deal.agg(
        closing_at=("closing_at", "max"),
        qualified_at=("qualified_at", "min"),
        closed_now=("closed", "last"),
        won_now=("won", "last"),
    ).reset_index()
