"""How costs grow with a number of passages: lines in a plot of logarithmic axes. As SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, floor, log10

_WIDTH, _HEIGHT = 560, 420  # pixels, of the plot
_EDGE, _NAMES = 60, 270  # around it; for the names of the lines
_COLOURS = (
    *("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd"),
    *("#8c564b", "#e377c2", "#7f7f7f", "#17becf", "#bcbd22"),
)
_APART = 15  # pixels, between names


def plot(lines: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Return the SVG of lines of points, all above zero, by name."""
    points = [point for line in lines.values() for point in line]
    left, right = _decades([x for x, _ in points])
    low, high = _decades([y for _, y in points])

    def across(x: float) -> float:
        return _WIDTH * (log10(x) - left) / (right - left)

    def down(y: float) -> float:
        return _HEIGHT * (high - log10(y)) / (high - low)

    parts = [f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="none" stroke="#bbb"/>']
    for decade in range(left, right + 1):
        x = across(10**decade)
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y2="{_HEIGHT}" stroke="#eee"/>'
            f'<text x="{x:.1f}" y="{_HEIGHT + 16}" text-anchor="middle">{10**decade:,}</text>'
        )
    for decade in range(low, high + 1):
        y = down(10**decade)
        parts.append(
            f'<line x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#eee"/>'
            f'<text x="-6" y="{y + 4:.1f}" text-anchor="end">{10.0**decade:,.10g}</text>'
        )
    parts.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT + 36}" text-anchor="middle">passages</text>')
    by_end = sorted(lines.items(), key=lambda item: down(item[1][-1][1]))
    beside = -float("inf")
    for (name, line), colour in zip(by_end, _COLOURS, strict=False):
        places = [(across(x), down(y)) for x, y in line]
        beside = max(beside + _APART, places[-1][1] + 4)
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(
            f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
            + "".join(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places
            )
            + f'<text x="{_WIDTH + 8}" y="{beside:.1f}" fill="{colour}">{escape(name)}: '
            f"{_shown(line[-1][1])}</text>"
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH + _EDGE + _NAMES}" '
        f'height="{_HEIGHT + 2 * _EDGE}" font-family="sans-serif" font-size="11" fill="#555">'
        f'<rect width="100%" height="100%" fill="white"/><g transform="translate({_EDGE},{_EDGE})">'
        f"{''.join(parts)}</g></svg>\n"
    )


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """Return the powers of ten that values lie between."""
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    return low, max(high, low + 1)


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
