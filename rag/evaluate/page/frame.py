"""The report -> one HTML page that a person reads: what came out first, then what it is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from rag.escape import name, text
from rag.evaluate.page import case as page_case
from rag.evaluate.page import charts
from rag.evaluate.page.case import outcome, remark, state
from rag.evaluate.page.markup import (
    Json,
    count,
    fold,
    interval,
    listed,
    moment,
    number,
    one_line,
    section,
)
from rag.evaluate.page.plain import FIRST, JUDGED, MORE, OURS, STATES
from rag.evaluate.page.shell import shell

JS = Path(__file__).with_name("page.js").read_text(encoding="utf-8")

_EMPTY = '<p class="empty" id="empty" hidden>No case matches.</p>'


def page(report: Json) -> str:
    """Return the harness's report (schema 3) as one HTML file, to be read from disk."""
    cases, by = report["cases"], _by(report)
    right = sum(case["right"] for case in cases)
    title = f"{right} of {len(cases)} right: \u2068{report['cases_file']['name']}\u2069 · {by}"
    found = "".join(page_case.case_html(case, by) for case in cases)
    parts = (
        section("metrics", "In numbers", _metrics(report)),
        _kinds(report),
        f'<div class="pair">{_judge(report)}{_times(report)}</div>',
        section("cases", "Cases", _filters(cases) + found + _EMPTY),
    )
    body = (
        f'<a class="skip" href="#cases">Skip to the cases</a>{_head(report)}'
        f"<main>{''.join(parts)}</main>{_provenance(report)}"
    )
    return shell(title, body, JS)


def _by(report: Json) -> str:
    """Return who answered."""
    return str(report.get("system", {}).get("name", OURS))


def _head(report: Json) -> str:
    asked = count(len(report["cases"]), "question")
    documents = count(len(report["library"]["documents"]), "document")
    return (
        '<header><p class="brand">Pincite</p><h1>Citation report</h1><p class="lead">'
        f"<strong>{asked}</strong> from {name(report['cases_file']['name'])}, put to"
        f" <strong>{documents}</strong> on {moment(report['created'])}. {name(_by(report))}"
        f" answered with the language model {name(report['model'])}.</p>"
        f"{_headline(report)}</header>"
    )


def _headline(report: Json) -> str:
    cases, metrics = report["cases"], report["metrics"]
    outcomes, states = Counter(map(outcome, cases)), Counter(map(state, cases))
    right, wrong = sum(case["right"] for case in cases), outcomes["wrong"]
    pairs = [case["scores"].get("citation_validity", (0, 0)) for case in cases]
    valid, cited = (int(sum(pair[i] for pair in pairs)) for i in (0, 1))
    figures = (
        ("", "Right", right, len(cases), "right"),
        ("bad" if wrong else "", "Answers not accepted", wrong, len(cases), "unsupported_shown"),
        ("bad" if valid < cited else "", "Citations valid <i>(withheld sentences’ too)</i>",
         valid, cited, "citation_validity"),
    )  # fmt: skip
    shown = "".join(
        f'<div class="{kind}"><dt>{label}</dt><dd><b>{part:,}</b> of {whole:,}'
        f"{_share(metrics.get(metric))}</dd></div>"
        for kind, label, part, whole, metric in figures
    )
    remarks = f", {states['remarks']:,} of them with remarks" if states["remarks"] else ""
    note = (
        f"{len(cases) - states['failed']:,} of {count(len(cases), 'case')} passed{remarks}:"
        " they are right, and all that they show is validly cited. An answer is accepted if it"
        " holds words that its case accepts; words are compared, so that a right answer in other"
        " words counts as not accepted."
    )
    return (
        f'<dl class="figures">{shown}</dl>{charts.outcome_bar(outcomes)}<p class="note">{note}</p>'
    )


def _share(metric: Json | None) -> str:
    if metric is None or metric["value"] is None:
        return ""
    value = number(metric["value"], metric.get("unit"))
    return f"<small>{value} <span>95 % interval {interval(metric)}</span></small>"


def _metrics(report: Json) -> str:
    """Return the few numbers that matter to all, and the others folded."""
    shares = {key: one for key, one in report["metrics"].items() if one.get("unit") != "s"}
    first = {key: shares[key] for key in FIRST if key in shares}
    more = {key: one for key, one in shares.items() if key not in first}
    judge = (
        f"by Pincite’s own judge, which also chooses what Pincite shows: {text(report['judge'])}"
    )
    about = {
        **{key: said for key, (_, said) in (FIRST | MORE).items()},
        **{
            key: f"{MORE[key][1]}, {judge if key == JUDGED[0] else 'by the same'}" for key in JUDGED
        },
    }
    folded = ""
    if more:
        table = charts.shares(more, about)
        folded = fold("", "More numbers, for comparison with published systems", table)
    return charts.shares(first, about, of="Count") + folded + _how_counted(report)


def _how_counted(report: Json) -> str:
    return (
        '<p class="note">The 95 % intervals say how far chance in the choice of questions may move'
        f" a number: bootstrapped over the cases ({report['resamples']:,} resamples, seed"
        f" {report['seed']}), or, where all cases agree, Clopper and Pearson’s with as many trials"
        " as cases. N is what was counted.</p>"
    )


