"""Passages as many as are wanted, of real ones: varied copies that are neither alike nor random.

A document is made of a real passage's neighbours, so that it has a topic, and goes by a varied
title. Each of its passages begins with sentences of one real passage and ends with sentences of
another of the same language, in half of the cases of its neighbourhood; some of the words are
others of the corpus, as often as they stand there. Its vector is the mixture of the two real ones,
by what each gives of the text, and noise that spreads as the real vectors do; its sentences keep
theirs. The number of a document says all: it is the same in every run.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

import faiss
import numpy as np
from numpy.typing import NDArray

from index import Library, titles
from index.changes import Embedded
from index.embed import Span, Vectors, unit
from index.records import Document, Passage
from index.rows import passage_row, sha256, spans_from, vector_row

Made = tuple[Document, Embedded]

_PASSAGES = 10  # of a document
_NEAR = 40  # neighbours among which a document's topic lies
_FROM_NEAR = 0.5  # of the second parents
_SHARE = (0.5, 0.95)  # of a passage that its first parent gives
_REPLACED = 0.15  # of the words
_NOISE = 0.35  # length, of a unit vector
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Base:
    """Real passages, and what is made of them needs."""

    sentences: list[list[str]]  # of each passage
    vectors: Vectors  # (n, dimension)
    of_sentences: list[NDArray[np.int8]]
    languages: list[str]
    titles: list[str]  # of each passage's document
    near: NDArray[np.int64]  # (n, _NEAR): the nearest passages, of its language
    spoken: dict[str, list[int]]  # the passages of each language
    words: dict[str, tuple[list[str], list[int]]]  # those of a language, with their running counts
    spread: NDArray[np.float64]  # (dimension, dimension): makes noise of normal numbers


def base_of(library: Library) -> Base:
    """Return the passages of a library of real texts."""
    with library.current() as source:
        rows = source.catalog.connection.execute(
            "SELECT text, start, sentences, language, vector, sentence_vectors FROM passages "
            "JOIN contents ON contents.id = content JOIN vectors ON passage = passages.id "
            "ORDER BY passages.id"
        ).fetchall()
    spans = [spans_from(row[2]) for row in rows]
    sentences = [[row[0][a:b] for a, b in of] for row, of in zip(rows, spans, strict=True)]
    languages = [row[3] for row in rows]
    vectors = np.frombuffer(b"".join(row[4] for row in rows), np.float32).reshape(len(rows), -1)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    spoken: dict[str, list[int]] = defaultdict(list)
    for number, (language, texts) in enumerate(zip(languages, sentences, strict=True)):
        spoken[language].append(number)
        for text in texts:
            counts[language].update(_WORD.findall(text))
    covariance = np.cov(vectors.T) + 1e-9 * np.eye(vectors.shape[1])
    return Base(
        sentences=sentences,
        vectors=vectors,
        of_sentences=[np.frombuffer(r[5], np.int8).reshape(-1, vectors.shape[1]) for r in rows],
        languages=languages,
        titles=[
            titles.title_of(row[0]) or texts[0] for row, texts in zip(rows, sentences, strict=True)
        ],
        near=_nearest(vectors, spoken),
        spoken=dict(spoken),
        words={la: ([*c], [*accumulate(c.values())]) for la, c in counts.items()},
        spread=np.linalg.cholesky(covariance / np.trace(covariance)),
    )


def _nearest(vectors: Vectors, spoken: dict[str, list[int]]) -> NDArray[np.int64]:
    found = np.empty((len(vectors), _NEAR), np.int64)
    for numbers in spoken.values():
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors[numbers])
        _, near = index.search(vectors[numbers], _NEAR)  # -1 where a language has fewer
        found[numbers] = np.where(near >= 0, np.array(numbers)[near], np.array(numbers)[:, None])
    return found


def real(library: Library) -> Iterator[Made]:
    """Yield the documents of a library as they are to be put in, in the order of adding."""
    with library.current() as source:
        db = source.catalog.connection
        for name, text, content in db.execute(
            "SELECT name, text, content FROM documents JOIN contents ON contents.id = content "
            "GROUP BY content ORDER BY content"
        ).fetchall():
            rows = db.execute(
                "SELECT start, end, sentences, hash, language, above, terms, same, vector, "
                "sentence_vectors FROM passages JOIN vectors ON passage = id WHERE content = ? "
                "ORDER BY id",
                (content,),
            ).fetchall()
            yield Document(name, sha256(text), text), [(row[:8], row[8:]) for row in rows]


def made(base: Base, number: int) -> Made:
    """Return the document of this number, with what is stored of its passages."""
    chance = Random(number)
    name, topic = f"made/{number:07}", chance.randrange(len(base.sentences))
    drawn = np.random.default_rng(number).standard_normal((_PASSAGES, len(base.spread)))
    parts = [
        _mixed(base, int(chance.choice(base.near[topic])), chance, noise)
        for noise in drawn @ base.spread.T
    ]
    sentences, language, vector, own = parts[0]  # the title stands with what follows it
    title = _varied(base.titles[topic], base.languages[topic], base, chance)
    parts[0] = ([title, *sentences], language, vector, np.vstack([own[:1], own]))
    text, spans = _joined([sentences for sentences, *_ in parts])
    document = Document(name, sha256(text), text)
    embedded = []
    for of, (_, language, vector, own) in zip(spans, parts, strict=True):
        (start, _), (_, end) = of[0], of[-1]
        above = titles.above(document, titles.title_of(text), start)
        passage = Passage(name, start, end, text[start:end], of, language, above)
        embedded.append((passage_row(passage), vector_row(passage, vector, own)))
    return document, embedded


def _mixed(
    base: Base, first: int, chance: Random, noise: NDArray[np.float64]
) -> tuple[list[str], str, Vectors, Vectors]:
    """Return a passage's sentences, its language, its vector, and theirs."""
    language = base.languages[first]
    near = chance.random() < _FROM_NEAR
    second = int(chance.choice(base.near[first] if near else base.spoken[language]))
    share = chance.uniform(*_SHARE)
    many = max(1, round(share * len(base.sentences[first])))
    rest = round(share * len(base.sentences[second]))
    begin, end = base.sentences[first][:many], base.sentences[second][rest:]
    given = sum(map(len, begin)) / sum(map(len, [*begin, *end]))
    vector = given * base.vectors[first] + (1 - given) * base.vectors[second] + _NOISE * noise
    own = np.concatenate([base.of_sentences[first][:many], base.of_sentences[second][rest:]])
    sentences = [_varied(sentence, language, base, chance) for sentence in [*begin, *end]]
    return sentences, language, unit(vector).astype(np.float32), own.astype(np.float32)


def _varied(text: str, language: str, base: Base, chance: Random) -> str:
    """Return the text with some words replaced by others of the language."""
    words, counts = base.words[language]

    def other(match: re.Match[str]) -> str:
        if chance.random() < _REPLACED:
            return chance.choices(words, cum_weights=counts)[0]
        return match[0]

    return _WORD.sub(other, text)


def _joined(passages: Sequence[Sequence[str]]) -> tuple[str, list[tuple[Span, ...]]]:
    """Return the text of passages, and where the sentences of each stand in it."""
    text, spans = "", []
    for sentences in passages:
        of: list[Span] = []
        for sentence in sentences:
            text += (" " if of else "\n\n") if text else ""
            of.append((len(text), len(text) + len(sentence)))
            text += sentence
        spans.append(tuple(of))
    return text, spans
