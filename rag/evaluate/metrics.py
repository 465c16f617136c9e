"""Cases and answers -> what counts in each, as the formulas say. Pure functions.

A metric of a case is a pair: what counts, and out of how many; over cases both are summed.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from rag.evaluate.cases import Case, Gold, TextOf
from rag.evaluate.retrieval import (
    Range,
    excerpt_iou,
    excerpt_recall,
    length,
    merged,
    shared,
)
from rag.evaluate.statistics import Metric, Rows, Share, f1, of_sums, percentile, ratio

AnswerDict = Mapping[str, Any]  # Answer.to_dict()
Entails = Callable[[str, Sequence[str]], bool]  # whether quotes together support a sentence
Scores = dict[str, Share]  # metric's name -> its pair, for one case

_GROUP_MARK = re.compile("(?<=\\d)[\u00a0\u202f\u2009'\u2019](?=\\d{3}(?!\\d))")  # of thousands
_TYPED = str.maketrans("\u2018\u2019\u201c\u201d\u2010\u2011\u2012\u2013\u2014", "''\"\"-----")

TIMES = ("evidence_s", "first_sentence_s", "total_s")


@dataclass(frozen=True, slots=True)
class About:
    """What a metric is, in one line, and which way is better."""

    better: Literal["higher", "lower"]
    about: str


METRICS = {
    "right": About("higher", "cases answered rightly, or refused where nothing answers them"),
    "answer_contains": About("higher", "answerable cases whose answer holds what it must"),
    "exact_match": About("higher", "SQuAD's: the answer is an accepted one, articles aside"),
    "token_f1": About("higher", "SQuAD's: words shared with the nearest accepted answer"),
    "citation_validity": About("higher", "citations that quote their place exactly, in a hit"),
    "citation_coverage": About("higher", "shown sentences that have a citation"),
    "gold_retrieved": About("higher", "gold spans that lie in a retrieved passage"),
    "all_gold@8": About("higher", "cases all of whose gold lies in the first 8 passages"),
    "excerpt_recall@5": About("higher", "gold characters in the first 5 passages, mean"),
    "excerpt_iou@5": About("higher", "those / characters in gold or the 5 passages, mean"),
    "gold_recall": About("higher", "gold spans that a shown citation hits"),
    "gold_precision": About("higher", "shown citations that hit gold or hold the answer"),
    "gold_f1": About("higher", "harmonic mean of gold_precision and gold_recall"),
    "gold_recall_retrieved": About("higher", "gold_recall where all gold was retrieved"),
    "gold_precision_retrieved": About("higher", "gold_precision where all gold was retrieved"),
    "gold_f1_retrieved": About("higher", "gold_f1 where all gold was retrieved"),
    "pin_f1": About("higher", "characters shared by the cited and the gold spans, F1, mean"),
    "alce_recall": About(
        "higher", "shown sentences that Pincite's judge says their citations entail"
    ),
    "alce_precision": About(
        "higher", "shown citations that Pincite's judge says their sentence needs"
    ),
    "abstain_recall": About("higher", "unanswerable cases that were refused"),
    "false_abstain": About("lower", "answerable cases that were refused"),
    "unsupported_shown": About("lower", "cases in which a wrong claim stands as supported"),
}
F1_OF = {  # of which precision and recall
    "gold_f1": ("gold_precision", "gold_recall"),
    "gold_f1_retrieved": ("gold_precision_retrieved", "gold_recall_retrieved"),
}


def scores(case: Case, answer: AnswerDict, text_of: TextOf, entails: Entails) -> Scores:
    """Return every metric's pair for one case; those in F1_OF are made of two by `total`."""
    recall, precision = alce(answer, entails)
    found, _ = all_gold(case, answer, k=None)
    return {
        "right": right(case, answer),
        "answer_contains": answer_contains(case, answer),
        "exact_match": exact_match(case, answer),
        "token_f1": token_f1(case, answer),
        "citation_validity": citation_validity(answer, text_of),
        "citation_coverage": citation_coverage(answer),
        "gold_retrieved": gold_retrieved(case, answer),
        "all_gold@8": all_gold(case, answer, 8),
        "excerpt_recall@5": excerpt(case, answer, 5, excerpt_recall),
        "excerpt_iou@5": excerpt(case, answer, 5, excerpt_iou),
        "gold_recall": gold_recall(case, answer),
        "gold_precision": gold_precision(case, answer),
        "gold_recall_retrieved": gold_recall(case, answer) if found else (0, 0),
        "gold_precision_retrieved": gold_precision(case, answer) if found else (0, 0),
        "pin_f1": pin_f1(case, answer),
        "alce_recall": recall,
        "alce_precision": precision,
        "abstain_recall": abstain_recall(case, answer),
        "false_abstain": false_abstain(case, answer),
        "unsupported_shown": unsupported_shown(case, answer),
    }


