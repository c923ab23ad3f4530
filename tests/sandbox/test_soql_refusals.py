"""What is not understood is refused, in the service's words, and never guessed at."""

from dataclasses import replace

import pytest

from sandbox.schema import Field
from sandbox.soql.compiler import compile_query
from sandbox.soql.errors import SoqlError
from tests.sandbox.soql_table import NOW, OTHER, key, run

MALFORMED = [
    "",
    "SELECT",
    "SELECT Id FROM Thing WHERE",
    "SELECT Id FROM Thing;",
    "SELECT * FROM Thing",
    "SELECT Id, FROM Thing",
    "SELECT Id FROM Thing, Other",
    "SELECT Id FROM Thing WHERE Size = 1 AND Size = 2 OR Size = 3",
    "SELECT Id FROM Thing WHERE Size = 1 AND NOT Size = 2",
    "SELECT Id FROM Thing WHERE NOT Size = 1 AND Size = 2",
    "SELECT Id FROM Thing WHERE (Size = 1",
    "SELECT Id FROM Thing WHERE 1 = Size",
    "SELECT Id FROM Thing WHERE Size == 1",
    "SELECT Id FROM Thing WHERE Size BETWEEN 1 AND 2",
    "SELECT Id FROM Thing WHERE Name IS NULL",
    'SELECT Id FROM Thing WHERE Name = "x"',
    "SELECT Id FROM Thing WHERE Name = 'it's'",
    "SELECT Id FROM Thing WHERE Name = 'a\\q'",
    "SELECT Id FROM Thing WHERE Name IN ()",
    "SELECT Id FROM Thing WHERE Name IN (SELECT Name FROM Other)",
    "SELECT Id FROM Thing WHERE Name NOT LIKE 'x'",
    "SELECT Id FROM Thing WHERE At > 2026-01-01T00:00:00",
    "SELECT Id FROM Thing WHERE At > 2026-01-01T00:00:00+0100",
    "SELECT Id FROM Thing WHERE At > SOMEDAY",
    "SELECT Id FROM Thing WHERE At > LAST_N_DAYS",
    "SELECT Id FROM Thing WHERE At > LAST_N_DAYS:0",
    "SELECT Id FROM Thing WHERE At > TODAY:1",
    "SELECT Id FROM Thing WHERE At > LAST_N_YEARS:9999",
    "SELECT Id FROM Thing WHERE At IN (TODAY)",
    "SELECT Id FROM Thing WHERE Size > null",
    "SELECT Id FROM Thing WHERE Size = Size",
    "SELECT TYPEOF Any WHEN Other THEN Name END FROM Thing",
    "SELECT FIELDS(ALL) FROM Thing",
    "SELECT FORMAT(Amount) FROM Thing",
    "SELECT Name n FROM Thing",
    "SELECT Id FROM Thing USING SCOPE mine",
    "SELECT Id FROM Thing WITH SECURITY_ENFORCED",
    "SELECT Id FROM Thing FOR VIEW",
    "SELECT Id FROM Thing HAVING",
    "SELECT Id FROM Thing ALL ROWS",
    "SELECT Id FROM Thing LIMIT 1.5",
    "SELECT Id FROM Thing LIMIT -1",
    "SELECT Id FROM Thing LIMIT 99999999999999999999",
    "SELECT Id FROM Thing OFFSET 1 LIMIT 1",
    "SELECT Id FROM Thing LIMIT 1 ORDER BY Id",
    "SELECT Id FROM Thing ORDER BY Id NULLS",
    "SELECT Id FROM Thing ORDER BY COUNT(Id)",
    "SELECT Id FROM Thing ORDER BY Old",
    "SELECT Name, COUNT(Id) FROM Thing",
    "SELECT Name, COUNT(Id) FROM Thing GROUP BY Size",
    "SELECT COUNT(), Name FROM Thing",
    "SELECT COUNT() FROM Thing GROUP BY Name",
    "SELECT COUNT() FROM Thing ORDER BY Name",
    "SELECT COUNT(Id) a, SUM(Size) a FROM Thing",
    "SELECT COUNT(Id) FROM Thing ORDER BY Size",
    "SELECT SUM(Name) FROM Thing",
    "SELECT MAX(Flag) FROM Thing",
    "SELECT MEDIAN(Size) FROM Thing",
    "SELECT SUM() FROM Thing",
    "SELECT Parent.Parent.Parent.Parent.Parent.Parent.Name FROM Thing",
    "SELECT _visible_from FROM Thing",
    "DELETE FROM Thing",
    "SELECT Id FROM Thing WHERE Name = 'x' -- comment",
    "SELECT Id FROM Thing WHERE CALENDAR_YEAR() = 2026",
    "SELECT Id FROM Thing WHERE FISCAL_YEAR(At) = 2026",
    "SELECT Id FROM Thing WHERE COUNT(Id) > 1",
    "SELECT DAY_ONLY(At) d FROM Thing",
    "SELECT CALENDAR_YEAR(At), COUNT(Id) FROM Thing GROUP BY CALENDAR_MONTH(At)",
    "SELECT Size, COUNT(Id) FROM Thing GROUP BY Size HAVING Name = 'x'",
    "SELECT Size, COUNT(Id) FROM Thing GROUP BY Size HAVING COUNT() > 1",
    "SELECT COUNT(Id) FROM Thing HAVING COUNT(Id) > 1",
    "SELECT COUNT() FROM Thing HAVING COUNT(Id) > 1",
    "SELECT Size FROM Thing GROUP BY ROLLUP(Size)",
    "SELECT FIELDS(ALL) FROM Thing LIMIT 201",
    "SELECT FIELDS(CUSTOM) FROM Thing",
    "SELECT FIELDS(SOME) FROM Thing LIMIT 1",
    "SELECT FIELDS() FROM Thing LIMIT 1",
    "SELECT FIELDS(ALL), COUNT(Id) FROM Thing LIMIT 1",
    "SELECT Id FROM Thing WHERE Id IN (SELECT Id FROM Thing)",
    "SELECT Id FROM Thing WHERE Id IN (SELECT Name FROM Other)",
    "SELECT Id FROM Thing WHERE Id IN (SELECT Id, Name FROM Other)",
    "SELECT Id FROM Thing WHERE Id IN (SELECT COUNT() FROM Other)",
    "SELECT Id FROM Thing WHERE Id IN (SELECT Id FROM Other LIMIT 1)",
    "SELECT Id FROM Thing WHERE Id IN (SELECT Id FROM Other) OR Size = 1",
    "SELECT Id FROM Thing WHERE NOT Id IN (SELECT Id FROM Other)",
    "SELECT Id FROM Thing WHERE Id IN (SELECT Id FROM Other WHERE Id IN (SELECT Id FROM Thing))",
    "SELECT Id FROM Thing WHERE Id IN (SELECT WhoId FROM Task)",
    "SELECT Id FROM Thing WHERE Id = (SELECT Id FROM Other)",
]
REFUSED = [
    ("INVALID_TYPE", "SELECT Id FROM Nothing"),
    ("INVALID_TYPE", "SELECT Id FROM Parent.Thing"),
    ("INVALID_FIELD", "SELECT Nothing FROM Thing"),
    ("INVALID_FIELD", "SELECT Id, ID FROM Thing"),
    ("INVALID_FIELD", "SELECT FIELDS(STANDARD), Id FROM Thing"),
    ("INVALID_FIELD", "SELECT Id FROM Thing WHERE CALENDAR_YEAR(Name) = 2026"),
    ("INVALID_FIELD", "SELECT Id FROM Thing WHERE HOUR_IN_DAY(Day) = 1"),
    ("INVALID_FIELD", "SELECT Id FROM Thing WHERE CALENDAR_YEAR(At) = '2026'"),
    ("INVALID_TYPE", "SELECT Id, (SELECT Id FROM Things) FROM Thing"),
    ("INVALID_FIELD", "SELECT Nobody.Name FROM Thing"),
    ("INVALID_FIELD", "SELECT Parent.Nothing FROM Thing"),
    ("INVALID_FIELD", "SELECT Any.Amount FROM Thing"),
    ("INVALID_FIELD", "SELECT ParentId.Name FROM Thing"),
    ("INVALID_FIELD", "SELECT Id FROM Thing WHERE Old = 'x'"),
    ("INVALID_FIELD", "SELECT Id FROM Thing WHERE At > '2026-01-01T00:00:00Z'"),
    ("INVALID_FIELD", "SELECT Id FROM Thing WHERE At > 2026-01-01"),
    ("INVALID_FIELD", "SELECT Id FROM Thing WHERE At > 2026-13-01T00:00:00Z"),
    ("INVALID_FIELD", "SELECT Id FROM Thing WHERE Day = 2026-01-01T00:00:00Z"),
    ("INVALID_FIELD", "SELECT Id FROM Thing WHERE Day = 2026-02-30"),
    ("INVALID_FIELD", "SELECT Id FROM Thing WHERE Size = '1'"),
    ("INVALID_FIELD", "SELECT Id FROM Thing WHERE Size IN (1, 'x')"),
    ("INVALID_FIELD", "SELECT Id FROM Thing WHERE Size = TODAY"),
    ("INVALID_FIELD", "SELECT Id FROM Thing WHERE Size = true"),
    ("INVALID_FIELD", "SELECT Id FROM Thing WHERE Name = 1"),
    ("INVALID_FIELD", "SELECT Id FROM Thing WHERE Flag = 'true'"),
    ("INVALID_FIELD", "SELECT Id FROM Thing WHERE Flag = 1"),
    ("INVALID_FIELD", "SELECT At, COUNT(Id) FROM Thing GROUP BY At"),
    ("INVALID_QUERY_FILTER_OPERATOR", "SELECT Id FROM Thing WHERE Size LIKE '1%'"),
    ("INVALID_QUERY_FILTER_OPERATOR", "SELECT Id FROM Thing WHERE Id LIKE 'a00%'"),
    ("INVALID_QUERY_FILTER_OPERATOR", "SELECT Id FROM Thing WHERE Flag > false"),
    ("INVALID_QUERY_FILTER_OPERATOR", "SELECT Id FROM Thing WHERE Id = 'short'"),
    ("NUMBER_OUTSIDE_VALID_RANGE", "SELECT Id FROM Thing OFFSET 2001"),
    ("QUERY_TOO_LONG", "SELECT Id FROM Thing WHERE Name = '" + "x" * 100_000 + "'"),
]


