"""Queries against a naive reading of the same rows in Python, nulls and odd case included."""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.soql_table import NOW, Row, key, run

TEXTS = ["alpha", "ALPHA", "Älpha", "äLPHA", "be%ta", "be_ta", "beXta", 'it\'s "x"', "a\\b", "x\ny"]
NUMBERS = [-1.5, 0.0, 1.0, 2.0, 2.5]
DAYS = [date(2026, 2, 16) + timedelta(days=n) for n in range(5)]
MOMENTS = [
    datetime(2026, 2, 17, 23, 59, 59, 999000),
    datetime(2026, 2, 18),
    datetime(2026, 2, 18, 15, 30),
    datetime(2026, 2, 19),
]
FIELDS: dict[str, list[Any]] = {
    "Name": TEXTS,
    "Amount": NUMBERS,
    "Size": [0, 1, 2, 3],
    "Day": DAYS,
    "At": MOMENTS,
    "Flag": [True, False],
    "ParentId": [key(0), key(1), key(2)],
}
ORDERED = ["<", "<=", ">", ">="]
OTHER_ID = "a01000000000001AAA"
Truth = bool | None


@dataclass(frozen=True)
class Predicate:
    """A condition as text, and the same as a function of a row: true, false or unknown."""

    text: str
    holds: Callable[[Row], Truth]
    simple: bool = True


def literal(value: Any, offset: int = 0) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower().replace("none", "null")
    if isinstance(value, datetime):
        shifted = value + timedelta(hours=offset)
        zone = f"{'-' if offset < 0 else '+'}{abs(offset):02d}:00" if offset else "Z"
        return f"{shifted:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}{zone}"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
        return f"'{escaped}'"
    return str(value)


def folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) and not value.startswith("a00") else value


