"""Who belongs to which function: configured rules over users and queues; never a guess."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

import pyarrow as pa

from model.definitions import FunctionRules
from model.stages import Function


def _matches(value: str | None, patterns: Iterable[str]) -> bool:
    text = (value or "").casefold()
    return bool(text) and any(fnmatchcase(text, pattern.casefold()) for pattern in patterns)


def function_of_user(user: dict[str, str | None], rules: FunctionRules) -> str | None:
    """The configured function of a user (keys of the `users` table), or None: unmatched."""
    for column, names in (
        ("user_id", "users"),
        ("role", "roles"),
        ("profile", "profiles"),
        ("title", "titles"),
    ):
        for function in Function:
            if _matches(user.get(column), getattr(rules.of(function), names)):
                return function.value
    return None


def function_of_queue(queue_id: str, name: str | None, rules: FunctionRules) -> str | None:
    """The configured function of a queue, by name or id, or None: unmatched."""
    for function in Function:
        patterns = rules.of(function).queues
        if _matches(name, patterns) or _matches(queue_id, patterns):
            return function.value
    return None


def assign_users(users: pa.Table, rules: FunctionRules) -> pa.Table:
    """The `users` table with `function` filled where the source did not, and automation users
    marked. Rows keep their order.
    """
    rows = users.to_pylist()
    for row in rows:
        row["function"] = row["function"] or function_of_user(row, rules)
        named = any(
            _matches(row[c], rules.automation_users) for c in ("user_id", "profile", "display_name")
        )
        row["is_automation"] = bool(row["is_automation"]) or named
    return pa.Table.from_pylist(rows, schema=users.schema)


def assign_queues(queues: pa.Table, rules: FunctionRules) -> pa.Table:
    """The `queues` table with `function` filled where the source did not."""
    rows = queues.to_pylist()
    for row in rows:
        row["function"] = row["function"] or function_of_queue(row["queue_id"], row["name"], rules)
    return pa.Table.from_pylist(rows, schema=queues.schema)
