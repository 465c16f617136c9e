"""A reliability diagram: of what was said with such a probability, how much was true? As SVG.

One panel for each judge. A dot is a tenth of the probabilities, as wide as it has many rows, with
a line for its 95 % interval (Wilson 1927); on the diagonal the judge is as sure as it is right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

BINS = 10
_SIDE, _EDGE, _GAP = 220, 46, 60  # pixels: of a panel, around all, between panels
_LEAST_DOT, _MOST_DOT = 2.0, 9.0


def diagram(
    found: Mapping[str, tuple[Sequence[bool] | NDArray[np.bool_], NDArray[np.float64]]],
) -> str:
    """Return the SVG of labels and probabilities by judge."""
    width = 2 * _EDGE + len(found) * _SIDE + (len(found) - 1) * _GAP
    panels = [
        f'<g transform="translate({_EDGE + n * (_SIDE + _GAP)},{_EDGE})">'
        f"{_panel(name, np.asarray(labels, bool), said)}</g>"
        for n, (name, (labels, said)) in enumerate(found.items())
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{2 * _EDGE + _SIDE}" '
        'font-family="sans-serif" font-size="11" fill="#555">'
        f'<rect width="100%" height="100%" fill="white"/>{"".join(panels)}</svg>\n'
    )


def _panel(name: str, labels: NDArray[np.bool_], said: NDArray[np.float64]) -> str:
    parts = [
        f'<text x="0" y="-12" font-size="13" fill="#222">{escape(name)} (N {len(labels):,})</text>',
        f'<rect width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#bbb"/>',
        f'<line x1="0" y1="{_SIDE}" x2="{_SIDE}" y2="0" stroke="#bbb" stroke-dasharray="4 4"/>',
        f'<text x="{_SIDE / 2}" y="{_SIDE + 32}" text-anchor="middle">said</text>',
        f'<text x="-6" y="{_SIDE / 4}" text-anchor="end">true</text>',
        *(
            f'<text x="{_SIDE * at}" y="{_SIDE + 16}" text-anchor="middle">{at:g}</text>'
            f'<text x="-6" y="{_SIDE * (1 - at) + 4}" text-anchor="end">{at:g}</text>'
            for at in (0, 0.5, 1)
        ),
    ]
    edges = np.linspace(0, 1, BINS + 1)
    for low, high in pairwise(edges):
        inside = (said >= low) & ((said < high) | (high == 1))
        many = int(inside.sum())
        if not many:
            continue
        x, share = said[inside].mean() * _SIDE, labels[inside].mean()
        likely = binomtest(int(labels[inside].sum()), many).proportion_ci(method="wilson")
        size = _LEAST_DOT + (_MOST_DOT - _LEAST_DOT) * (many / len(said)) ** 0.5
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_SIDE * (1 - likely.low):.1f}" '
            f'y2="{_SIDE * (1 - likely.high):.1f}" stroke="#2b6cb0"/>'
            f'<circle cx="{x:.1f}" cy="{_SIDE * (1 - share):.1f}" r="{size:.1f}" fill="#2b6cb0"/>'
        )
    return "".join(parts)