def equal(left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return bool(left) == bool(right)
    return bool(
        folded(left or None if left == "" else left) == folded(None if right == "" else right)
    )


def ordered(operator: str, left: Any, right: Any) -> Truth:
    if left is None:
        return None
    a, b = folded(left), folded(right)
    return bool({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[operator])


def like(text: Any, tokens: list[str]) -> Truth:
    if text is None:
        return None
    wild = {"%": ".*", "_": "."}
    pattern = "".join(wild.get(t) or re.escape(t[-1].lower()) for t in tokens)
    return re.fullmatch(pattern, text.lower(), re.DOTALL) is not None


def odd_case(draw: st.DrawFn, word: str) -> str:
    return draw(st.sampled_from([word, word.lower(), word.upper(), word.swapcase()]))


@st.composite
def comparisons(draw: st.DrawFn) -> Predicate:
    name = draw(st.sampled_from(list(FIELDS)))
    shown = odd_case(draw, draw(st.sampled_from([name, f"Thing.{name}", f"Parent.{name}"])))

    def get(row: Row) -> Any:
        if not shown.casefold().startswith("parent."):
            return row[name]
        parent = row["_parent"]
        return parent[name] if parent else None

    values = st.sampled_from([*FIELDS[name], None] + ([""] if name == "Name" else []))
    operators = ["=", "!=", "<>"] + (["IN", "NOT IN", *ORDERED] if name != "Flag" else [])
    if name == "Name":
        operators.append("LIKE")
    if name in ("Day", "At"):
        operators += ["period"] * 2
    operator = draw(st.sampled_from(operators))
    if operator == "period":
        return draw(periods(shown, get))
    if operator in ("IN", "NOT IN"):
        listed = draw(st.lists(values, min_size=1, max_size=3))
        inside = ", ".join(literal(v) for v in listed)
        word = odd_case(draw, operator)
        return Predicate(
            f"{shown} {word} ({inside})",
            lambda row: any(equal(get(row), v) for v in listed) == (operator == "IN"),
        )
    if operator == "LIKE":
        tokens = draw(st.lists(st.sampled_from(["%", "_", "\\%", "\\_", *"aäBtx"]), max_size=5))
        return Predicate(f"{shown} like '{''.join(tokens)}'", lambda row: like(get(row), tokens))
    if operator in ORDERED:
        value = draw(st.sampled_from(FIELDS[name]))
        text = f"{shown} {operator} {literal(value, draw(st.sampled_from([0, 5, -8])))}"
        return Predicate(text, lambda row: ordered(operator, get(row), value))
    value = draw(values)
    return Predicate(
        f"{shown}{operator}{literal(value)}",
        lambda row: (
            equal(get(row) or False if name == "Flag" else get(row), value) == (operator == "=")
        ),
    )


PARTS: dict[str, Callable[[date], Any]] = {
    "CALENDAR_YEAR": lambda day: day.year,
    "CALENDAR_QUARTER": lambda day: (day.month + 2) // 3,
    "CALENDAR_MONTH": lambda day: day.month,
    "DAY_IN_MONTH": lambda day: day.day,
    "DAY_IN_WEEK": lambda day: day.isoweekday() % 7 + 1,
    "DAY_IN_YEAR": lambda day: day.timetuple().tm_yday,
    "WEEK_IN_MONTH": lambda day: -(-day.day // 7),
    "WEEK_IN_YEAR": lambda day: -(-day.timetuple().tm_yday // 7),
}
OF_MOMENTS: dict[str, Callable[[datetime], Any]] = {
    "HOUR_IN_DAY": lambda at: at.hour,
    "DAY_ONLY": lambda at: at.date(),
}


@st.composite
def parts_of_dates(draw: st.DrawFn) -> Predicate:
    name = draw(st.sampled_from(["Day", "At"]))
    functions = PARTS | (OF_MOMENTS if name == "At" else {})
    function = draw(st.sampled_from(sorted(functions)))

    def get(row: Row) -> Any:
        return None if row[name] is None else functions[function](row[name])

    value = functions[function](draw(st.sampled_from(FIELDS[name])))
    operator = draw(st.sampled_from(["=", "!=", *ORDERED]))
    text = f"{odd_case(draw, function)}({name}) {operator} {value}"
    if operator in ORDERED:
        return Predicate(text, lambda row: ordered(operator, get(row), value))
    return Predicate(text, lambda row: (get(row) == value) == (operator == "="))


@st.composite
def joins(draw: st.DrawFn) -> Predicate:
    operator = draw(st.sampled_from(["IN", "NOT IN"]))
    return Predicate(
        f"AnyId {operator} (SELECT Id FROM Other WHERE Name = 'O')",
        lambda row: (row["AnyId"] == OTHER_ID) == (operator == "IN"),
    )


@st.composite
def periods(draw: st.DrawFn, shown: str, get: Callable[[Row], Any]) -> Predicate:
    today = NOW.date()
    text, first, after = draw(
        st.sampled_from(
            [
                ("TODAY", today, today + timedelta(days=1)),
                ("yesterday", today - timedelta(days=1), today),
                ("LAST_N_DAYS:1", today - timedelta(days=1), today + timedelta(days=1)),
                ("NEXT_N_DAYS:1", today + timedelta(days=1), today + timedelta(days=2)),
                ("THIS_MONTH", date(2026, 2, 1), date(2026, 3, 1)),
            ]
        )
    )
    operator = draw(st.sampled_from(["=", "!=", *ORDERED]))

    def holds(row: Row) -> Truth:
        value = get(row)
        if value is None:
            return None if operator in ORDERED else operator == "!="
        day = value.date() if isinstance(value, datetime) else value
        within = first <= day < after
        forms = {"=": within, "!=": not within, "<": day < first, "<=": day < after}
        return forms.get(operator, day >= after if operator == ">" else day >= first)

    return Predicate(f"{shown} {operator} {text}", holds)


def all_of(truths: list[Truth]) -> Truth:
    return False if False in truths else (None if None in truths else True)


@st.composite
def joined(draw: st.DrawFn, inner: st.SearchStrategy[Predicate]) -> Predicate:
    parts = draw(st.lists(inner, min_size=2, max_size=3))
    texts = [part.text if part.simple else f"({part.text})" for part in parts]
    if draw(st.booleans()):
        text = f" {odd_case(draw, 'and')} ".join(texts)
        return Predicate(text, lambda row: all_of([p.holds(row) for p in parts]), False)

    def any_of(row: Row) -> Truth:
        opposite = all_of([negated(p.holds(row)) for p in parts])
        return negated(opposite)

    return Predicate(f" {odd_case(draw, 'or')} ".join(texts), any_of, False)


def negated(truth: Truth) -> Truth:
    return None if truth is None else not truth


def negation(inner: Predicate) -> Predicate:
    text = f"NOT {inner.text}" if inner.simple else f"NOT({inner.text})"
    return Predicate(text, lambda row: negated(inner.holds(row)), False)


predicates = st.recursive(
    comparisons() | parts_of_dates(),
    lambda inner: joined(inner) | inner.map(negation),
    max_leaves=6,
)


@st.composite
def tables(draw: st.DrawFn) -> list[Row]:
    rows: list[Row] = []
    for number in range(draw(st.integers(3, 12))):
        row = {
            name: draw(st.sampled_from([*values, None] if name != "Flag" else values))
            for name, values in FIELDS.items()
        }
        rows.append({**row, "Id": key(number), "IsDeleted": draw(st.integers(0, 5)) == 0})
        rows[-1]["AnyId"] = draw(st.sampled_from([OTHER_ID, key(1), None]))
    by_key = {row["Id"]: row for row in rows}
    for row in rows:
        row["_parent"] = by_key.get(row["ParentId"])
    return rows


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=200)
@given(tables(), predicates)
def test_conditions_find_what_a_naive_reading_finds(rows: list[Row], predicate: Predicate) -> None:
    found = run(f"SELECT Id FROM Thing WHERE {predicate.text}", rows)
    wanted = [r["Id"] for r in rows if predicate.holds(r) is True and not r["IsDeleted"]]
    assert [row[0] for row in found] == wanted


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=50)
@given(tables(), joins(), comparisons())
def test_semi_joins(rows: list[Row], join: Predicate, other: Predicate) -> None:
    found = run(f"SELECT Id FROM Thing WHERE {join.text} AND {other.text}", rows)
    wanted = [r for r in rows if join.holds(r) and other.holds(r) and not r["IsDeleted"]]
    assert [row[0] for row in found] == [row["Id"] for row in wanted]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=50)
@given(tables(), st.integers(0, 3), st.sampled_from([-1.5, 0.0, 2.0]))
def test_having(rows: list[Row], least: int, amount: float) -> None:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["At"] and row["At"].date()].append(row)

    def holds(day: date | None, members: list[Row]) -> bool:
        sums = [row["Amount"] for row in members if row["Amount"] is not None]
        return day is not None and (len(members) >= least or (bool(sums) and sum(sums) > amount))

    order = sorted((d for d in groups if d is not None), reverse=True)
    found = run(
        "SELECT DAY_ONLY(At) d, COUNT(Id) FROM Thing GROUP BY day_only(At) HAVING DAY_ONLY(At) != "
        f"null AND (COUNT(Id) >= {least} OR SUM(Amount) > {amount}) ORDER BY DAY_ONLY(At) DESC",
        rows,
        include_hidden=True,
    )
    assert found == [(d, len(groups[d])) for d in order if holds(d, groups[d])]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=50)