def _kinds(report: Json) -> str:
    """Return what became of the cases of each kind."""
    kinds = dict.fromkeys(case["kind"] for case in report["cases"] if case["kind"])
    rows = [
        (
            kind,
            Counter(outcome(case) for case in report["cases"] if case["kind"] == kind),
            report["by_kind"].get(kind, {}).get("metrics", {}).get("right"),
        )
        for kind in kinds
    ]
    return section("kinds", "By kind of question", charts.kinds(rows)) if rows else ""


def _judge(report: Json) -> str:
    """Return how sure the judge was of every sentence; nothing where none judged."""
    sentences = [
        (one, _shown_as(one, case), case["id"])
        for case in report["cases"]
        for one in case["answer"]["sentences"]
    ]
    strips = "".join(
        charts.strip(sentences, key, report["settings"].get(f"{key}_threshold"))
        for key in ("support", "relevance")
    )
    head = (
        '<p class="note">Before a sentence is shown, a judge says how likely the cited words'
        " support it, and how likely it answers the question. Below the dashed line it is"
        ' withheld.</p><ul class="legend">'
        '<li><i class="key answered"></i>shown in a right answer</li>'
        '<li><i class="key wrong"></i>shown in an answer that is not right</li>'
        '<li><i class="key withheld"></i>withheld</li></ul>'
    )
    return section("judge", "How sure the judge was", head + strips) if strips else ""


def _shown_as(sentence: Json, case: Json) -> str:
    if sentence["verdict"] != "supported":
        return "withheld"
    return "answered" if case["right"] else "wrong"


def _times(report: Json) -> str:
    times = {
        key: one
        for key, one in report["metrics"].items()
        if one.get("unit") == "s" and one["value"] is not None
    }
    totals = [case["answer"]["timings"]["total_s"] for case in report["cases"]]
    seconds = [one for one in totals if one is not None]
    plot = charts.histogram(seconds) if seconds else ""
    return section("times", "Time", plot + charts.times(times)) if times else ""


def _filters(cases: Sequence[Json]) -> str:
    """Return the controls; they work by script only and appear with it."""
    states = Counter(map(state, cases))
    shows = {"": ("All", len(cases)), **{k: (label, states[k]) for k, label in STATES.items()}}
    radios = "".join(
        f'<label><input type="radio" name="show" value="{value}"{"" if value else " checked"}>'
        f"<span>{label} <b>{counted:,}</b></span></label>"
        for value, (label, counted) in shows.items()
    )
    faults = [(one, remark(one)) for case in cases for one in case["failures"]]
    kinds = [(case["kind"], case["kind"]) for case in cases if case["kind"]]
    return (
        '<form id="filters" role="search" aria-label="Cases" hidden>'
        f'<fieldset><legend class="quiet">Show</legend>{radios}</fieldset>'
        f"{_select('failure', 'fault or remark', faults)}{_select('kind', 'kind', kinds)}"
        '<input type="search" name="q" placeholder="Search the cases" aria-label="Search the cases"'
        ' autocomplete="off"><span class="acts"><output></output>'
        '<button type="button" data-open="yes">Open all</button>'
        '<button type="button" data-open="">Close all</button>'
        '<button type="reset">Reset</button></span></form>'
    )


def _select(key: str, label: str, values: Iterable[tuple[str, str]]) -> str:
    """Return a choice among values, each of which is (as the script knows it, in words)."""
    counted = Counter((one_line(value), one_line(said)) for value, said in values).most_common()
    options = "".join(
        f'<option value="{text(value)}">\u2068{text(said)}\u2069 ({many:,})</option>'
        for (value, said), many in counted
    )
    hidden = "" if counted else " hidden"
    return (
        f'<select name="{key}" aria-label="{label.capitalize()}"{hidden}>'
        f'<option value="">any {label}</option>{options}</select>'
    )


def _provenance(report: Json) -> str:
    """Return what is needed to measure the same again."""
    file, library, by = report["cases_file"], report["library"], _by(report)
    facts = {
        "Measured with": f"Pincite {name(report['pincite'])}, seed {report['seed']}",
        "Code": f"<code>{text(report['code'])}</code>, counted by the harness"
        f" <code>{text(report['harness'])}</code>",
        "Language model": name(report["model"]),
        "Embedding model": name(report["embedding_model"]),
        "Judge": name(report["judge"]),
        "Promise": name(report["promise"]),
        "Searched": f"{count(library['passages'], 'passage')} in"
        f" {count(len(library['documents']), 'document')}",
    }
    if by != OURS:
        packages = ", ".join(map(str, report["system"].get("packages", ())))
        facts = {"System": f"{name(by)} {text(packages)}", **facts}
    settings = {text(key): name(value) for key, value in report["settings"].items()}
    files = {name(one["name"]): f"<code>{text(one['sha256'])}</code>"
             for one in (file, *library["documents"])}  # fmt: skip
    return (
        f'<footer class="provenance"><h2>Provenance</h2>{listed("facts", facts)}'
        f"{fold('', 'Settings', listed('scores', settings))}"
        f"{fold('', 'SHA-256 of the cases and the documents', listed('hashes', files))}</footer>"
    )
