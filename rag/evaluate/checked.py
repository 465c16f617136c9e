"""An answer that can be tested: a check that fails shows all that was said, and what was wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, NoReturn, Self

from index.errors import UnknownDocumentError
from index.records import Document, place_at
from rag.evaluate.cases import Case, Gold, standing
from rag.evaluate.metrics import has_tokens, hits
from rag.records import Answer, Citation, Sentence, Verdict
from rag.terminal import line

if TYPE_CHECKING:
    from index import Library

_AROUND = 60  # characters of context before and after a quote
_PLACES = 3  # that a message names of a quote that stands in many
_NAMES = 5  # of documents that a message names for one that is none
_LABEL = 10  # columns


@dataclass(frozen=True, slots=True)
class CheckedAnswer:
    """An answer with checks that raise AssertionError, and return it where they hold."""

    answer: Answer
    library: Library  # what it was answered from

    @property
    def text(self) -> str:
        """The sentences that are shown, joined by spaces."""
        return self.answer.text

    @property
    def abstained(self) -> bool:
        """Whether the question was refused."""
        return self.answer.abstained

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """All sentences, the withheld ones too."""
        return self.answer.sentences

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The citations of the sentences that are shown."""
        return tuple(c for sentence in self.answer.shown for c in sentence.citations)

    def must_answer(self) -> Self:
        """Fail if the question was refused."""
        __tracebackhide__ = True
        return self._check(not self.abstained, "must not be a refusal")

    def must_abstain(self) -> Self:
        """Fail unless the question was refused."""
        __tracebackhide__ = True
        return self._check(self.abstained, "must be a refusal")

    def must_contain(self, wanted: str | Sequence[str], *more: str | Sequence[str]) -> Self:
        """Fail unless all of these are in the answer, as whole words and numbers.

        Of a tuple or list of texts, one is enough: `must_contain(("three", "3"), "months")`.
        """
        __tracebackhide__ = True
        groups = [_not_blank(*([one] if isinstance(one, str) else one)) for one in (wanted, *more)]
        for group in groups:
            held = any(has_tokens(self.text, text) for text in group)
            self._check(held, f"must contain {' or '.join(map(_quoted, group))}")
        return self

    def must_not_contain(self, unwanted: str, *others: str) -> Self:
        """Fail if any of the texts is in the answer, as whole words and numbers."""
        __tracebackhide__ = True
        held = [text for text in _not_blank(unwanted, *others) if has_tokens(self.text, text)]
        return self._check(not held, f"must not contain {' or '.join(map(_quoted, held))}")

    def must_cite(
        self,
        document: str,
        *,
        page: int | None = None,
        quote: str | None = None,
        start: int | None = None,
        end: int | None = None,
    ) -> Self:
        """Fail unless a sentence that is shown cites that document, on that page, at that place.

        The place is where the quote stands (white space aside), or the span from start to end;
        a citation lies there when both overlap by at least half of the shorter.
        """
        __tracebackhide__ = True
        source = self._document(document)
        quoted = [] if quote is None else _standing(quote, source)
        spans = [] if start is end is None else [_span(source, start, end)]
        if quote is not None and not quoted:
            self._fail(f"must cite {_quoted(quote)}, but {line(document)} does not say that")
        cited = any(
            citation.document == document
            and page in (None, citation.page)
            and all(_in_one_of(places, citation) for places in (quoted, spans) if places)
            for citation in self.citations
        )
        where = "" if page is None else f", page {page}"
        return self._check(cited, f"must cite {line(document)}{where}", quoted + spans)

    def must_pass(self, case: Case) -> Self:
        """Fail unless the answer is what the case wants: all of its parts, or a refusal."""
        __tracebackhide__ = True
        if case.answers is None:
            return self.must_abstain()
        for group in case.answers:
            self.must_contain(group)
        for spans in case.gold:
            for span in spans:
                self._document(span.document)
            cited = any(_in_one_of(spans, citation) for citation in self.citations)
            self._check(cited, f"must cite what case {line(case.id)} names", spans)
        return self

    def __str__(self) -> str:
        """Return the question, the answer and every sentence with its citations in context."""
        answer = self.answer
        searched = (
            f"searched {answer.documents_searched} documents, {answer.passages_searched} passages"
        )
        rows = [("question", [_flat(answer.question)])]
        if answer.standalone_question != answer.question:
            rows.append(("asked as", [_flat(answer.standalone_question)]))
        rows.append(("answer", [_flat(answer.text) or f"none: refused ({searched})"]))
        if answer.note:
            rows.append(("note", [_flat(answer.note)]))
        said = [self._sentence(sentence) for sentence in answer.sentences]
        return "\n\n".join(_table(table) for table in (rows, said) if table)

    def _sentence(self, sentence: Sentence) -> tuple[str, list[str]]:
        shown = sentence.verdict is Verdict.SUPPORTED
        judged = f"support {sentence.support:.2f}, relevance {sentence.relevance:.2f}"
        return "shown" if shown else "withheld", [
            _flat(sentence.text),
            f"{sentence.verdict.value}: {judged}",
            *(row for c in sentence.citations for row in self._place(c)),
        ]

    def _place(self, span: Citation | Gold) -> list[str]:
        """Return a span's document, place and offsets, and its words »marked« in their context."""
        document, start, end = self.library.document(span.document), span.start, span.end
        text, place = document.text, place_at(document.places, start)
        label = f", {_flat(place.label)}" if place and place.label else ""
        before = ("…" if start > _AROUND else "") + text[max(0, start - _AROUND) : start]
        after = text[end : end + _AROUND] + ("…" if end + _AROUND < len(text) else "")
        context = _flat(f"{before}»{text[start:end]}«{after}")
        return [f"{line(span.document)}{label}, {start}:{end}", f"  {context}"]

    def _document(self, name: str) -> Document:
        __tracebackhide__ = True
        try:
            return self.library.document(name)
        except UnknownDocumentError:
            names = [document.name for document in self.library.documents()]
            near = ", ".join(map(line, get_close_matches(name, names, n=_NAMES, cutoff=0)))
            self._fail(f"must cite {line(name)}, which is no document; the nearest names: {near}")

    def _check(self, holds: bool, wanted: str, places: Sequence[Gold] = ()) -> Self:
        __tracebackhide__ = True
        if not holds:
            self._fail(wanted, places)
        return self

    def _fail(self, wanted: str, places: Sequence[Gold] = ()) -> NoReturn:
        __tracebackhide__ = True
        rows = [row for place in places[:_PLACES] for row in self._place(place)]
        if len(places) > _PLACES:
            rows.append(f"and {len(places) - _PLACES} more")
        sought = _table([("wanted", rows)]) + "\n\n" if rows else ""
        raise AssertionError(f"the answer {wanted}\n\n{sought}{self}")


