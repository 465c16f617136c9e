"""The report -> one page of HTML that needs nothing else; everything is escaped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 2.5rem }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #8886;
  vertical-align: top }
td.number { font-variant-numeric: tabular-nums }
.number { text-align: right; white-space: nowrap }
h2 { margin-bottom: .25rem }
.about { white-space: pre-line; color: #777; margin: 0 }
.failed { color: #c33; font-weight: 600 }
"""
_HEAD = (
    "<tr><th>number</th>"
    + "".join(f'<th class="number">{name}</th>' for name in ("value", "95 %", "N", "before"))
    + "<th>published</th></tr>"
)


def page(report: Mapping[str, Any]) -> str:
    """Return the page."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Pincite: quality</title><style>{_STYLE}</style></head><body>"
        f"<h1>Quality</h1><p>Public sets, {escape(report['subset'])} subsets, fixed and seeded; "
        f"made {escape(report['created'])} by code {escape(report['code'])}. Intervals by "
        f"bootstrap over the questions, {report['resamples']} draws, seed {report['seed']}. "
        "“Before” is what other code measured last on the same rows. Published numbers are "
        "mostly of other rows: each set says which.</p>"
        f"{''.join(map(_set, report['sets']))}</body></html>\n"
    )


def _set(found: Mapping[str, Any]) -> str:
    parts = [
        f"<h2>{escape(found['name'])}</h2>",
        f'<p class="about">{_prose(found["about"])}</p>',
    ]
    if found["missing"]:
        parts.append(f"<p>Left out: {escape(found['missing'])}.</p>")
    if found["failed"]:
        parts.append(f'<p class="failed">Failed: {escape(found["failed"])}</p>')
    if found["metrics"]:
        rows = "".join(map(_row, found["metrics"]))
        by = "" if found["current"] else ", by other code than this"
        parts.append(
            f"<p>Measured {escape(found['measured'])} in {found['seconds']:.0f} s{by}.</p>"
            f"<table>{_HEAD}{rows}</table>"
        )
    elif not found["missing"] and not found["failed"]:
        parts.append("<p>Not measured yet.</p>")
    return "".join(parts)


def _row(metric: Mapping[str, Any]) -> str:
    before = metric["previous"]["value"] if metric["previous"] else None
    interval = (
        "" if metric["low"] is None else f"{_number(metric['low'])} – {_number(metric['high'])}"
    )
    cells = [_number(metric["value"]), interval, str(metric["n"]), _number(before)]
    return (
        f"<tr><td>{escape(metric['name'])}</td>"
        + "".join(f'<td class="number">{escape(cell)}</td>' for cell in cells)
        + f"<td>{escape(metric['published'] or '')}</td></tr>"
    )


def _number(value: float | None) -> str:
    """Return a share with three digits, a length with none; – where there is no number."""
    if value is None:
        return "–"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.0f}"


def _prose(text: str) -> str:
    """Return the text as HTML, a line for each paragraph, what stands in ` as code."""
    lines = "\n".join(" ".join(part.split()) for part in text.split("\n\n"))
    return re.sub("`([^`]*)`", r"<code>\1</code>", escape(lines))
