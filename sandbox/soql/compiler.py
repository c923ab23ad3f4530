"""From a query's tree to one DuckDB statement with bound parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sandbox.schema import Field, Object
from sandbox.soql.conditions import NUMBERS, Conditions, comparable
from sandbox.soql.errors import SoqlError
from sandbox.soql.parser import parse
from sandbox.soql.paths import Column, Parent, Scope
from sandbox.soql.tree import Call, Item, Path, Query

_FUNCTIONS = {
    "COUNT": "count({})",
    "COUNT_DISTINCT": "count(DISTINCT {})",
    "SUM": "sum({})",
    "AVG": "avg({})",
    "MIN": "min({})",
    "MAX": "max({})",
}
_UNGROUPED = frozenset({"datetime", "textarea", "anyType", "double", "currency", "percent"})


@dataclass(frozen=True)
class Output:
    """One value of an answer: where it stands in a record, and the service's type of it."""

    path: tuple[str, ...]
    kind: str


@dataclass(frozen=True)
class Compiled:
    """A statement ready to run.

    `outputs` are its first columns, in order. Where `shape` is `records`, two columns follow for
    each of `parents` (the source first): the record's id and the name of its object. `counted` is
    one row with the total.
    """

    query: Query
    source: str
    sql: str
    parameters: Mapping[str, object]
    shape: Literal["records", "groups", "counted"]
    outputs: tuple[Output, ...]
    parents: tuple[Parent, ...]


def compile_query(
    text: str, objects: Mapping[str, Object], at: datetime, *, include_hidden: bool
) -> Compiled:
    """The statement that answers a query over `objects` as they stood at `at` (naive UTC).

    `include_hidden` shows deleted and archived records too. Every table is the view of the
    object's own name. SoqlError where the service would refuse.
    """
    return _Compiler(parse(text), objects, at, include_hidden).compiled()


def is_groupable(field: Field) -> bool:
    """Whether a query may group by the field."""
    return field.kind not in _UNGROUPED


def is_sortable(field: Field) -> bool:
    """Whether a query may order by the field."""
    return field.kind not in ("textarea", "anyType")


