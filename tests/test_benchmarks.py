"""The benchmarks: each set is made up here, in the set's format, small enough to count by hand."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from reportlab.pdfgen.canvas import Canvas

from index import Library
from rag import judge
from rag.evaluate.cases import Case
from rag.evaluate.metrics import METRICS, TIMES
from rag.evaluate.run import code_version
from rag.evaluate.statistics import Metric, Share
from rag.settings import Settings
from tests.benchmarks import (
    __main__,
    attribution,
    chunking,
    clapnq,
    common,
    financebench,
    fit_judge,
    hotpot,
    own,
    reliability,
    rgb,
    scifact,
    steps,
    swaps,
    wice,
    xquad,
)
from tests.benchmarks.__main__ import SETS, Options, measure, options_of
from tests.benchmarks.common import System, Texts, subset
from tests.benchmarks.overlap import numbers_are_there, word_overlap
from tests.fakes import LetterEncoder, ScriptedModel

Rows = Sequence[dict[str, Any]]


def write(path: Path, rows: Rows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def values(metrics: Sequence[Metric]) -> dict[str, float | None]:
    return {metric.name: metric.value for metric in metrics}


@pytest.fixture
def system() -> System:
    return System(Settings(), encoder=LetterEncoder(), model=ScriptedModel())


def explains(about: str, metric: str) -> bool:
    """Whether a docstring has the metric's name in backquotes, or how it begins, before …."""
    names = re.findall("`([^`…]+)(…?)`", about)
    return any(metric == name or (more and metric.startswith(name)) for name, more in names)


@pytest.fixture
def measured(tmp_path: Path, system: System) -> Callable[..., dict[str, float | None]]:
    def measured(adapter: Any, **changes: Any) -> dict[str, float | None]:
        given = {"full": False, "system": system} | changes
        found = adapter.run(tmp_path / "data", tmp_path / "work", **given)
        assert set(adapter.REFERENCES) <= set(values(found))
        assert [name for name in values(found) if not explains(adapter.__doc__, name)] == []
        return values(found)

    return measured


# retrieval

ZEBRAS, LAKES, COPPER = "Zebras graze at dawn.", "Lakes freeze from the rim.", "Copper conducts."


def test_scifact_ranks_documents_by_their_best_passage(tmp_path: Path, measured):
    filler = " ".join(f"Filler {number} has nothing to say of it." for number in range(40))
    folder = tmp_path / "data" / "scifact"
    write(
        folder / "corpus.jsonl.gz",
        [
            {"_id": "1", "title": "Zebra", "text": f"{ZEBRAS} {filler}"},
            {"_id": "2", "title": "Lake", "text": LAKES},
            {"_id": "3", "title": "Metal", "text": COPPER},
            # to the claim "qqq" ever less near; by its one word all are equal, ranked by name
            *({"_id": f"n{i:03}", "title": "Qqq", "text": "x" * i} for i in range(1, 121)),
        ],
    )
    claims = [
        {"_id": "7", "text": "zebras graze", "cited_doc_ids": ["1"]},
        {"_id": "8", "text": "copper conducts, lakes freeze", "cited_doc_ids": ["3", "2"]},
        {"_id": "9", "text": "uncited", "cited_doc_ids": []},
    ]
    write(folder / "queries_train.jsonl", claims)
    found = measured(scifact)
    assert found["bm25_ndcg@10"] == found["bm25_recall@100"] == 1
    assert found["dense_recall@100"] == found["recall@100"] == 1
    write(folder / "queries_train.jsonl", [claims[0] | {"text": "qqq", "cited_doc_ids": ["n003"]}])
    found = measured(scifact)
    assert found["ndcg@10"] == found["dense_ndcg@10"] == found["bm25_ndcg@10"] == 1 / 2  # log2(4)
    write(
        folder / "queries_train.jsonl",
        [claims[0] | {"text": "qqq", "cited_doc_ids": ["n003", "n100", "n101", "n120"]}],
    )
    found = measured(scifact)
    assert found["recall@100"] == found["dense_recall@100"] == found["bm25_recall@100"] == 1 / 2
    # the best there is: 1 + 1 / log2(3) + 1 / 2 + 1 / log2(5)
    assert found["ndcg@10"] == pytest.approx(0.5 / (1 + 0.63093 + 0.5 + 0.43068), abs=1e-5)


def test_a_library_is_kept_for_what_makes_it_and_takes_the_place_of_the_one_before(
    tmp_path: Path, system: System, monkeypatch
):
    def opened(texts: Texts, name: str = "xquad") -> tuple[str, int]:
        embedded = system.encoder.encoded
        with system.kept_library(tmp_path, name, texts) as library:
            return library.path.name, system.encoder.encoded - embedded

    zebras = [("a", ZEBRAS)]
    first, _ = opened(zebras)
    assert opened(zebras) == (first, 0)
    other, _ = opened(zebras, "xquad-en")
    again, embedded = opened([("a", LAKES)])
    assert (again != first, embedded) == (True, 1)
    assert {folder.name for folder in tmp_path.iterdir()} == {again, other}
    monkeypatch.setattr(common, "_EMBEDDING", [b"other code"])
    assert opened([("a", LAKES)])[1] == 1


