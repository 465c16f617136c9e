"""Features of relevance that are tried and not shipped: what the cross-encoder reads, alignment.

With the network as it is, a regression that has them refuses more right sentences of Pincite's own
than it spares wrong ones. `fit_judge` says what they are worth; once they are worth it, they belong
in rag/features.py.
"""

from __future__ import annotations

from index.embed import Encoder
from rag import words
from rag.align import align
from rag.crossencoder import Reader
from rag.features import Features, sure


def of_relevance(
    question: str, claim: str, quoted: str, passage: str, encoder: Encoder, reader: Reader
) -> Features:
    """Return the features of a question and a claim that rests on what is quoted of a passage."""
    read, said, whole = reader.read([(question, quoted), (question, claim), (question, passage)])
    aligned = align(question, [quoted], encoder)
    new = words.profile(claim).content - words.profile(question).content
    return {
        "read": sure(read.answer),
        "read_claim": sure(said.answer),
        "read_passage": sure(whole.answer),
        "says_answer": _says(claim, question, quoted, read.span),
        "says_passage_answer": _says(claim, question, passage, whole.span),
        "aligned": aligned.mean,
        "aligned_worst": aligned.worst,
        "aligned_particular": aligned.particular,
        "new_words": min(len(new), 12) / 12,
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