class _Compiler:
    def __init__(
        self, query: Query, objects: Mapping[str, Object], at: datetime, include_hidden: bool
    ) -> None:
        self.query, self.at = query, at
        self.scope = Scope(objects, query.source, query.alias, query.text)
        self.conditions = Conditions(self.scope, at)
        self.hidden = () if include_hidden else ("IsDeleted", "IsArchived")

    def compiled(self) -> Compiled:
        calls = [item for item in self.query.items if isinstance(item.value, Call)]
        counts = [item for item in calls if self._is_total(item)]
        if counts:
            return self._counted(counts[0])
        if calls or self.query.group:
            return self._grouped()
        return self._records()

    def _counted(self, item: Item) -> Compiled:
        query = self.query
        if len(query.items) > 1 or query.group or query.order or item.alias:
            raise self._error("COUNT() must be the only element of its query", item.value.at)
        where = self._where()
        rows = f"SELECT 1 FROM {self.scope.sql}{where}{self._slice()}"  # noqa: S608
        return self._done(f"SELECT count(*) FROM ({rows})", "counted", [], ())  # noqa: S608

    def _records(self) -> Compiled:
        columns: dict[tuple[str, ...], Column] = {}
        for item in self.query.items:
            if item.alias or not isinstance(item.value, Path):
                raise self._error("only aggregate expressions use field aliasing", item.value.at)
            column = self.scope.column(item.value)
            if column.path in columns:
                reason = f"duplicate field selected: {item.value.text}"
                raise self._error(reason, item.value.at, "INVALID_FIELD")
            columns[column.path] = column
        where, order = self._where(), self._order([f'{self.scope.base.alias}."Id"'])
        chosen = [column.sql for column in columns.values()]
        outputs = [Output(path, column.field.kind) for path, column in columns.items()]
        paths = list(columns)
        needed = {path[:end] for path in paths for end in range(len(path))}
        parents = tuple(p for p in self.scope.parents if p.steps in needed or not p.steps)
        for parent in parents:
            kind = f'{parent.alias}."Type"' if parent.is_shared else f"'{parent.object.name}'"
            chosen += [f'{parent.alias}."Id"', kind]
        return self._done(self._select(chosen, where, order), "records", outputs, parents)

    def _grouped(self) -> Compiled:
        groups = {column.path: column for column in map(self._group, self.query.group)}
        chosen: list[str] = []
        outputs: list[Output] = []
        unnamed = 0
        for item in self.query.items:
            if isinstance(item.value, Call):
                sql, kind = self._aggregate(item.value)
                name = item.alias or f"expr{unnamed}"
                unnamed += not item.alias
            else:
                column = self._member(item.value, groups)
                sql, kind, name = column.sql, column.field.kind, item.alias or column.path[-1]
            if any(output.path == (name,) for output in outputs):
                raise self._error(f"duplicate alias: {name}", item.value.at)
            chosen.append(sql)
            outputs.append(Output((name,), kind))
        if self.query.order and not groups:
            raise self._error("ORDER BY needs a grouped query", self.query.order[0].value.at)
        named = [column.sql for column in groups.values()]
        where, order = self._where(), self._order(named, groups)
        grouping = f" GROUP BY {', '.join(named)}" if named else ""
        return self._done(self._select(chosen, where + grouping, order), "groups", outputs, ())

    def _group(self, path: Path) -> Column:
        column = self.scope.column(path)
        if not is_groupable(column.field):
            reason = f"field '{column.field.name}' can not be grouped in a query call"
            raise self._error(reason, path.at, "INVALID_FIELD")
        return column

    def _member(self, path: Path, groups: Mapping[tuple[str, ...], Column]) -> Column:
        column = self.scope.column(path)
        if column.path not in groups:
            raise self._error(f"Field must be grouped or aggregated: {path.text}", path.at)
        return column

    def _aggregate(self, call: Call) -> tuple[str, str]:
        form = _FUNCTIONS.get(call.function)
        if form is None or call.argument is None:
            raise self._error(f"unexpected token: '{call.function}'", call.at)
        column = self.scope.column(call.argument)
        self._check_aggregate(call, column.field)
        if call.function.startswith("COUNT"):
            return form.format(comparable(column)), "int"
        kind = "double" if call.function in ("SUM", "AVG") else column.field.kind
        return form.format(column.sql), kind

    def _check_aggregate(self, call: Call, field: Field) -> None:
        summed = call.function in ("SUM", "AVG")
        refused = {"anyType", "textarea"} | ({"boolean"} if call.function != "COUNT" else set())
        if field.kind in refused or (summed and field.kind not in NUMBERS):
            reason = f"field {field.name} does not support aggregate operator {call.function}"
            raise self._error(reason, call.at)

    def _where(self) -> str:
        base = self.scope.base
        terms = [
            f'NOT coalesce({base.alias}."{name}", false)'
            for name in self.hidden
            if base.object.field(name)
        ]
        if self.query.where is not None:
            terms.append(self.conditions.sql(self.query.where))
        return f" WHERE {' AND '.join(terms)}" if terms else ""

    def _order(
        self, last: list[str], groups: Mapping[tuple[str, ...], Column] | None = None
    ) -> str:
        """The keys asked for, then `last`, so that equal keys have an order too."""
        keys = []
        for key in self.query.order:
            sql = self._key(key.value, groups)
            nulls = "LAST" if key.nulls_last else "FIRST"
            keys.append(f"{sql} {'DESC' if key.descending else 'ASC'} NULLS {nulls}")
        keys += [f"{sql} NULLS FIRST" for sql in last]
        return f" ORDER BY {', '.join(keys)}" if keys else ""

    def _key(self, value: Path | Call, groups: Mapping[tuple[str, ...], Column] | None) -> str:
        if isinstance(value, Call):
            if groups is None:
                raise self._error(f"unexpected token: '{value.function}'", value.at)
            return self._aggregate(value)[0]
        if groups is not None:
            return self._member(value, groups).sql
        column = self.scope.column(value)
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
        parameters = {**self.conditions.parameters, "clock": self.at}
        source = self.scope.base.object.name
        return Compiled(self.query, source, sql, parameters, shape, tuple(outputs), parents)

    @staticmethod
    def _is_total(item: Item) -> bool:
        call = item.value
        return isinstance(call, Call) and call.function == "COUNT" and call.argument is None

    def _error(self, reason: str, at: int, code: str = "MALFORMED_QUERY") -> SoqlError:
        return SoqlError(code, reason, self.query.text, at)
