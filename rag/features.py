"""What the judge's regressions see: of a claim and its quotes, and of a question and a claim.

Every feature has a name that judge.json gives a coefficient. Log-odds are the cross-encoder's,
held within ±6 so that none outweighs all else; where it was not taught a thing, they are 0.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from index.embed import Encoder
from index.split import sentences
from rag import vetoes, words
from rag.align import align
from rag.crossencoder import Reader
from rag.words import Profile

Features = dict[str, float]

_WORD_BATCH = 64
_SAME_MEANING = 0.62  # least cosine of two words that may stand for one another
_SURE = 6.0  # log-odds
_READ_WHOLE = 1200  # characters of quotes that are read at once; of longer ones, what is around
_MANY_WORDS = 12  # that a claim has and its question has not
_NEIGHBOURS = 2  # sentences on either side of a chosen one that are read with it
_WITHIN_LINE = re.compile(r"\n(?=[a-z])")  # the end of a line of which a sentence has the rest
# What a question calls a quantity and a source may not: the kind of the answer is judged instead.
_MEASURES = frozenset(
    words.stem(word)
    for word in "value amount number share percentage percent proportion size total sum".split()
)


def of_support(
    claim: str,
    texts: Sequence[str],
    chosen: Sequence[int],
    encoder: Encoder,
    reader: Reader,
    *,
    given: frozenset[str] = frozenset(),
) -> Features:
    """Return the features of a claim and the texts (sentences), of which `chosen` cover it best.

    `given` are keys of words that need no support.
    """
    evidence = [texts[index] for index in sorted(chosen)]
    together = " ".join(evidence)
    keys = words.profile(claim)
    plain = keys.content - keys.names
    lacking = lacking_words(plain - given, claim, together, encoder)
    vectors = encoder.encode([claim, together])
    readings = reader.read([(claim, together), *((claim, text) for text in _around(texts, chosen))])
    supporting = [sure(reading.support) for reading in readings]
    aligned = align(claim, evidence, encoder)
    refused = vetoes.unsupported(claim, evidence, given=given)
    return {
        "read": supporting[0],
        "read_around": max(supporting),
        "contradicted": sure(readings[0].contradiction),
        "contradicted_around": min(sure(reading.contradiction) for reading in readings),
        "words_covered": 1 - len(lacking) / max(len(plain), 1),
        "all_covered": float(not lacking),
        "name_lacking": float(any(word[0].isupper() for word in lacking)),
        "cosine": float(vectors[0] @ vectors[1]),
        "aligned": aligned.mean,
        "aligned_worst": aligned.worst,
        "aligned_particular": aligned.particular,
        "aligned_content": aligned.content,
        "in_order": aligned.order,
        **{rule: float(rule in refused) for rule in vetoes.OF_SUPPORT},
    }


def _around(texts: Sequence[str], chosen: Sequence[int]) -> list[str]:
    """Return all the texts, or where they are long, each chosen one with its neighbours."""
    if sum(map(len, texts)) <= _READ_WHOLE:
        return [" ".join(texts)]
    return [
        " ".join(texts[max(0, index - _NEIGHBOURS) : index + _NEIGHBOURS + 1]) for index in chosen
    ]


def of_relevance(
    question: str,
    claim: str,
    quotes: Sequence[str],
    context: str,
    passage: str,
    encoder: Encoder,
    reader: Reader,
) -> Features:
    """Return the features of a question and a claim that rests on quotes, the first of a passage.

    `context` is what stands around the quotes. Of a question that asks for several things, the
    words of the part that has most of them there count: a sentence answers one at a time.
    """
    quoted = " ".join(quotes)
    near, around = words.profile(quoted), words.profile(f"{quoted}\n{context}")
    found = [_asked_words(part, quoted, near, around, encoder) for part in vetoes.parts(question)]
    vectors = encoder.encode([question, quoted, claim])
    read, said, whole = reader.read([(question, quoted), (question, claim), (question, passage)])
    new = words.profile(claim).content - words.profile(question).content
    return {
        **max(found, key=lambda of_part: of_part["words_around"]),
        "cosine_quotes": float(vectors[0] @ vectors[1]),
        "cosine_claim": float(vectors[0] @ vectors[2]),
        "read": sure(read.answer),
        "read_claim": sure(said.answer),
        "read_passage": sure(whole.answer),
        "says_answer": _says(claim, question, quoted, read.span),
        "says_passage_answer": _says(claim, question, passage, whole.span),
        "new_words": min(len(new), _MANY_WORDS) / _MANY_WORDS,
    }


def _says(claim: str, question: str, text: str, span: tuple[int, int] | None) -> float:
    """Return the share of the answer's words, as the reader finds it, that the claim has.

    Words of the question do not count; one half where there is nothing to compare.
    """
    if span is None:
        return 0.5
    asked, said = words.profile(question), words.profile(claim)
    there = words.profile(text[span[0] : span[1]])
    wanted = (there.content - asked.content) | (there.numbers - asked.numbers)
    if not wanted:
        return 0.5
    return sum(key in said.numbers or words.has_name(key, said) for key in wanted) / len(wanted)


def _asked_words(
    question: str, quoted: str, near: Profile, around: Profile, encoder: Encoder
) -> Features:
    """Return which shares of a question's words and names are quoted, or stand around it."""
    asked = words.profile(question)
    plain = asked.content - asked.names - _MEASURES
    lacking = lacking_words(plain, question, quoted, encoder)
    nowhere = [w for w in lacking if not words.has_name(words.stem(words.fold(w)), around)]
    return {
        "words_near": 1 - len(lacking) / max(len(plain), 1),
        "words_around": 1 - len(nowhere) / max(len(plain), 1),
        "all_words_around": float(not nowhere),
        "names_near": _covered(asked.names, near),
    }


def lacking_words(keys: frozenset[str], text: str, evidence: str, encoder: Encoder) -> list[str]:
    """Return those of the text's words for which the evidence has neither it nor one like it."""
    there = words.profile(evidence)
    missing = [key for key in sorted(keys) if not words.has_name(key, there)]
    if not missing:
        return []
    written = words.surfaces(text)
    here = words.profile(text)
    free = [  # a word that is in both texts cannot stand for yet another one
        word for key, word in words.surfaces(evidence).items() if not words.has_name(key, here)
    ]
    asked = [word.lower() for word in (*free, *(written[key] for key in missing))]
    vectors = encoder.encode(asked, batch_size=_WORD_BATCH)
    known, unknown = vectors[: len(free)], vectors[len(free) :]
    likeness = unknown @ known.T if free else np.zeros((len(missing), 1), np.float32)
    return [
        written[key]
        for key, row in zip(missing, likeness, strict=True)
        if row.max() < _SAME_MEANING
    ]


def split_all(quotes: Sequence[str]) -> list[str]:
    """Return the sentences of the quotes. One may begin within a line, so that it goes on."""
    whole = [_WITHIN_LINE.sub(" ", quote, count=1) for quote in quotes]
    return [quote[start:end] for quote in whole for start, end in sentences(quote)]


def _covered(wanted: frozenset[str], evidence: Profile) -> float:
    """Return the share of the words that the evidence has; 1 where none is wanted."""
    return sum(words.has_name(word, evidence) for word in wanted) / max(len(wanted), 1) or float(
        not wanted
    )


def sure(log_odds: float | None) -> float:
    """Return log-odds as a feature."""
    return 0.0 if log_odds is None else float(np.clip(log_odds, -_SURE, _SURE))