@pytest.mark.parametrize("soql", MALFORMED)
def test_unknown_syntax_is_malformed(soql: str) -> None:
    with pytest.raises(SoqlError) as refused:
        run(soql, [])
    assert refused.value.code == "MALFORMED_QUERY", refused.value


@pytest.mark.parametrize(("code", "soql"), REFUSED)
def test_wrong_names_and_types_have_their_own_code(code: str, soql: str) -> None:
    with pytest.raises(SoqlError) as refused:
        run(soql, [])
    assert refused.value.code == code, refused.value


def test_the_message_points_at_the_place() -> None:
    with pytest.raises(SoqlError) as refused:
        run("SELECT Id\nFROM Thing WHERE At > '2026-01-01'", [])
    assert refused.value.message == (
        "\nFROM Thing WHERE At > '2026-01-01'\n                      ^\nERROR at Row:2:Column:23\n"
        "value of filter criterion for field 'At' must be of type dateTime and should not be "
        "enclosed in quotes"
    )


def test_names_and_words_have_no_case_and_ids_may_be_short() -> None:
    rows = [{"Id": "a00000000000001AAA", "Name": "x", "IsDeleted": False}]
    short = "select iD from THING where id = 'a00000000000001' limit 1"
    assert run(short, rows) == [("a00000000000001AAA",)]
    assert run("SELECT t.Id FROM Thing t WHERE t.name IN ('X')", rows) == [("a00000000000001AAA",)]


