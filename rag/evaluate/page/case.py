"""One case of a report -> HTML: what was said beside what was expected.

Quotes stand in their place in the document, with exactly their words marked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote as percent_encoded

from rag.escape import name, text
from rag.evaluate.metrics import in_a_passage
from rag.evaluate.page.markup import Json, count, fold, listed, number, one_line, scrolling, title
from rag.evaluate.page.plain import FAULTS, OURS, OUTCOMES, REMARKS, VERDICTS

Span = tuple[Any, ...]
Cited = tuple[int, Json, Json]  # a citation's number in its case, the citation, its context


def outcome(case: Json) -> str:
    """Return what became of a case: one of OUTCOMES, of which the last three are failures."""
    refused = case["answer"]["abstained"]
    if not case["right"]:
        return "missed" if refused else "wrong"
    if not case["passed"]:
        return "uncited"
    return "refused" if refused else "answered"


def state(case: Json) -> str:
    """Return whether a case failed, passed with remarks or passed: one of STATES."""
    if not case["passed"]:
        return "failed"
    return "remarks" if case["failures"] else "passed"


def remark(said: str) -> str:
    """Return a fault or a remark in plain words."""
    return FAULTS.get(said) or REMARKS.get(said) or said


def case_html(case: Json, by: str = OURS) -> str:
    """Return a case: one line that opens, and below it what was said beside what was expected."""
    became, how = outcome(case), state(case)
    label = OUTCOMES[became] + (", with remarks" if how == "remarks" else "")
    kind = f"<span>{name(case['kind'])}</span>" if case["kind"] else ""
    seconds = number(case["answer"]["timings"]["total_s"], "s")
    joined = "\n".join(map(one_line, case["failures"]))
    return (
        f'<article class="case" id="case-{_key(case)}" data-state="{how}"'
        f' data-kind="{text(one_line(case["kind"]))}" data-failures="{text(joined)}">'
        f"<details{' open' if how == 'failed' else ''}><summary>"
        f'<span class="sign" role="img" aria-label="{label}" title="{label}"></span>'
        f'<h3 dir="auto">{text(case["question"])}</h3>'
        f'{_remarks(case)}<p class="meta"><span>{name(case["id"])}</span>{kind}'
        f"<span>{seconds}</span></p></summary>"
        f'<div class="columns"><div>{_said(case, by)}</div><div>{_expected(case)}</div></div>'
        f"{_small_print(case)}</details></article>"
    )


def _remarks(case: Json) -> str:
    """Return what went wrong in a case: faults in alarm, what is only remarked on in none."""
    items = "".join(
        f'<li class="{"remark" if case["passed"] or one in REMARKS else "fault"}">'
        f"{text(remark(one))}</li>"
        for one in case["failures"]
    )
    return f'<ul class="failures" aria-label="Faults and remarks">{items}</ul>' if items else ""


def _key(case: Json) -> str:
    """Return a case's id as an anchor can hold it."""
    return percent_encoded(str(case["id"]), safe="", errors="replace")


def _said(case: Json, by: str) -> str:
    """Return the answer with its citations, then what was withheld from it."""
    answer, cited = case["answer"], _cited(case)
    shown = [one for one in answer["sentences"] if one["verdict"] == "supported"]
    withheld = [one for one in answer["sentences"] if one["verdict"] != "supported"]
    of_answer = {span for one in shown for span in map(_span, one["citations"])}
    said = " ".join(f"{text(one['text'])}{_pills(one, case, cited)}" for one in shown)
    note = f'<p class="premise" dir="auto">{text(answer["note"])}</p>' if answer["note"] else ""
    if shown:
        answer_html = f'<p class="answer" dir="auto">{said}</p>'
    else:
        refusal = "The documents do not say." if by == OURS else "No answer."
        answer_html = f'<p class="refusal">{refusal}</p>'
    quotes = [_quote(case, *cited[span]) for span in cited if span in of_answer]
    return (
        f"{_earlier(case)}<h4>{name(by)}’s answer</h4>{answer_html}{note}"
        f'<ol class="quotes">{"".join(quotes)}</ol>'
        f"{_withheld(case, withheld, cited, of_answer, by)}{_verdicts(answer['sentences'])}"
    )


