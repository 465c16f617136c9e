"""The harness: every metric is pinned to arithmetic done by hand, as METRICS.md defines it.

The document says "Ann was born in 1890 in Riga. Bob earns $190 billion a year." An answer is the
JSON object that `Answer.to_dict` makes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.functional.text import squad as published_squad

from index.errors import UnknownDocumentError
from rag.errors import CasesError
from rag.evaluate.cases import Case, Gold, history, load, to_csv
from rag.evaluate.metrics import (
    METRICS,
    alce,
    contains,
    has_tokens,
    hits,
    pin_f1,
    scores,
    shared_words,
    squad,
    times,
    total,
)
from rag.evaluate.statistics import Metric, f1, percentile, ratio

ANN, BOB = "Ann was born in 1890 in Riga.", "Bob earns $190 billion a year."
TEXTS = {"a.txt": f"{ANN} {BOB}", "b.txt": "Cid lives in Oslo. He is 90."}


def text_of(name: str) -> str:
    if name not in TEXTS:
        raise UnknownDocumentError(f"no document {name}")
    return TEXTS[name]


def cite(quote: str, document: str = "a.txt") -> dict[str, Any]:
    start = TEXTS[document].index(quote)
    return {"document": document, "start": start, "end": start + len(quote), "quote": quote}


def gold(quote: str, document: str = "a.txt") -> Gold:
    return Gold(**cite(quote, document))


def say(text: str, *citations: dict[str, Any], verdict: str = "supported") -> dict[str, Any]:
    return {"text": text, "citations": list(citations), "verdict": verdict}


def answer(*sentences: dict[str, Any], seconds: float = 1.0, **changes: Any) -> dict[str, Any]:
    """An answer of these sentences to a question that found both documents whole."""
    shown = [sentence["text"] for sentence in sentences if sentence["verdict"] == "supported"]
    return {
        "answer": " ".join(shown),
        "abstained": not shown,
        "sentences": list(sentences),
        "passages": [{"document": d, "start": 0, "end": len(t)} for d, t in TEXTS.items()],
        "timings": {
            "evidence_s": seconds / 10,
            "first_sentence_s": seconds / 2 if sentences else None,
            "total_s": seconds,
        },
    } | changes


def case(answers: list[list[str]] | None, *evidence: Gold, name: str = "c") -> Case:
    groups = None if answers is None else tuple(map(tuple, answers))
    return Case(name, "Which?", groups, tuple(evidence))


Pairs = list[tuple[Case, dict[str, Any]]]


def entails(sentence: str, quotes: Sequence[str]) -> bool:
    """A judge to be computed by eye: the quotes have every number of the sentence."""
    wanted = [word.strip(".") for word in sentence.split() if word[0].isdigit()]
    return all(any(number in quote for quote in quotes) for number in wanted)


def measured(pairs: Pairs) -> dict[str, tuple[float | None, int]]:
    of_cases = [scores(case, answer, text_of, entails) for case, answer in pairs]
    found = [*total(of_cases), *times([answer for _, answer in pairs])]
    return {metric.name: (metric.value, metric.n) for metric in found}


def value_and_n(pairs: Pairs, name: str) -> tuple[float | None, int]:
    return measured(pairs)[name]


WHEN, WHEN_RIGHT = case([["1890", "in 1890"]], gold(ANN)), answer(say("In 1890.", cite(ANN)))
EARNS = case([["190 billion", "190bn"], ["Bob"]], gold(BOB))
EARNS_RIGHT = answer(say("Bob earns 190 billion.", cite(BOB)))
EARNS_WRONG = answer(say("He earns 90 dollars.", cite("He is 90.", "b.txt")))
NOTHING, REFUSED = case(None), answer(say("Nobody knows.", verdict="no_claim"))
MADE_UP = answer(say("Dan is 90.", cite("He is 90.", "b.txt")))


# whole tokens


@pytest.mark.parametrize(
    ("text", "wanted", "there"),
    [
        ("He is 90.", "90", True),
        ("190 billion", "90", False),
        ("901 ships", "90", False),
        ("1.3 billion people", "3 billion", False),
        ("3 billion people", "3 billion", True),
        ("in 1,300 towns", "300", False),
        ("in 1,300 towns", "1", False),
        ("a rise of 20%.", "20%", True),
        ("a rise of 20%.", "20", True),
        ("a rise of 120%", "20%", False),
        ("a rise of 1.20%", "20%", False),
        ("It was 5.", "5", True),
        ("It was 5.2", "5", False),
        ("in 1890, Riga", "1890", True),
        ("the 11th place", "11", False),
        ("the 11TH place", "11th", True),
        ("costs $190 now", "$190", True),
        ("Rigan winters", "Riga", False),
        ("Riga's winters", "Riga", True),
        ("born in 1890,Riga", "Riga", True),
        ("China-Russia trade", "russia", True),
        ("STRASSE", "straße", True),
        ("the ﬁrst２ men", "first2", True),
        ("190\u00a0billion", "190 billion", True),
        ("190\n  billion", "190 billion", True),
        ("EUR 1\u00a0850 a month", "850", False),
        ("EUR 1\u202f850 a month", "1,850", True),
        ("1’300 francs", "300", False),
        ("three months’ notice", "three months' notice", True),
        ("from 2019–2020 on", "2019-2020", True),
        ("from 2019–2020 on", "2019", True),
        ("it's 5", "s 5", True),
    ],
)
def test_wanted_words_are_found_as_whole_tokens(text: str, wanted: str, there: bool):
    assert has_tokens(text, wanted) is there


def test_one_alternative_of_every_group_must_be_there():
    groups = [["190 billion", "190bn"], ["Bob", "Robert"]]
    assert contains("Robert earns 190bn", groups)
    assert not contains("Bob earns 90", groups)
    assert not contains("He earns 190 billion", groups)


# spans


@pytest.mark.parametrize(
    ("start", "end", "hit"),
    [
        (10, 20, True),  # the same
        (15, 25, True),  # 5 of 10: exactly half
        (16, 26, False),  # 4 of 10
        (0, 15, True),  # half of the shorter
        (0, 100, True),  # holds it
        (12, 13, True),  # lies in it
        (20, 30, False),  # only touches it
        (12, 12, False),  # empty
    ],
)
def test_a_citation_hits_gold_with_half_of_the_shorter(start: int, end: int, hit: bool):
    cited = {"document": "a.txt", "start": start, "end": end}
    assert hits(cited, Gold("a.txt", 10, 20, "x" * 10)) is hit
    assert not hits(cited, Gold("b.txt", 10, 20, "x" * 10))


# metrics


def test_answer_contains_counts_the_answerable_cases():
    pairs = [(WHEN, WHEN_RIGHT), (EARNS, EARNS_RIGHT), (EARNS, EARNS_WRONG), (NOTHING, REFUSED)]
    assert value_and_n(pairs, "answer_contains") == (2 / 3, 3)
    hidden = answer(say("In 1890.", cite(ANN), verdict="unsupported"))
    assert value_and_n([(WHEN, hidden)], "answer_contains") == (0, 1)
    assert value_and_n([(NOTHING, REFUSED)], "answer_contains") == (None, 0)


def test_citation_validity_counts_citations_of_hidden_sentences_too():
    off = {**cite(BOB), "start": cite(BOB)["start"] + 1}
    hidden = answer(say("Bob is rich.", cite(BOB), off, verdict="unsupported"))
    assert value_and_n([(WHEN, WHEN_RIGHT), (EARNS, hidden)], "citation_validity") == (2 / 3, 3)


def test_gold_recall_counts_gold_spans():
    both = case([["1890"]], gold(ANN), gold(BOB))
    assert value_and_n([(both, WHEN_RIGHT)], "gold_recall") == (1 / 2, 2)
    assert value_and_n([(both, WHEN_RIGHT), (EARNS, EARNS_RIGHT)], "gold_recall") == (2 / 3, 3)
    hidden = answer(say("In 1890.", cite(ANN), verdict="unsupported"))
    assert value_and_n([(WHEN, hidden)], "gold_recall") == (0, 1)


def test_gold_precision_counts_citations_that_hit_or_hold_the_answer():
    three = answer(
        say("Ann.", cite(ANN), cite(BOB)), say("Cid.", cite("Cid lives in Oslo.", "b.txt"))
    )
    assert value_and_n([(WHEN, three)], "gold_precision") == (1 / 3, 3)
    elsewhere = case([["1890"]], gold(BOB))  # gold is another place, the quote holds the answer
    assert value_and_n([(elsewhere, WHEN_RIGHT)], "gold_precision") == (1, 1)
    assert value_and_n([(NOTHING, MADE_UP)], "gold_precision") == (None, 0)


def test_refusals_count_for_the_unanswerable_and_against_the_answerable():
    pairs = [(NOTHING, REFUSED), (NOTHING, MADE_UP), (WHEN, REFUSED), (WHEN, WHEN_RIGHT)]
    assert value_and_n(pairs, "abstain_recall") == (1 / 2, 2)
    assert value_and_n(pairs, "false_abstain") == (1 / 2, 2)


def test_unsupported_shown_counts_wrong_claims_of_all_cases():
    pairs = [(NOTHING, MADE_UP), (NOTHING, REFUSED), (EARNS, EARNS_WRONG), (WHEN, WHEN_RIGHT)]
    assert value_and_n(pairs, "unsupported_shown") == (2 / 4, 4)
    assert value_and_n([(WHEN, REFUSED)], "unsupported_shown") == (0, 1)  # a refusal hurts nobody


def test_timings_are_medians_and_95th_percentiles_of_what_happened():
    times = [answer(say("In 1890."), seconds=seconds) for seconds in (1, 2, 3, 4)]
    pairs = [(WHEN, one) for one in [*times, answer(seconds=5)]]
    assert value_and_n(pairs, "total_s_median") == (3, 5)
    assert value_and_n(pairs, "total_s_p95") == (pytest.approx(4.8), 5)
    assert value_and_n(pairs, "first_sentence_s_median") == (1.25, 4)
    assert value_and_n(pairs, "evidence_s_median") == (pytest.approx(0.3), 5)


def test_right_counts_right_answers_and_right_refusals_of_all():
    pairs = [(WHEN, WHEN_RIGHT), (EARNS, EARNS_WRONG), (NOTHING, REFUSED), (NOTHING, MADE_UP)]
    assert value_and_n(pairs, "right") == (2 / 4, 4)
    assert value_and_n([(WHEN, REFUSED)], "right") == (0, 1)


def test_exact_match_and_token_f1_are_those_of_squad():
    assert squad("The  Harbour, of a Town!") == "harbour of town"
    assert shared_words("In the year 1890.", "1890") == f1(1 / 3, 1)  # in, year, 1890
    assert shared_words("a a b b", "b b b") == f1(2 / 2, 2 / 3)  # articles go
    assert shared_words("", "x") == 0
    short = case([["MDCCCXC", "in 1890"]])
    assert value_and_n([(short, answer(say("In 1890.")))], "exact_match") == (1, 1)
    assert value_and_n([(short, WHEN_RIGHT), (EARNS, EARNS_RIGHT)], "token_f1") == (1, 1)
    assert value_and_n([(short, REFUSED)], "token_f1") == (0, 1)


@settings(max_examples=300, deadline=None)
@given(*[st.text("aAnthe eé .,'-12", max_size=20)] * 2)
def test_exact_match_and_token_f1_are_what_a_published_implementation_says(said, wanted):
    published = published_squad(
        [{"prediction_text": said, "id": "1"}],
        [{"answers": {"answer_start": [0], "text": [wanted]}, "id": "1"}],
    )
    assert float(squad(said) == squad(wanted)) == float(published["exact_match"]) / 100
    assert shared_words(said, wanted) == pytest.approx(float(published["f1"]) / 100)


def test_coverage_counts_shown_sentences_with_a_citation():
    half = answer(say("In 1890.", cite(ANN)), say("In Riga."), say("Or.", verdict="unsupported"))
    assert value_and_n([(WHEN, half)], "citation_coverage") == (1 / 2, 2)


def test_gold_is_split_by_whether_it_was_retrieved():
    both = case([["1890"]], gold(ANN), gold("He is 90.", "b.txt"))
    only_a = [{"document": "a.txt", "start": 0, "end": len(TEXTS["a.txt"])}]
    found = answer(say("In 1890.", cite(ANN)), passages=only_a)
    assert value_and_n([(both, found)], "gold_retrieved") == (1 / 2, 2)
    assert value_and_n([(both, found)], "gold_recall") == (1 / 2, 2)
    assert value_and_n([(both, found)], "all_gold@8") == (0, 1)
    assert value_and_n([(both, found)], "gold_recall_retrieved") == (None, 0)
    pairs = [(both, found), (WHEN, WHEN_RIGHT), (EARNS, EARNS_WRONG)]
    assert value_and_n(pairs, "all_gold@8") == (2 / 3, 3)
    assert value_and_n(pairs, "gold_recall_retrieved") == (1 / 2, 2)
    assert value_and_n(pairs, "gold_precision_retrieved") == (1 / 2, 2)
    assert value_and_n(pairs, "gold_f1_retrieved") == (1 / 2, 2)
    deep = [{"document": "b.txt", "start": 0, "end": 9}] * 8
    late = answer(passages=[*deep, *only_a])
    assert value_and_n([(WHEN, late)], "all_gold@8") == (0, 1)  # it is the ninth
    assert value_and_n([(WHEN, late)], "gold_recall_retrieved") == (0, 1)


def test_excerpts_are_compared_with_the_first_five_passages():
    other = {"document": "b.txt", "start": 0, "end": 10}
    half = {"document": "a.txt", "start": 10, "end": 40}  # 19 of the 29 characters of ANN
    found = answer(passages=[half, half, half, half, other, {**half, "start": 0}])
    assert value_and_n([(WHEN, found)], "excerpt_recall@5") == (19 / 29, 1)
    assert value_and_n([(WHEN, found)], "excerpt_iou@5") == (19 / (29 + 30 + 10 - 19), 1)
    either = case([["1890"]], gold(ANN), Gold("b.txt", 0, 10, "", alternative=True))
    assert value_and_n([(either, found)], "excerpt_recall@5") == (1, 1)
    assert value_and_n([(NOTHING, found)], "excerpt_iou@5") == (None, 0)


def test_gold_f1_is_the_harmonic_mean_over_all_cases():
    two = answer(say("In 1890.", cite(ANN), cite(BOB)))  # precision 1/2, recall 1
    assert value_and_n([(WHEN, two)], "gold_f1") == (f1(1 / 2, 1), 1)
    assert value_and_n([(WHEN, REFUSED)], "gold_f1") == (0, 1)
    assert value_and_n([(NOTHING, REFUSED)], "gold_f1") == (None, 0)


def test_pin_f1_counts_characters():
    year = cite("1890")  # 4 of the 29 characters of the gold sentence
    assert value_and_n([(WHEN, answer(say("1890.", year)))], "pin_f1") == (2 * 4 / (4 + 29), 1)
    twice = answer(say("1890.", cite(ANN), year))  # the union counts
    assert value_and_n([(WHEN, twice)], "pin_f1") == (1, 1)
    assert value_and_n([(WHEN, REFUSED), (NOTHING, MADE_UP)], "pin_f1") == (0, 1)


SPANS = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), max_size=6)


@settings(max_examples=300, deadline=None)
@given(SPANS, SPANS, st.data())
def test_pin_f1_is_the_best_over_all_choices_of_alternatives(cited, spans, data):
    """Each gold span has a stretch of 20 characters to itself, so that none overlaps another."""
    golds = [
        Gold("a", 20 * i + start, 20 * i + start + size, "", bool(i and data.draw(st.booleans())))
        for i, (start, size) in enumerate(spans)
    ]
    quotes = [
        {"document": "a", "start": at, "end": at + size, "quote": ""}
        for start, size in cited
        for at in [20 * data.draw(st.integers(0, 5)) + start]
    ]
    one = case([["x"]], *golds)
    marked = {i for quote in quotes for i in range(quote["start"], quote["end"])}
    best = 0.0
    for chosen in product(*one.gold):
        gold = {i for span in chosen for i in range(span.start, span.end)}
        if gold:
            best = max(best, 2 * len(marked & gold) / (len(marked) + len(gold)))
    assert pin_f1(one, answer(say("x", *quotes))) == (pytest.approx(best), int(bool(golds)))


def test_of_alternatives_one_is_enough():
    second = Gold(**cite("He is 90.", "b.txt"), alternative=True)
    either = case([["1890"]], gold(ANN), second, gold(BOB))
    found = answer(say("In 1890.", cite("He is 90.", "b.txt"), cite(BOB)))
    assert value_and_n([(either, found)], "gold_recall") == (1, 2)
    assert value_and_n([(either, found)], "pin_f1") == (1, 1)
    assert value_and_n([(either, answer(say("x", cite(ANN))))], "gold_recall") == (1 / 2, 2)
    only_a = [{"document": "a.txt", "start": 0, "end": len(TEXTS["a.txt"])}]
    cut = answer(say("x", cite(BOB)), passages=only_a)
    assert value_and_n([(either, cut)], "gold_retrieved") == (1, 2)
    assert value_and_n([(either, cut)], "gold_recall_retrieved") == (1 / 2, 2)


def test_alce_asks_whether_a_sentence_needs_its_citations():
    both = cite(ANN), cite(BOB)
    assert alce(answer(say("In 1890.", *both)), entails) == ((1, 1), (1, 2))  # Bob's is idle
    assert alce(answer(say("1890 and $190 more: 190.", *both)), entails) == ((1, 1), (2, 2))
    assert alce(answer(say("In 1891.", *both)), entails) == ((0, 1), (0, 2))  # not entailed
    assert alce(answer(say("In 1890.")), entails) == ((0, 1), (0, 0))  # not cited
    assert alce(REFUSED, entails) == ((0, 0), (0, 0))


# planted faults: each moves the metrics that are about it, and no other

GOOD = [(WHEN, WHEN_RIGHT), (EARNS, EARNS_RIGHT), (NOTHING, REFUSED)]
WRONG = {"right", "answer_contains", "unsupported_shown"}
SHORT = {"exact_match", "token_f1"}  # of cases with one group
F1 = {"gold_f1", "gold_f1_retrieved"}
PRECISION = {"gold_precision", "gold_precision_retrieved"}
GOLD = {"gold_recall", "gold_recall_retrieved", *F1, "pin_f1"}
ALCE = {"alce_recall", "alce_precision"}


def with_citation(change: dict[str, Any]) -> dict[str, Any]:
    return answer(say("In 1890.", cite(ANN) | change))


@pytest.mark.parametrize(
    ("at", "planted", "moved"),
    [
        (0, with_citation({"start": 1, "end": len(ANN) + 1}), {"citation_validity", "pin_f1"}),
        (0, with_citation({"quote": ANN + " "}), {"citation_validity"}),
        (0, with_citation({"document": "no.txt"}), {"citation_validity", *GOLD}),
        (0, with_citation({"document": "b.txt"}), {"citation_validity", *GOLD}),
        (0, answer(say("In 1890.", cite("He is 90.", "b.txt"))),
         {*GOLD, *PRECISION, *ALCE}),
        (0, answer(say("In 1890.")), {"citation_coverage", *GOLD, "alce_recall"}),
        (0, answer(say("In 1890.", cite(ANN), cite(BOB))),
         {*PRECISION, *F1, "pin_f1", "alce_precision"}),
        (0, answer(say("In 1890.", cite(ANN)), passages=[]),
         {"citation_validity", "gold_retrieved", "all_gold@8", "excerpt_recall@5",
          "excerpt_iou@5"}),
        (0, answer(say("In 1891.", cite(ANN))), {*WRONG, *SHORT, *ALCE}),
        (0, answer(say("Born 1890.", cite(ANN))), SHORT),
        (1, answer(say("Rob earns 190 billion.", cite(BOB))), WRONG),
        (2, MADE_UP, {"right", "abstain_recall", "unsupported_shown"}),
        (0, REFUSED, {"right", "answer_contains", "false_abstain", *SHORT, *GOLD}),
        (0, answer(say("In 1890.", cite(ANN)), seconds=9), {"total_s", "evidence_s",
                                                           "first_sentence_s"}),
    ],
    ids=[
        "off by one", "words added", "unknown document", "another document", "another quote",
        "citation dropped", "citation too many", "not retrieved", "wrong number", "other words",
        "wrong name", "refusal turned into answer", "answer turned into refusal", "slow",
    ],
)  # fmt: skip
def test_a_planted_fault_moves_its_metrics_and_no_other(
    at: int, planted: dict[str, Any], moved: set[str]
):
    good = measured(GOOD)
    bad = measured([(c, planted if i == at else a) for i, (c, a) in enumerate(GOOD)])
    worse = {name for name in good if bad[name][0] != good[name][0]}
    assert {name.removesuffix("_median").removesuffix("_p95") for name in worse} == moved


def test_what_is_good_has_full_marks():
    lower = {name for name, about in METRICS.items() if about.better == "lower"}
    quality = {name: value for name, (value, _) in measured(GOOD).items() if name in METRICS}
    spread = {"excerpt_iou@5": (29 + 30) / 2 / 88}  # the passages are both documents whole
    assert quality == {name: float(name not in lower) for name in METRICS} | spread


def test_a_citation_across_two_passages_lies_in_neither():
    both = f"{ANN} {BOB}"
    halves = [
        {"document": "a.txt", "start": 0, "end": len(ANN)},
        {"document": "a.txt", "start": len(ANN) + 1, "end": len(both)},
    ]
    crossing = answer(say("In 1890.", cite(both)), passages=halves)
    assert value_and_n([(WHEN, crossing)], "citation_validity") == (0, 1)


# intervals

shares = st.lists(st.sampled_from([(0.0, 1.0), (1.0, 1.0), (1.0, 3.0), (0.0, 0.0)]), max_size=30)


@settings(max_examples=40, deadline=None)
@given(shares)
def test_the_interval_is_the_same_every_time_and_within_bounds(parts: list[tuple[float, float]]):
    found = ratio("x", parts)
    assert found == ratio("x", parts)
    total = sum(whole for _, whole in parts)
    if total == 0:
        assert found == Metric("x", None, 0)
        return
    assert found.value == pytest.approx(sum(part for part, _ in parts) / total)
    assert found.n == total
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.high <= 1


def test_the_interval_brackets_the_value_and_narrows_with_more_cases():
    few, many = (ratio("x", [(1, 1), (0, 1), (1, 1), (1, 1)] * times) for times in (5, 80))
    assert few.value == many.value == 0.75
    assert few.low < many.low < 0.75 < many.high < few.high  # type: ignore[operator]
    # by the normal approximation of a share of .75 among 320: .75 ± 1.96 × .0242
    assert (many.low, many.high) == (pytest.approx(0.703, abs=0.01), pytest.approx(0.797, abs=0.01))


def test_where_all_cases_agree_the_interval_is_that_of_as_many_trials():
    # nine of nine: a share below .663 would show that in fewer than one of forty samples
    assert ratio("x", [(1, 1)] * 9) == Metric("x", 1.0, 9, pytest.approx(0.6637, abs=1e-4), 1.0)
    assert ratio("x", [(0, 1)] * 9).high == pytest.approx(1 - 0.6637, abs=1e-4)
    # two cases of ten citations each are two trials; one without a citation is none
    assert ratio("x", [(10, 10), (10, 10), (0, 0)]).low == pytest.approx(0.1581, abs=1e-4)


def test_of_one_time_the_interval_is_a_point():
    assert percentile("s", [2.5], 50) == Metric("s", 2.5, 1, 2.5, 2.5)
    assert percentile("s", [], 50) == Metric("s", None, 0)


# files of cases


def load_(path: Path) -> list[Case]:
    return load(path, text_of)


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(*lines: object) -> Path:
        path = tmp_path / "cases.jsonl"
        text = "\n".join(
            line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)
            for line in lines
        )
        path.write_text(text, encoding="utf-8")
        return path

    return write


FULL = {
    "id": "q1",
    "question": "And when?",
    "history": [{"question": "Who is Ann?", "answer": "A poet."}],
    "answers": [["1890", "MDCCCXC"]],
    "evidence": [{"document": "a.txt", "start": 0, "end": 29, "quote": ANN}],
}


def test_a_case_is_read_whole(write: Write):
    (found,) = load_(write(FULL))
    assert found == Case(
        "q1", "And when?", (("1890", "MDCCCXC"),), (gold(ANN),), (("Who is Ann?", "A poet."),)
    )
    assert found.answerable


def test_a_case_that_nothing_answers_needs_no_evidence(write: Write):
    (found,) = load_(write({"id": 7, "question": "Who is Dan?", "answers": None}))
    assert found == Case("7", "Who is Dan?", None)
    assert not found.answerable


def test_empty_lines_a_mark_and_unusual_line_ends_are_taken(write: Write):
    odd = {"id": "q2", "question": "What is\u2028this\x85?", "answers": None}
    found = load_(write("\ufeff" + json.dumps(FULL), "", "  ", odd, ""))
    assert [one.id for one in found] == ["q1", "q2"]
    assert found[1].question == "What is\u2028this\x85?"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 3 of .* is not JSON"),
        ("[" * 100_000, "line 3 of .* is not JSON"),
        ("[]", "line 3 of .* is no case"),
        (
            json.dumps(FULL | {"question": "half a pair: \ud83d"}),
            "line 3 of .* is no case .Unicode",
        ),
        (FULL | {"evidence": [{**cite(ANN), "document": ["a.txt"]}]}, "line 3 of .* must be text"),
        ('"text"', "line 3 of .* is no case"),
        ({"id": "x", "question": "Who?"}, "line 3 of .* is no case .KeyError: 'answers'"),
        (FULL | {"question": None}, "line 3 of .* None must be text"),
        (FULL | {"question": " "}, "line 3 of .* ' ' must be text"),
        (FULL | {"answers": ["1890"]}, "line 3 of .* every group of answers must be a list"),
        (FULL | {"answers": "1890"}, "line 3 of .* answers must be null or a list of groups"),
        (FULL | {"answers": []}, "line 3 of .* answers must be null or a list of groups"),
        (FULL | {"answers": [[]]}, "line 3 of .* every group of answers must be a list"),
        (FULL | {"answers": [[""]]}, "line 3 of .* '' must be text"),
        (FULL | {"answers": [[1890]]}, "line 3 of .* 1890 must be text"),
        (FULL | {"evidence": [{"document": "a.txt"}]}, "line 3 of .* is no case .KeyError"),
        (FULL | {"evidence": [cite(ANN) | {"end": 0}]}, "line 3 of .* from 0 to 0 is no span"),
        (FULL | {"history": ["Who?"]}, "line 3 of .* must be a JSON list of"),
        (FULL | {"history": [{"question": "Who?", "answer": 1}]}, "line 3 of .* must be a string"),
    ],
)
def test_a_bad_line_is_named(write: Write, line: object, said: str):
    with pytest.raises(CasesError, match=f"^{said}") as caught:
        load_(write(FULL, "", line))
    assert "\n" not in str(caught.value)


def test_a_file_without_cases_or_with_one_id_twice_or_missing_is_an_error(
    write: Write, tmp_path: Path
):
    with pytest.raises(
        CasesError, match="holds no cases; write one JSON object a line, or one CSV row"
    ):
        load_(write(""))
    with pytest.raises(CasesError, match="two cases of the id 'q1'"):
        load_(write(FULL, FULL))
    with pytest.raises(CasesError, match=r"cannot read the cases in .*gone\.jsonl"):
        load_(tmp_path / "gone.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b"\xe9")
    with pytest.raises(CasesError, match=r"cannot read the cases in .*latin\.jsonl"):
        load_(tmp_path / "latin.jsonl")


SHEET = """id,kind,question,answers,document,quote,previous_question,previous_answer
q1,fact,And when?,1890|MDCCCXC;Riga,a.txt,born in 1890,Who is Ann?,A poet.
q1,,,,a.txt,in Riga,,
q1,or,,,b.txt,in Oslo,,
q2,not told,Who is Dan?,,,,,
"""


def sheet(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "cases.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_sheet_is_read_with_its_quotes_looked_up(tmp_path: Path):
    found = load_(sheet(tmp_path, SHEET))
    assert found == [
        Case(
            "q1", "And when?", (("1890", "MDCCCXC"), ("Riga",)),
            (gold("born in 1890"), gold("in Riga"),
             Gold(**cite("in Oslo", "b.txt"), alternative=True)),
            (("Who is Ann?", "A poet."),), "fact",
        ),
        Case("q2", "Who is Dan?", None, kind="not told"),
    ]  # fmt: skip
    assert to_csv(found) == SHEET


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("born in 1890", "born in 1891"), "line 2 of .* must stand once in a.txt, .* 0 times"),
        (("in Riga", "in"), "line 3 of .* must stand once in a.txt, .* 2 times"),
        (("b.txt", "no.txt"), "line 4 of .*no document no.txt"),
        (("And when?", " "), "line 2 of .* asks nothing"),
        (("answers", "answer"), "has no column 'answers'; it needs id, question, answers"),
        (("Who is Dan?", "Dan, who?"), "line 5 of .* has too many cells"),
        (("q1,or", "q3,or"), "line 4 of .* does not go on with the case before"),
        (("question,answers", "question;answers"), "has no column 'question'"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, change: tuple[str, str], said: str):
    with pytest.raises(CasesError, match=said) as caught:
        load_(sheet(tmp_path, SHEET.replace(*change, 1)))
    assert "\n" not in str(caught.value)


def test_a_sheet_of_semicolons_is_told_what_separates_cells(tmp_path: Path):
    with pytest.raises(CasesError, match="its cells must be separated by commas"):
        load_(sheet(tmp_path, SHEET.replace(",", ";")))


def test_a_quote_may_be_broken_into_lines_otherwise_than_its_document(tmp_path: Path):
    broken = SHEET.replace("born in 1890", '"born  in\n1890"').replace("q1,or", "q1,Or ")
    assert load_(sheet(tmp_path, broken)) == load_(sheet(tmp_path, SHEET))


def test_a_sheet_needs_three_columns(tmp_path: Path):
    found = load_(sheet(tmp_path, "id,question,answers\n1,Who is Ann?,a poet\n2,Who is Dan?,\n"))
    assert found == [Case("1", "Who is Ann?", (("a poet",),)), Case("2", "Who is Dan?", None)]


def test_gold_that_the_document_no_longer_says_is_named(write: Write):
    moved = {**FULL, "evidence": [{**cite(ANN), "start": 1, "end": len(ANN) + 1}]}
    with pytest.raises(CasesError, match=r"case q1: a\.txt does not say .* at 1:30; has it"):
        load_(write(moved))


def test_a_history_is_a_list_of_turns():
    assert history(FULL["history"], "it") == (("Who is Ann?", "A poet."),)
    assert history([], "it") == ()
    for wrong in ({"question": "Who?"}, None, 5, [{}], [["Who?", "Ann."]]):
        with pytest.raises(CasesError, match=r"^it must be a JSON list"):
            history(wrong, "it")