def _not_blank(*texts: str) -> tuple[str, ...]:
    """Return the texts; a blank one would be found in every answer."""
    __tracebackhide__ = True
    if not texts or not all(text.strip() for text in texts):
        raise ValueError("a blank text is no expectation: write what the answer must hold")
    return texts


def _standing(quote: str, document: Document) -> list[Gold]:
    __tracebackhide__ = True
    (quote,) = _not_blank(quote)
    return [
        Gold(document.name, start, end, document.text[start:end])
        for start, end in standing(quote, document.text)
    ]


def _span(document: Document, start: int | None, end: int | None) -> Gold:
    __tracebackhide__ = True
    if start is None or end is None or not 0 <= start < end <= len(document.text):
        raise ValueError(
            f"from {start} to {end} is no span of {document.name}, which has "
            f"{len(document.text)} characters: give start and end"
        )
    return Gold(document.name, start, end, document.text[start:end])


def _in_one_of(places: Sequence[Gold], citation: Citation) -> bool:
    return any(hits(citation.to_dict(), place) for place in places)


def _quoted(text: str) -> str:
    return f'"{_flat(text)}"'


def _flat(text: str) -> str:
    return line(" ".join(text.split()))


def _table(rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Return labels on the left, the lines of each on the right."""
    return "\n".join(
        f"{'' if number else label:{_LABEL}}{text}"
        for label, texts in rows
        for number, text in enumerate(texts)
    )
