"""Fields as a query names them, resolved to columns of joined tables.

A reference to one object joins that object. A reference to several (an owner is a user or a
queue) joins the few fields that they share, under the service's own name for that: `Name`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.schema import VISIBLE_FROM, VISIBLE_TO, Field, Object
from sandbox.soql.errors import SoqlError
from sandbox.soql.tree import Path

MOST_STEPS = 5
_SHARED = Object(
    "Name",
    "",
    (Field("Id", "id"), Field("Name", "string"), Field("Type", "picklist", filterable=True)),
)
_HINT = "Please reference your WSDL or the describe call for the appropriate names."


@dataclass(frozen=True)
class Parent:
    """A joined record: its alias in SQL, the object (or `Name` where there are several)."""

    alias: str
    object: Object
    steps: tuple[str, ...]

    @property
    def is_shared(self) -> bool:
        """Whether the record may be of several objects, so that its type is a column."""
        return self.object is _SHARED


@dataclass(frozen=True)
class Column:
    """A field of the source or of a parent: `path` in canonical names, and its SQL, which may be
    that of JSON.
    """

    path: tuple[str, ...]
    field: Field
    sql: str
    parent: Parent
    is_json: bool = False


def find(objects: Mapping[str, Object], name: str, text: str = "", at: int | None = None) -> Object:
    """The object of that name, compared without case; SoqlError INVALID_TYPE if there is none."""
    folded = name.casefold()
    for candidate in objects.values():
        if candidate.name.casefold() == folded:
            return candidate
    reason = (
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, "
        f"be sure to append the '__c' after the entity name. {_HINT}"
    )
    raise SoqlError("INVALID_TYPE", reason, text, at)


def visible(name: str, shared: str | None = None) -> str:
    """SQL for the records of an object as they stood at `$clock`, if `shared` is true of them."""
    held = f"{VISIBLE_FROM} <= $clock AND ({VISIBLE_TO} IS NULL OR $clock < {VISIBLE_TO})"
    held += f" AND {shared}" if shared else ""
    return f'(SELECT * FROM "{name}" WHERE {held})'  # noqa: S608  names come from the schema


class Scope:
    """The source of one query and the parents joined to it so far."""

    def __init__(
        self,
        objects: Mapping[str, Object],
        source: Path,
        alias: str | None,
        text: str,
        sharing: Mapping[str, str],
    ) -> None:
        self.objects, self.text, self.sharing = objects, text, sharing
        self.base = Parent("t0", find(objects, source.text, text, source.at), ())
        self._names = {self.base.object.name.casefold(), (alias or source.text).casefold()}
        self._joined: dict[tuple[str, ...], Parent] = {(): self.base}
        self._from = [f"{self._records(self.base.object)} AS t0"]

    @property
    def sql(self) -> str:
        """The FROM clause: the source and every parent asked for so far."""
        return " ".join(self._from)

    @property
    def parents(self) -> list[Parent]:
        """The source and the parents joined to it."""
        return list(self._joined.values())

    def join(self, table: str, condition: str) -> str:
        """Join a table of the caller's own, if it has a row; gives its alias."""
        alias = f"s{len(self._from)}"
        self._from.append(f"LEFT JOIN {table} AS {alias} ON {alias}.{condition}")
        return alias

    def column(self, path: Path) -> Column:
        """The column that a path names; SoqlError INVALID_FIELD if there is none."""
        *steps, name = path.parts
        if steps and self._is_prefix(steps[0]):
            del steps[0]
        if len(steps) > MOST_STEPS:
            reason = f"SOQL relationships may not be more than {MOST_STEPS} levels deep"
            raise SoqlError("MALFORMED_QUERY", reason, self.text, path.at)
        parent = self.base
        for step in steps:
            parent = self._parent(parent, step, path)
        field = parent.object.field(name)
        if field is None:
            reason = (
                f"No such column '{name}' on entity '{parent.object.name}'. If you are attempting "
                "to use a custom field, be sure to append the '__c' after the custom field name. "
                f"{_HINT}"
            )
            raise SoqlError("INVALID_FIELD", reason, self.text, path.at)
        sql = f'{parent.alias}."{field.name}"'
        return Column((*parent.steps, field.name), field, sql, parent)

    def _is_prefix(self, word: str) -> bool:
        return word.casefold() in self._names and self.base.object.relationship(word) is None

    def _parent(self, child: Parent, step: str, path: Path) -> Parent:
        reference = child.object.relationship(step)
        targets = reference.targets if reference else ()
        present = [self.objects[target] for target in targets if target in self.objects]
        if reference is None or not present:
            reason = (
                f"Didn't understand relationship '{step}' in field path. If you are attempting to "
                "use a custom relationship, be sure to append the '__r' after the custom "
                f"relationship name. {_HINT}"
            )
            raise SoqlError("INVALID_FIELD", reason, self.text, path.at)
        steps = (*child.steps, str(reference.relationship))
        if steps not in self._joined:
            target = present[0] if len(targets) == 1 else _SHARED
            parent = Parent(f"t{len(self._joined)}", target, steps)
            source = self._records(target) if len(targets) == 1 else self._union(present)
            link = f'{child.alias}."{reference.name}" = {parent.alias}."Id"'
            self._from.append(f"LEFT JOIN {source} AS {parent.alias} ON {link}")
            self._joined[steps] = parent
        return self._joined[steps]

    def _records(self, item: Object) -> str:
        return visible(item.name, self.sharing.get(item.name))

    def _union(self, targets: list[Object]) -> str:
        named = [target for target in targets if target.field("Name")]
        shared = '"Id", "Name", \'{}\' AS "Type"'
        parts = [
            f"SELECT {shared.format(t.name)} FROM {self._records(t)}"  # noqa: S608
            for t in named
        ]
        return f"({' UNION ALL '.join(parts)})"