def test_chunking_compares_characters(tmp_path: Path, measured):
    folder = tmp_path / "data" / "chunking"
    (folder / "corpora").mkdir(parents=True)
    text = "Ü begins.\r\nThe tower is tall. The end."
    (folder / "corpora" / "notes.md").write_bytes(text.encode())
    read = text.replace("\r\n", "\n")
    start = read.index("The tower")
    span = {"content": "The tower is tall.", "start_index": start, "end_index": start + 18}
    question = {"id": "q", "question": "tower", "corpus_id": "notes", "references": [span]}
    write(folder / "questions.jsonl", [question])
    # the text is one passage: all gold is covered, and all of the text is returned
    assert measured(chunking) == {"excerpt_recall@5": 1, "excerpt_iou@5": 18 / len(read)}
    write(folder / "questions.jsonl", [question | {"references": [span | {"start_index": 0}]}])
    with pytest.raises(ValueError, match="notes has other words at 0:28 than q"):
        measured(chunking)


def test_chunking_shows_five_passages(tmp_path: Path, measured):
    folder = tmp_path / "data" / "chunking"
    (folder / "corpora").mkdir(parents=True)
    # seven passages of their own, ever less of the letter that is asked for
    parts = ["q" * (630 - 90 * i) + "x" * (90 * i) for i in range(7)]
    text = "\n\n".join(parts)
    (folder / "corpora" / "notes.md").write_text(text)

    def question(*numbers: int) -> dict[str, Any]:
        spans = [(text.index(parts[i]), parts[i]) for i in numbers]
        references = [
            {"content": part, "start_index": at, "end_index": at + len(part)} for at, part in spans
        ]
        return {"id": "q", "question": "q", "corpus_id": "notes", "references": references}

    write(folder / "questions.jsonl", [question(5)])  # the sixth
    assert measured(chunking) == {"excerpt_recall@5": 0, "excerpt_iou@5": 0}
    write(folder / "questions.jsonl", [question(0, 5)])
    assert measured(chunking) == {"excerpt_recall@5": 1 / 2, "excerpt_iou@5": 1 / 6}


def test_hotpot_wants_both_paragraphs_among_eight_passages(tmp_path: Path, measured):
    folder = tmp_path / "data" / "hotpot"
    noise = [{"_id": f"N{i}", "title": f"N{i}", "text": "zzz"} for i in range(20)]
    gold = [{"_id": name, "title": name, "text": f"{name} abc"} for name in ("A", "B")]
    write(folder / "hotpot100_corpus.jsonl", [*noise, *gold])
    write(
        folder / "hotpot100_questions.jsonl",
        [
            {"id": "1", "question": "abc", "gold_docs": ["A", "B"], "type": "bridge"},
            {"id": "2", "question": "abc", "gold_docs": ["A", "N19"], "type": "comparison"},
        ],
    )
    assert measured(hotpot) == {
        "all_gold@8": 0.5,
        "all_gold@8_bridge": 1,
        "all_gold@8_comparison": 0,
        "recall@8": 0.75,
    }


def test_xquad_is_measured_per_language_on_the_same_questions(tmp_path: Path, measured):
    folder = tmp_path / "data" / "xquad"
    for language in xquad.LANGUAGES:
        found = ["aaa", "zzz"] if language != "zh" else ["zzz", "aaa"]
        write(
            folder / f"{language}_contexts.jsonl.gz",
            [{"_id": f"c{i}", "title": "t", "text": text} for i, text in enumerate(found)],
        )
        write(
            folder / f"{language}_questions.jsonl.gz",
            [{"id": "q1", "question": "aaa", "context_id": "c0"}],
        )
    found = measured(xquad)
    assert found["ndcg@10_en"] == 1
    assert found["ndcg@10_zh"] == pytest.approx(0.6309, abs=1e-4)  # second: 1 / log2(3)
    assert found["ndcg@10"] == pytest.approx((4 + 0.6309) / 5, abs=1e-4)


def pdf(path: Path, pages: Sequence[str]) -> None:
    """Write a page for each line, filled so that it is a passage of its own."""
    canvas = Canvas(str(path))
    for text in pages:
        for row, line in enumerate([text, *["x" * 60] * 12]):
            canvas.drawString(72, 720 - 20 * row, line)
        canvas.showPage()
    canvas.save()


