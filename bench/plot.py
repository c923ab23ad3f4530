"""Time and memory against size, as an SVG of two panels."""

from collections.abc import Mapping, Sequence
from math import log10

Point = tuple[int, float, float]
WIDTH, HEIGHT, MARGIN = 360, 260, 56
COLOURS = ("#2f6fb0", "#c2571a")


def curves(points: Mapping[str, Sequence[Point]]) -> str:
    """`points` by engine: leads, processor seconds, megabytes; both axes logarithmic."""
    panels = []
    for place, unit in enumerate(("processor seconds", "MB")):
        lines = {name: [(p[0], p[1 + place]) for p in own] for name, own in points.items()}
        panels.append(_panel(lines, unit, place))
    size = f'width="{2 * WIDTH}" height="{HEIGHT}"'
    font = 'font-family="sans-serif" font-size="12"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>'
        f'<rect {size} fill="white"/>{"".join(panels)}</svg>\n'
    )


def _panel(lines: Mapping[str, Sequence[tuple[int, float]]], unit: str, place: int) -> str:
    every = [point for own in lines.values() for point in own]
    xs, ys = ([log10(point[i]) for point in every] for i in (0, 1))
    spans = [(min(v) - 0.1, max(v) + 0.1) for v in (xs, ys)]
    left, right, top, bottom = MARGIN, WIDTH - 20, 30, HEIGHT - MARGIN

    def x(value: float) -> float:
        low, high = spans[0]
        return left + (log10(value) - low) / (high - low) * (right - left)

    def y(value: float) -> float:
        low, high = spans[1]
        return bottom - (log10(value) - low) / (high - low) * (bottom - top)

    parts = [
        f'<text x="{left}" y="18">Building all facts: {unit}</text>',
        f'<path d="M{left} {top}V{bottom}H{right}" fill="none" stroke="#888"/>',
        f'<text x="{(left + right) / 2}" y="{HEIGHT - 12}" text-anchor="middle">leads</text>',
    ]
    parts += [
        f'<text x="{x(size):.0f}" y="{bottom + 18}" text-anchor="middle">{size:,}</text>'
        for size in sorted({point[0] for point in every})
    ]
    for (name, own), colour in zip(lines.items(), COLOURS, strict=False):
        path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in own)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for a, b in own:
            parts.append(f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="3" fill="{colour}"/>')
            parts.append(
                f'<text x="{x(a) - 6:.1f}" y="{y(b) - 7:.1f}" fill="{colour}">{b:.0f}</text>'
            )
        last = own[-1]
        parts.append(
            f'<text x="{x(last[0]):.1f}" y="{y(last[1]) + 18:.1f}" text-anchor="end"'
            f' fill="{colour}">{name}</text>'
        )
    return f'<g transform="translate({place * WIDTH} 0)">{"".join(parts)}</g>'
