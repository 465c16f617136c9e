"""A user's documents -> proposed cases, for people to edit: no proposal is a checked case.

The language model words the questions; the answers are words of the documents. Every third case
is a near miss that nothing answers, where a question has a year or a number to change: to one that
no document has.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from langchain_core.language_models import BaseChatModel
from langsmith import tracing_context
from tqdm import tqdm

from index import Library
from index.split import sentences
from rag import prompt, vetoes
from rag.evaluate.cases import Case, Gold
from rag.evaluate.metrics import has_tokens
from rag.evaluate.statistics import SEED

KINDS = ("fact", "changed number")
_NEAR_MISS_EVERY = 3
_LENGTHS = range(40, 300)  # characters of a sentence worth asking about
_AROUND = 600  # characters of the text before the sentence that the model reads
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_DATE = re.compile(
    rf"\b\d{{1,2}} (?:{_MONTHS})(?: \d{{4}})?\b|\b(?:{_MONTHS}) \d{{1,2}}, \d{{4}}\b"
)
_NUMBER = re.compile(
    r"(?<![\w.,-])[1-9](?:[\d.,]*\d)?"
    r"(?:\s?%| (?:thousand|million|billion|per cent|percent))?(?![\w-])"
)
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_LABEL = re.compile(rf"(?<![\d.,])\b\d{{1,3}}\b(?![.,]\d| (?:{_MONTHS}))")  # no day of a date
_FORMULA = tuple("=+-@")  # with which a sheet would begin to calculate
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][\w’'-]+(?: (?:of |de |van |von )?[A-Z][\w’'-]+)+")


@dataclass(frozen=True, slots=True)
class Fact:
    """A sentence of a document, and the words in it that a question may ask for."""

    document: str
    start: int
    sentence: str
    answer: str


def draft(library: Library, documents: Sequence[str], model: BaseChatModel, n: int) -> list[Case]:
    """Propose up to n cases from these documents, spread over them, the same every time."""
    texts = {name: library.text(name) for name in documents}
    everything = "\n".join(texts.values())
    cases: list[Case] = []
    with tqdm(total=n, desc="drafting", unit="case") as bar:
        for fact in _in_turn(texts):
            question = _question(fact, texts[fact.document], model)
            if question is None:
                continue
            found = [_answerable(fact, question, len(cases) + 1)]
            if len(cases) % _NEAR_MISS_EVERY == _NEAR_MISS_EVERY - 2:
                found += _near_miss(found[0], everything)
            cases += found
            bar.update(min(len(found), n - bar.n))
            if len(cases) >= n:
                break
    return cases[:n]


def facts(document: str, text: str) -> Iterator[Fact]:
    """Yield the sentences that say a number or a name once, with that as the answer."""
    for start, end in sentences(text):
        sentence = text[start:end]
        if len(sentence) not in _LENGTHS or "\n\n" in sentence or text.count(sentence) != 1:
            continue
        if sentence.startswith(_FORMULA):
            continue
        for kind in (_DATE, _NUMBER, _NAME):
            match = next((m for m in kind.finditer(sentence) if _is_told(m, sentence)), None)
            if match:
                yield Fact(document, start, sentence, match.group())
                break


def _is_told(match: re.Match[str], sentence: str) -> bool:
    """Whether the words are what the sentence says, once: no clause number, no "Berth 5"."""
    before = sentence[: match.start()].split()
    named = before and before[-1].isalpha() and before[-1].istitle()
    is_label = named and match.group()[0].isdigit()
    return bool(before) and not is_label and sentence.count(match.group()) == 1


def _in_turn(texts: dict[str, str]) -> Iterable[Fact]:
    """Take a fact of each document in turn, in an order that looks random and is fixed."""
    shuffled = []
    for name, text in texts.items():
        found = list(facts(name, text))
        random.Random(SEED).shuffle(found)  # noqa: S311 - no secret
        shuffled.append(found)
    rounds = itertools.zip_longest(*shuffled)
    return (fact for one_of_each in rounds for fact in one_of_each if fact is not None)


def _question(fact: Fact, text: str, model: BaseChatModel) -> str | None:
    """Return the model's question, if it can be asked of this sentence and of no other words."""
    context = text[max(0, fact.start - _AROUND) : fact.start + len(fact.sentence)]
    messages = prompt.messages("draft", context=context, sentence=fact.sentence, answer=fact.answer)
    with tracing_context(enabled=False):
        reply = str(model.invoke(messages).content).strip()
    question = reply.splitlines()[0].strip() if reply else ""
    fits = (
        question.endswith("?")
        and not question.startswith(_FORMULA)
        and not has_tokens(question, fact.answer)
        and not vetoes.beside_the_point(question, fact.sentence, [fact.sentence], context)
    )
    return question if fits else None


def _answerable(fact: Fact, question: str, number: int) -> Case:
    gold = Gold(fact.document, fact.start, fact.start + len(fact.sentence), fact.sentence)
    return Case(f"d{number:03}", question, ((fact.answer,),), (gold,), kind=KINDS[0])


def _near_miss(case: Case, everything: str) -> list[Case]:
    """Return the case with a year of its question, or else a number, that stands nowhere."""
    match = _YEAR.search(case.question) or _LABEL.search(case.question)
    if match is None:
        return []
    value = int(match.group())
    numbers = set(re.findall(r"\d+", everything))
    changed = next(
        str(v) for v in range(value + 1, value + len(numbers) + 2) if str(v) not in numbers
    )
    question = case.question[: match.start()] + changed + case.question[match.end() :]
    return [replace(case, id=f"{case.id}x", question=question, answers=None, evidence=(),
                    kind=KINDS[1])]  # fmt: skip
