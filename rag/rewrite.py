"""Follow-up and history -> a question that stands alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rag import prompt, words

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

Turn = tuple[str, str]  # question and answer

_TURNS = 2  # of the history that are looked at; older ones rarely matter
_TURN_CHARS = 1000  # of each question and answer, likewise
_REFERS = re.compile(
    r"\b(it|its|itself|they|them|their|theirs|he|him|his|she|her|hers|this|these|those|the same"
    r"|the former|the latter|the other one|that one|that (?:year|time|case|day|month|decade))\b"
    r"|\b(?:then|too|instead|again)\W*$",
    re.IGNORECASE,
)
_CONTINUES = re.compile(
    r"^\W*(and|but|or|so|also|what about|how about|what else|why\W*$|how\W*$)\b", re.IGNORECASE
)


def refers_back(question: str) -> bool:
    """Whether a question leans on what was said before it."""
    names_nothing = not words.names(question) and len(words.content(question)) <= 2
    return bool(_CONTINUES.search(question) or _REFERS.search(question) or names_nothing)


def in_context(question: str, history: Sequence[Turn]) -> str:
    """Return a question that leans on the history with the last question before it."""
    if not history or not refers_back(question):
        return question
    return f"{history[-1][0][:_TURN_CHARS]} {question}"


def rewrite(
    question: str, history: Sequence[Turn], say: Callable[[Sequence[BaseMessage]], str]
) -> str:
    """Return the question, made stand-alone where it leans on the history; `say` asks the model.

    A rewrite is kept only if it holds every number and name of the question and says nothing
    that is not in the conversation; else the last question is put before this one, which
    retrieves what both are about and changes no word.
    """
    if not history or not refers_back(question):
        return question
    turns = [(asked[:_TURN_CHARS], answered[:_TURN_CHARS]) for asked, answered in history[-_TURNS:]]
    conversation = "\n".join(f"Q: {asked}\nA: {answered}" for asked, answered in turns)
    reply = say(prompt.messages("rewrite", conversation=conversation, question=question))
    rewritten = next((line.strip() for line in reply.splitlines() if line.strip()), "")
    known = words.content(f"{conversation} {question}")
    kept = words.names(question) | words.numbers(question)
    faithful = (
        rewritten.endswith("?")
        and kept <= (words.names(rewritten) | words.numbers(rewritten))
        and words.content(rewritten) <= known
        and words.numbers(rewritten) <= words.numbers(f"{conversation} {question}")
    )
    return rewritten if faithful else in_context(question, history)
