"""The quality report -> one page of HTML, made of the parts of the citation report's page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rag.escape import name, text
from rag.evaluate.page.charts import INTERVAL, VALUE, Column, N, numbers, plot_of, table
from rag.evaluate.page.markup import (
    NOTHING,
    count,
    duration,
    fold,
    interval,
    listed,
    moment,
    number,
    scrolling,
    section,
    title,
)
from rag.evaluate.page.plain import FIRST
from rag.evaluate.page.shell import shell

Json = Mapping[str, Any]

_PLOT = plot_of(("0", "0.5", "1"))
_BEFORE: Column = ("before", "Before", "before ")
_CHANGE: Column = ("change", "Change", "change ")


def page(report: Json) -> str:
    """Return the page."""
    parts = (
        section("overview", "At a glance", _overview(report["sets"])),
        _peers(report.get("peers")),
        *map(_set, report["sets"]),
    )
    return shell("Pincite: quality", f"{_head(report)}<main>{''.join(parts)}</main>")


def _head(report: Json) -> str:
    return (
        '<header><p class="brand">Pincite</p><h1>Quality</h1><p class="lead">'
        f"{count(len(report['sets']), 'set')} of questions ({text(report['subset'])} subsets, fixed"
        f" and seeded), on {moment(report['created'])}, by code {name(report['code'])}.</p>"
        '<p class="note">The 95 % intervals are bootstrapped over the questions'
        f" ({report['resamples']:,} draws, seed {report['seed']}), or, where all of a share's"
        " questions agree, Clopper and Pearson’s. “Before” is what other code measured last on the"
        " same rows. Published numbers are mostly of other rows: each set says which.</p></header>"
    )


def _overview(sets: Sequence[Json]) -> str:
    """Return a line for each set: its first metric, or why there is none."""
    rows = []
    for found in sets:
        head = f'<span class="metric"><a href="#{_key(found)}">{text(_called(found))}</a></span>'
        first = next(iter(found["metrics"]), None)
        said = [text(first["name"])] if first else []
        said += [text(state) for state in _states(found)]
        if first and first["published"]:
            said.append(f"published: {text(first['published'])}")
        about = f'<span class="about">{" · ".join(said)}</span>'
        rows.append((head + about, *(_numbers(first) if first else (NOTHING, "", "", "")),
                     _change(first) if first else ""))  # fmt: skip
    return table("Set", (VALUE, _PLOT, INTERVAL, N, _CHANGE), rows)


def _states(found: Json) -> list[str]:
    """Return in a word or two what is not as it should be with a set."""
    said = {
        "left out": found["missing"],
        "failed": found["failed"],
        "numbers of other code": found["metrics"] and not found["current"],
        "not measured yet": not (found["metrics"] or found["missing"] or found["failed"]),
    }
    return [words for words, is_so in said.items() if is_so]


def _peers(peers: Json | None) -> str:
    """Return what other systems make of the same questions, a column for each."""
    if not peers:
        return ""
    systems, cases = peers["systems"], peers["cases"]
    by_system = [{one["name"]: one for one in system["metrics"]} for system in systems]
    known = dict.fromkeys(key for metrics in by_system for key in metrics)
    heads = "".join(f'<th scope="col">{name(system["name"])}</th>' for system in systems)
    about = listed("facts", {name(system["name"]): text(system["about"]) for system in systems})
    rows = "".join(
        f'<tr><th scope="row">{title(key)}<small><code>{text(key)}</code></small></th>'
        f"{''.join(f'<td>{_cell(metrics.get(key))}</td>' for metrics in by_system)}</tr>"
        for key in sorted(known, key=lambda key: key not in FIRST)
    )
    grid = (
        f'<table class="systems"><thead><tr><th scope="col">Metric</th>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )
    stale = "" if peers["current"] else " Pincite’s answers are of other code than this."
    note = (
        f'<p class="note">{count(cases["n"], "case")} of {name(cases["file"])}, asked of each with'
        f" the same documents and models, scored by the same code"
        f" ({name(peers['code'])}).{stale}</p>"
    )
    folds = "".join(
        fold("", f"Case by case against {name(peer)}", f"<pre>{text(chr(10).join(lines))}</pre>")
        for peer, lines in peers["against"].items()
    )
    body = f"{note}{about}{scrolling('Systems', grid)}{folds}"
    return section("peers", "The same questions, asked of others", body)


def _cell(metric: Json | None) -> str:
    """Return a system's value, with its interval and N in small print."""
    if metric is None:
        return '<span class="soft" title="left out">–</span>'
    if metric["value"] is None:
        return NOTHING
    one = _scored(metric)
    between = "" if one["low"] is None else f"<span>{interval(one)}</span> "
    small = f"{between}<span>N {one['n']:,}</span>"
    return f"{number(one['value'], one['unit'])}<small>{small}</small>"


def _set(found: Json) -> str:
    """Return all that is known of a set."""
    first, *rest = found["about"].split("\n\n")
    parts = [f'<p class="lead">{_prose(first)}</p>'] if first else []
    if rest:
        body = "".join(f"<p>{_prose(part)}</p>" for part in rest)
        parts.append(fold("prose", "What is measured, and how", body))
    if found["missing"]:
        parts.append(f"<p>Left out: {text(found['missing'])}.</p>")
    if found["failed"]:
        parts.append(f'<p class="warning">Failed: {text(found["failed"])}</p>')
    if found["metrics"]:
        by = "" if found["current"] else ", by other code than this"
        parts.append(
            f'<p class="note">Measured on {moment(found["measured"])} in'
            f" {duration(found['seconds'])}{by}.</p>"
        )
        columns = (VALUE, _PLOT, INTERVAL, N, _BEFORE, _CHANGE)
        parts.append(table("Metric", columns, list(map(_row, found["metrics"]))))
    elif not found["missing"] and not found["failed"]:
        parts.append("<p>Not measured yet.</p>")
    return section(_key(found), text(_called(found)), "".join(parts))


def _key(found: Json) -> str:
    return f"set-{text(found['name'])}"


def _called(found: Json) -> str:
    """Return what a set is called: what its description begins with, before a colon."""
    called, colon, _ = found["about"].partition("\n")[0].partition(": ")
    return called if colon else str(found["name"])


def _row(metric: Json) -> tuple[str, ...]:
    head = f'<span class="metric">{text(metric["name"])}</span>'
    if metric["published"]:
        head += f'<span class="about">published: {text(metric["published"])}</span>'
    before = metric["previous"]["value"] if metric["previous"] else None
    shown = "" if before is None else number(before, "score")
    return head, *_numbers(metric), shown, _change(metric)


def _numbers(metric: Json) -> tuple[str, ...]:
    return *numbers(_scored(metric)), f"{metric['n']:,}"


def _scored(metric: Json) -> dict[str, Any]:
    """Return a metric as this page writes it: as papers do, and seconds as seconds."""
    return {**metric, "unit": "s" if "_s_" in metric["name"] else "score"}


def _change(metric: Json) -> str:
    """Return the change since other code measured it; which way is better is not known here."""
    before = metric["previous"]["value"] if metric["previous"] else None
    if metric["value"] is None or before is None:
        return ""
    change = metric["value"] - before
    size = number(abs(change), "score")
    return size if not float(size.replace(",", "")) else f"{'−' if change < 0 else '+'}{size}"


def _prose(raw: str) -> str:
    """Return a paragraph as HTML, what stands in ` as code."""
    return re.sub("`([^`]*)`", r"<code>\1</code>", text(" ".join(raw.split())))
