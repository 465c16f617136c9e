"""The numbers of a report -> tables and plots: HTML and SVG, no script.

Plots have widths in per cent and heights in pixels, so that they fit any page and their words
keep their size; a policy that forbids inline styles allows the attributes of SVG.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence

from rag.evaluate.page.markup import (
    NOTHING,
    Json,
    count,
    interval,
    name,
    number,
    scrolling,
    text,
    words,
)

Judged = tuple[Json, str, str]  # a sentence, its class in a plot, and the case that it is of

VERDICTS = {
    "supported": "supported",
    "unsupported": "not supported",
    "off_topic": "does not answer the question",
    "no_claim": "states nothing",
}
_ARROWS = {"higher": "↑", "lower": "↓"}
_GRID = "".join(f'<line class="grid" x1="{x}%" x2="{x}%" y2="100%"/>' for x in range(0, 101, 25))


def outcome_bar(outcomes: Sequence[tuple[str, str, int]]) -> str:
    """Return (class, words, count) as stretches of one bar, and the legend that counts them."""
    whole, x, bar, legend = sum(one[2] for one in outcomes) or 1, 0.0, "", ""
    for kind, label, counted in outcomes:
        width = 100 * counted / whole
        bar += f'<rect class="{kind}" x="{x:.3f}%" width="{width:.3f}%" height="100%"/>'
        legend += f'<li><i class="key {kind}"></i>{label} <b>{counted:,}</b></li>'
        x += width
    return (
        f'<svg class="outcomes" width="100%" height="12" aria-hidden="true">{bar}</svg>'
        f'<ul class="legend" aria-label="Outcomes of the cases">{legend}</ul>'
    )


def shares(metrics: Mapping[str, Json]) -> str:
    """Return metrics with their intervals on an axis from nothing to all."""
    return _table(metrics, 1, ("0", "50", "100 %"))


def times(metrics: Mapping[str, Json]) -> str:
    """Return seconds with their intervals on an axis of their own."""
    ends = [end for one in metrics.values() for end in (one["value"], one["high"]) if end]
    step = _step(max(ends, default=1.0) / 4)
    top = step * math.ceil(max(ends, default=1.0) / step)
    return _table(metrics, top, ("0", f"{top / 2:g}", f"{top:g} s"))


def _table(metrics: Mapping[str, Json], top: float, ticks: Sequence[str]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{_named(key, one)}</th>'
        f'<td class="value">{number(one["value"], one.get("unit"))}</td>'
        f'<td class="plot">{_dot(one, top)}</td>'
        f'<td class="interval">{interval(one)}</td><td class="n">{one["n"]:,}</td></tr>'
        for key, one in metrics.items()
    )
    return (
        '<table class="metrics"><thead><tr><th scope="col">Metric</th><th scope="col">Value</th>'
        f'<th scope="col" class="plot" aria-label="Plot">{_axis(ticks)}</th>'
        '<th scope="col">95 % interval</th><th scope="col">N</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _axis(ticks: Sequence[str]) -> str:
    spans = "".join(f"<span>{tick}</span>" for tick in ticks)
    return f'<span class="axis" aria-hidden="true">{spans}</span>'


def _named(key: str, metric: Json) -> str:
    about = f'<span class="about">{text(metric["about"])}</span>' if metric.get("about") else ""
    return f'<span class="metric">{words(key)}{_better(metric)}</span>{about}'


def _better(metric: Json) -> str:
    arrow = _ARROWS.get(metric.get("better") or "")
    if arrow is None:
        return ""
    said = f"{metric['better']} is better"
    return f' <span class="better" role="img" aria-label="{said}" title="{said}">{arrow}</span>'


def _dot(metric: Json, top: float) -> str:
    def x(value: float) -> str:
        return f"{100 * min(max(value / top, 0), 1):.2f}%"

    line = dot = ""
    if metric["low"] is not None and metric["high"] is not None:
        ends = f'x1="{x(metric["low"])}" x2="{x(metric["high"])}"'
        line = f'<line class="range" {ends} y1="9" y2="9"/>'
    if metric["value"] is not None:
        dot = f'<circle cx="{x(metric["value"])}" cy="9" r="4"/>'
    return f'<svg width="100%" height="18" aria-hidden="true">{_GRID}{line}{dot}</svg>'


def kinds(by_kind: Mapping[str, Json], metrics: Mapping[str, Json]) -> str:
    """Return the shares of each kind of case, a column a kind, each with its bar and N."""
    heads = "".join(
        f'<th scope="col">{name(kind)} <small>{count(one["cases"], "case")}</small></th>'
        for kind, one in by_kind.items()
    )
    rows = ""
    for key, metric in metrics.items():
        found = [one["metrics"].get(key) for one in by_kind.values()]
        if any(one and one["n"] for one in found):
            cells = "".join(f"<td>{_bar(one, metric.get('better'))}</td>" for one in found)
            rows += f'<tr><th scope="row">{words(key)}{_better(metric)}</th>{cells}</tr>'
    head = f'<thead><tr><th scope="col">Metric</th>{heads}</tr></thead>'
    table = f'<table class="kinds">{head}<tbody>{rows}</tbody></table>'
    return scrolling("Metrics by kind of case", table)


def _bar(metric: Json | None, better: str | None) -> str:
    if metric is None or metric["value"] is None:
        return NOTHING
    width = 100 * min(max(metric["value"], 0), 1)
    kind = "lower" if better == "lower" else "higher"
    return (
        f'{number(metric["value"], "share")} <small title="N">{metric["n"]:,}</small>'
        '<svg width="100%" height="5" aria-hidden="true"><rect class="track" width="100%"'
        f' height="5"/><rect class="{kind}" width="{width:.2f}%" height="5"/></svg>'
    )


def strip(sentences: Sequence[Judged], key: str, limit: float | None) -> str:
    """Return one probability of every sentence as a dot, a row for each verdict."""
    dots, y = "", 0
    for verdict, label in VERDICTS.items():
        found = [one for one in sentences if one[0]["verdict"] == verdict]
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