def test_financebench_finds_pages_and_reads_their_text(tmp_path: Path, measured):
    folder = tmp_path / "data" / "financebench"
    (folder / "pdfs").mkdir(parents=True)
    # eight pages of zeds are nearer to a question of zeds than the one of costs
    pdf(
        folder / "pdfs" / "A.pdf",
        ["Costs were high.", "Revenue was 12 million.", *(f"Zzz {n}." for n in "abcdefgh")],
    )
    pdf(folder / "pdfs" / "B.pdf", ["Rent"] * 40)  # the largest is left for the full run

    def question(page: int, text: str, asked: str = "revenue", file: str = "A") -> dict[str, Any]:
        evidence = [{"page": page, "text": text}]
        return {"question": asked, "document": f"{file}.pdf", "evidence": evidence}

    rows = [
        question(1, "Revenue  was\n12 million."),  # pages count from 0 in the set
        question(0, "Revenue was 12 million.", "costs"),  # stands on the other page
        question(0, "“Costs” were high.", "zzz"),  # eight pages are shown before it
    ]
    write(folder / "questions.jsonl", [*rows, question(0, "No rent", file="B")])
    assert measured(financebench) == {
        "evidence_page@8": 2 / 3,
        "evidence_citable": 1 / 3,
        "evidence_citable_words": 2 / 3,
    }
    assert measured(financebench, full=True)["evidence_citable"] == 1 / 4
    write(folder / "questions.jsonl", [question(20, "Costs were high.")])
    assert set(measured(financebench).values()) == {0}


# the judge


def test_word_overlap_is_the_mean_of_words_and_pairs():
    # of 3 words "the red fox" 2 are there, of 2 pairs "the red" and "red fox" 1
    assert word_overlap("The red fox", ["the red hen", "a dog"]) == (2 / 3 + 1 / 2) / 2
    assert word_overlap("red", ["The Red."]) == 1  # there are no pairs to miss
    assert numbers_are_there("In 1890 two", ["1890"])
    assert not numbers_are_there("In 1890 two", ["890 of 18"])


def claims(labels: Sequence[Any], **fields: Any) -> list[dict[str, Any]]:
    """Claims that say what their evidence says where the label is the first, else another thing."""
    right = ("attributable", "supported")
    return [
        {
            **{name: make(label) for name, make in fields.items()},
            "claim": "Ann owns a red boat." if label in right else "Bob sells 7 green houses.",
        }
        for label in labels
    ]


EVIDENCE = ["Ann owns a red boat.", "It rains."]
PAGE = {"claim_title": "Boats"}


def test_attribution_is_measured_by_source(tmp_path: Path, measured, monkeypatch):
    asked: list[tuple[str, list[str]]] = []

    def support(claim: str, quotes: list[str], question: str) -> float:
        asked.append((claim, quotes))
        assert question == "Who?"
        return 0.9 if "Ann" in claim else 0.6  # so that all is said to be supported

    monkeypatch.setattr(attribution, "UnseenSupport", lambda _: support)
    labels = ["attributable", "not attributable"]
    rows = [
        {**row, "src_dataset": source, "question": "Who?"}
        for source in ("LFQA", "ExpertQA")
        for row in claims(labels * 60, attribution_label=str, references=lambda _: EVIDENCE)
    ]
    write(tmp_path / "data" / "attribution" / "dev.jsonl.gz", rows)
    found = measured(attribution)
    assert len(asked) == 200  # 50 of each label and source
    assert asked[0] == ("Ann owns a red boat.", EVIDENCE)
    # all are said to be supported: 2 x 50 / (100 + 50) of the one class, 0 of the other
    assert found["macro_f1"] == found["macro_f1_LFQA"] == pytest.approx((2 / 3 + 0) / 2)
    assert found["auroc"] == found["overlap_auroc"] == found["overlap_macro_f1"] == 1
    assert found["ece"] == pytest.approx((0.1 + 0.6) / 2)


def test_a_draw_without_a_source_has_no_mean_over_the_sources():
    over = attribution._over_sources(lambda part: float(len(part)) if len(part) else None, 2)
    rows = np.array([[1, 1, 1, 0], [0, 0, 0, 1], [1, 0, 0, 1]])
    assert over(rows) == 1.5
    assert over(rows[1:]) is None


def test_wice_counts_partial_support_as_none(tmp_path: Path, measured, monkeypatch):
    monkeypatch.setattr(wice, "UnseenSupport", lambda _: lambda claim, *_: float("Ann" in claim))
    labels = ["supported", "partially_supported", "not_supported", "supported"]
    rows = claims(labels, label=str, evidence=lambda _: EVIDENCE, meta=lambda _: PAGE)
    rows[3]["claim"] += " She paid 9."  # the one number that is missing costs all the overlap
    rows[1]["claim"] = "Ann owns a red boat."
    write(tmp_path / "data" / "wice" / "claim_dev.jsonl.gz", rows)
    found = measured(wice)
    assert found["balanced_accuracy"] == (2 / 2 + 1 / 2) / 2
    assert found["ece"] == 1 / 4  # certain of four, wrong of one
    assert found["overlap_balanced_accuracy"] == (1 / 2 + 1 / 2) / 2


