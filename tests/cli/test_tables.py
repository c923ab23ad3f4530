"""Tables on the terminal."""

import io
from contextlib import redirect_stdout

from monitor.outputs.terminal.printing import PIPED_WIDTH, table


def printed(*rows: tuple[str, str]) -> list[str]:
    out = io.StringIO()
    with redirect_stdout(out):
        table(("source", "n"), rows, right=(1,))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_what_a_cell_holds_is_printed_as_it_is() -> None:
    """A CRM's own words may look like marks of style."""
    words = "[red]Web[/x] 展示"
    assert printed((words, "7"), ("Fair", "1,200")) == [
        f"source{' ' * 17}n",
        f"{words}{' ' * 6}7",
        f"Fair{' ' * 15}1,200",
    ]


def test_a_row_that_is_too_wide_goes_on_below() -> None:
    words = "[/x] " + "word " * PIPED_WIDTH
    lines = printed((words, "7"), ("Fair", "1"))
    assert max(map(len, lines)) <= PIPED_WIDTH
    assert " ".join(lines).split().count("word") == PIPED_WIDTH
    assert lines[1].startswith("[/x] word")
    assert lines[1].endswith(" 7")