def total(of_cases: Sequence[Scores]) -> list[Metric]:
    """Return each metric over the cases, in the order of METRICS."""
    return [
        of_sums(
            name,
            [(*one[F1_OF[name][0]], *one[F1_OF[name][1]]) for one in of_cases],
            _gold_f1,
            n=sum(one[F1_OF[name][1]][1] for one in of_cases),
        )
        if name in F1_OF
        else ratio(name, [one[name] for one in of_cases])
        for name in METRICS
    ]


def times(answers: Sequence[AnswerDict]) -> list[Metric]:
    """Return median and 95th percentile of the seconds, of what happened."""
    return [
        percentile(
            f"{name}_{label}",
            [a["timings"][name] for a in answers if a["timings"][name] is not None],
            q,
        )
        for name in TIMES
        for label, q in (("median", 50), ("p95", 95))
    ]


def right(case: Case, answer: AnswerDict) -> Share:
    """Count, of all cases, those answered rightly, or refused where nothing answers them."""
    return float(_right(case, answer) if case.answerable else answer["abstained"]), 1


def answer_contains(case: Case, answer: AnswerDict) -> Share:
    """Count an answerable case whose answer holds an alternative of every group."""
    return (float(_right(case, answer)), 1) if case.answerable else (0, 0)


def exact_match(case: Case, answer: AnswerDict) -> Share:
    """Count a case with one group whose answer is an alternative (Rajpurkar et al. 2016)."""
    return _best(case, lambda wanted: float(squad(answer["answer"]) == squad(wanted)))


def token_f1(case: Case, answer: AnswerDict) -> Share:
    """Return the F1 of the words shared with the best alternative (Rajpurkar et al. 2016)."""
    return _best(case, lambda wanted: shared_words(answer["answer"], wanted))


def citation_validity(answer: AnswerDict, text_of: TextOf) -> Share:
    """Count citations whose quote is text[start:end] and lies in a passage that was retrieved."""
    cited = citations(answer, shown_only=False)
    valid = sum(
        in_a_passage(c, answer) and text_of(c["document"])[c["start"] : c["end"]] == c["quote"]
        for c in cited
    )
    return valid, len(cited)


def citation_coverage(answer: AnswerDict) -> Share:
    """Count shown sentences that have a citation; what makes no claim is not shown."""
    shown = _shown(answer)
    return sum(bool(sentence["citations"]) for sentence in shown), len(shown)


def gold_retrieved(case: Case, answer: AnswerDict) -> Share:
    """Count the gold spans that lie in a passage that was retrieved, they or an alternative."""
    found = [any(in_a_passage(asdict(span), answer) for span in spans) for spans in case.gold]
    return sum(found), len(found)


def all_gold(case: Case, answer: AnswerDict, k: int | None) -> Share:
    """Count a case with gold all of which lies in the first k passages, or in any."""
    first = {**answer, "passages": answer["passages"][:k]}
    found, spans = gold_retrieved(case, first)
    return float(found == spans > 0), int(spans > 0)


