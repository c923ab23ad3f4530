"""Handoffs that still wait for their first touch: whose they are and how long is left."""

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from metrics.cells import named
from metrics.facts.sides import MARKETING, QUEUE, USER, latest, owners
from metrics.facts.statuses import REJECTED
from model.definitions import Definitions


def waiting(
    handoffs: ir.Table,
    tables: Mapping[str, ir.Table],
    definitions: Definitions,
    dimensions: Sequence[str] = (),
) -> ir.Table:
    """The open handoffs of the fact `handoffs` without a first human sales touch at its as-of.

    Not open any more: deleted, merged or converted leads, those handed over anew since, rejected,
    given up as unreachable, or back with Marketing. Columns: lead_id, owner_id, owner_kind and
    owner (display name) of who has it now, handed_off_at, calendar, sla_hours, and hours_left
    (business hours; negative once the SLA is broken); and `dimensions` to cut them by.
    """
    rejected = ((handoffs.decision == REJECTED) & handoffs.is_decided).fill_null(False)
    found = named(handoffs, dimensions).filter(
        ~handoffs.is_responded,
        handoffs.next_handed_off_at.isnull(),
        handoffs.given_up_at.isnull(),
        handoffs.ends_at == handoffs.as_of,
        ~rejected,
    )
    leads = latest(tables["leads"], "lead_id")
    held = leads.filter(leads.converted_at.isnull()).select(
        _lead_id="lead_id", _owner_id="owner_id", _owner_kind="owner_kind"
    )
    own = owners(tables["users"], tables["queues"], definitions.functions)
    sides = own.select(_id="owner_id", _kind="owner_kind", _side="side")
    joined = found.inner_join(held, [("lead_id", "_lead_id")])
    sided = joined.left_join(sides, [("_owner_id", "_id"), ("_owner_kind", "_kind")])
    with_sales = sided.filter(sided._side.isnull() | (sided._side != MARKETING))
    names = _names(tables)
    return with_sales.left_join(
        names, [("_owner_id", "_named_id"), ("_owner_kind", "_named_kind")]
    ).select(
        "lead_id",
        "handed_off_at",
        "calendar",
        "sla_hours",
        *dimensions,
        owner_id="_owner_id",
        owner_kind="_owner_kind",
        owner="_name",
        hours_left=ibis._.sla_hours - ibis._.response_business_hours,
    )


def _names(tables: Mapping[str, ir.Table]) -> ir.Table:
    users, queues = latest(tables["users"], "user_id"), latest(tables["queues"], "queue_id")
    people = users.select(
        _named_id="user_id", _named_kind=ibis.literal(USER), _name=users.display_name
    )
    return people.union(
        queues.select(_named_id="queue_id", _named_kind=ibis.literal(QUEUE), _name=queues.name)
    )
