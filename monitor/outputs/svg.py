"""Small charts as SVG for paper: scores on the four stages, and a score over time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Literal

from model.stages import CUTS, STAGES
from monitor.snapshots import SnapshotLine

Mark = Literal["records", "sales", "marketing"]
EDGES = (20.0, *CUTS, 100.0)
WIDTH, LEFT, RIGHT = 720, 236, 146
ROW, HEAD, TREND = 30, 26, 190
INK, MUTED, PAPER = "#1b2430", "#5a6675", "#ffffff"
COLOURS = {"records": INK, "sales": "#0a5c9a", "marketing": "#a8440a"}
BANDS = ("#f5f6f7", "#e6edef", "#d2e0e3", "#c2d7dc")


@dataclass(frozen=True)
class Row:
    """A score with its interval on the ladder; `said` stands at the right. Without a score the
    row shows its words alone.
    """

    title: str
    said: str
    score: float | None
    low: float | None
    high: float | None
    mark: Mark = "records"


def ladder(rows: Sequence[Row], text: str) -> str:
    """Scores of 20 to 100 on the four stages; `text` is for those who cannot see it."""
    height = HEAD + ROW * len(rows) + 6
    drawn = _bands(height)
    for i, row in enumerate(rows):
        y = HEAD + ROW * i + ROW / 2
        colour = COLOURS[row.mark]
        drawn.append(_text(LEFT - 12, y + 4, row.title, anchor="end", fill=colour))
        drawn.append(_text(WIDTH - RIGHT + 12, y + 4, row.said, fill=colour))
        if row.low is not None and row.high is not None:
            ends = f'x1="{_x(row.low):.1f}" x2="{_x(row.high):.1f}" y1="{y}" y2="{y}"'
            drawn.append(f'<line {ends} stroke="{colour}" stroke-width="2.5" opacity="0.7"/>')
        if row.score is not None:
            drawn.append(_mark(row.mark, _x(row.score), y))
    return _svg(height, drawn, text)


def trend(lines: Sequence[SnapshotLine], text: str) -> str:
    """The score over time with its interval. A line never joins two definitions."""
    known = [(date.fromisoformat(one["as_of_on"]), one) for one in lines if one["score"]]
    first, last = known[0][0].toordinal(), known[-1][0].toordinal()
    width = WIDTH - 40

    def x(day: date) -> float:
        return 20 + (width * (day.toordinal() - first) / (last - first) if last > first else width)

    def y(score: float) -> float:
        return 12 + (TREND - 40) * (100 - score) / 80

    drawn = [
        f'<rect x="20" width="{width}" y="{y(high):.1f}" height="{y(low) - y(high):.1f}" '
        f'fill="{fill}"/>' + _text(26, y(high) + 14, stage.value.title(), size=11)
        for stage, low, high, fill in zip(STAGES, EDGES, EDGES[1:], BANDS, strict=False)
    ]
    names = list(dict.fromkeys(one["definitions"] for _, one in known))
    for name in names:
        points = [(x(day), one) for day, one in known if one["definitions"] == name]
        if name != names[0]:
            at = points[0][0]
            drawn.append(
                f'<line x1="{at:.1f}" x2="{at:.1f}" y1="12" y2="{TREND - 28}" stroke="{MUTED}" '
                'stroke-dasharray="4 4"/>' + _text(at - 4, 22, "definitions changed", anchor="end")
            )
        drawn += _series([(at, *_ends(one)) for at, one in points], y)
        drawn += [_point(at, y(one["score"] or 20), one["kind"]) for at, one in points]
    drawn.append(_text(20, TREND - 8, f"{known[0][0]:%b %Y}", size=11))
    drawn.append(_text(20 + width, TREND - 8, f"{known[-1][0]:%b %Y}", anchor="end", size=11))
    return _svg(TREND, drawn, text)


def _ends(one: SnapshotLine) -> tuple[float, float, float]:
    score = one["score"] or 20.0
    return score, one["low"] or score, one["high"] or score


def _series(points: Sequence[tuple[float, float, float, float]], y: object) -> list[str]:
    assert callable(y)  # noqa: S101
    top = [f"{x:.1f},{y(high):.1f}" for x, _, _, high in points]
    bottom = [f"{x:.1f},{y(low):.1f}" for x, _, low, _ in reversed(points)]
    line = " ".join(f"{x:.1f},{y(score):.1f}" for x, score, _, _ in points)
    return [
        f'<polygon points="{" ".join([*top, *bottom])}" fill="{INK}" opacity="0.14"/>',
        f'<polyline points="{line}" fill="none" stroke="{INK}" stroke-width="2"/>',
    ]


def _point(x: float, y: float, kind: str) -> str:
    fill = INK if kind == "live" else PAPER
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2" fill="{fill}" stroke="{INK}"/>'


def _bands(height: int) -> list[str]:
    drawn = []
    for stage, low, high, fill in zip(STAGES, EDGES, EDGES[1:], BANDS, strict=False):
        width = _x(high) - _x(low)
        drawn.append(
            f'<rect x="{_x(low):.1f}" width="{width:.1f}" y="0" height="{height}" fill="{fill}"/>'
        )
        drawn.append(
            _text(_x(low) + width / 2, 17, stage.value.title(), anchor="middle", bold=True)
        )
    return drawn


def _x(score: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (score - EDGES[0]) / (EDGES[-1] - EDGES[0])


def _mark(kind: Mark, x: float, y: float) -> str:
    fill = f'fill="{COLOURS[kind]}"'
    if kind == "sales":
        return f'<rect x="{x - 5:.1f}" y="{y - 5:.1f}" width="10" height="10" {fill}/>'
    if kind == "marketing":
        return f'<path d="M{x:.1f} {y - 6.5:.1f} l6.5 11.5 h-13 z" {fill}/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5.5" {fill}/>'


def _text(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    fill: str = MUTED,
    size: int = 12,
    bold: bool = False,
) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
        f'fill="{fill}"{weight}>{escape(text)}</text>'
    )


def _svg(height: int, drawn: Sequence[str], text: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(text)}" '
        f'xmlns="http://www.w3.org/2000/svg">{"".join(drawn)}</svg>'
    )
