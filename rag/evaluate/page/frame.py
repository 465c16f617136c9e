"""The report -> one HTML page that asks nothing of the network and that a person reads.

Documents, questions and names are hostile: what is not ours goes through `text` or `name`, and
the page's policy lets no script or style run but its own two.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from rag.evaluate.page import case as page_case
from rag.evaluate.page import charts
from rag.evaluate.page.case import OUTCOMES, outcome
from rag.evaluate.page.markup import (
    Json,
    count,
    fold,
    interval,
    listed,
    name,
    number,
    one_line,
    section,
    text,
)

CSS = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
JS = Path(__file__).with_name("page.js").read_text(encoding="utf-8")

_EMPTY = '<p class="empty" id="empty" hidden>No case matches.</p>'


def page(report: Json) -> str:
    """Return the harness's report (schema 3) as one HTML file, to be read from disk."""
    cases, kinds = report["cases"], report["by_kind"]
    right = sum(case["right"] for case in cases)
    title = f"{right} of {len(cases)} right: \u2068{report['cases_file']['name']}\u2069 · Pincite"
    policy = (
        f"default-src 'none'; style-src '{_hash(CSS)}'; script-src '{_hash(JS)}';"
        " base-uri 'none'; form-action 'none'"
    )
    shares = {key: one for key, one in report["metrics"].items() if one.get("unit") != "s"}
    parts = (
        section("metrics", "Metrics", _how_counted(report) + charts.shares(shares)),
        section("kinds", "By kind of case", charts.kinds(kinds, shares)) if kinds else "",
        f'<div class="pair">{_judge(report)}{_times(report)}</div>',
        section(
            "cases", "Cases", _filters(cases) + "".join(map(page_case.case_html, cases)) + _EMPTY
        ),
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{text(title)}</title><style>{CSS}</style></head>\n"
        f'<body><a class="skip" href="#cases">Skip to the cases</a>{_head(report)}'
        f"<main>{''.join(parts)}</main>{_provenance(report)}<script>{JS}</script></body></html>\n"
    )


def _hash(source: str) -> str:
    """Return the name by which the policy lets an inline part run."""
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


def _head(report: Json) -> str:
    cases, documents = report["cases"], report["library"]["documents"]
    facts = {
        "Cases": f"{count(len(cases), 'case')} in {name(report['cases_file']['name'])},"
        f" asked of {count(len(documents), 'document')}",
        "Language model": name(report["model"]),
        "Embedding model": name(report["embedding_model"]),
        "Measured": f"{_moment(report['created'])} with Pincite {name(report['pincite'])},"
        f" code {name(report['code'])}",
        "Judge": name(report["judge"]),
    }
    return (
        '<header><p class="brand">Pincite</p><h1>Citation report</h1>'
        f"{listed('facts', facts)}{_headline(report)}</header>"
    )


def _moment(created: str) -> str:
    try:
        when = datetime.fromisoformat(created)
    except ValueError:
        return name(created)
    return f'<time datetime="{text(created)}">{when.day} {when:%B %Y, %H:%M %Z}</time>'


def _headline(report: Json) -> str:
    cases, metrics = report["cases"], report["metrics"]
    outcomes = Counter(map(outcome, cases))
    right, wrong = sum(case["right"] for case in cases), outcomes[OUTCOMES[False, False]]
    pairs = [case["scores"].get("citation_validity", (0, 0)) for case in cases]
    valid, cited = (int(sum(pair[i] for pair in pairs)) for i in (0, 1))
    figures = (
        ("", "cases right", right, len(cases), "right"),
        ("bad" if wrong else "", "wrong claims shown", wrong, len(cases), "unsupported_shown"),
        ("bad" if valid < cited else "", "citations valid", valid, cited, "citation_validity"),
    )
    shown = "".join(
        f'<div class="{kind}"><dt>{label}</dt><dd><b>{part:,}</b> of {whole:,}'
        f"{_share(metrics.get(metric))}</dd></div>"
        for kind, label, part, whole, metric in figures
    )
    bar = charts.outcome_bar([(*one, outcomes[one]) for one in OUTCOMES.values()])
    return f'<dl class="figures">{shown}</dl>{bar}'