@given(tables(), st.data())
def test_order_limit_and_offset(rows: list[Row], data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(list(FIELDS)), unique=True, min_size=1, max_size=3))
    keys, wanted = [], sorted(rows, key=lambda row: row["Id"])
    for name in names:
        direction = data.draw(st.sampled_from(["", " ASC", " desc"]))
        nulls = data.draw(st.sampled_from(["", " NULLS FIRST", " nulls last"]))
        keys.append((name, direction, nulls))
    for name, direction, nulls in reversed(keys):
        empty = [row for row in wanted if row[name] is None]
        full = [row for row in wanted if row[name] is not None]
        full.sort(key=lambda row, name=name: folded(row[name]), reverse="desc" in direction)  # type: ignore[misc]
        wanted = full + empty if "last" in nulls else empty + full
    limit, offset = data.draw(st.integers(0, 12)), data.draw(st.integers(0, 5))
    order = ", ".join(f"{name}{direction}{nulls}" for name, direction, nulls in keys)
    soql = f"SELECT Id FROM Thing ORDER BY {order} LIMIT {limit} OFFSET {offset}"
    found = run(soql, rows, include_hidden=True)
    assert [row[0] for row in found] == [row["Id"] for row in wanted][offset : offset + limit]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=50)
@given(tables())
def test_aggregates(rows: list[Row]) -> None:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["Size"]].append(row)
    wanted = []
    for size, members in sorted(groups.items(), key=lambda g: (g[0] is not None, g[0] or 0)):
        amounts = [row["Amount"] for row in members if row["Amount"] is not None]
        names = {row["Name"].lower() for row in members if row["Name"] is not None}
        days = [row["Day"] for row in members if row["Day"] is not None]
        total = sum(amounts) if amounts else None
        mean = total / len(amounts) if total is not None else None
        wanted.append(
            (size, len(members), len(amounts), len(names), total, mean, max(days, default=None))
        )
    found = run(
        "SELECT Size, COUNT(Id), COUNT(Amount) n, COUNT_DISTINCT(Name), SUM(Amount), AVG(Amount), "
        "MAX(Day) FROM Thing GROUP BY Size",
        rows,
        include_hidden=True,
    )
    assert found == wanted
    assert run("SELECT COUNT() FROM Thing", rows) == [(sum(not r["IsDeleted"] for r in rows),)]