def _cited(case: Json) -> dict[Span, Cited]:
    """Return each span that is cited with its number: those of the answer come first."""
    found: dict[Span, Cited] = {}
    pairs = list(zip(case["answer"]["sentences"], case["quotes"], strict=True))
    for sentence, quotes in sorted(pairs, key=lambda pair: pair[0]["verdict"] != "supported"):
        for citation, context in zip(sentence["citations"], quotes, strict=True):
            found.setdefault(_span(citation), (len(found) + 1, citation, context))
    return found


def _verdict(sentence: Json) -> str:
    return VERDICTS.get(sentence["verdict"], str(sentence["verdict"]))


def _span(citation: Json) -> Span:
    return citation["document"], citation["start"], citation["end"], citation["quote"]


def _pills(sentence: Json, case: Json, cited: Mapping[Span, Cited]) -> str:
    numbers = [cited[_span(citation)][0] for citation in sentence["citations"]]
    return "".join(
        f'<a class="cite" href="#quote-{i}-{_key(case)}" aria-label="Citation {i}">{i}</a>'
        for i in numbers
    )


def _earlier(case: Json) -> str:
    turns = "".join(
        f'<dt dir="auto">{text(one["question"])}</dt><dd dir="auto">{text(one["answer"])}</dd>'
        for one in case["history"]
    )
    asked = case["answer"]["standalone_question"]
    read = f'<p class="read">Read as: {name(asked)}</p>' if asked != case["question"] else ""
    return (f'<h4>Asked before</h4><dl class="earlier">{turns}</dl>' if turns else "") + read


def _quote(case: Json, i: int, citation: Json, context: Json) -> str:
    """Return the words that a citation points to, in their place."""
    measured = case["evidence"] or case["answers"]
    tags = _tag(context["gold"], "as expected", "not expected", "spare") if measured else ""
    wrong = ""
    if context["found"] != citation["quote"]:
        wrong = f"The document does not say here what was quoted: <q>{name(citation['quote'])}</q>"
    elif not in_a_passage(citation, case["answer"]):
        wrong = "These words are in none of the passages that the search found."
    warning = f'<p class="warning">{wrong}</p>' if wrong else ""
    return (
        f'<li class="quote" id="quote-{i}-{_key(case)}" tabindex="-1"><p class="from">'
        f'<span class="number">{i}</span>{_where(citation)}{tags}</p>'
        f"{_in_context(context, context['found'], citation['start'])}{warning}</li>"
    )


def _where(span: Json) -> str:
    page = f"page {span['page']}" if span.get("page") is not None else ""
    offsets = f"{span['start']:,}–{span['end']:,}"
    places = (name(one) for one in (span.get("place") or page, offsets) if one)
    listed = "".join(f"<span>{one}</span>" for one in places)
    return f'{name(span["document"])} <span class="meta">{listed}</span>'


def _tag(good: bool, yes: str, no: str, kind: str = "") -> str:
    return f'<span class="tag {"good" if good else kind}">{yes if good else no}</span>'


def _in_context(context: Json, words_there: str, start: int) -> str:
    """Return exact words, marked, between what stands around them, whole words of it."""
    before, after = context["before"], context["after"]
    cut_before = context.get("cut_before", len(before) < start)
    # Where the report does not say it, the document is known to go on only past a full stretch.
    cut_after = context.get("cut_after", cut_before and len(after) >= len(before))
    if cut_before:
        before = "… " + re.sub(r"^\S*\s+", "", before)
    if cut_after:
        after = re.sub(r"\s+\S*$", "", after.rstrip()) + " …"
    before, after = (re.sub(r"\s*\n\s*", "\n", part) for part in (before.lstrip(), after.rstrip()))
    return (
        f'<blockquote dir="auto">{text(before)}<mark dir="auto">{text(words_there)}</mark>'
        f"{text(after)}</blockquote>"
    )


