"""CLAP NQ: are long answers right, cited to the gold sentences, and refused where there are none?

30 answerable and 30 unanswerable development questions in a fixed random order (full: 150 and
150), each asked of a library that holds its passage alone: the gold passage, or one of the right
page that does not answer. `abstain_recall` and `false_abstain` are the shares of unanswerable and
of answerable questions that were refused, `citation_validity` that of citations which quote their
place exactly. `gold_recall`, `gold_precision` and `gold_f1` are of the marked sentences and of what
the answer cites; where several people marked some, a question counts with those that fit its
citations best. `rouge_l` is against the best reference, 0 for a refusal; `rouge_l_answered` leaves
refusals out. `rouge_l_to_passage` says how much an answer copies of its passage, `answer_chars`
and `reference_chars` how long answers and first references are, and `passage_rouge_l` what the
whole passage would score as the answer. The published numbers are of all 600
questions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.evaluate.cases import Case, Gold
from rag.evaluate.metrics import AnswerDict, Scores, gold_precision, gold_recall, scores, total
from rag.evaluate.retrieval import rouge_l
from rag.evaluate.statistics import Metric, Share, f1
from tests.benchmarks.common import Row, System, mean, progress, read, subset

REFERENCES = {
    "abstain_recall": "GPT-4 .180, Mistral-7B .186, Llama-13B-chat .250, GPT-3.5 .370, FLAN-T5-L "
    ".799, FLAN-T5-XXL .840, fine-tuned CLAPnq-T5-L .892",
    "rouge_l": "FLAN-T5-L .186, FLAN-T5-XXL .221, Llama-13B-chat .355, GPT-4 .359, Mistral-7B "
    ".390, GPT-3.5 .398, fine-tuned CLAPnq-T5-L .572",
    "passage_rouge_l": ".495",
}
SMALL = 30  # questions of either kind
COUNTED = (  # of the harness's metrics
    "abstain_recall",
    "false_abstain",
    "citation_validity",
    "gold_recall",
    "gold_precision",
    "gold_f1",
)
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its passage and what was written about it."""

    cases: tuple[Case, ...]  # one for each person who marked sentences
    document: str
    passage: str
    references: tuple[str, ...]  # answers; none where there is no answer


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of a question."""

    question: Question
    case: Case  # that of its cases which the citations fit best
    answer: AnswerDict
    validity: Share

    @property
    def text(self) -> str:
        """The answer as it was shown; empty for a refusal."""
        return str(self.answer["answer"])


def run(
    data: Path, work: Path, *, full: bool, limit: int | None = None, system: System | None = None
) -> list[Metric]:
    """Return refusals, citations and ROUGE-L of the answers."""
    system = system or System(answers=work / "answers")
    questions = [
        question_of(row)
        for kind in ("answerable", "unanswerable")
        for row in subset(read(data / "clapnq" / f"{kind}.jsonl"), SMALL, full=full, limit=limit)
    ]
    asked = [ask(one, system) for one in progress(questions, "clapnq: asking", "question")]
    return measured(asked)


def question_of(row: Row) -> Question:
    """Return the question of a row of the set."""
    passage = row["passages"][0]
    document, text = passage["title"], passage["text"]
    outputs = [output for output in row["output"] if output["answer"]]
    cases = tuple(
        Case(
            id=str(row["id"]),
            question=row["input"],
            answers=((output["answer"],),),
            evidence=tuple(
                Gold(document, start, end, text[start:end])
                for start, end in (located(s, text) for s in output["selected_sentences"])
            ),
        )
        for output in outputs
    )
    return Question(
        cases=cases or (Case(str(row["id"]), row["input"], None),),
        document=document,
        passage=text,
        references=tuple(output["answer"] for output in outputs),
    )


def located(sentence: str, text: str) -> tuple[int, int]:
    """Return where the sentence stands in the text; only letters and digits are compared.

    The set's sentences end on marks that the passages do not have.
    """
    places = [match.start() for match in _WORD.finditer(text)]
    wanted = "".join(_WORD.findall(sentence))
    at = "".join(text[place] for place in places).find(wanted)
    if not wanted or at < 0:
        raise ValueError(f"the passage does not hold the sentence {sentence!r}")
    return places[at], places[at + len(wanted) - 1] + 1


def ask(question: Question, system: System) -> Asked:
    """Ask a question of its passage."""
    answer, validity = system.ask(
        question.cases[0].question, [(question.document, question.passage)]
    )
    return Asked(
        question, max(question.cases, key=lambda case: fit(case, answer)), answer, validity
    )


def fit(case: Case, answer: AnswerDict) -> float:
    """Return how well the citations fit a case: their F1."""
    (good, cited), (hit, gold) = gold_precision(case, answer), gold_recall(case, answer)
    return f1(good / cited if cited else 0.0, hit / gold if gold else 0.0)


def measured(asked: Sequence[Asked]) -> list[Metric]:
    """Return the numbers of all questions."""
    answerable = [one for one in asked if one.question.references]
    shown = [one for one in answerable if one.text]
    counted = {metric.name: metric for metric in total([scored(one) for one in asked])}
    return [
        *(counted[name] for name in COUNTED),
        mean("rouge_l", [_best(one.question, one.text) for one in answerable]),
        mean("rouge_l_answered", [_best(one.question, one.text) for one in shown]),
        mean("rouge_l_to_passage", [rouge_l(one.question.passage, one.text) for one in shown]),
        mean("answer_chars", [len(one.text) for one in shown]),
        mean("reference_chars", [len(one.question.references[0]) for one in answerable]),
        mean("passage_rouge_l", [_best(one.question, one.question.passage) for one in answerable]),
    ]


def scored(one: Asked) -> Scores:
    """Return the harness's scores; those that need a judge are not asked for."""
    text_of = {one.question.document: one.question.passage}.__getitem__
    found = scores(one.case, one.answer, text_of, lambda *_: False)
    return {**found, "citation_validity": one.validity}


def _best(question: Question, text: str) -> float:
    return max(rouge_l(reference, text) for reference in question.references)
