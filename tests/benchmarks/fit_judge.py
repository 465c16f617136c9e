"""Fit the judge's coefficients on labelled data and write rag/judge.json.

    python -m tests.benchmarks.fit_judge ../shared/data [--pairs 2500]

Support is fitted on pairs of claim and evidence, relevance on pairs of question and passage whose
unanswerable questions were written by people; both on what the judge's rules let pass, as they are
used. Prints AUROC, cross-validated over five folds.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from tqdm import tqdm

from index import weights
from index.embed import Encoder
from index.split import sentences
from rag import judge, vetoes
from rag.attribute import cover
from tests.benchmarks.common import read

SEED = 20
SUPPORT_SETS = {  # share of the pairs
    "fever": 3, "factcheck_gpt": 3, "summedits": 2, "defacto": 2, "made_qa2d": 2,
    "made_wiki_edits": 1, "fool_me_twice": 1, "feverous": 1, "bump": 1,
}  # fmt: skip
RELEVANCE_SETS = {"qa_squad2": 2, "qa_qnli": 1, "qa_selqa": 1}

Example = tuple[dict[str, float], bool, str, bool]  # features, label, source, ruled out


def main() -> None:
    """Fit both regressions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pairs", type=int, default=2500)
    options = parser.parse_args()
    encoder = weights.encoder()
    result: dict[str, object] = {}
    for what, examples in (
        ("support", support_examples(options.data, options.pairs, encoder)),
        ("relevance", relevance_examples(options.data, options.pairs, encoder)),
    ):
        coefficients, note = fit(what, list(examples))
        result[what] = coefficients
        result[f"{what}_provenance"] = note
    judge.COEFFICIENTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def fit(what: str, examples: list[Example]) -> tuple[dict[str, float], str]:
    """Return the coefficients, and a line on what they were fitted on and how well."""
    refused = [label for _, label, _, ruled_out in examples if ruled_out]
    print(f"{what}: the rules refuse {len(refused)} of {len(examples)}, {sum(refused)} wrongly")
    examples = [example for example in examples if not example[3]]
    first = examples[0][0]
    names = [name for name in first if len({features[name] for features, *_ in examples}) > 1]
    rows = np.array([[features[name] for name in names] for features, *_ in examples])
    labels = np.array([label for _, label, *_ in examples])
    sources = np.array([source for _, _, source, _ in examples])
    model = LogisticRegression(C=1.0, max_iter=1000)
    held_out = cross_val_predict(model, rows, labels, cv=5, method="predict_proba")[:, 1]
    for source in sorted(set(sources)):
        mine = sources == source
        if 0 < labels[mine].sum() < mine.sum():
            print(
                f"{what} {source}: AUROC {roc_auc_score(labels[mine], held_out[mine]):.3f}, "
                f"N {mine.sum()}"
            )
    whole = roc_auc_score(labels, held_out)
    print(f"{what}: AUROC {whole:.3f}, N {len(labels)}, five folds, seed {SEED}")
    for low in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        shown = held_out >= low
        print(f"  at {low}: shown {shown.mean():.2f}, of those true {labels[shown].mean():.2f}")
    model.fit(rows, labels)
    coefficients = {name: round(float(w), 4) for name, w in zip(names, model.coef_[0], strict=True)}
    print(what, coefficients)
    note = (
        f"logistic regression on {len(labels)} pairs of {', '.join(sorted(set(sources)))}; "
        f"AUROC {whole:.3f} over five folds, seed {SEED}; tests/benchmarks/fit_judge.py"
    )
    return {"intercept": round(float(model.intercept_[0]), 4), **coefficients}, note


def support_examples(data: Path, pairs: int, encoder: Encoder) -> Iterator[Example]:
    """Yield features of pairs of claim and evidence; label: supported."""
    rows = sample(data, SUPPORT_SETS, pairs, lambda row: row["label"] == "support")
    rows += [
        ({"claim": row["claim"], "premise": "\n".join(row["evidence"])},
         row["label"] == "supported", "wice")
        for row in read(data / "wice" / "oracle_claim_dev.jsonl.gz")[: pairs // 8]
    ]  # fmt: skip
    for row, label, source in tqdm(rows, desc="support"):
        premise = row["premise"]
        texts = [premise[start:end] for start, end in sentences(premise)]
        chosen = [texts[index] for index in cover(row["claim"], texts, encoder)]
        if not chosen:
            continue
        features = judge.support_features(row["claim"], chosen, encoder)
        yield (
            features,
            label,
            source,
            bool(vetoes.unsupported(row["claim"], chosen)) or judge.support_ruled_out(features),
        )


def relevance_examples(data: Path, pairs: int, encoder: Encoder) -> Iterator[Example]:
    """Yield features of pairs of question and passage; label: its sentence answers the question.

    The sentence is the one with the answer, or, where there is no answer, the one most like the
    question: what a model would rest a wrong answer on.
    """
    rows = sample(data, RELEVANCE_SETS, pairs, lambda row: bool(row["answer"]))
    for row, label, source in tqdm(rows, desc="relevance"):
        passage, question, answer = row["passage"], row["question"], row["answer"]
        texts = [passage[start:end] for start, end in sentences(passage)]
        if not texts:
            continue
        holding = [text for text in texts if answer and answer in text]
        vectors = encoder.encode([question, *(holding or texts)])
        sentence = (holding or texts)[int(np.argmax(vectors[1:] @ vectors[0]))]
        features = judge.relevance_features(question, sentence, [sentence], passage, encoder)
        ruled_out = judge.relevance_ruled_out(features) or vetoes.beside_the_point(
            question, sentence, [sentence], passage
        )
        yield features, label, source, ruled_out


def sample(data, sets, pairs, label):
    """Return (row, label, source) of each set in its share, half of them of either label."""
    total = sum(sets.values())
    found = []
    for name, share in sets.items():
        rows = read(data / "judge" / f"{name}.jsonl.gz")
        random.Random(SEED).shuffle(rows)
        half = pairs * share // total // 2
        for wanted in (True, False):
            found += (
                [(row, wanted, name) for row in rows if label(row) is wanted][-half:]
                if half
                else []
            )
    return found


if __name__ == "__main__":
    main()
