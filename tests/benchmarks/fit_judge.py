"""Fit the judge's coefficients on labelled data and write rag/judge.json.

    python -m tests.benchmarks.fit_judge ../shared/data [--only support]

Support is fitted on claims against references (the development rows of AttributionBench and WiCE),
relevance on sentences that the embedded language model
said of the sample documents, which people marked as answers or not (tests/sentences.csv), and on
pairs of question and passage that the judge's network has not learnt from. Each source and each
label of it weighs as much as another. Prints, over five folds of whole documents or questions,
what the probabilities are worth, what each group of features is worth (what is lost without it),
and what the cross-encoder alone says of the questions of CLAP NQ, of which nothing was fitted to
it. tests/benchmarks/reliability.svg shows how often each probability was right. Last come the
promises: the thresholds of support from which on so few of the marked sentences
that are shown are unsupported that it can be promised of others like them.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

from index import Library
from index.embed import Encoder, Remembering
from index.split import sentences
from rag import Assistant, judge, select, vetoes
from rag.attribute import attribute, spans, with_previous
from rag.crossencoder import Reader
from rag.evaluate.classification import (
    auroc,
    balanced_accuracy,
    expected_calibration_error,
    macro_f1,
)
from rag.settings import Settings
from rag.surroundings import Surroundings
from tests.benchmarks import reliability
from tests.benchmarks import sentences as marked
from tests.benchmarks.common import FOLDS, System, files_in, fold_of, read
from tests.benchmarks.own import DOCUMENTS, NAME
from tests.benchmarks.train_judge import held_back

RELIABILITY = Path(__file__).with_name("reliability.svg")
RELEVANCE_SET, MOST = "qa_squad2", 500  # rows of those held back; its negatives are by people
PROMISES = (0.02, 0.05, 0.1, 0.2)  # of what is shown, so much may be wrong
THRESHOLDS = [round(0.98 - 0.01 * step, 2) for step in range(80)]  # that are tried, in order
DELTA = 0.1  # probability that a promise is not kept
C = 0.5  # inverse strength of the regressions' penalty, on features of variance 1
GROUPS = {  # of features, for what they are worth
    "support": {
        "cross-encoder": ("read", "read_around", "contradicted", "contradicted_around"),
        "alignment": (
            "aligned", "aligned_worst", "aligned_particular", "aligned_content", "in_order",
        ),
        "words": ("words_covered", "all_covered", "name_lacking", "cosine"),
        "rules": vetoes.OF_SUPPORT,
    },
    "relevance": {
        "cross-encoder": ("read", "read_claim", "read_passage"),
        "the answer's place": ("says_answer", "says_passage_answer", "new_words"),
        "words": ("words_near", "words_around", "all_words_around", "names_near"),
        "cosines": ("cosine_quotes", "cosine_claim"),
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Example:
    """What the judge sees of a claim, and the truth."""

    seen: Mapping[str, float]
    label: bool
    source: str
    document: str  # or question: what a fold has whole


def main() -> None:
    """Fit both regressions."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, default=Path("library/benchmarks"))
    parser.add_argument("--only", choices=tuple(GROUPS), help="write this regression only")
    options = parser.parse_args()
    system = System()
    encoder = Remembering(system.encoder)
    with system.kept_library_of_files(options.work, NAME, files_in([DOCUMENTS])) as library:
        assistant = system.assistant(library)
        found = {
            "support": list(support_examples(options.data, encoder, assistant.reader)),
        }
        own = said(library, assistant)
        found["relevance"] = [
            *(
                Example(one.of_relevance, one.right, "own", one.question)
                for one in own
                if one.of_relevance
            ),
            *asked_examples(options.data, encoder, assistant.reader),
        ]
    said_of = unseen_questions(options.data, assistant.reader)
    print(f"cross-encoder alone, clapnq: AUROC {said_of:.3f}")
    result: dict[str, Any] = {"languages": ["en"]}
    diagrams = {}
    for what, examples in found.items():
        names = list(examples[0].seen)
        unseen = held_out(examples, names)
        worth = described(what, examples, unseen)
        diagrams[what] = [example.label for example in examples], unseen
        for group, members in GROUPS[what].items():
            rest = [name for name in names if name not in members]
            lost = measured(examples, held_out(examples, rest))["auroc"]
            print(f"{what} without {group}: AUROC {lost:.3f} ({lost - worth['auroc']:+.3f})")
        result[what] = coefficients(examples, names)
        sources = ", ".join(sorted({example.source for example in examples}))
        result[f"{what}_provenance"] = (
            f"logistic regression on {len(examples)} rows of {sources}; {FOLDS} folds by document: "
            f"AUROC {worth['auroc']:.3f}, expected calibration error {worth['ece']:.3f}; "
            "tests/benchmarks/fit_judge.py"
        )
        result[f"{what}_folds"] = [  # each without its fold: what the benchmarks measure with
            coefficients([e for e in examples if fold_of(e.document) != fold], names)
            for fold in range(FOLDS)
        ]
    RELIABILITY.write_text(reliability.diagram(diagrams), encoding="utf-8")
    result["promised_relevance"] = Settings().relevance_threshold
    result["promises"] = promises(own, *probabilities(own, result))
    questions = len({one.row["question"] for one in own})
    result["promised_on"] = (
        f"{len(own)} sentences said to {questions} questions about the {len(files_in([DOCUMENTS]))}"
        f" sample documents (tests/sentences.csv); confidence {1 - DELTA:.0%} for each promise, on "
        "questions and documents like these, taken as independent"
    )
    print("promises:", result["promises"])
    kept = json.loads(judge.COEFFICIENTS.read_text(encoding="utf-8")) if options.only else {}
    new = {
        key: value
        for key, value in result.items()
        if options.only is None or key.startswith(options.only)
    }
    judge.COEFFICIENTS.write_text(json.dumps(kept | new, indent=1) + "\n", encoding="utf-8")


