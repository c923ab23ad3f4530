"""Writes the table of what is pulled into docs/salesforce.md: `python -m docs.pulled`."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from connectors.salesforce.objects import streams
from connectors.salesforce.shapes import CLOCKS, Stream

PAGE = Path(__file__).with_name("salesforce.md")
BEGIN, END = "<!-- pulled: begin -->\n", "<!-- pulled: end -->\n"
_HEAD = "| object | fields | becomes | read |\n|---|---|---|---|\n"


def table() -> str:
    """The table, from the declarations."""
    fields: dict[str, dict[str, None]] = {}
    tables: dict[str, dict[str, None]] = {}
    ways: dict[str, dict[str, None]] = {}
    for stream in streams():
        for name, names, way in _reads(stream):
            own = (field for field in names if field not in ("Id", *CLOCKS))
            fields.setdefault(name, {}).update(dict.fromkeys(own))
            tables.setdefault(name, {})[f"`{stream.table}`"] = None
            ways.setdefault(name, {})[way] = None
    rows = (
        f"| {name} | {', '.join(fields[name])} | {', '.join(tables[name])} | {_said(ways[name])} |"
        for name in fields
    )
    return _HEAD + "\n".join(rows) + "\n"


def _reads(stream: Stream) -> Iterator[tuple[str, list[str], str]]:
    how = "whole" if stream.whole else "what changed"
    if stream.within:
        how = f"by the ids of {stream.within[1]}"
    yield stream.object, list(stream.wanted), how + (" (optional)" if stream.optional else "")
    for lookup in stream.lookups:
        yield lookup.object, list(lookup.wanted), f"whole, beside {stream.object}"
    if other := stream.companion:
        yield other.object, ["Id", other.key, *other.fields], f"beside {stream.object}"


def _said(ways: Iterable[str]) -> str:
    """Ways to read an object in a few words; those beside others in one."""
    beside = [
        way.removeprefix("whole, ").removeprefix("beside ") for way in ways if "beside" in way
    ]
    own = [way for way in ways if "beside" not in way]
    if not beside:
        return "; ".join(own)
    small = "whole, " if all(way.startswith("whole") for way in ways if "beside" in way) else ""
    return "; ".join([*own, f"{small}beside {', '.join(beside)}"])


def page(text: str) -> str:
    """`text` with the present table between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table() + END + after


def main() -> None:
    """Bring the page up to date."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
