"""WHERE, typed against the schema and with the service's rules for null.

= != IN and NOT IN take null for a value like any other: `Industry != 'Retail'` finds the records
without an industry. < <= > >= and LIKE are unknown of null, and the opposite of unknown is
unknown, so that neither they nor their NOT find a record without a value. A boolean is never
null: it is false. Text compares without case, and the empty text is null.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

from sandbox.schema import Field
from sandbox.soql.errors import SoqlError
from sandbox.soql.functions import NUMBERS
from sandbox.soql.parser import pattern, plain
from sandbox.soql.paths import Column, Scope
from sandbox.soql.periods import span
from sandbox.soql.tree import (
    Call,
    Comparison,
    Condition,
    Junction,
    Kind,
    Not,
    Path,
    Query,
    Value,
)

Resolve = Callable[[Path | Call], Column]
Inner = tuple[str, Field]
IDS = frozenset({"id", "reference"})
_ID_LENGTHS = (15, 18)
_KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


class Conditions:
    """Turns conditions into SQL, with every literal a bound parameter.

    `resolve` gives the column of what stands on the left, `inner` the SQL of a semi-join's query
    and the field that it selects. `parameters` takes the literals.
    """

    def __init__(
        self,
        scope: Scope,
        now: datetime,
        resolve: Resolve,
        inner: Callable[[Query], Inner],
        parameters: dict[str, object],
    ) -> None:
        self.scope, self.now = scope, now
        self.resolve, self.inner = resolve, inner
        self.parameters = parameters

    def bind(self, value: object) -> str:
        """The placeholder of a parameter with that value."""
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}"

    def sql(self, condition: Condition) -> str:
        """SQL that is true of the rows that the condition finds."""
        if isinstance(condition, Junction):
            joined = f" {condition.word} ".join(self.sql(part) for part in condition.operands)
            return f"({joined})"
        if isinstance(condition, Not):
            return f"(NOT {self.sql(condition.operand)})"
        return self._comparison(condition)

    def _comparison(self, comparison: Comparison) -> str:
        column = self.resolve(comparison.left)
        self._check(column, comparison)
        if comparison.query is not None:
            return self._joined(column, comparison, comparison.query)
        if comparison.operator in ("IN", "NOT IN"):
            return self._among(column, comparison)
        value = comparison.values[0]
        if value.kind == "period":
            return self._within(column, comparison.operator, value)
        meant = self._meaning(column.field, value)
        if comparison.operator == "LIKE":
            folded = f"lower({self.bind(pattern(value.text))})"
            return f"(lower({column.sql}) LIKE {folded} ESCAPE '\\')"
        left = comparable(column)
        if meant is None:
            return self._null(column, comparison.operator, value)
        right = self._folded(column.field, meant)
        known = {"=": f"{column.sql} IS NOT NULL AND ", "!=": f"{column.sql} IS NULL OR "}
        if column.field.kind == "boolean":
            known = {}
        return f"({known.get(comparison.operator, '')}{left} {comparison.operator} {right})"

    def _check(self, column: Column, comparison: Comparison) -> None:
        name, kind = column.field.name, column.field.kind
        if not column.field.filterable:
            reason = f"field '{name}' can not be filtered in a query call"
            raise self._error("INVALID_FIELD", reason, comparison.left.at)
        allowed = {"=", "!=", "<", "<=", ">", ">=", "LIKE", "IN", "NOT IN"}
        if kind == "boolean":
            allowed = {"=", "!="}
        elif kind in IDS:
            allowed = {"=", "!=", "<", "<=", ">", ">=", "IN", "NOT IN"}
        elif kind in NUMBERS or kind in ("date", "datetime"):
            allowed -= {"LIKE"}
        if comparison.operator not in allowed:
            shown = "id" if kind in IDS else _shown(kind)
            reason = f"invalid operator on {shown} field: {name} {comparison.operator}"
            raise self._error("INVALID_QUERY_FILTER_OPERATOR", reason, comparison.left.at)

    def _null(self, column: Column, operator: str, value: Value) -> str:
        if operator not in ("=", "!="):
            reason = f"unexpected token: '{value.text or chr(39) * 2}'"
            raise self._error("MALFORMED_QUERY", reason, value.at)
        if column.field.kind == "boolean":
            return f"(coalesce({column.sql}, false) = {'false' if operator == '=' else 'true'})"
        return f"({column.sql} IS {'NULL' if operator == '=' else 'NOT NULL'})"

    def _joined(self, column: Column, comparison: Comparison, query: Query) -> str:
        sql, field = self.inner(query)
        for each in (column.field, field):
            if each.kind not in IDS:
                reason = (
                    f"The selected field '{each.name}' in a semi join must be of type reference"
                )
                raise self._error("MALFORMED_QUERY", reason, comparison.left.at)
        found = f"coalesce({column.sql} IN ({sql}), false)"
        return found if comparison.operator == "IN" else f"(NOT {found})"

    def _among(self, column: Column, comparison: Comparison) -> str:
        for value in comparison.values:
            if value.kind == "period":
                raise self._error("MALFORMED_QUERY", f"unexpected token: '{value.text}'", value.at)
        meant = [self._meaning(column.field, value) for value in comparison.values]
        listed = [each for each in meant if each is not None]
        found = self._any_of(column, listed) if listed else "false"
        if len(listed) < len(meant):
            found = f"({found} OR {column.sql} IS NULL)"
        return found if comparison.operator == "IN" else f"(NOT {found})"

    def _any_of(self, column: Column, values: list[object]) -> str:
        # Not by coalesce: this form lets DuckDB leave out what the files' statistics rule out.
        if column.field.kind in IDS:  # often hundreds: looked up while the column is read
            among = f"SELECT unnest({self.bind(values)})"
        else:
            among = ", ".join(self._folded(column.field, each) for each in values)
        return f"({column.sql} IS NOT NULL AND {comparable(column)} IN ({among}))"

    def _within(self, column: Column, operator: str, value: Value) -> str:
        kind = column.field.kind
        days = span(value.text, value.count, self.now.date())
        if days is None:
            raise self._error("MALFORMED_QUERY", f"unexpected token: '{value.text}'", value.at)
        if kind not in ("date", "datetime"):
            raise self._mismatch(column.field, value)
        first, after = (_midnight(day) if kind == "datetime" else day for day in days)
        if operator in ("<", ">="):
            return f"({column.sql} {operator} {self.bind(first)})"
        if operator in ("<=", ">"):
            return f"({column.sql} {'<' if operator == '<=' else '>='} {self.bind(after)})"
        within = f"{column.sql} >= {self.bind(first)} AND {column.sql} < {self.bind(after)}"
        return f"({'NOT ' if operator == '!=' else ''}coalesce({within}, false))"

    def _folded(self, field: Field, meant: object) -> str:
        placeholder = self.bind(meant)
        return f"lower({placeholder})" if is_text(field) else placeholder

    def _meaning(self, field: Field, value: Value) -> object:
        """The literal as a value of the field's type; None for null."""
        if value.kind == "null":
            return None
        wanted, read = _reader(field)
        if value.kind != wanted:
            raise self._mismatch(field, value)
        try:
            return read(value.text)
        except ValueError:
            if field.kind in IDS:
                reason = f"invalid ID field: {plain(value.text)}"
                raise self._error("INVALID_QUERY_FILTER_OPERATOR", reason, value.at) from None
            raise self._mismatch(field, value) from None

    def _mismatch(self, field: Field, value: Value) -> SoqlError:
        wanted, _ = _reader(field)
        quotes = "should be enclosed" if wanted == "string" else "should not be enclosed"
        reason = (
            f"value of filter criterion for field '{field.name}' must be of type "
            f"{_shown(field.kind)} and {quotes} in quotes"
        )
        return self._error("INVALID_FIELD", reason, value.at)

    def _error(self, code: str, reason: str, at: int) -> SoqlError:
        return SoqlError(code, reason, self.scope.text, at)