def unseen_questions(data: Path, reader: Reader) -> float:
    """Return the AUROC of what the reader says of answerable and unanswerable questions."""
    rows = [
        (row["input"], row["passages"][0]["text"], kind == "answerable")
        for kind in ("answerable", "unanswerable")
        for row in read(data / "clapnq" / f"{kind}.jsonl")
    ]
    read_as = reader.read([(question, passage) for question, passage, _ in rows])
    said = np.array([one.answer or 0.0 for one in read_as])
    return auroc(np.array([label for *_, label in rows]), said) or 0.0


def probabilities(
    own: Sequence[Said], fitted: Mapping[str, Any]
) -> tuple[list[float], list[float]]:
    """Return support and relevance of the marked sentences, by regressions that saw none of them.

    Relevance is of the fold that leaves a sentence's question out; support is fitted on others.
    """
    support, relevance = [], []
    for one in own:
        folds = fitted["relevance_folds"][fold_of(one.question)]
        verbatim = one.row["by"] == "source"
        support.append(
            1.0 if verbatim else _probability("support", one.of_support, fitted["support"])
        )
        relevance.append(_probability("relevance", one.of_relevance, folds))
    return support, relevance


def _probability(
    what: str, seen: Mapping[str, float] | None, weights: Mapping[str, float]
) -> float:
    return judge.RULED_OUT if seen is None else judge.probability(what, seen, weights)


def promises(
    own: Sequence[Said], support: Sequence[float], relevance: Sequence[float]
) -> dict[str, Any]:
    """Return the least threshold of support that keeps each promise; None where none is known to.

    A promise is that of the sentences that are shown at most such a share is unsupported. Learn
    then Test (Angelopoulos, Bates, Candès, Jordan and Lei 2021): thresholds are tested from the
    strictest on which it could be shown, downwards, as long as the binomial p-value of the
    unsupported ones among those shown is at most DELTA (fixed-sequence testing).
    """
    found: dict[str, Any] = {}
    for promise in PROMISES:
        needed = math.log(DELTA) / math.log(1 - promise)  # shown, if none is unsupported
        kept = None
        for threshold in THRESHOLDS:
            shown = shown_at(threshold, own, support, relevance)
            wrong = sum(not own[i].supported for i in shown)
            if len(shown) < needed:
                continue
            if binom.cdf(wrong, len(shown), promise) > DELTA:
                break
            kept = {"threshold": threshold, "shown": len(shown), "unsupported": wrong}
        found[str(promise)] = kept
    return found