def test_a_row_is_judged_by_a_regression_that_saw_nothing_of_its_document(monkeypatch, tmp_path):
    file = tmp_path / "judge.json"
    folds = [{"intercept": float(fold)} for fold in range(common.FOLDS)]
    file.write_text(json.dumps({"support_folds": folds}))
    monkeypatch.setattr(judge, "COEFFICIENTS", file)
    support = common.UnseenSupport(common.System(encoder=LetterEncoder()))
    for page in ("a page", "another", "a third"):
        fold = common.fold_of(page)
        found = support("Ann owns a red boat.", EVIDENCE, page)
        assert found == pytest.approx(1 / (1 + np.exp(-fold)))
    assert support("", EVIDENCE, "a page") == judge.RULED_OUT


def test_the_real_judge_measures_too(tmp_path: Path, measured):
    labels = ["supported", "not_supported"] * 4
    rows = claims(labels, label=str, evidence=lambda _: EVIDENCE, meta=lambda _: PAGE)
    write(tmp_path / "data" / "wice" / "claim_dev.jsonl.gz", rows)
    assert measured(wice)["auroc"] == 1


def test_the_unseen_relevance_of_a_question_is_of_its_fold(tmp_path: Path, monkeypatch):
    fitted = tmp_path / "judge.json"
    folds = [{"intercept": fold, "cosine": 0.0} for fold in range(common.FOLDS)]
    fitted.write_text(json.dumps({"relevance_folds": folds}), encoding="utf-8")
    monkeypatch.setattr(judge, "COEFFICIENTS", fitted)
    monkeypatch.setattr(judge, "relevance_features", lambda question, *_: {"cosine": 1.0})
    usual = judge.relevance
    with common.unseen_relevance():
        for question in ("Who?", "Why so?", "When then?"):
            expected = 1 / (1 + np.exp(-common.fold_of(question)))
            assert judge.relevance(question, *[None] * 6) == pytest.approx(expected)
    assert judge.relevance is usual


# the judge's fit


def test_a_reliability_diagram_has_a_dot_for_every_tenth_that_was_said():
    drawn = reliability.diagram(
        {"support": ([True, False, True], np.array([0.05, 0.07, 1.0])), "none": ([], np.array([]))}
    )
    dots = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)"', drawn)
    (first_x, first_y, first_r), (_, last_y, last_r) = [tuple(map(float, dot)) for dot in dots]
    assert first_x == pytest.approx(0.06 * 220, abs=0.1)
    assert (first_y, last_y) == (110, 0)  # half of two were true, and one of one
    assert first_r > last_r


# the steps of an answer


def test_a_model_is_asked_a_prompt_once(tmp_path: Path):
    inner = ScriptedModel().enqueue(["Hello.", "There."])
    file = tmp_path / "said.jsonl"
    model = steps.SaidOnce(lambda: inner, file=file)
    assert [model.invoke("Who?").content for _ in range(2)] == ["Hello."] * 2
    again = steps.SaidOnce(lambda: inner, file=file)
    assert [again.invoke(asked).content for asked in ("Who?", "Why?")] == ["Hello.", "There."]


def test_every_row_of_the_steps_takes_out_what_there_is(tmp_path: Path, real_encoder, capsys):
    question = "What was the revenue?"
    with Library.open(tmp_path / "library", encoder=real_encoder) as library:
        library.add_texts([("a.txt", "The revenue was 12.4 million euros. The crew is well.")])
        cases = [Case("1", question, (("12.4",),)), Case("2", "Who is ill?", None)]
        for row, patches in steps.ROWS.items():
            said = ["The revenue was 14 million euros.", "Mira is ill."]
            model = ScriptedModel().enqueue(said)
            found = {m.name: m for m in steps.measured(cases, library, model, patches, row)}
            unjudged = ("without the judge", "without the judge of support", "without the rules")
            wrong = row in unjudged
            assert (found["unsupported_shown"].value > 0) == wrong, row


def marked(question: str, supported: bool, by: str = "model") -> fit_judge.Said:
    mark = "yes" if supported else "no"
    row = {"question": question, "by": by, "sentence": "A.", "supported": mark, "right": mark}
    return fit_judge.Said(row, {}, {})


def test_a_source_is_shown_only_where_none_of_the_model_is():
    own = [marked("a", True), marked("a", True, "source"), marked("b", True, "source")]
    assert fit_judge.shown_at(0.5, own, [0.9, 0.9, 0.9], [1.0] * 3) == [0, 2]
    assert fit_judge.shown_at(0.5, own, [0.4, 0.9, 0.4], [1.0] * 3) == [1]
    assert fit_judge.shown_at(0.5, own, [0.9, 0.9, 0.9], [0.0, 1.0, 1.0]) == [1, 2]


