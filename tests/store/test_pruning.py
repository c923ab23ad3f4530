"""What pruning takes out changes no row: random queries of random tables, whole and pruned."""

from collections.abc import Callable
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.pruning import keys_of, pruned

CONNECTION = ibis.duckdb.connect()
ID = frozenset({"id"})
numbers = st.one_of(st.none(), st.integers(0, 3))


def table(
    name: str, ids: list[int | None], values: list[tuple[int | None, int | None]]
) -> ir.Table:
    x, y = zip(*values, strict=True) if values else ((), ())
    columns = {"id": ids, "x": list(x), "y": list(y)}
    rows = pa.table({name: pa.array(column, pa.int64()) for name, column in columns.items()})
    return CONNECTION.create_table(name, rows, overwrite=True)


@st.composite
def tables(draw: st.DrawFn) -> tuple[ir.Table, ir.Table]:
    """One in which every id occurs once, and one in which any may occur again or be null."""
    pairs = st.lists(st.tuples(numbers, numbers), max_size=6)
    single, any_ = draw(pairs), draw(pairs)
    again: list[int | None] = [draw(numbers) for _ in any_]
    return table("single", list(range(len(single))), single), table("any", again, any_)


def latest(rows: ir.Table, place: int = 0) -> ir.Table:
    nth = ibis.row_number().over(group_by="id", order_by=["x", "y"])
    numbered = rows.mutate(_nth=nth)
    return numbered.filter(numbered._nth == place).drop("_nth")


def with_sums(rows: ir.Table, other: ir.Table) -> ir.Table:
    sums = other.group_by("id").aggregate(s=other.x.sum(), n=other.count())
    joined = rows.left_join(sums, "id").drop("id_right")
    return joined.mutate(y=joined.s, z=joined.n).select("id", "x", "y")


def with_all(rows: ir.Table, other: ir.Table) -> ir.Table:
    joined = rows.left_join(other.select(_id="id", _y="y"), [("id", "_id")])
    return joined.mutate(y=joined._y).select("id", "x", "y")


def with_total(rows: ir.Table, other: ir.Table) -> ir.Table:
    joined = rows.cross_join(other.aggregate(_n=other.count(where=other.x > 0)))
    return joined.mutate(y=joined._n).select("id", "x", "y")


def unnested(rows: ir.Table, _: ir.Table) -> ir.Table:
    return rows.select("id", "x", y=ibis.array([rows.x, rows.y]).unnest())


def both(rows: ir.Table, other: ir.Table) -> ir.Table:
    return rows.union(other.select("id", "x", "y"))


STEPS: dict[str, Callable[[ir.Table, ir.Table], ir.Table]] = {
    "latest": lambda rows, _: latest(rows),
    "second": lambda rows, _: latest(rows, 1),
    "sums": with_sums,
    "all": with_all,
    "first of all": lambda rows, other: with_all(rows, latest(other)),
    "total": with_total,
    "unnested": unnested,
    "both": both,
    "different": lambda rows, other: both(rows, other).distinct(),
    "known": lambda rows, other: rows.semi_join(other, "id"),
    "some": lambda rows, _: rows.filter(rows.x.isnull() | (rows.x > 0)),
    "before": lambda rows, _: rows.mutate(y=rows.x.lag().over(group_by="id", order_by=["x", "y"])),
    "grouped": lambda rows, _: rows.group_by("id").aggregate(x=rows.x.max(), y=rows.count()),
}


def found(rows: ir.Table) -> list[Any]:
    return sorted(CONNECTION.to_pyarrow(rows).to_pylist(), key=repr)


@settings(max_examples=60, deadline=None)
@given(tables(), st.lists(st.sampled_from([*STEPS]), max_size=4), st.data())
def test_no_row_changes(
    given_: tuple[ir.Table, ir.Table], steps: list[str], data: st.DataObject
) -> None:
    single, other = given_
    first = data.draw(st.sampled_from([single, other]))
    rows = first
    for step in steps:
        rows = STEPS[step](rows, data.draw(st.sampled_from([single, other])))
    columns = data.draw(st.lists(st.sampled_from(["id", "x", "y"]), min_size=1, unique=True))
    asked = rows.select(*columns)
    keys = {single.op(): {ID}}
    assert found(pruned({"": asked}, keys)[""]) == found(asked)
    for key in keys_of(rows, keys):
        if key:
            held = found(rows.select(*key))
            assert len({repr(row) for row in held}) == len(held), (steps, key)


def test_what_a_join_makes_several_rows_of_has_no_key_any_more() -> None:
    single = table("single", [1, 2], [(1, 2), (3, 4)])
    rows, keys = unnested(STEPS["known"](single, single), single), {single.op(): {ID}}
    assert keys_of(rows, keys) == set()
    assert found(pruned({"": rows.select("id")}, keys)[""]) == found(rows.select("id"))


def joins(rows: ir.Table) -> int:
    return sum(len(one.rest) for one in rows.op().find(ops.JoinChain))


@pytest.mark.parametrize(
    ("step", "of_single", "left"),
    [("sums", 0, 0), ("all", 0, 1), ("first of all", 0, 0), ("total", 0, 0)],
)
def test_a_join_that_adds_nothing_is_left_out(step: str, of_single: int, left: int) -> None:
    single, other = table("single", [1], [(1, 2)]), table("any", [1, 1], [(1, 2), (3, 4)])
    keys = {single.op(): {ID}}
    assert joins(pruned({"": STEPS[step](other, single).select("x")}, keys)[""]) == of_single
    assert joins(pruned({"": STEPS[step](single, other).select("x")}, keys)[""]) == left


def test_where_a_join_is_left_out_no_query_is_left_around_what_it_began_with() -> None:
    single = table("single", [1], [(1, 2)])
    asked = STEPS["first of all"](single, single).select("id", "x").filter(lambda t: t.x > 0)
    made = pruned({"": asked}, {single.op(): {ID}})[""]
    assert found(made) == found(asked)
    kinds = [type(one).__name__ for one in made.op().find(ops.Relation)]
    assert sorted(kinds) == ["DatabaseTable", "Filter", "Project"]


def test_of_records_that_are_there_once_nobody_looks_for_the_latest() -> None:
    single, other = table("single", [1], [(1, 2)]), table("any", [1, 1], [(1, 2), (3, 4)])
    keys = {single.op(): {ID}}

    def windows(rows: ir.Table) -> int:
        made = pruned({"": rows}, keys)[""]
        assert found(made) == found(rows)
        return len(made.op().find(ops.WindowFunction))

    assert (windows(latest(single)), windows(latest(other))) == (0, 1)
    assert (windows(latest(single, 1)), windows(latest(other, 1))) == (0, 1)


def test_a_step_that_several_rest_on_is_computed_once_in_the_columns_that_they_ask_for() -> None:
    single = table("single", [1, 2], [(1, 2), (3, 4)])
    step = single.mutate(z=single.x + single.y)
    wanted = {"a": step.select("z"), "b": step.filter(step.id > 1).select("id")}
    computed: dict[str, list[str]] = {}

    def compute(name: str, rows: ir.Table) -> ir.Table:
        computed[name] = list(rows.columns)
        return CONNECTION.create_table("computed", CONNECTION.to_pyarrow(rows), overwrite=True)

    made = pruned(wanted, {}, {"step": step, "alone": wanted["a"]}, compute)
    assert computed == {"step": ["id", "z"]}
    assert {name: found(rows) for name, rows in made.items()} == {
        name: found(rows) for name, rows in wanted.items()
    }