def shown_at(
    threshold: float, own: Sequence[Said], support: Sequence[float], relevance: Sequence[float]
) -> list[int]:
    """Return which sentences are shown: a source's only where none of the model's to a question."""
    least = Settings().relevance_threshold
    passing = [i for i in range(len(own)) if support[i] >= threshold and relevance[i] >= least]
    answered = {own[i].row["question"] for i in passing if own[i].row["by"] == "model"}
    return [
        i for i in passing if own[i].row["by"] == "model" or own[i].row["question"] not in answered
    ]


def support_examples(data: Path, encoder: Encoder, reader: Reader) -> Iterator[Example]:
    """Yield features of claims and references, or of the sentences that were marked in them."""
    rows = [
        (row["claim"], row["references"], row["attribution_label"] == "attributable",
         row["src_dataset"], row["question"])
        for row in read(data / "attribution" / "dev.jsonl.gz")
    ] + [
        (row["claim"], row["evidence"], row["label"] == "supported", "WiCE",
         row["meta"]["claim_title"])
        for row in read(data / "wice" / "claim_dev.jsonl.gz")
    ]  # fmt: skip
    for claim, quotes, label, source, document in tqdm(rows, desc="support"):
        seen = judge.support_features(claim, quotes, encoder, reader)
        if seen:
            yield Example(seen, label, source, document)


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence that people marked, with what the judge sees of it; None where a rule refuses."""

    row: Mapping[str, str]  # of tests/sentences.csv
    of_support: Mapping[str, float] | None
    of_relevance: Mapping[str, float] | None

    @property
    def question(self) -> str:
        """What is asked, as the judge sees it."""
        return select.subject(self.row["question"])

    @property
    def supported(self) -> bool:
        """Whether the documents state all of it."""
        return self.row["supported"] == "yes"

    @property
    def right(self) -> bool:
        """Whether it is true and answers the question."""
        return self.row["right"] == "yes"


def said(library: Library, assistant: Assistant) -> list[Said]:
    """Return the marked sentences, judged as the assistant judges them."""
    found = []
    encoder, reader = Remembering(library.encoder), assistant.reader
    for row in tqdm(marked.read(), desc="sentences"):
        question, sentence = select.subject(row["question"]), row["sentence"]
        hits = assistant.search(row["question"])
        candidates = spans(hits)
        itself = [  # a source's sentence, perhaps with the one before it
            span
            for span in (*candidates, *map(with_previous, candidates))
            if row["by"] == "source" and span.text == sentence
        ]
        cited = itself[:1] or attribute(sentence, candidates, encoder)
        around = Surroundings(library, hits)
        context = around.of(cited)
        quotes = [span.text for span in cited]
        of_support = of_relevance = None
        if cited:
            given = vetoes.given(question, context, around.about(cited))
            of_support = judge.support_features(
                sentence, quotes, encoder, reader, given=given, chosen=True
            )
            of_relevance = judge.relevance_features(
                question, sentence, quotes, context, cited[0].hit.text, encoder, reader
            )
        found.append(Said(row, of_support, of_relevance))
    return found


def asked_examples(data: Path, encoder: Encoder, reader: Reader) -> Iterator[Example]:
    """Yield features of questions and passages; label: the passage answers.

    The sentence is the one with the answer, or, where there is no answer, the one that reads most
    like one: what a wrong answer would rest on.
    """
    rows = [row for row in read(data / "judge" / f"{RELEVANCE_SET}.jsonl.gz") if held_back(row)]
    for row in tqdm(rows[:MOST], desc=RELEVANCE_SET):
        passage, question, answer = row["passage"], row["question"], row["answer"]
        texts = [passage[start:end] for start, end in sentences(passage)]
        if not texts:
            continue
        holding = [text for text in texts if answer and answer in text] or texts
        read_as = [r.answer or 0.0 for r in reader.read([(question, text) for text in holding])]
        sentence = holding[int(np.argmax(read_as))]
        seen = judge.relevance_features(
            question, sentence, [sentence], passage, passage, encoder, reader
        )
        if seen:
            yield Example(seen, bool(answer), RELEVANCE_SET, passage)


def _rows(examples: Sequence[Example], names: Sequence[str]) -> NDArray[np.float64]:
    return np.array([[example.seen[name] for name in names] for example in examples])


def _weights(examples: Sequence[Example]) -> NDArray[np.float64]:
    """Return a weight for each example: every source and label of it has the same, all told."""
    kinds = [(example.source, example.label) for example in examples]
    many = Counter(kinds)
    return np.array([len(kinds) / len(many) / many[kind] for kind in kinds])


def _fitted(examples: Sequence[Example], names: Sequence[str]) -> tuple[NDArray[np.float64], float]:
    """Return coefficients (features,) and intercept, of features as they are."""
    rows = _rows(examples, names)
    mean, scale = rows.mean(axis=0), np.where(rows.std(axis=0) > 0, rows.std(axis=0), 1.0)
    model = LogisticRegression(C=C, max_iter=2000)
    model.fit(
        (rows - mean) / scale,
        [example.label for example in examples],
        sample_weight=_weights(examples),
    )
    slopes = model.coef_[0] / scale
    return slopes, float(model.intercept_[0] - slopes @ mean)


def coefficients(examples: Sequence[Example], names: Sequence[str]) -> dict[str, float]:
    """Return the regression's coefficients by feature."""
    slopes, intercept = _fitted(examples, names)
    return {
        "intercept": round(intercept, 4),
        **{name: round(float(slope), 4) for name, slope in zip(names, slopes, strict=True)},
    }