def is_text(field: Field) -> bool:
    """Whether the field compares as text: without case."""
    return field.kind in ("string", "textarea", "picklist", "email", "phone", "anyType")


def comparable(column: Column) -> str:
    """SQL by which the column compares and sorts."""
    if is_text(column.field):
        return f"lower({column.sql})"
    return f"coalesce({column.sql}, false)" if column.field.kind == "boolean" else column.sql


def full_id(text: str) -> str:
    """The 18 characters of an id given with 15 or 18; ValueError if it is no id."""
    if len(text) not in _ID_LENGTHS or not (text.isascii() and text.isalnum()):
        raise ValueError(text)
    if len(text) == _ID_LENGTHS[1]:
        return text
    chunks = (text[start : start + 5] for start in (0, 5, 10))
    return text + "".join(_KEY[sum(c.isupper() << i for i, c in enumerate(k))] for k in chunks)


def _reader(field: Field) -> tuple[Kind, Callable[[str], object]]:
    if field.kind in IDS:
        return "string", lambda text: full_id(plain(text)) if text else None
    if field.kind in NUMBERS:
        return "number", _number
    readers: dict[str, tuple[Kind, Callable[[str], object]]] = {
        "boolean": ("boolean", lambda text: text == "TRUE"),
        "date": ("date", date.fromisoformat),
        "datetime": ("datetime", _instant),
    }
    return readers.get(field.kind, ("string", lambda text: plain(text) or None))


def _number(text: str) -> int | float:
    number = Decimal(text)
    return int(number) if number == int(number) and abs(number) < 2**63 else float(number)


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text.upper())
    return moment.astimezone(UTC).replace(tzinfo=None)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


def _shown(kind: str) -> str:
    names = {"datetime": "dateTime", "currency": "double", "percent": "double", "int": "int"}
    return names.get(kind, kind if kind in ("date", "double", "boolean") else "string")