def test_a_promise_is_kept_down_to_where_too_many_are_unsupported():
    own = [marked(str(i), True) for i in range(100)] + [marked(str(i), False) for i in range(100)]
    sure = [0.9] * 100 + [0.3] * 100
    found = fit_judge.promises(own, sure, [1.0] * 200)
    # 45 right ones, were there no others, are needed for 5 %: all 100 are shown at once from .9 on
    assert found["0.05"] == {"threshold": 0.31, "shown": 100, "unsupported": 0}
    # at .3 and below half are wrong, which keeps no promise
    assert found["0.2"]["threshold"] == 0.31
    # 100 without an error cannot show 2 % with that confidence: .98 ** 100 is above .1
    assert found["0.02"] is None


def test_too_few_sentences_keep_no_promise():
    own = [marked(str(i), True) for i in range(10)]
    found = fit_judge.promises(own, [0.9] * 10, [0.9] * 10)
    assert set(found.values()) == {None}


def test_every_source_and_label_weighs_the_same():
    examples = [
        fit_judge.Example({"x": float(i)}, label, source, str(i))
        for i, (label, source) in enumerate(
            [(True, "a"), (True, "a"), (True, "a"), (False, "a"), (True, "b"), (False, "b")]
        )
    ]
    weights = fit_judge._weights(examples)
    assert sum(weights[:3]) == pytest.approx(weights[3]) == pytest.approx(weights[4])


# swaps

REPORT = (
    "The ferry carries 310 passengers from Lindhamn to Visnäs. "
    "The older ship does not carry 240 passengers from Storskär at all."
)


@pytest.mark.parametrize(
    ("swap", "changed"),
    [
        (swaps.other_number, "The ferry carries 240 passengers from Lindhamn to Visnäs."),
        (swaps.other_name, "The ferry carries 310 passengers from Storskär to Visnäs."),
        (swaps.other_negation, None),  # it has no word after which a "not" could stand
    ],
)
def test_a_swap_takes_what_the_document_says_elsewhere(swap, changed: str | None):
    assert swap(REPORT.partition(" The older")[0], REPORT) == changed


def test_a_negation_is_put_in_or_taken_out():
    assert swaps.other_negation("The ship was not late.", "") == "The ship was late."
    assert swaps.other_negation("The ship wasn't late.", "") == "The ship was late."
    assert swaps.other_negation("The ship was late.", "") == "The ship was not late."
    assert swaps.other_negation("No ship was late.", "") is None


def test_a_rewording_says_the_same():
    assert swaps.reworded("It fell by 6 per cent.") == "It fell by 6 %."
    assert swaps.reworded("It did not fall on 3 May.") == "It didn't fall on 3 May."
    assert swaps.reworded("It fell on 3 June 2021.") == "It fell on June 3, 2021."
    assert swaps.reworded("It fell.") == "It fell."


def test_what_is_swapped_is_to_be_refused_and_what_is_true_kept(measured, tmp_path, monkeypatch):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.txt").write_text(REPORT)
    monkeypatch.setattr(swaps.own, "DOCUMENTS", tmp_path / "none")
    monkeypatch.setattr(swaps, "support", lambda said, *_, **__: float("310" in said))
    found = measured(swaps)
    assert found["swaps_rejected_number"] == 1 / 2  # 310 became 240, 240 became 310
    assert found["swaps_rejected_negation"] == 1
    assert found["true_kept"] == 1 / 2


# answers


def said(text: str, *spans: tuple[str, int, int]) -> dict[str, Any]:
    """An answer of one sentence; a refusal where the text is empty."""
    citations = [{"document": d, "start": s, "end": e, "quote": "-" * (e - s)} for d, s, e in spans]
    return {
        "answer": text,
        "abstained": not text,
        "sentences": [{"text": text, "verdict": "supported", "citations": citations}]
        if text
        else [],
        "passages": [],
        "conflicts": [{"citations": []}] if " or " in text else [],
    }