def _withheld(
    case: Json,
    withheld: Sequence[Json],
    cited: Mapping[Span, Cited],
    of_answer: set[Span],
    by: str,
) -> str:
    """Return what the judge kept out of the answer, so that none takes it for the answer."""
    if not withheld:
        return ""
    items = "".join(
        f'<li><span dir="auto">{text(one["text"])}</span>{_pills(one, case, cited)}'
        f' <span class="why">{text(_verdict(one))}</span></li>'
        for one in withheld
    )
    quotes = [_quote(case, *cited[span]) for span in cited if span not in of_answer]
    body = f'<ol class="quotes">{"".join(quotes)}</ol>'
    behind = fold("", f"What they rested on: {count(len(quotes), 'quote')}", body) if quotes else ""
    many = count(len(withheld), "sentence")
    # Another system shows these: only its answers' reader takes them for none.
    head = f"Withheld: {many} not in the answer" if by == OURS else f"Said, but no claim: {many}"
    return f'<div class="withheld"><h4>{head}</h4><ul>{items}</ul>{behind}</div>'


def _verdicts(sentences: Sequence[Json]) -> str:
    """Return what the judge said of each sentence, in words and in numbers."""
    if all(one[key] is None for one in sentences for key in ("support", "relevance")):
        return ""
    rows = "".join(
        f'<tr><td dir="auto">{text(one["text"])}</td>'
        f"<td>{text(_verdict(one))}</td>"
        f"<td>{number(one['support'], None)}</td><td>{number(one['relevance'], None)}</td></tr>"
        for one in sentences
    )
    head = "".join(
        f'<th scope="col">{label}</th>' for label in ("Sentence", "Verdict", "Support", "Relevance")
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return fold("verdicts", "Verdicts in numbers", scrolling("Verdicts", table))


def _expected(case: Json) -> str:
    """Return what is accepted as an answer, and the passages that are expected as evidence."""
    answers = case["answers"]
    if answers is None:
        accepted = '<p class="nothing">Nothing: the documents do not answer this.</p>'
    else:
        groups = (" <i>or</i> ".join(map(name, group)) for group in answers)
        accepted = f'<ul class="accepted">{"".join(f"<li>{one}</li>" for one in groups)}</ul>'
    several = ", one of each line" if answers and len(answers) > 1 else ""
    spans = "".join(
        f'{_or(i)}<li class="quote"><p class="from">{_where(one)}<span class="tags">'
        f"{_tag(one['retrieved'], 'found', 'not found', _needed(group, 'retrieved'))}"
        f"{_tag(one['hit'], 'cited', 'not cited', _needed(group, 'hit'))}</span></p>"
        f"{_in_context(one, one['quote'], one['start'])}</li>"
        for group in _alternatives(case["evidence"])
        for i, one in enumerate(group)
    )
    passages = "Expected passage" if len(case["evidence"]) == 1 else "Expected passages"
    head = passages if answers is not None else "What the documents say instead"
    expected = f'<h4>{head}</h4><ol class="quotes">{spans}</ol>' if spans else ""
    return f"<h4>Accepted answers{several}</h4>{accepted}{expected}"


def _alternatives(evidence: Sequence[Json]) -> list[list[Json]]:
    """Return the expected passages in groups, of each of which any one will do."""
    groups: list[list[Json]] = []
    for one in evidence:
        if not (groups and one.get("alternative")):
            groups.append([])
        groups[-1].append(one)
    return groups


def _needed(group: Sequence[Json], key: str) -> str:
    """Return how the lack of something looks: as no fault where another of the group has it."""
    return "spare" if any(one[key] for one in group) else "lacking"


def _or(i: int) -> str:
    return '<li class="or">or, the same said elsewhere</li>' if i else ""


def _small_print(case: Json) -> str:
    counted = {
        title(key): f"{part:.3g} of {whole:g}"
        for key, (part, whole) in case["scores"].items()
        if whole
    }
    searched = case["answer"]["searched"]
    found = (
        f"{count(len(case['answer']['passages']), 'passage')} found of"
        f" {searched['passages']:,} in {count(searched['documents'], 'document')}"
    )
    link = f'<a href="#case-{_key(case)}">link to this case</a>'
    return f"<footer>{fold('', f'Scores; {found}', listed('scores', counted))}{link}</footer>"
