"""Date literals against days counted by hand."""

from datetime import date

import pytest

from sandbox.soql.periods import span

WEDNESDAY = date(2026, 2, 18)


@pytest.mark.parametrize(
    ("name", "count", "first", "after"),
    [
        ("TODAY", None, (2026, 2, 18), (2026, 2, 19)),
        ("YESTERDAY", None, (2026, 2, 17), (2026, 2, 18)),
        ("TOMORROW", None, (2026, 2, 19), (2026, 2, 20)),
        ("LAST_WEEK", None, (2026, 2, 8), (2026, 2, 15)),
        ("THIS_WEEK", None, (2026, 2, 15), (2026, 2, 22)),
        ("NEXT_WEEK", None, (2026, 2, 22), (2026, 3, 1)),
        ("LAST_MONTH", None, (2026, 1, 1), (2026, 2, 1)),
        ("NEXT_MONTH", None, (2026, 3, 1), (2026, 4, 1)),
        ("LAST_QUARTER", None, (2025, 10, 1), (2026, 1, 1)),
        ("THIS_QUARTER", None, (2026, 1, 1), (2026, 4, 1)),
        ("NEXT_YEAR", None, (2027, 1, 1), (2028, 1, 1)),
        ("LAST_90_DAYS", None, (2025, 11, 20), (2026, 2, 19)),
        ("NEXT_90_DAYS", None, (2026, 2, 19), (2026, 5, 20)),
        ("LAST_N_DAYS", 3, (2026, 2, 15), (2026, 2, 19)),
        ("NEXT_N_DAYS", 3, (2026, 2, 19), (2026, 2, 22)),
        ("N_DAYS_AGO", 3, (2026, 2, 15), (2026, 2, 16)),
        ("LAST_N_WEEKS", 2, (2026, 2, 1), (2026, 2, 15)),
        ("NEXT_N_WEEKS", 2, (2026, 2, 22), (2026, 3, 8)),
        ("LAST_N_MONTHS", 14, (2024, 12, 1), (2026, 2, 1)),
        ("N_MONTHS_AGO", 2, (2025, 12, 1), (2026, 1, 1)),
        ("LAST_N_QUARTERS", 5, (2024, 10, 1), (2026, 1, 1)),
        ("NEXT_N_YEARS", 2, (2027, 1, 1), (2029, 1, 1)),
        ("N_YEARS_AGO", 1, (2025, 1, 1), (2026, 1, 1)),
    ],
)
def test_span(
    name: str, count: int | None, first: tuple[int, int, int], after: tuple[int, int, int]
) -> None:
    assert span(name, count, WEDNESDAY) == (date(*first), date(*after))


@pytest.mark.parametrize("sunday", [date(2026, 2, 15), date(2025, 12, 28)])
def test_a_week_begins_on_sunday(sunday: date) -> None:
    found = span("THIS_WEEK", None, sunday)
    assert found is not None
    assert found[0] == sunday