class Answers(System):
    """Answers as it is told to; keeps what it was asked."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        super().__init__(Settings(), encoder=LetterEncoder(), model=ScriptedModel())
        self.answers = list(answers)
        self.asked: list[tuple[str, Texts]] = []

    def ask(self, question: str, texts: Texts) -> tuple[dict[str, Any], Share]:
        self.asked.append((question, texts))
        answer = self.answers.pop(0)
        citations = sum(len(sentence["citations"]) for sentence in answer["sentences"])
        return answer, (citations, citations)


PASSAGE = "The mill ground rye . It burned in 1802 . Nobody rebuilt it ."
BURNED = (PASSAGE.index("It burned"), PASSAGE.index(" . Nobody"))
NOBODY = (PASSAGE.index("Nobody"), len(PASSAGE) - 2)


def clap(id_: str, *outputs: tuple[str, list[str]]) -> dict[str, Any]:
    return {
        "id": id_,
        "input": f"what of the mill {id_}",
        "passages": [{"title": "Mill", "text": PASSAGE, "sentences": []}],
        "output": [{"answer": a, "selected_sentences": s} for a, s in outputs],
    }


def test_clapnq_sentences_are_found_by_their_letters():
    assert clapnq.located("It burned in 1802 .&", PASSAGE) == BURNED
    with pytest.raises(ValueError, match=r"does not hold the sentence 'It sank\.'"):
        clapnq.located("It sank.", PASSAGE)


def test_clapnq_counts_refusals_citations_and_words(tmp_path: Path, measured):
    folder = tmp_path / "data" / "clapnq"
    one = clap(
        "1", ("the mill burned", ["It burned in 1802 .&"]), ("nobody", ["Nobody rebuilt it ."])
    )
    two = clap("2", ("it ground rye", ["The mill ground rye . "]))
    write(folder / "answerable.jsonl", [one, two])
    write(folder / "unanswerable.jsonl", [clap("3", ("", []))])
    answered = said("the mill burned down", ("Mill", *BURNED), ("Mill", *NOBODY))
    answers = {"1": answered, "2": said(""), "3": said("It ground rye .", ("Mill", 0, 5))}

    class ById(Answers):
        def ask(self, question: str, texts: Texts) -> tuple[dict[str, Any], Share]:
            self.answers = [answers[question[-1]]]
            return super().ask(question, texts)

    system = ById()
    found = measured(clapnq, system=system)
    assert [texts for _, texts in system.asked] == [[("Mill", PASSAGE)]] * 3
    assert found["abstain_recall"] == 0
    assert found["false_abstain"] == 1 / 2
    # either person marked one of the two cited sentences; the refused question has one more
    assert (found["gold_precision"], found["gold_recall"]) == (1 / 2, 1 / 2)
    assert found["gold_f1"] == 1 / 2
    # 3 of 4 and 3 of 3 words: 6/7; the refusal scores 0
    assert found["rouge_l"] == pytest.approx(6 / 7 / 2)
    assert found["rouge_l_answered"] == pytest.approx(6 / 7)
    # the passage has 11 words, "the mill burned" of the answer's 4 among them in order
    assert found["rouge_l_to_passage"] == pytest.approx(2 * 3 / (11 + 4))
    assert (found["answer_chars"], found["reference_chars"]) == (20, (15 + 13) / 2)
    # the best of 6/14 and 2/12, and 3 of 3 of 11
    assert found["passage_rouge_l"] == pytest.approx((6 / 14 + 4 / 14) / 2)
    assert found["citation_validity"] == 1


def row(id_: int, answer: Any, negative: list[str]) -> dict[str, Any]:
    return {
        "id": id_,
        "query": f"who won {id_}",
        "answer": answer,
        "fakeanswer": "Bob",
        "positive": ["Ann won."],
        "positive_wrong": ["Bob won."],
        "negative": negative,
    }


def test_rgb_groups_are_texts_or_spellings():
    assert rgb.case_of(row(0, "Ann", [])).answers == (("Ann",),)
    assert rgb.case_of(row(0, ["Ann", ["May 1", "1 May"]], [])).answers == (
        ("Ann",),
        ("May 1", "1 May"),
    )
    assert rgb.is_barren(row(0, "Ann", ["Cid lost."]))
    assert not rgb.is_barren(row(0, "Ann", ["Cid lost.", "Only ann won."]))
    assert not rgb.is_barren(row(0, "Ann", []))


def test_rgb_asks_among_noise_of_noise_alone_and_of_swapped_facts(tmp_path: Path, measured):
    write(
        tmp_path / "data" / "rgb" / "en_fact.jsonl",
        [row(1, "Ann", ["Cid lost.", "It rained."]), row(2, [["Ann"]], ["Ann watched."])],
    )
    system = Answers(
        said("Ann won.", ("passage 1", 0, 8)), said("Cid won."),  # among noise
        said(""),  # noise alone: the second question's noise holds its answer
        said("Bob won."), said("Ann won, or Bob."),  # swapped
    )  # fmt: skip
    found = measured(rgb, system=system)
    assert found == {
        "noise_answer_contains": 1 / 2,
        "noise_false_abstain": 0,
        "noise_unsupported_shown": 1 / 2,
        "negative_abstain_recall": 1,
        "swapped_fact_shown": 1 / 2,
        "conflict_flagged": 1 / 2,
        "conflict_false": 0,
        "citation_validity": 1,
    }
    asked = [{text for _, text in texts} for _, texts in system.asked]
    assert {"Cid lost.", "It rained."} in asked
    assert {"Ann won.", "Cid lost.", "It rained."} in asked
    assert asked[-1] == {"Ann won.", "Bob won."}


def test_an_assistant_is_asked_through_the_public_face(system: System):
    system.model.enqueue(["The mill burned in 1802."])
    answer, (valid, citations) = system.ask("When did the mill burn?", [("Mill", PASSAGE)])
    assert answer["question"] == "When did the mill burn?"
    assert "It burned in 1802" in str(system.model.asked)
    assert valid == citations >= 1


def test_a_document_that_cannot_be_added_stops_the_set(system: System):
    with (
        pytest.raises(ValueError, match="1 documents failed; empty: holds no text"),
        system.passing_library([("empty", " ")]),
    ):
        pass


def test_own_cases_are_asked_of_the_sample_documents(tmp_path: Path, system: System, monkeypatch):
    def refuse(cases: Sequence[Case], assistant: Any) -> list[dict[str, Any]]:
        assert assistant.library.count()[0] == len(list(own.DOCUMENTS.iterdir()))
        return [said("") | {"timings": dict.fromkeys(TIMES)} for _ in cases]

    monkeypatch.setattr(own, "ask", refuse)
    found = values(own.run(tmp_path, tmp_path / "work", full=False, system=system))
    assert found["abstain_recall"] == found["false_abstain"] == 1
    assert set(found) == set(METRICS)


# subsets


def test_a_subset_is_the_same_every_time_and_part_of_the_larger_one():
    small = subset(range(100), 10, full=False, limit=None)
    assert small == subset(range(100), 10, full=False, limit=None)
    assert len(set(small)) == 10
    assert sorted(subset(range(100), 10, full=True, limit=None)) == list(range(100))
    assert small == subset(range(100), 10, full=True, limit=None)[:10]
    assert small[:3] == subset(range(100), 10, full=False, limit=3)


# one after the other


@pytest.fixture
def sets(tmp_path: Path) -> Callable[..., Callable[[str], Any]]:
    """Make two sets, hotpot and wice, that measure what they are told to."""
    for name in ("hotpot", "wice"):
        write(tmp_path / "data" / name / "rows.jsonl", [{"id": 1}])

    def sets(**runs: Callable[[], list[Metric]]) -> Callable[[str], Any]:
        def load(name: str) -> Any:
            def run(data: Path, work: Path, *, full: bool, limit: int | None) -> list[Metric]:
                return runs[name]()

            return SimpleNamespace(__doc__=f"About <{name}>.", REFERENCES={"m": "<.5>"}, run=run)

        return load

    return sets


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return options_of(
        ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "out"),
         "--only", "wice,hotpot,rgb"]
    )  # fmt: skip


def report(options: Options) -> dict[str, Any]:
    found = json.loads((options.out / "quality.json").read_text(encoding="utf-8"))
    return {one["name"]: one for one in found["sets"]}


def measures(value: float, calls: list[str] | None = None) -> Callable[[], list[Metric]]:
    def run() -> list[Metric]:
        if calls is not None:
            calls.append("run")
        return [Metric("m", value, 4, 0.0, 1.0)]

    return run


def fails() -> list[Metric]:
    raise RuntimeError("a <b>\nbreaks")


def test_a_set_that_fails_or_is_not_there_stops_nothing(sets, options: Options, capsys):
    assert measure(options, sets(hotpot=fails, wice=measures(0.25))) == 1
    found = report(options)
    assert found["hotpot"]["failed"] == "RuntimeError: a <b> breaks"
    assert found["wice"]["metrics"][0]["value"] == 0.25
    assert "rgb: left out, there is no" in capsys.readouterr().out
    assert found["clapnq"]["metrics"] == []
    page = (options.out / "quality.html").read_text(encoding="utf-8")
    assert "RuntimeError: a &lt;b&gt; breaks" in page
    assert "About &lt;wice&gt;." in page
    assert "&lt;.5&gt;" in page
    assert "<b>" not in page
    assert "0.250" in page
    assert "Left out: there is no" in page


def test_what_the_same_code_measured_is_not_measured_again(sets, options: Options):
    calls: list[str] = []
    for again in (False, False, True):
        given = replace(options, again=again)
        assert measure(given, sets(hotpot=measures(0.5, calls), wice=measures(0.25))) == 0
    assert calls == ["run", "run"]
    assert report(options)["hotpot"]["metrics"][0]["previous"] is None  # it was the same code


def test_what_other_code_measured_on_other_rows_is_not_set_beside(sets, options: Options):
    rows = options.data / "wice" / "rows.jsonl"
    for text, value in (("one", 0.5), ("two", 0.75)):
        rows.write_text(text)
        measure(options, sets(hotpot=measures(0.5), wice=measures(value)))
    (metric,) = report(options)["wice"]["metrics"]
    assert (metric["value"], metric["previous"]) == (0.75, None)


@pytest.mark.parametrize("changed", ["wice.py", "common.py", "evaluate/metrics.py"])
def test_what_was_measured_while_the_code_changed_is_not_kept(
    sets, options: Options, monkeypatch, tmp_path: Path, changed: str
):
    (tmp_path / "evaluate").mkdir()
    for name in (*(f"{name}.py" for name in (*SETS, "common", "overlap")), "evaluate/metrics.py"):
        (tmp_path / name).write_text("one")
    monkeypatch.setattr(__main__, "_HERE", tmp_path)
    monkeypatch.setattr(__main__, "_EVALUATE", tmp_path / "evaluate")

    def edited() -> list[Metric]:
        (tmp_path / changed).write_text("two")
        return measures(0.25)()

    assert measure(options, sets(hotpot=measures(0.5), wice=edited)) == 1
    found = report(options)
    assert found["wice"]["failed"] == "RuntimeError: the code changed meanwhile: measure again"
    assert found["wice"]["metrics"] == []
    assert found["hotpot"]["metrics"][0]["value"] == 0.5
    assert measure(options, sets(hotpot=measures(0.5), wice=measures(0.25))) == 0
    assert report(options)["wice"]["metrics"][0]["value"] == 0.25


def test_an_adapter_that_cannot_be_imported_is_its_own_sets_fault(sets, options: Options, capsys):
    whole = sets(hotpot=measures(0.5), wice=measures(0.25))

    def load(name: str) -> Any:
        if name in ("hotpot", "scifact"):
            raise ImportError(f"no {name}")
        return whole(name)

    assert measure(options, load) == 1
    found = report(options)
    assert found["hotpot"]["failed"] == "ImportError: no hotpot"
    assert found["wice"]["metrics"][0]["value"] == 0.25
    assert "hotpot: FAILED, ImportError: no hotpot" in capsys.readouterr().err
    assert measure(replace(options, only=("wice",)), load) == 0  # it was not asked for


def test_a_citation_that_does_not_hold_fails_the_set(sets, options: Options):
    def invalid() -> list[Metric]:
        return [Metric("citation_validity", 0.99, 100, 0.9, 1.0)]

    for _ in range(2):  # measured, and known
        assert measure(options, sets(hotpot=invalid, wice=measures(0.25))) == 1
        found = report(options)["hotpot"]
        assert found["failed"] == __main__.INVALID
        assert found["metrics"][0]["value"] == 0.99


def test_what_the_peers_said_stands_in_the_report(sets, options: Options):
    def peers() -> Any:
        measure(options, sets(hotpot=measures(0.5), wice=measures(0.25)))
        return json.loads((options.out / "quality.json").read_text(encoding="utf-8"))["peers"]

    assert peers() is None
    options.peers.parent.mkdir()
    kept = {"schema": 1, "code": "other", "cases": {"file": "cases.csv", "n": 3}}
    said = {**kept, "systems": [], "against": {}}
    options.peers.write_text(json.dumps(said))
    assert peers() == {**said, "current": False}
    options.peers.write_text(json.dumps(said | {"code": code_version()}))
    assert peers()["current"]


def test_the_last_number_of_other_code_stands_beside_the_new_one(
    sets, options: Options, monkeypatch
):
    for version, value in (("one", 0.5), ("two", 0.75), ("two", 0.875)):
        monkeypatch.setattr(__main__, "version_of", lambda *_, version=version: version)
        again = replace(options, again=True)
        assert measure(again, sets(hotpot=measures(value), wice=measures(0))) == 0
    (metric,) = report(options)["hotpot"]["metrics"]
    assert (metric["value"], metric["previous"]["value"]) == (0.875, 0.5)
    monkeypatch.setattr(__main__, "version_of", lambda *_: "three")
    assert measure(options, sets(hotpot=fails, wice=fails)) == 1
    assert report(options)["hotpot"]["metrics"][0]["value"] == 0.875  # what is known stays
    page = (options.out / "quality.html").read_text(encoding="utf-8")
    assert page.count("by other code than this") == 2


def test_what_was_measured_is_kept_when_the_run_is_broken_off(sets, options: Options):
    def broken() -> list[Metric]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(options, sets(hotpot=measures(0.5), wice=broken))
    assert report(options)["hotpot"]["metrics"][0]["value"] == 0.5


def test_subsets_are_kept_apart(sets, options: Options):
    measure(options, sets(hotpot=measures(0.5), wice=measures(0.5)))
    given = replace(options, limit=3)
    measure(given, sets(hotpot=measures(0.25), wice=measures(0.5)))
    assert report(options)["hotpot"]["metrics"][0]["value"] == 0.25
    kept = json.loads((options.out / "results.json").read_text(encoding="utf-8"))["results"]
    assert kept["hotpot, small"]["metrics"][0]["value"] == 0.5


def test_the_command_line_names_the_sets(capsys):
    assert options_of([]).only == SETS
    assert options_of(["--only", "wice,hotpot"]).only == ("hotpot", "wice")
    for wrong in (["--only", "squad"], ["--limit", "0"]):
        with pytest.raises(SystemExit):
            options_of(wrong)
    assert "no set 'squad'" in capsys.readouterr().err