def held_out(examples: Sequence[Example], names: Sequence[str]) -> NDArray[np.float64]:
    """Return the probability of each example by a regression that saw nothing of its fold."""
    folds = np.array([fold_of(example.document) for example in examples])
    said = np.zeros(len(examples))
    for fold in range(FOLDS):
        slopes, intercept = _fitted(
            [e for e, its in zip(examples, folds, strict=True) if its != fold], names
        )
        mine = folds == fold
        score = _rows([e for e, its in zip(examples, mine, strict=True) if its], names) @ slopes
        said[mine] = 1 / (1 + np.exp(-(score + intercept)))
    return said


def measured(examples: Sequence[Example], said: NDArray[np.float64]) -> dict[str, float]:
    """Return what the probabilities are worth: the mean over the sources, and over all rows."""
    labels = np.array([example.label for example in examples])
    sources = np.array([example.source for example in examples])
    parts = [sources == source for source in sorted(set(sources))]
    return {
        "auroc": float(np.mean([auroc(labels[part], said[part]) or 0.0 for part in parts])),
        "macro_f1": float(
            np.mean([macro_f1(labels[part], said[part] >= 0.5) or 0.0 for part in parts])
        ),
        "ece": expected_calibration_error(labels, said) or 0.0,
    }


def described(
    what: str, examples: Sequence[Example], said: NDArray[np.float64]
) -> dict[str, float]:
    """Print what the probabilities are worth on each source; return it of all."""
    for source in sorted({example.source for example in examples}):
        part = np.array([example.source == source for example in examples])
        labels = np.array([e.label for e in examples])[part]
        print(
            f"{what} {source}: AUROC {auroc(labels, said[part]):.3f}, balanced accuracy "
            f"{balanced_accuracy(labels, said[part] >= 0.5):.3f}, macro-F1 "
            f"{macro_f1(labels, said[part] >= 0.5):.3f}, ECE "
            f"{expected_calibration_error(labels, said[part]):.3f}, N {part.sum()}, "
            f"of them true {labels.mean():.2f}"
        )
    whole = measured(examples, said)
    print(what, {name: round(value, 3) for name, value in whole.items()}, f"N {len(examples)}")
    return whole


if __name__ == "__main__":
    main()
