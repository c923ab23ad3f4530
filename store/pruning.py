"""Expressions with nothing in them that nobody asked for: no column, no join.

An engine prunes as well, but not joins whose other side it cannot tell to be unique, nor a step
that is computed for its own sake; and it has to read all of it first.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir

Names = frozenset[str]
Compute = Callable[[str, ir.Table], ir.Table]
Keys = Mapping[ops.Relation, set[Names]]


def pruned(
    wanted: Mapping[str, ir.Table],
    keys: Keys,
    steps: Mapping[str, ir.Table] | None = None,
    compute: Compute = lambda _, rows: rows,
) -> dict[str, ir.Table]:
    """The tables by name, in the columns and rows that they have, without what these do not need.

    `keys` are columns that no two rows of a table share. `steps` are parts of what is wanted.
    `compute` gets each of those that more than one thing still rests on, and may return it
    computed.
    """
    plan = _Plan([rows.op() for rows in wanted.values()], keys)
    named = {rows.op(): name for name, rows in (steps or {}).items()}
    for old in plan.order:
        new = plan.rebuilt(old)
        if old in named and plan.users[old] > 1:
            new = compute(named[old], new.to_expr()).op()
        plan.new[old] = new
    return {name: plan.new[rows.op()].to_expr() for name, rows in wanted.items()}


def keys_of(rows: ir.Table, keys: Keys) -> set[Names]:
    """Sets of columns of `rows` that no two of them share the values of."""
    return _Plan([rows.op()], keys).keys(rows.op())


class _Plan:
    """What is needed of every relation under `roots`; each stands in `order` after those that it
    rests on. Relations of kinds that it does not know are left as they are.
    """

    def __init__(self, roots: list[ops.Relation], keys: Keys) -> None:
        self.order = list(_ordered(roots))
        self.new: dict[ops.Relation, ops.Relation] = {}
        self.users: dict[ops.Relation, int] = {}
        self._needed: dict[ops.Relation, set[str]] = {one: set() for one in self.order}
        self._links: dict[ops.JoinChain, list[ops.JoinLink]] = {}
        self._keys = dict(keys)
        for root in roots:
            self._needed[root].update(root.schema.names)
            self.users[root] = 1
        for one in reversed(self.order):
            if one not in self.users:
                continue  # only what was pruned rests on it
            self._needed[one] |= _unnested(one)
            self._needed[one] = self._needed[one] or set(one.schema.names[:1])
            # a reference is one and the same, however many joins begin with it
            through = self.users[one] if isinstance(one, ops.JoinReference) else 1
            for below in self._ask(one):
                self.users[below] = self.users.get(below, 0) + through
        self.order = [one for one in self.order if one in self.users]

    def _ask(self, one: ops.Relation) -> list[ops.Relation]:
        """Ask of the relations that `one` rests on what it needs of them; these."""
        if isinstance(one, ops.JoinChain):
            return self._ask_joined(one)
        needed = self._needed[one]
        match one:
            case ops.Project():
                values: list[Any] = [one.values[name] for name in needed]
            case ops.Aggregate():
                kept = [value for name, value in one.metrics.items() if name in needed]
                values = [*one.groups.values(), *kept]
            case ops.Filter():
                values = [*self._checks(one), *(one.values[name] for name in needed)]
            case ops.Distinct():
                values = list(one.values.values())
            case ops.Union():
                names = one.schema.names if one.distinct else needed
                values = [ops.Field(part, name) for part in _below(one) for name in names]
            case _:
                values = [ops.Field(part, name) for part in _below(one) for name in needed]
        self._ask_for(values)
        return _below(one)

    def _ask_joined(self, one: ops.JoinChain) -> list[ops.Relation]:
        values: list[Any] = [one.values[name] for name in self._needed[one]]
        links = list(one.rest)
        for link in reversed(one.rest):
            others = [p for other in links if other is not link for p in other.predicates]
            read = {field.rel for field in _fields([*values, *others])}
            if link.table not in read and self._adds_nothing(link):
                links.remove(link)
        self._links[one] = links
        self._ask_for([*values, *(p for link in links for p in link.predicates)])
        return [one.first, *(link.table for link in links)]

    def _ask_for(self, values: Iterable[Any]) -> None:
        for field in _fields(values):
            self._needed[field.rel].add(field.name)

    def _adds_nothing(self, link: ops.JoinLink) -> bool:
        """Whether a join leaves every row, once."""
        if link.how == "cross":
            return _is_total(link.table)
        return link.how == "left" and self._at_most_one(link)

    def _at_most_one(self, link: ops.JoinLink) -> bool:
        """Whether a row finds at most one to join."""
        equal = {
            side.name
            for one in link.predicates
            if isinstance(one, ops.Equals)
            for side in (one.left, one.right)
            if isinstance(side, ops.Field) and side.rel == link.table
        }
        return any(key <= equal for key in self.keys(link.table))

    def _checks(self, one: ops.Filter) -> list[Any]:
        """What is checked, but for whether a row is the first of those that there is one of; none
        is the second.
        """
        found = []
        for check in one.predicates:
            if not self._is_of_one(check, one.parent):
                found.append(check)
            elif check.right.value != 0:
                found.append(ops.Literal(False, dt.boolean))
        return found

    def _is_of_one(self, check: Any, rel: ops.Relation) -> bool:
        """Whether it is which of several copies a row is, where there is one of each."""
        by = _first_of(check, rel)
        return by is not None and any(key <= by for key in self.keys(rel))

    def keys(self, one: ops.Relation) -> set[Names]:
        """Sets of columns that no two rows share the values of."""
        found = self._keys.get(one)
        if found is None:
            found = self._keys[one] = set() if _unnested(one) else self._found_keys(one)
        return found

    def _found_keys(self, one: ops.Relation) -> set[Names]:
        match one:
            case ops.Aggregate():
                return {frozenset(one.groups)}
            case ops.Distinct():
                return {frozenset(one.schema.names)}
            case ops.JoinChain():
                single = all(
                    link.how in ("semi", "anti")
                    or (link.how in ("left", "inner") and self._at_most_one(link))
                    for link in one.rest
                )
                return _carried(one, one.first, self.keys(one.first)) if single else set()
            case ops.Filter():
                numbered = [_first_of(check, one.parent) for check in one.predicates]
                return self.keys(one.parent) | {key for key in numbered if key is not None}
            case ops.Project() | ops.DropColumns() | ops.JoinReference():
                return _carried(one, one.parent, self.keys(one.parent))
        return set()

    def rebuilt(self, one: ops.Relation) -> ops.Relation:
        """The relation on what became of those that it rests on, with what is needed of it."""
        below = [self.new[part] for part in _below(one) if part in self.new]
        names = [name for name in one.schema.names if name in self._needed[one]]
        found = one
        match one:
            case ops.Project() | ops.DropColumns():
                found = _selected(below[0], self._values(one.values, names))
            case ops.Filter():
                checks = self._moved(self._checks(one))
                found = ops.Filter(*below, checks) if checks else below[0]
            case ops.Aggregate():
                metrics = [name for name in names if name in one.metrics]
                groups = self._values(one.groups, one.groups)
                found = ops.Aggregate(*below, groups, self._values(one.metrics, metrics))
            case ops.JoinChain():
                links = [
                    ops.JoinLink(link.how, self.new[link.table], self._moved(link.predicates))
                    for link in self._links[one]
                ]
                values = self._values(one.values, names)
                if links:
                    found = ops.JoinChain(below[0], links, values)
                else:
                    found = _selected(below[0].parent, _on_parent(values, below[0]))
            case ops.JoinReference():
                found = ops.JoinReference(*below, one.identifier)
            case ops.Distinct():
                found = ops.Distinct(*below)
            case ops.Union():
                asked = list(one.schema.names) if one.distinct else names
                found = ops.Union(*(_only(part, asked) for part in below), one.distinct)
        return found

    def _values(self, values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
        return {name: self._moved([values[name]])[0] for name in names}

    def _moved(self, values: Iterable[Any]) -> list[Any]:
        return [self._one_moved(value) for value in values]

    def _one_moved(self, value: Any) -> Any:
        moved: dict[Any, Any] = {
            field: ops.Field(self.new[field.rel], field.name) for field in _fields([value])
        }
        for star in value.find(ops.CountStar, filter=ops.Value):
            where = None if star.where is None else self._one_moved(star.where)
            moved[star] = ops.CountStar(self.new[star.arg], where=where)
        return value.replace(moved, filter=ops.Value) if moved else value


def _ordered(roots: Iterable[ops.Relation]) -> Iterator[ops.Relation]:
    seen: set[ops.Relation] = set()
    stack = [(root, False) for root in roots]
    while stack:
        one, is_done = stack.pop()
        if is_done:
            yield one
        elif one not in seen:
            seen.add(one)
            stack.append((one, True))
            stack += [(below, False) for below in _below(one)]


def _below(one: ops.Relation) -> list[ops.Relation]:
    """The relations that `one` rests on, if it is of a kind that can be pruned."""
    match one:
        case ops.JoinChain():
            return [one.first, *(link.table for link in one.rest)]
        case ops.Union():
            return [one.left, one.right]
        case (
            ops.Project()
            | ops.Filter()
            | ops.Aggregate()
            | ops.Distinct()
            | ops.DropColumns()
            | ops.JoinReference()
        ):
            return [one.parent]
    return []


def _unnested(one: ops.Relation) -> set[str]:
    """The columns that make several rows of one."""
    if not isinstance(one, ops.Project | ops.JoinChain):
        return set()
    return {name for name, value in one.values.items() if value.find(ops.Unnest, filter=ops.Value)}


def _is_total(one: ops.Relation) -> bool:
    """Whether it is one row, whatever there is: totals of everything."""
    while isinstance(one, ops.JoinReference | ops.Project | ops.DropColumns) and not _unnested(one):
        one = one.parent
    return isinstance(one, ops.Aggregate) and not one.groups


def _fields(values: Iterable[Any]) -> list[ops.Field]:
    return [field for value in values for field in value.find(ops.Field, filter=ops.Value)]


def _carried(one: ops.Relation, below: ops.Relation, keys: set[Names]) -> set[Names]:
    """The keys of `below` by the names that their columns have in `one`."""
    names = {value.name: name for name, value in one.values.items() if _is_of(value, below)}
    return {frozenset(names[name] for name in key) for key in keys if key <= names.keys()}


def _is_of(value: Any, rel: ops.Relation) -> bool:
    return isinstance(value, ops.Field) and value.rel == rel


def _first_of(check: Any, rel: ops.Relation) -> Names | None:
    """The columns by which rows were numbered, where `check` leaves one of each number."""
    if not (
        isinstance(rel, ops.Project)
        and isinstance(check, ops.Equals)
        and _is_of(check.left, rel)
        and isinstance(check.right, ops.Literal)
    ):
        return None
    number = rel.values[check.left.name]
    if not (isinstance(number, ops.WindowFunction) and isinstance(number.func, ops.RowNumber)):
        return None
    names = {value.name: name for name, value in rel.values.items() if _is_of(value, rel.parent)}
    if not all(_is_of(by, rel.parent) and by.name in names for by in number.group_by):
        return None
    return frozenset(names[by.name] for by in number.group_by)


def _only(one: ops.Relation, names: list[str]) -> ops.Relation:
    return _selected(one, {name: ops.Field(one, name) for name in names})


def _selected(one: ops.Relation, values: Mapping[str, Any]) -> ops.Relation:
    """`one` in these columns; itself where they are its own."""
    own = {name: ops.Field(one, name) for name in one.schema.names}
    return one if values == own and [*values] == [*own] else ops.Project(one, values)


def _on_parent(values: Mapping[str, Any], reference: ops.JoinReference) -> dict[str, Any]:
    """The values, of what the reference stands for."""
    own = {ops.Field(reference, n): ops.Field(reference.parent, n) for n in reference.schema.names}
    return {name: value.replace(own, filter=ops.Value) for name, value in values.items()}
