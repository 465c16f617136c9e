"""The numbers of a report -> tables and plots: HTML and SVG, no script.

Plots have widths in per cent and heights in pixels, so that they fit any page and their words
keep their size; a policy that forbids inline styles allows the attributes of SVG.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence

from rag.escape import name, text
from rag.evaluate.page.markup import Json, count, interval, number, title
from rag.evaluate.page.plain import OUTCOMES, VERDICTS

Judged = tuple[Json, str, str]  # a sentence, its class in a plot, and the case that it is of
Column = tuple[str, str, str]  # class, head, and what names its cells where a phone has no head

SHARE = ("0", "50", "100 %")  # ticks of an axis
VALUE: Column = ("value", "Value", "")
INTERVAL: Column = ("interval", "95 % interval", "95 %: ")
N: Column = ("n", "N", "N ")
_ARROWS = {"higher": "↑", "lower": "↓"}
_GRID = "".join(f'<line class="grid" x1="{x}%" x2="{x}%" y2="100%"/>' for x in range(0, 101, 25))
_UNREAD = ' aria-label="Plot"'  # the axis is no head that can be read out
_RARE = ("uncited",)  # what most reports have none of is not said to be none
_SHORT = {
    "uncited": "right, but badly cited",
    "missed": "wrongly refused",
    "wrong": "not accepted",
}


def outcome_bar(counts: Mapping[str, int]) -> str:
    """Return the outcomes of cases as stretches of one bar, and the legend that counts them."""
    legend = "".join(
        f'<li><i class="key {key}"></i>{label} <b>{counts.get(key, 0):,}</b></li>'
        for key, label in OUTCOMES.items()
        if counts.get(key) or key not in _RARE
    )
    return f'{_stretches(counts)}<ul class="legend" aria-label="Outcomes">{legend}</ul>'


def _stretches(counts: Mapping[str, int]) -> str:
    whole, x, bar = sum(counts.values()) or 1, 0.0, ""
    for key in OUTCOMES:
        width = 100 * counts.get(key, 0) / whole
        bar += f'<rect class="{key}" x="{x:.3f}%" width="{width:.3f}%" height="100%"/>'
        x += width
    return f'<svg class="outcomes" width="100%" height="12" aria-hidden="true">{bar}</svg>'


def shares(metrics: Mapping[str, Json], about: Mapping[str, str], of: str = "") -> str:
    """Return metrics with their intervals on an axis from nothing to all.

    `about` is HTML, a line for each; `of` heads "26 of 29" in the place of N.
    """
    rows = [
        (
            _named(key, one, about.get(key, text(one.get("about", "")))),
            *numbers(one),
            _of(one) if of else f"{one['n']:,}",
        )
        for key, one in metrics.items()
    ]
    counted: Column = ("n", of, "") if of else N
    return table("Metric", (VALUE, plot_of(SHARE), INTERVAL, counted), rows)


def times(metrics: Mapping[str, Json]) -> str:
    """Return seconds with their intervals on an axis of their own."""
    ends = [end for one in metrics.values() for end in (one["value"], one["high"]) if end]
    step = _step(max(ends, default=1.0) / 4)
    top = step * math.ceil(max(ends, default=1.0) / step)
    ticks = ("0", f"{top / 2:g}", f"{top:g} s")
    rows = [
        (f'<span class="metric">{title(key)}</span>', *numbers(one, top), f"{one['n']:,}")
        for key, one in metrics.items()
    ]
    return table("Seconds after the question", (VALUE, plot_of(ticks), INTERVAL, N), rows)


def kinds(rows: Sequence[tuple[str, Mapping[str, int], Json | None]]) -> str:
    """Return (kind, outcomes, share that is right): what became of the cases of each kind."""
    rest: Column = ("rest", "Otherwise", "")
    cells = []
    for kind, counts, right in rows:
        whole = sum(counts.values())
        many = sum(counts.get(key, 0) for key in ("answered", "refused", "uncited"))
        other = (f"{counts[key]:,} {said}" for key, said in _SHORT.items() if counts.get(key))
        cells.append(
            (
                f'<span class="metric">{name(kind)}</span>',
                f"{many:,} of {whole:,}",
                _stretches(counts),
                interval(right) if right else "",
                ", ".join(other),
            )
        )
    return table("Kind", (("value", "Right", ""), plot_of(()), INTERVAL, rest), cells)


def table(head: str, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> str:
    """Return rows of HTML under their columns; the first cell of a row is its head.

    A phone shows each row as a small card: its cells say what they are.
    """
    heads = "".join(
        f'<th scope="col" class="{kind}"{"" if kind != "plot" else _UNREAD}>{said}</th>'
        for kind, said, _ in columns
    )
    body = ""
    for first, *cells in rows:
        body += f'<tr><th scope="row">{first}</th>'
        for (kind, _, label), cell in zip(columns, cells, strict=True):
            body += f'<td class="{kind}" data-label="{label}">{cell}</td>'
        body += "</tr>"
    return (
        f'<table class="metrics"><thead><tr><th scope="col">{head}</th>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def numbers(metric: Json, top: float = 1) -> tuple[str, str, str]:
    """Return the value of a metric, its plot and its interval."""
    return number(metric["value"], metric.get("unit")), _dot(metric, top), interval(metric)


def plot_of(ticks: Sequence[str]) -> Column:
    """Return the column of plots, its head their axis."""
    return "plot", _axis(ticks), ""


def _of(metric: Json) -> str:
    """Return what a share of whole things is made of."""
    value = metric["value"]
    return "" if value is None else f"{round(value * metric['n']):,} of {metric['n']:,}"


def _axis(ticks: Sequence[str]) -> str:
    spans = "".join(f"<span>{tick}</span>" for tick in ticks)
    return f'<span class="axis" aria-hidden="true">{spans}</span>'


def _named(key: str, metric: Json, about: str) -> str:
    """Return what a metric is called, what it is, and its machine name in small print."""
    return (
        f'<span class="metric">{title(key)}{_better(metric)}</span>'
        f'<span class="about">{about} <code>{text(key)}</code></span>'
    )


def _better(metric: Json) -> str:
    arrow = _ARROWS.get(metric.get("better") or "")
    if arrow is None:
        return ""
    said = f"{metric['better']} is better"
    sign = f'<span class="better" role="img" aria-label="{said}" title="{said}">{arrow}</span>'
    return f"\N{NO-BREAK SPACE}{sign}"


def _dot(metric: Json, top: float) -> str:
    def x(value: float) -> str:
        return f"{100 * min(max(value / top, 0), 1):.2f}%"

    if (metric["value"] or 0) > top:  # no share: a length, a count
        return ""
    line = dot = ""
    if metric["low"] is not None and metric["high"] is not None:
        ends = f'x1="{x(metric["low"])}" x2="{x(metric["high"])}"'
        line = f'<line class="range" {ends} y1="9" y2="9"/>'
    if metric["value"] is not None:
        dot = f'<circle cx="{x(metric["value"])}" cy="9" r="4"/>'
    return f'<svg width="100%" height="18" aria-hidden="true">{_GRID}{line}{dot}</svg>'


def strip(sentences: Sequence[Judged], key: str, limit: float | None) -> str:
    """Return one probability of every sentence that has it as a dot, a row for each verdict."""
    dots, y = "", 0
    for verdict, label in VERDICTS.items():
        of_verdict = (one for one in sentences if one[0]["verdict"] == verdict)
        found = [one for one in of_verdict if one[0][key] is not None]
        if not found:
            continue
        dots += f'<line class="grid" x2="100%" y1="{y}" y2="{y}"/>'
        dots += f'<text y="{y + 17}">{label} <tspan>{len(found):,}</tspan></text>'
        for i, (sentence, kind, case) in enumerate(found):
            down = y + 33 + 14 * (i * 0.618 % 1 - 0.5)  # apart, and the same every time
            dots += (
                f'<circle class="{kind}" cx="{100 * sentence[key]:.2f}%" cy="{down:.1f}" r="3.5">'
                f"<title>{text(case)}: {sentence[key]:.2f}</title></circle>"
            )
        y += 48
    if not dots:
        return ""
    line = ""
    if limit is not None:
        line = f'<line class="limit" x1="{100 * limit:.2f}%" x2="{100 * limit:.2f}%" y2="{y}"/>'
    label = f"{key.title()} of each sentence, by verdict"
    return (
        f'<figure class="strip"><figcaption>{key.title()}</figcaption><svg width="100%"'
        f' height="{y}" role="img" aria-label="{label}">{_GRID}{line}{dots}</svg>'
        f"{_axis(('0', '0.5', '1'))}</figure>"
    )


def histogram(seconds: Sequence[float]) -> str:
    """Return how many answers took how long."""
    step = _step(max(seconds) / 24)
    bins = Counter(int(second / step) for second in seconds)
    columns, most = max(bins) + 1, max(bins.values())
    wide, bars = 100 / columns, ""
    for i, counted in sorted(bins.items()):
        high = 84 * counted / most
        bars += (
            f'<rect x="{i * wide:.2f}%" y="{100 - high:.1f}" width="{wide * 0.88:.2f}%"'
            f' height="{high:.1f}"><title>{i * step:g}–{(i + 1) * step:g} s: {counted:,}</title>'
            f'</rect><text x="{(i + 0.44) * wide:.2f}%" y="{96 - high:.1f}">{counted:,}</text>'
        )
    for i in range(0, columns + 1, math.ceil(columns / 6)):
        bars += f'<text class="tick" x="{i * wide:.2f}%" y="116">{i * step:g}</text>'
    median = number(statistics.median(seconds), "s")
    return (
        '<figure class="histogram"><figcaption>How many answers were complete after how many'
        ' seconds</figcaption><svg width="100%" height="120" role="img" aria-label="Histogram of'
        f' {count(len(seconds), "total time")}, median {median}">{bars}'
        '<line class="grid" x2="100%" y1="100" y2="100"/></svg></figure>'
    )


def _step(least: float) -> float:
    """Return the first of 1, 2, 5, 10, 20 … (and their tenths) that is not less."""
    power: float = 10.0 ** math.floor(math.log10(max(least, 1e-3)))
    return next(power * nice for nice in (1, 2, 5, 10) if power * nice >= least * 0.999)
