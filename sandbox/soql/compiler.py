"""From a query's tree to one DuckDB statement with bound parameters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from sandbox.schema import Field, Object
from sandbox.soql import children, joins
from sandbox.soql.conditions import Conditions, comparable
from sandbox.soql.errors import SoqlError
from sandbox.soql.functions import AGGREGATES, aggregated, is_part, part
from sandbox.soql.parser import parse
from sandbox.soql.paths import Column, Parent, Scope
from sandbox.soql.tree import Call, Item, Path, Query

MOST_FIELDS_ROWS = 200
CHILDREN = "children"  # the kind of an output that is JSON already
_UNGROUPED = frozenset({"datetime", "textarea", "anyType", "double", "currency", "percent"})
_NEEDED = {"ContentDocumentLink": ("ContentDocumentId", "LinkedEntityId")}
_FIELD_SETS: dict[str, Callable[[Field], bool]] = {
    "ALL": lambda field: True,
    "STANDARD": lambda field: not field.custom,
    "CUSTOM": lambda field: field.custom,
}
Groups = Mapping[tuple[str, ...], Column]


@dataclass(frozen=True)
class Output:
    """One value of an answer: where it stands in a record, and the service's type of it; `call`
    is the function that made it, if one did.
    """

    path: tuple[str, ...]
    kind: str
    call: str | None = None


@dataclass(frozen=True)
class Compiled:
    """A statement ready to run.

    `outputs` are its first columns c0, c1 ..., in order. Where `shape` is `records`, two columns
    follow for each of `parents` (the source first): the record's id and the name of its object.
    `counted` is one row with the total.
    """

    query: Query
    source: str
    prefix: str
    sql: str
    parameters: Mapping[str, object]
    shape: Literal["records", "groups", "counted"]
    outputs: tuple[Output, ...]
    parents: tuple[Parent, ...]


def compile_query(
    text: str,
    objects: Mapping[str, Object],
    at: datetime,
    *,
    include_hidden: bool,
    sharing: Mapping[str, str] = MappingProxyType({}),
    line: Callable[[Compiled], str] | None = None,
) -> Compiled:
    """The statement that answers a query over `objects` as they stood at `at` (naive UTC).

    `include_hidden` shows deleted and archived records too. Of the objects in `sharing` only the
    records are there of which its SQL is true. Every table is the view of the object's own name.
    `line` writes the records of a child query, as SQL for one JSON object and a comma; without it
    such queries are refused. SoqlError where the service would refuse.
    """
    whole = _Whole(objects, at, include_hidden, sharing, line)
    return _Compiler(parse(text), whole, {"clock": at}).compiled()


def is_groupable(field: Field) -> bool:
    """Whether a query may group by the field."""
    return field.kind not in _UNGROUPED


def is_sortable(field: Field) -> bool:
    """Whether a query may order by the field."""
    return field.kind not in ("textarea", "anyType")


def field_sets(query: Query) -> list[str]:
    """The sets that the query selects by FIELDS(...), such as ALL."""
    calls = [item.value for item in query.items if isinstance(item.value, Call)]
    return [str(c.argument and c.argument.text).upper() for c in calls if c.function == "FIELDS"]


@dataclass(frozen=True)
class _Whole:
    """What a query and those within it share."""

    objects: Mapping[str, Object]
    at: datetime
    include_hidden: bool
    sharing: Mapping[str, str]
    line: Callable[[Compiled], str] | None


class _Compiler:
    def __init__(self, query: Query, whole: _Whole, parameters: dict[str, object]) -> None:
        self.query, self.whole = query, whole
        self.scope = Scope(whole.objects, query.source, query.alias, query.text, whole.sharing)
        self.conditions = Conditions(self.scope, whole.at, self._plain, self._inner, parameters)
        self.hidden = () if whole.include_hidden else ("IsDeleted", "IsArchived")
        joins.check(query)
        if needed := _NEEDED.get(self.scope.base.object.name):
            joins.needs_id(query, needed)

    def compiled(self) -> Compiled:
        calls = [item for item in self.query.items if isinstance(item.value, Call)]
        totals = [item for item in calls if self._is_total(item.value)]
        if totals:
            return self._counted(totals[0])
        sets = [item for item in calls if _is_set(item)]
        if len(calls) > len(sets) or self.query.group or self.query.having:
            return self._grouped()
        return self._records()

    def below(self, reference: Field) -> Compiled:
        """The records below a parent: two columns more, the parent's id and the record's place
        among its siblings.
        """
        if self.query.offset:
            raise self._error("OFFSET is not supported in a child query", self.query.at)
        sliced = replace(self.query, limit=None)
        inner = _Compiler(sliced, self.whole, self.conditions.parameters)
        parent = f't0."{reference.name}"'
        order = inner._order(['t0."Id"'])
        place = f"row_number() OVER (PARTITION BY {parent}{order})"
        found = inner._records([parent, place])
        most = "" if self.query.limit is None else f" AND place <= {self.query.limit}"
        last = len(found.outputs) + 2 * len(found.parents)
        named = f"SELECT *, c{last} AS parent, c{last + 1} AS place FROM ({found.sql})"  # noqa: S608
        sql = f"SELECT * FROM ({named}) WHERE parent IS NOT NULL{most}"  # noqa: S608
        return replace(found, sql=sql)

    def join(self) -> tuple[str, Field]:
        """SQL of the ids that the query of a semi-join finds, and their field."""
        column = self.scope.column(joins.selected(self.query))
        where = self._where([f"{column.sql} IS NOT NULL"])
        return f"SELECT {column.sql} FROM {self.scope.sql}{where}", column.field  # noqa: S608

    def _inner(self, query: Query) -> tuple[str, Field]:
        return _Compiler(query, self.whole, self.conditions.parameters).join()

    def _counted(self, item: Item) -> Compiled:
        query = self.query
        alone = len(query.items) == 1 and not item.alias
        if not alone or query.group or query.having or query.order:
            raise self._error("COUNT() must be the only element of its query", item.value.at)
        where = self._where()
        rows = f"SELECT 1 FROM {self.scope.sql}{where}{self._slice()}"  # noqa: S608
        return self._done(f"SELECT count(*) FROM ({rows})", "counted", [], ())  # noqa: S608

    def _records(self, more: Sequence[str] = ()) -> Compiled:
        columns: dict[tuple[str, ...], Column] = {}
        for item in self._items():
            found = self._column(item)
            if found.path in columns:
                reason = f"duplicate field selected: {'.'.join(found.path)}"
                raise self._error(reason, item.value.at, "INVALID_FIELD")
            columns[found.path] = found
        where, order = self._where(), self._order([f'{self.scope.base.alias}."Id"'])
        chosen = [column.sql for column in columns.values()]
        outputs = [Output(path, _kind(column)) for path, column in columns.items()]
        needed = {path[:end] for path in columns for end in range(len(path))}
        parents = tuple(p for p in self.scope.parents if p.steps in needed or not p.steps)
        for parent in parents:
            kind = f'{parent.alias}."Type"' if parent.is_shared else f"'{parent.object.name}'"
            chosen += [f'{parent.alias}."Id"', kind]
        sql = self._select([*chosen, *more], where, order)
        return self._done(sql, "records", outputs, parents)

    def _items(self) -> list[Item]:
        """The items with every FIELDS(...) as the fields that it stands for."""
        items: list[Item] = []
        for item in self.query.items:
            if not _is_set(item):
                items.append(item)
                continue
            call = item.value
            assert isinstance(call, Call)  # noqa: S101  _is_set says so
            name = call.argument.text.upper() if call.argument else ""
            if name not in _FIELD_SETS or item.alias:
                raise self._error("unexpected token: 'FIELDS'", call.at)
            few = self.query.limit is not None and self.query.limit <= MOST_FIELDS_ROWS
            if name != "STANDARD" and not few:
                reason = "The SOQL FIELDS function must have a LIMIT of at most 200"
                raise self._error(reason, call.at)
            fields = filter(_FIELD_SETS[name], self.scope.base.object.fields)
            items += [Item(Path(field.name, call.at), None) for field in fields]
        return items

    def _column(self, item: Item) -> Column:
        if item.alias:
            raise self._error("only aggregate expressions use field aliasing", item.value.at)
        if isinstance(item.value, Query):
            return self._children(item.value)
        return self._plain(item.value) if isinstance(item.value, Path) else self._call(item.value)

    def _children(self, query: Query) -> Column:
        line = self.whole.line
        base = self.scope.base
        found = children.named(base.object, self.whole.objects, query.source.text)
        if found is None:
            reason = (
                f"Didn't understand relationship '{query.source.text}' in FROM part of query call. "
                "If you are attempting to use a custom relationship, be sure to append the '__r' "
                "after the custom relationship name."
            )
            raise self._error(reason, query.source.at, "INVALID_TYPE")
        child, reference, name = found
        calls = any(not isinstance(each.value, Path) and not _is_set(each) for each in query.items)
        if line is None or calls or query.group or query.having:
            raise self._error("This child query is not supported", query.at)
        place = Path(child.name, query.source.at)
        inner = _Compiler(
            replace(query, source=place, alias=query.alias or name),
            self.whole,
            self.conditions.parameters,
        ).below(reference)
        alias = self.scope.join(
            f"(SELECT parent, count(*) AS size, string_agg({line(inner)}, '' ORDER BY place) "  # noqa: S608
            f"AS lines FROM ({inner.sql}) GROUP BY parent)",
            f'parent = {base.alias}."Id"',
        )
        sql = (
            f"CASE WHEN {alias}.size IS NOT NULL THEN concat('{{\"totalSize\":', {alias}.size, "
            f"',\"done\":true,\"records\":[', rtrim({alias}.lines, ','), ']}}') END"
        )
        return Column((name,), replace(reference, name=name), sql, base, is_json=True)

    def _plain(self, value: Path | Call) -> Column:
        """A field, or a part of a date; outside of groups."""
        if isinstance(value, Path):
            return self.scope.column(value)
        return self._call(value)

    def _call(self, call: Call) -> Column:
        if not is_part(call.function) or call.argument is None:
            raise self._error(f"unexpected token: '{call.function}'", call.at)
        found = part(call.function, self.scope.column(call.argument))
        if found is None:
            reason = f"{call.function} does not take the field {call.argument.text}"
            raise self._error(reason, call.at, "INVALID_FIELD")
        return found

    def _grouped(self) -> Compiled:
        groups = {column.path: column for column in map(self._group, self.query.group)}
        chosen: list[str] = []
        outputs: list[Output] = []
        unnamed = 0
        for item in self.query.items:
            if isinstance(item.value, Query):
                raise self._error("a child query cannot be grouped", item.value.at)
            column = self._of_group(item.value, groups)
            is_call = isinstance(item.value, Call)
            name = item.alias or (f"expr{unnamed}" if is_call else column.path[-1])
            unnamed += is_call and not item.alias
            if any(output.path == (name,) for output in outputs):
                raise self._error(f"duplicate alias: {name}", item.value.at)
            chosen.append(column.sql)
            outputs.append(Output((name,), column.field.kind, column.path[0] if is_call else None))
        if not groups and (self.query.order or self.query.having):
            raise self._error("ORDER BY and HAVING need a grouped query", self.query.at)
        named = [column.sql for column in groups.values()]
        where, order = self._where(), self._order(named, groups)
        grouping = f" GROUP BY {', '.join(named)}" if named else ""
        having = self._having(groups)
        sql = self._select(chosen, where + grouping + having, order)
        return self._done(sql, "groups", outputs, ())

    def _having(self, groups: Groups) -> str:
        if self.query.having is None:
            return ""
        scope, at, parameters = self.scope, self.whole.at, self.conditions.parameters

        def resolve(value: Path | Call) -> Column:
            return self._of_group(value, groups)

        def refused(query: Query) -> tuple[str, Field]:
            raise self._error("a semi join cannot stand in HAVING", query.at)

        condition = Conditions(scope, at, resolve, refused, parameters).sql(self.query.having)
        return f" HAVING {condition}"

    def _group(self, value: Path | Call) -> Column:
        column = self._plain(value)
        if not is_groupable(column.field):
            reason = f"field '{column.field.name}' can not be grouped in a query call"
            raise self._error(reason, value.at, "INVALID_FIELD")
        return column

    def _of_group(self, value: Path | Call, groups: Groups) -> Column:
        """What a group has one value of: a field by which it is made, or an aggregate."""
        if isinstance(value, Call) and not is_part(value.function):
            return self._aggregate(value)
        column = self._plain(value)
        if column.path not in groups:
            shown = value.text if isinstance(value, Path) else column.path[0]
            raise self._error(f"Field must be grouped or aggregated: {shown}", value.at)
        return column

    def _aggregate(self, call: Call) -> Column:
        if call.function not in AGGREGATES or call.argument is None:
            raise self._error(f"unexpected token: '{call.function}'", call.at)
        column = self.scope.column(call.argument)
        found = aggregated(call.function, column, comparable(column))
        if found is None:
            name = column.field.name
            reason = f"field {name} does not support aggregate operator {call.function}"
            raise self._error(reason, call.at)
        return found

    def _where(self, terms: Sequence[str] = ()) -> str:
        base = self.scope.base
        terms = [*terms] + [
            f'NOT coalesce({base.alias}."{name}", false)'
            for name in self.hidden
            if base.object.field(name)
        ]
        if self.query.where is not None:
            terms.append(self.conditions.sql(self.query.where))
        return f" WHERE {' AND '.join(terms)}" if terms else ""

    def _order(self, last: list[str], groups: Groups | None = None) -> str:
        """The keys asked for, then `last`, so that equal keys have an order too."""
        keys = []
        for key in self.query.order:
            sql = self._key(key.value, groups)
            nulls = "LAST" if key.nulls_last else "FIRST"
            keys.append(f"{sql} {'DESC' if key.descending else 'ASC'} NULLS {nulls}")
        keys += [f"{sql} NULLS FIRST" for sql in last]
        return f" ORDER BY {', '.join(keys)}" if keys else ""

    def _key(self, value: Path | Call, groups: Groups | None) -> str:
        if groups is not None:
            return self._of_group(value, groups).sql
        column = self._plain(value)
        if not is_sortable(column.field):
            reason = f"field '{column.field.name}' can not be sorted in a query call"
            raise self._error(reason, value.at, "MALFORMED_QUERY")
        return comparable(column)

    def _select(self, chosen: list[str], where: str, order: str) -> str:
        named = ", ".join(f"{sql} AS c{index}" for index, sql in enumerate(chosen))
        return f"SELECT {named} FROM {self.scope.sql}{where}{order}{self._slice()}"  # noqa: S608

    def _slice(self) -> str:
        limit = "" if self.query.limit is None else f" LIMIT {self.query.limit}"
        return limit + (f" OFFSET {self.query.offset}" if self.query.offset else "")

    def _done(
        self,
        sql: str,
        shape: Literal["records", "groups", "counted"],
        outputs: list[Output],
        parents: tuple[Parent, ...],
    ) -> Compiled:
        base, parameters = self.scope.base.object, self.conditions.parameters
        return Compiled(
            self.query, base.name, base.prefix, sql, parameters, shape, tuple(outputs), parents
        )

    @staticmethod
    def _is_total(value: object) -> bool:
        return isinstance(value, Call) and value.function == "COUNT" and value.argument is None

    def _error(self, reason: str, at: int, code: str = "MALFORMED_QUERY") -> SoqlError:
        return SoqlError(code, reason, self.query.text, at)


def _is_set(item: Item) -> bool:
    return isinstance(item.value, Call) and item.value.function == "FIELDS"


def _kind(column: Column) -> str:
    return CHILDREN if column.is_json else column.field.kind
