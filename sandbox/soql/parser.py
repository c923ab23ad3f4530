"""From the text of a query to its tree."""

import re
from functools import cache
from pathlib import Path as File
from typing import cast

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken, VisitError

from sandbox.soql.errors import SoqlError
from sandbox.soql.tree import (
    Call,
    Comparison,
    Condition,
    Item,
    Junction,
    Key,
    Kind,
    Not,
    Path,
    Query,
    Value,
)

MOST_OFFSET, MOST_LIMIT = 2_000, 2**31 - 1
MOST_TEXT = 100_000
_RESERVED = re.compile(
    r"ALL|AND|ASC|DESC|EXCLUDES|FIRST|FOR|FROM|GROUP|HAVING|IN|INCLUDES|LAST|LIKE|LIMIT|NOT|NULLS?"
    r"|OFFSET|OR|ORDER|SELECT|UPDATE|USING|WHERE|WITH",
    re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


def parse(text: str) -> Query:
    """The tree of a query; SoqlError MALFORMED_QUERY where the grammar does not know it."""
    if len(text) > MOST_TEXT:
        raise SoqlError("QUERY_TOO_LONG", f"SOQL statements cannot be longer than {MOST_TEXT}")
    try:
        return _Build(text).transform(_grammar().parse(text))
    except UnexpectedToken as error:
        if error.token.type == "$END":
            raise SoqlError("MALFORMED_QUERY", "unexpected end of query") from None
        at = error.token.start_pos or 0
        reason = f"unexpected token: '{error.token}'"
        raise SoqlError("MALFORMED_QUERY", reason, text, at) from None
    except UnexpectedCharacters as error:
        reason = f"unexpected token: '{error.char}'"
        raise SoqlError("MALFORMED_QUERY", reason, text, error.pos_in_stream) from None
    except UnexpectedEOF:
        raise SoqlError("MALFORMED_QUERY", "unexpected end of query") from None
    except VisitError as error:
        if isinstance(error.orig_exc, SoqlError):
            raise error.orig_exc from None
        raise


def plain(raw: str) -> str:
    """What a string literal means, its escapes resolved."""
    return _ESCAPE.sub(lambda found: _character(found[1]), raw)


def pattern(raw: str) -> str:
    r"""What a literal means to LIKE: `%` and `_` stand for any text, `\%` and `\_` do not."""

    def keep(found: re.Match[str]) -> str:
        meant = _character(found[1])
        return "\\" + meant if meant in ("%", "_", "\\") else meant

    return _ESCAPE.sub(keep, raw)


def _character(escape: str) -> str:
    if len(escape) > 1:
        return chr(int(escape[1:], 16))
    return _PLAIN.get(escape.lower(), escape)


@cache
def _grammar() -> Lark:
    text = File(__file__).with_name("grammar.lark").read_text("utf-8")
    return Lark(text, parser="lalr", maybe_placeholders=True)


class _Build(Transformer[Token, Query]):
    """Turns each rule of the grammar into its piece of the tree, from the leaves up."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def start(self, parts: list[Query]) -> Query:
        return parts[0]

    def query(self, parts: list[object]) -> Query:
        items, source, where, group, having, order, limit, offset = parts
        name, alias = cast(tuple[Path, str | None], source)
        return Query(
            self.text,
            cast(tuple[Item, ...], items),
            name,
            alias,
            cast(Condition | None, where),
            cast(tuple[Path | Call, ...], group or ()),
            cast(Condition | None, having),
            cast(tuple[Key, ...], order or ()),
            cast(int | None, limit),
            cast(int, offset or 0),
        )

    def items(self, parts: list[Item]) -> tuple[Item, ...]:
        return tuple(parts)

    def field(self, parts: list[Token]) -> Item:
        return Item(_path(parts[0]), self._word(parts[1]))

    def call(self, parts: list[Token]) -> Item:
        return Item(self.function(parts[:2]), self._word(parts[2]))

    def function(self, parts: list[Token]) -> Call:
        name, argument = parts
        place = _path(argument) if argument else None
        return Call(str(name).upper(), place, name.start_pos or 0)

    def path(self, parts: list[Token]) -> Path:
        return _path(parts[0])

    def source(self, parts: list[Token]) -> tuple[Path, str | None]:
        return _path(parts[0]), self._word(parts[1])

    def children(self, parts: list[Query]) -> Item:
        return Item(parts[0], None)

    def where(self, parts: list[Condition]) -> Condition:
        return parts[0]

    def having(self, parts: list[Condition]) -> Condition:
        return parts[0]

    def conjunction(self, parts: list[Condition]) -> Junction:
        return Junction("AND", tuple(parts))

    def disjunction(self, parts: list[Condition]) -> Junction:
        return Junction("OR", tuple(parts))

    def negation(self, parts: list[Condition]) -> Not:
        return Not(parts[0])

    def compare(self, parts: list[object]) -> Comparison:
        left, operator, value = parts
        written = "!=" if operator == "<>" else str(operator)
        return Comparison(cast(Path | Call, left), written, (cast(Value, value),))

    def like(self, parts: list[object]) -> Comparison:
        literal = self.value([cast(Token, parts[1])])
        return Comparison(cast(Path | Call, parts[0]), "LIKE", (literal,))

    def join(self, parts: list[object]) -> Comparison:
        return Comparison(cast(Path | Call, parts[0]), "IN", (), cast(Query, parts[1]))

    def not_join(self, parts: list[object]) -> Comparison:
        return Comparison(cast(Path | Call, parts[0]), "NOT IN", (), cast(Query, parts[1]))

    def among(self, parts: list[object]) -> Comparison:
        return self._membership("IN", parts)

    def not_among(self, parts: list[object]) -> Comparison:
        return self._membership("NOT IN", parts)

    def value(self, parts: list[Token]) -> Value:
        token = parts[0]
        at = token.start_pos or 0
        if token.type != "STRING":
            return Value(cast(Kind, token.type.lower()), str(token), at)
        body = str(token)[1:-1]
        for found in _ESCAPE.finditer(body):
            if len(found[1]) == 1 and found[1].lower() not in "nrtbf\"'\\_%":
                reason = f"Illegal escape sequence: {found[0]}"
                raise SoqlError("MALFORMED_QUERY", reason, self.text, at + 1 + found.start())
        return Value("string", body, at)

    def word(self, parts: list[Token]) -> Value:
        token = parts[0]
        name = str(token).upper()
        kinds: dict[str, Kind] = {"TRUE": "boolean", "FALSE": "boolean", "NULL": "null"}
        return Value(kinds.get(name, "period"), name, token.start_pos or 0)

    def period(self, parts: list[Token]) -> Value:
        name, count = parts
        return Value("period", str(name).upper(), name.start_pos or 0, int(count))

    def group(self, parts: list[Path | Call]) -> tuple[Path | Call, ...]:
        return tuple(parts)

    def order(self, parts: list[Key]) -> tuple[Key, ...]:
        return tuple(parts)

    def key(self, parts: list[object]) -> Key:
        value, direction, nulls = parts
        descending = direction is not None and str(direction).upper() == "DESC"
        last = nulls is not None and str(nulls).upper() == "LAST"
        return Key(cast(Path | Call, value), descending, last)

    def limit(self, parts: list[Token]) -> int:
        if int(parts[0]) > MOST_LIMIT:
            reason = f"unexpected token: '{parts[0]}'"
            raise SoqlError("MALFORMED_QUERY", reason, self.text, parts[0].start_pos)
        return int(parts[0])

    def offset(self, parts: list[Token]) -> int:
        if int(parts[0]) > MOST_OFFSET:
            reason = f"Maximum SOQL offset allowed is {MOST_OFFSET}"
            raise SoqlError("NUMBER_OUTSIDE_VALID_RANGE", reason)
        return int(parts[0])

    def _membership(self, operator: str, parts: list[object]) -> Comparison:
        left, *values = parts
        return Comparison(cast(Path | Call, left), operator, tuple(cast(list[Value], values)))

    def _word(self, token: Token | None) -> str | None:
        if token is not None and ("." in token or _RESERVED.fullmatch(token)):
            reason = f"unexpected token: '{token}'"
            raise SoqlError("MALFORMED_QUERY", reason, self.text, token.start_pos)
        return None if token is None else str(token)


def _path(token: Token) -> Path:
    return Path(str(token), token.start_pos or 0)