def excerpt(
    case: Case, answer: AnswerDict, k: int, measure: Callable[[list[Range], list[Range]], float]
) -> Share:
    """Return a measure of the gold against the first k passages, of alternatives the best each."""
    if not case.gold:
        return 0, 0
    found = [(p["document"], p["start"], p["end"]) for p in answer["passages"][:k]]
    gold = [
        max(map(_range, spans), key=lambda one: excerpt_recall([one], found)) for spans in case.gold
    ]
    return measure(gold, found), 1


def gold_recall(case: Case, answer: AnswerDict) -> Share:
    """Count the gold spans that a shown citation hits, they or an alternative."""
    return _gold_hit(case.gold, answer), len(case.gold)


def gold_precision(case: Case, answer: AnswerDict) -> Share:
    """Count shown citations that hit a gold span or hold an alternative of every group."""
    if not case.answerable:
        return 0, 0
    shown = citations(answer)
    return sum(is_gold(citation, case) for citation in shown), len(shown)


def pin_f1(case: Case, answer: AnswerDict) -> Share:
    """Return the F1 of the characters in the union of cited and of gold spans.

    The best over the alternatives counts.
    """
    if not case.gold:
        return 0, 0
    cited = merged((c["document"], c["start"], c["end"]) for c in citations(answer))
    best = 0.0
    while True:  # of each group, the span that is best at the ratio so far (Dinkelbach 1967)
        chosen = [max(spans, key=lambda span: _gain(span, cited, best)) for spans in case.gold]
        gold = merged(map(_range, chosen))
        found = 2 * length(shared(cited, gold)) / (length(cited) + length(gold))
        if found <= best:
            return best, 1
        best = found


def alce(answer: AnswerDict, entails: Entails) -> tuple[Share, Share]:
    """Return citation recall and precision as ALCE defines them (Gao et al. 2023, section 4).

    A sentence is recalled when its quotes together entail it. A citation counts when its
    sentence is recalled and either it alone entails that, or the others without it do not.
    Sentences and citations are pooled over the cases, where ALCE averages over answers.
    """
    recalled, needed = 0, 0
    shown = _shown(answer)
    for sentence in shown:
        text, quotes = sentence["text"], [c["quote"] for c in sentence["citations"]]
        if not quotes or not entails(text, quotes):
            continue
        recalled += 1
        for i, quote in enumerate(quotes):
            others = quotes[:i] + quotes[i + 1 :]
            needed += not others or entails(text, [quote]) or not entails(text, others)
    return (recalled, len(shown)), (needed, len(citations(answer)))


def abstain_recall(case: Case, answer: AnswerDict) -> Share:
    """Count an unanswerable case that was refused."""
    return (0, 0) if case.answerable else (float(answer["abstained"]), 1)


def false_abstain(case: Case, answer: AnswerDict) -> Share:
    """Count an answerable case that was refused."""
    return (float(answer["abstained"]), 1) if case.answerable else (0, 0)


def unsupported_shown(case: Case, answer: AnswerDict) -> Share:
    """Count a case, of all, in which a wrong claim stands in the answer."""
    return float(not answer["abstained"] and not _right(case, answer)), 1


def citations(answer: AnswerDict, *, shown_only: bool = True) -> list[Mapping[str, Any]]:
    """Return the citations of the sentences that are shown, or of all."""
    return [
        citation
        for sentence in answer["sentences"]
        if sentence["verdict"] == "supported" or not shown_only
        for citation in sentence["citations"]
    ]


def is_gold(citation: Mapping[str, Any], case: Case) -> bool:
    """Whether a citation hits a gold span or holds an alternative of every group."""
    held = case.answers is not None and contains(citation["quote"], case.answers)
    return held or any(hits(citation, gold) for gold in case.evidence)