def _share(metric: Json | None) -> str:
    if metric is None or metric["value"] is None:
        return ""
    value = number(metric["value"], metric.get("unit"))
    return f"<small>{value} <span>95 % interval {interval(metric)}</span></small>"


def _how_counted(report: Json) -> str:
    return (
        '<p class="note">N is what was counted: cases, sentences, citations or spans. The'
        f" intervals are bootstrapped over cases ({report['resamples']:,} resamples, seed"
        f" {report['seed']}).</p>"
    )


def _judge(report: Json) -> str:
    """Return how sure the judge was of every sentence."""
    sentences = [
        (one, outcome(case)[0] if one["verdict"] == "supported" else "withheld", case["id"])
        for case in report["cases"]
        for one in case["answer"]["sentences"]
    ]
    strips = "".join(
        charts.strip(sentences, key, report["settings"].get(f"{key}_threshold"))
        for key in ("support", "relevance")
    )
    head = (
        '<p class="note">Each sentence that the model wrote, by verdict. The dashed line is'
        ' the threshold below which a sentence is withheld.</p><ul class="legend">'
        '<li><i class="key answered"></i>shown in a right answer</li>'
        '<li><i class="key wrong"></i>shown in an answer that is not right</li>'
        '<li><i class="key withheld"></i>withheld</li></ul>'
    )
    return section("judge", "How sure the judge was", head + strips if sentences else "")


def _times(report: Json) -> str:
    times = {key: one for key, one in report["metrics"].items() if one.get("unit") == "s"}
    seconds = [case["answer"]["timings"]["total_s"] for case in report["cases"]]
    plot = charts.histogram(seconds) if seconds else ""
    return section("times", "Time", plot + charts.times(times))


def _filters(cases: Sequence[Json]) -> str:
    """Return the controls; they work by script only and appear with it."""
    failed = sum(map(page_case.failed, cases))
    shows = {"": ("All", len(cases)), "failed": ("Failures", failed),
             "passed": ("Passes", len(cases) - failed)}  # fmt: skip
    radios = "".join(
        f'<label><input type="radio" name="show" value="{value}"{"" if value else " checked"}>'
        f"<span>{label} <b>{counted:,}</b></span></label>"
        for value, (label, counted) in shows.items()
    )
    return (
        '<form id="filters" role="search" aria-label="Cases" hidden>'
        f'<fieldset><legend class="quiet">Show</legend>{radios}</fieldset>'
        f"{_select('failure', [one for case in cases for one in case['failures']])}"
        f"{_select('kind', [case['kind'] for case in cases if case['kind']])}"
        '<input type="search" name="q" placeholder="Search the cases" aria-label="Search the cases"'
        ' autocomplete="off"><span class="acts"><output></output>'
        '<button type="button" data-open="yes">Open all</button>'
        '<button type="button" data-open="">Close all</button>'
        '<button type="reset">Reset</button></span></form>'
    )


def _select(key: str, values: Iterable[str]) -> str:
    counted = Counter(map(one_line, values)).most_common()
    options = "".join(
        f'<option value="{text(value)}">\u2068{text(value)}\u2069 ({many:,})</option>'
        for value, many in counted
    )
    hidden = "" if counted else " hidden"
    return (
        f'<select name="{key}" aria-label="{key.title()}"{hidden}>'
        f'<option value="">any {key}</option>{options}</select>'
    )


def _provenance(report: Json) -> str:
    """Return what is needed to measure the same again."""
    file, library = report["cases_file"], report["library"]
    settings = {text(key): name(value) for key, value in report["settings"].items()}
    files = {name(one["name"]): f"<code>{text(one['sha256'])}</code>"
             for one in (file, *library["documents"])}  # fmt: skip
    return (
        '<footer class="provenance"><h2>Provenance</h2>'
        f"<p>Pincite {name(report['pincite'])}, code {name(report['code'])}, seed"
        f" {report['seed']}, {count(library['passages'], 'passage')} in"
        f" {count(len(library['documents']), 'document')}.</p>"
        f"{fold('', 'Settings', listed('scores', settings))}"
        f"{fold('', 'SHA-256 of the cases and the documents', listed('hashes', files))}</footer>"
    )
