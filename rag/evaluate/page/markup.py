"""Numbers, times and parts of a page -> HTML. What is not ours goes through rag/escape.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rag.escape import name, text
from rag.evaluate.page.plain import FIRST, MORE

Json = Mapping[str, Any]

NOTHING = '<span class="soft" title="nothing to count">–</span>'
_SPELLED = {"_s_": ", ", "_": " ", "p95": "95 of 100 within"}
_UNITS = {"share": (100, "\N{NO-BREAK SPACE}%"), "s": (1, "\N{NO-BREAK SPACE}s")}


def title(key: str) -> str:
    """Return what a metric is called in plain words."""
    known = FIRST.get(key) or MORE.get(key)
    return text(known[0]) if known else words(key)


def words(key: str) -> str:
    """Return a key of the report as words."""
    for old, new in _SPELLED.items():
        key = key.replace(old, new)
    return text(key)


def moment(iso: str) -> str:
    """Return a point in time as a person reads it; what is none as it stands."""
    try:
        when = datetime.fromisoformat(iso)
    except ValueError:
        return name(iso)
    shown = f"{when.day} {when:%B %Y, %H:%M %Z}".rstrip()
    return f'<time datetime="{text(iso)}">{shown}</time>'


def duration(seconds: float) -> str:
    """Return "9 s", "5 min 9 s", "1 h 2 min"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    named = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join([f"{many} {unit}" for many, unit in named if many][:2]) or "0 s"


def count(counted: int, noun: str) -> str:
    """Return "1 case", "1,204 cases"."""
    return f"{counted:,} {noun}" + ("" if counted == 1 else "s")


def number(value: float | None, unit: str | None, *, sign: bool = True) -> str:
    """Return a number of a metric; only all of a share is 100 %, and only nothing is 0 %."""
    if value is None:
        return NOTHING
    factor, suffix = _UNITS.get(unit or "", (1, ""))
    size = value * factor
    if unit == "share":
        shown = f"{size:.0f}" if value in (0, 1) else f"{min(max(size, 0.1), 99.9):.1f}"
    elif unit == "score":  # as papers have it
        shown = f"{size:.3f}" if abs(size) < 10 else f"{size:,.0f}"
    else:
        shown = f"{size:.2f}" if abs(size) < 10 else f"{size:,.1f}"
    return shown + suffix * sign


def interval(metric: Json) -> str:
    """Return the 95 % interval of a metric, its unit once."""
    if metric["low"] is None or metric["high"] is None:
        return NOTHING
    low = number(metric["low"], metric.get("unit"), sign=False)
    return f"{low}–{number(metric['high'], metric.get('unit'))}"


def one_line(raw: str) -> str:
    """Return a text without its line breaks, as the value of an option."""
    return " ".join(raw.split())


def listed(kind: str, facts: Mapping[str, str]) -> str:
    """Return what is called what, both of them HTML."""
    items = "".join(f"<div><dt>{key}</dt><dd>{value}</dd></div>" for key, value in facts.items())
    return f'<dl class="{kind}">{items}</dl>'


def section(key: str, heading: str, body: str) -> str:
    """Return a part of the page under its heading."""
    head = f'<h2 id="{key}-title">{heading}</h2>'
    return f'<section id="{key}" aria-labelledby="{key}-title">{head}{body}</section>'


def scrolling(label: str, body: str) -> str:
    """Return what may be wider than the page in a box that scrolls by itself, by keys too."""
    return f'<div class="scroll" role="region" aria-label="{label}" tabindex="0">{body}</div>'


def fold(kind: str, head: str, body: str) -> str:
    """Return what is read on demand."""
    return f'<details class="fold {kind}"><summary>{head}</summary>{body}</details>'
