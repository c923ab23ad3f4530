"""The few pieces that Streamlit does not have, as HTML. Every text is escaped here."""

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

WIDE, HIGH = 96, 20
INK = "#7a8796"  # seen on white and on black
CODE = re.compile("`([^`]+)`")


@dataclass(frozen=True)
class Cell:
    """A cell or list item: `note` stands small under the text, `link` makes the text a link;
    `lines` are drawn small instead of the text, which then says the same to screen readers.
    """

    text: str
    note: str = ""
    link: str = ""
    is_muted: bool = False
    lines: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class Column:
    """A table column; numbers are `right`, what a phone leaves out is `wide`."""

    title: str
    is_right: bool = False
    is_wide: bool = False

    @property
    def classes(self) -> str:
        """For the stylesheet."""
        return " ".join(n for n, on in (("right", self.is_right), ("wide", self.is_wide)) if on)


Row = Sequence[Cell | str]


def verdict(text: str) -> None:
    """The page's one sentence."""
    st.html(f'<h1 class="dt-verdict">{escape(text)}</h1>')


def brand(organisation: str) -> None:
    """Whose dashboard this is."""
    st.html(f'<p class="dt-brand">Détente</p><p class="dt-meta">{escape(organisation)}</p>')


def meta(text: str) -> None:
    """A quiet line."""
    st.html(f'<p class="dt-meta">{escape(text)}</p>')


def key() -> None:
    """Whose mark is whose."""
    marks = '<span class="sales">■ Sales</span><span class="marketing">▲ Marketing</span>'
    st.html(f'<p class="dt-meta dt-key">{marks}</p>')


def note(text: str, *, is_muted: bool = False) -> None:
    """A remark with a rule beside it."""
    st.html(f'<p class="dt-note{" muted" if is_muted else ""}">{escape(text)}</p>')


def facts(pairs: Iterable[tuple[str, str, str]]) -> None:
    """A row of figures: name, figure, remark."""
    cells = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(figure)}<small>{escape(remark)}</small></dd></div>"
        for name, figure, remark in pairs
    )
    st.html(f'<dl class="dt-facts">{cells}</dl>')


def links(pairs: Iterable[tuple[str, str]]) -> None:
    """A quiet line of links: text, address."""
    parts = (f'<a href="{escape(to)}" target="_self">{escape(text)}</a>' for text, to in pairs)
    st.html(f'<p class="dt-meta dt-links">Records behind: {" · ".join(parts)}</p>')


def lines(items: Iterable[Cell]) -> None:
    """A ruled list."""
    cells = "".join(f"<li>{content(item)}</li>" for item in items)
    st.html(f'<ol class="dt-list">{cells}</ol>')


def table(columns: Sequence[Column], groups: Iterable[tuple[str, Iterable[Row]]]) -> None:
    """A table whose rows stand in groups; a group without a name has no heading."""
    head = "".join(
        f'<th scope="col" class="{column.classes}">{escape(column.title)}</th>'
        if column.title
        else "<td></td>"
        for column in columns
    )
    body = ""
    for title, rows in groups:
        if title:
            body += f'<tr class="group"><th colspan="{len(columns)}">{escape(title)}</th></tr>'
        body += "".join(_row(columns, row) for row in rows)
    st.html(
        f'<div class="dt-scroll" tabindex="0"><table class="dt"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(columns: Sequence[Column], row: Row) -> str:
    cells = [cell if isinstance(cell, Cell) else Cell(cell) for cell in row]
    return f"<tr>{''.join(map(_cell, columns, cells))}</tr>"


def _cell(column: Column, cell: Cell) -> str:
    classes = f"{column.classes}{' muted' if cell.is_muted else ''}".strip()
    return f'<td class="{classes}">{content(cell)}</td>'


def content(cell: Cell) -> str:
    """What stands in a cell."""
    text = escape(cell.text) if not cell.lines else _spark(cell)
    if cell.link:
        text = f'<a href="{escape(cell.link)}" target="_self">{text}</a>'
    if cell.note:
        text += f"<small>{escape(cell.note)}</small>"
    return CODE.sub(r"<code>\1</code>", text)


def _spark(cell: Cell) -> str:
    """Lines over time, one scale for all, a point where a line has but one value."""
    values = [value for line in cell.lines for value in line]
    low, span = min(values), (max(values) - min(values)) or 1.0
    step = WIDE / max(len(values) - 1, 1)
    drawn, place = "", 0
    for line in cell.lines:
        points = [
            f"{(place + i) * step:.1f},{HIGH - (value - low) / span * HIGH:.1f}"
            for i, value in enumerate(line)
        ]
        place += len(line)
        drawn += f'<polyline points="{" ".join(points if len(points) > 1 else points * 2)}"/>'
    box = f"-2 -2 {WIDE + 4} {HIGH + 4}"
    picture = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}"><g fill="none" stroke="{INK}" '
        f'stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">{drawn}</g></svg>'
    )
    # As a picture, since Streamlit takes drawings out of HTML.
    source = f"data:image/svg+xml;base64,{b64encode(picture.encode()).decode()}"
    return f'<img class="dt-spark" src="{source}" alt="{escape(cell.text)}">'
