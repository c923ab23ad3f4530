"""Who is in which function now (from the rules), and since when we know it."""

from collections.abc import Mapping
from datetime import datetime

import ibis
import ibis.expr.types as ir

from model.definitions import FunctionRules
from model.functions import assign_queues, assign_users
from model.tables import TABLES
from monitor.workspace import Workspace
from store.engines import Engine
from store.manifest import Manifest, SourceState

SOURCE = "detente"


def with_functions(engine: Engine, rules: FunctionRules) -> dict[str, ir.Table]:
    """The engine's canonical tables, users and queues with the function that the rules give.

    Applied on reading, so that a changed rule counts at once, also for what was pulled before.
    """
    users = assign_users(engine.run(engine.canonical["users"]), rules)
    queues = assign_queues(engine.run(engine.canonical["queues"]), rules)
    return {
        **engine.canonical,
        "users": ibis.memtable(users),
        "queues": ibis.memtable(queues),
    }


def keep_history(
    workspace: Workspace, versions: Mapping[str, int], states: Mapping[str, SourceState]
) -> None:
    """Record who changed function since the last sync, because no CRM keeps that.

    A period begins at the cutoff at which the function was first seen.
    """
    own = workspace.lake.versions(SOURCE)
    draft = Manifest.draft({**versions, **own}, states, workspace.definitions_version)
    with workspace.engine(draft) as engine:
        rules = workspace.settings.functions
        users = assign_users(engine.run(engine.canonical["users"]), rules).to_pylist()
        periods = engine.run(engine.canonical["user_functions"]).to_pylist()
    now = {row["user_id"]: row["function"] for row in users if row["function"]}
    open_periods = {row["user_id"]: row for row in periods if row["to_at"] is None}
    rows = _changes(now, open_periods, draft.cutoff_at)
    if rows:
        table = TABLES["user_functions"].conform(rows)
        workspace.lake.upsert(SOURCE, "user_functions", [table], cursor=None)


def _changes(
    now: Mapping[str, str], open_periods: Mapping[str, dict[str, object]], at: datetime
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for user_id, period in open_periods.items():
        if now.get(user_id) != period["function"]:
            rows.append({**period, "to_at": at})
    for user_id, function in sorted(now.items()):
        known = open_periods.get(user_id)
        if known is None or known["function"] != function:
            rows.append(
                {
                    "period_id": f"{user_id}@{at:%Y%m%dT%H%M%S}",
                    "user_id": user_id,
                    "function": function,
                    "from_at": at,
                    "recorded_at": at,
                }
            )
    return rows
