"""The few pieces that Streamlit does not have, as HTML. Every text is escaped here."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

CODE = re.compile("`([^`]+)`")


@dataclass(frozen=True)
class Cell:
    """A cell or list item: `note` stands small under the text, `link` makes the text a link."""

    text: str
    note: str = ""
    link: str = ""
    is_muted: bool = False


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
    cells = "".join(f"<li>{_content(item)}</li>" for item in items)
    st.html(f'<ol class="dt-list">{cells}</ol>')


def table(columns: Sequence[Column], groups: Iterable[tuple[str, Iterable[Row]]]) -> None:
    """A table whose rows stand in groups; a group without a name has no heading."""
    head = "".join(
        f'<th scope="col" class="{column.classes}">{escape(column.title)}</th>'
        for column in columns
    )
    body = ""
    for title, rows in groups:
        if title:
            body += f'<tr class="group"><th colspan="{len(columns)}">{escape(title)}</th></tr>'
        body += "".join(_row(columns, row) for row in rows)
    st.html(
        f'<div class="dt-scroll"><table class="dt"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(columns: Sequence[Column], row: Row) -> str:
    cells = [cell if isinstance(cell, Cell) else Cell(cell) for cell in row]
    return f"<tr>{''.join(map(_cell, columns, cells))}</tr>"


def _cell(column: Column, cell: Cell) -> str:
    classes = f"{column.classes}{' muted' if cell.is_muted else ''}".strip()
    return f'<td class="{classes}">{_content(cell)}</td>'


def _content(cell: Cell) -> str:
    text = escape(cell.text)
    if cell.link:
        text = f'<a href="{escape(cell.link)}" target="_self">{text}</a>'
    if cell.note:
        text += f"<small>{escape(cell.note)}</small>"
    return CODE.sub(r"<code>\1</code>", text)