def hits(citation: Mapping[str, Any], gold: Gold) -> bool:
    """Whether both lie in one document and overlap by at least half of the shorter."""
    overlap = min(citation["end"], gold.end) - max(citation["start"], gold.start)
    shorter = min(citation["end"] - citation["start"], gold.end - gold.start)
    same_document = bool(citation["document"] == gold.document)
    return same_document and overlap > 0 and 2 * overlap >= shorter


def in_a_passage(span: Mapping[str, Any], answer: AnswerDict) -> bool:
    """Whether a span lies wholly in one of the passages that were retrieved."""
    return any(
        passage["document"] == span["document"]
        and passage["start"] <= span["start"]
        and span["end"] <= passage["end"]
        for passage in answer["passages"]
    )


def contains(text: str, groups: Sequence[Sequence[str]]) -> bool:
    """Whether an alternative of every group is in the text as whole tokens (NFKC, folded)."""
    return all(any(has_tokens(text, alternative) for alternative in group) for group in groups)


def has_tokens(text: str, wanted: str) -> bool:
    """Whether the wanted words are in the text, not inside a longer word or number."""
    there, what = _normal(text), _normal(wanted)
    before = r"(?<!\w)" if what[:1].isalnum() else ""
    after = r"(?!\w)" if what[-1:].isalnum() else ""
    if what[:1].isdigit():
        before += r"(?<!\d[.,])"
    if what[-1:].isdigit():
        after += r"(?![.,]\d)"
    return re.search(before + re.escape(what) + after, there) is not None


def squad(text: str) -> str:
    """Return the text as SQuAD v1.1 compares it: folded, without punctuation and articles."""
    words = "".join(c for c in text.casefold() if c not in string.punctuation).split()
    return " ".join(word for word in words if word not in ("a", "an", "the"))


def shared_words(text: str, wanted: str) -> float:
    """Return the F1 of the two bags of words, as SQuAD v1.1 has it."""
    said, gold = squad(text).split(), squad(wanted).split()
    if not said or not gold:
        return float(said == gold)
    shared = (Counter(said) & Counter(gold)).total()
    return f1(shared / len(said), shared / len(gold))


def _right(case: Case, answer: AnswerDict) -> bool:
    return case.answers is not None and contains(answer["answer"], case.answers)


def _best(case: Case, score: Callable[[str], float]) -> Share:
    """Return the best over the alternatives of a case that has one group of them."""
    if case.answers is None or len(case.answers) != 1:
        return 0, 0
    return max(map(score, case.answers[0])), 1


def _gold_f1(sums: Rows) -> Rows:
    good, cited, hit, gold = sums.T
    precision, recall = np.where(cited, good / cited, 0), hit / gold
    found: Rows = np.where(hit + good, 2 * precision * recall / (precision + recall), 0)
    return np.where(gold, found, np.nan)


def _range(span: Gold) -> Range:
    return span.document, span.start, span.end


def _gain(span: Gold, cited: Sequence[Range], ratio: float) -> float:
    """Return how far choosing a span lifts the F1 above a ratio."""
    return 2 * length(shared(cited, [_range(span)])) - ratio * (span.end - span.start)


def _gold_hit(gold: Sequence[Sequence[Gold]], answer: AnswerDict) -> int:
    cited = citations(answer)
    return sum(any(hits(c, span) for span in spans for c in cited) for spans in gold)


def _shown(answer: AnswerDict) -> list[Mapping[str, Any]]:
    return [sentence for sentence in answer["sentences"] if sentence["verdict"] == "supported"]


def _normal(text: str) -> str:
    """Return the text as it is compared: 1 850 (unbroken) is 1,850, and ’ and – are ' and -."""
    grouped = _GROUP_MARK.sub(",", text)
    folded = unicodedata.normalize("NFKC", grouped).translate(_TYPED).casefold()
    return " ".join(folded.split())