def test_relationships_reach_several_objects_and_are_empty_where_there_is_no_parent() -> None:
    rows = [
        {"Id": key(0), "Name": "top", "AnyId": "a01000000000001AAA", "IsDeleted": False},
        {"Id": key(1), "Name": "low", "ParentId": key(0), "AnyId": key(0), "IsDeleted": False},
    ]
    soql = "SELECT Name, Parent.Name, Parent.Any.Name, Any.Name, Any.Type FROM Thing"
    assert run(soql, rows) == [
        ("top", None, None, "O", "Other"),
        ("low", "top", "O", "top", "Thing"),
    ]
    assert run("SELECT Name FROM Thing WHERE Parent.Name = null", rows) == [("top",)]
    assert run("SELECT Name FROM Thing WHERE Any.Type = 'thing'", rows) == [("low",)]


def test_content_links_need_the_id_of_one_of_their_ends() -> None:
    link = replace(OTHER, name="ContentDocumentLink", fields=(*OTHER.fields, *_ends()))
    start, key = "SELECT Id FROM ContentDocumentLink", "'001000000000001AAA'"
    for where in (
        "",
        " WHERE Id != null",
        f" WHERE LinkedEntityId != {key}",
        f" WHERE LinkedEntityId = {key} OR ContentDocumentId = {key}",
        f" WHERE NOT LinkedEntityId = {key}",
    ):
        with pytest.raises(SoqlError, match="Implementation restriction") as refused:
            compile_query(start + where, {link.name: link}, NOW, include_hidden=False)
        assert refused.value.code == "MALFORMED_QUERY"
    for where in (f"linkedentityid IN ({key})", f"ContentDocumentId = {key} AND Id != null"):
        compile_query(f"{start} WHERE {where}", {link.name: link}, NOW, include_hidden=False)


def _ends() -> list[Field]:
    return [Field(name, "reference") for name in ("ContentDocumentId", "LinkedEntityId")]


def test_text_in_a_query_never_becomes_sql() -> None:
    hostile = "\\'); DROP VIEW x; -- $clock \" ; {}"
    rows = [{"Id": key(0), "Name": "'); DROP VIEW x; -- $clock \" ; {}", "IsDeleted": False}]
    assert run(f"SELECT Id FROM Thing WHERE Name = '{hostile}'", rows) == [(key(0),)]
