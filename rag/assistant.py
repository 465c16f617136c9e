"""The whole path of a question on one page. Read this first.

question --rewrite--> search --> hits --prompt--> model --> sentence --attribute--> judge --> Answer
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from index import Library, weights
from index.embed import Encoder, Remembering
from index.records import Hit
from index.split import sentences
from rag import judge, models, premise, prompt, quotes, select, vetoes, words
from rag.attribute import Span, attribute, spans, whole, with_previous
from rag.conflicts import of_answer
from rag.crossencoder import Reader
from rag.errors import QuestionError
from rag.records import Answer, Evidence, Sentence, Timings, Verdict
from rag.rewrite import Turn, in_context, rewrite
from rag.settings import Settings
from rag.surroundings import Surroundings
from rag.weights import reader as reader_of

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

Event = Evidence | Sentence | Answer

MAX_QUESTION = 4000  # characters
_STOPPED_EVERY = 0.2  # seconds: how often it is asked while a model loads
# Source sentences that may stand in for an answer that failed: so many that are near to the
# question, and of these, so many that are judged.
_QUOTES_LOOKED_AT, _QUOTES_TRIED = 12, 4
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)\]⁰¹²³⁴-⁹]*$")
_EMPTY = "The library is empty. Add documents first: pincite index PATH"


class Assistant:
    """Answers questions from a library. Safe to share between threads."""

    def __init__(
        self,
        library: Library,
        settings: Settings | None = None,
        *,
        model: BaseChatModel | None = None,
        loading: Future[BaseChatModel] | None = None,
        reader: Reader | None = None,
    ) -> None:
        """Take any LangChain chat model; without one, the settings' own loads at first use.

        Unless it is loading already: see `rag.models.loading`. `reader` is the judge's, likewise.
        Raises WeightsError where the settings name a reader that is not there, and SettingsError
        where they ask for a promise that the judge cannot give.
        """
        self.library = library
        self.settings = settings or Settings()
        self.support_threshold = judge.support_threshold(self.settings.unsupported_at_most)
        self.given = model
        self._encoder = Remembering(library.encoder)
        self.reader = reader or reader_of(self.settings.judge, Path(self.settings.cache))
        self._lock = threading.Lock()
        self._loading = loading

    @property
    def model(self) -> BaseChatModel:
        """The language model, loaded once. Raises WeightsError or ModelError."""
        return self.given or (self._loading or self._load()).result()

    @property
    def model_name(self) -> str:
        """Name of the language model, which need not be loaded."""
        return self.settings.model if self.given is None else self.given._llm_type

    @property
    def promise(self) -> str:
        """What is promised of the sentences that are shown."""
        asked = self.settings
        return judge.promise(self.reader, asked.unsupported_at_most, asked.relevance_threshold)

    def _load(self) -> Future[BaseChatModel]:
        """Load the language model while the caller goes on; one that failed is tried again."""
        with self._lock:
            if self._loading is None or (self._loading.done() and self._loading.exception()):
                self._loading = models.loading(self.settings)
            return self._loading

    def warm_up(self) -> None:
        """Load what a first question would wait for: encoder, judge, vectors, language model.

        Nothing is said to a model on a server. Raises WeightsError or ModelError.
        """
        if not self.given:
            self._load()
        hits = self.library.search("warm up", self.settings.hits)
        self.reader.read([("warm up", "warm up")])
        asked = prompt.messages(
            "answer", sources=prompt.sources(self._excerpts("warm up", hits)), question="warm up"
        )
        if self.model._llm_type == models.SERVER:
            return
        # A model's first answer is its slowest: let it be this one, as far as its first words.
        with untraced(), closing(self.model.stream(asked)) as said:  # type: ignore[type-var]
            next((chunk for chunk in said if chunk.content), None)

    def ask(
        self,
        question: str,
        history: Iterable[tuple[str, str | Answer]] = (),
        *,
        within: Collection[str] | None = None,
    ) -> Answer:
        """Return the judged, cited answer. Raises QuestionError, WeightsError or ModelError.

        within names the documents that may answer, as for `Library.search`.
        """
        answer = None
        for event in self.stream(question, history=history, within=within):
            if isinstance(event, Answer):
                answer = event
        assert answer is not None  # noqa: S101 - a stream ends with its answer, or raises
        return answer

    def stream(
        self,
        question: str,
        *,
        history: Iterable[tuple[str, str | Answer]] = (),
        stopped: Callable[[], bool] = lambda: False,
        within: Collection[str] | None = None,
    ) -> Iterator[Event]:
        """Yield the evidence first, then every sentence once it is judged, then the answer.

        A follow-up's evidence comes once more where the model understands it as another question.
        Closing the stream stops the model; so does `stopped`, which is asked while it is waited
        for: the stream then ends without an answer.
        """
        began = time.monotonic()
        check_question(question)
        documents, passages = self.library.count(within)
        if documents and not self.given:
            self._load()  # the encoder loads and searches meanwhile
        turns = _turns(history)
        standalone = in_context(question, turns)
        hits = self.search(standalone, within)
        evidence_s = time.monotonic() - began
        yield Evidence(question, standalone, tuple(hits))
        if hits and standalone != question:  # a follow-up: the model says what it means
            asked = rewrite(question, turns, lambda said: "".join(self._pieces(said, stopped)))
            if stopped():
                return
            if asked != standalone:
                standalone, hits = asked, self.search(asked, within)
                yield Evidence(question, standalone, tuple(hits))
        judged: list[Sentence] = []
        first_s: float | None = None
        denying = self._denying(standalone, hits)
        for sentence in () if denying else self._sentences(standalone, hits, stopped):
            first_s = first_s or time.monotonic() - began
            judged.append(sentence)
            yield sentence
        if stopped():
            return
        yield Answer(
            question=question,
            standalone_question=standalone,
            sentences=tuple(judged),
            hits=tuple(hits),
            documents_searched=documents,
            passages_searched=passages,
            model=self.model_name,
            timings=Timings(evidence_s, first_s, time.monotonic() - began),
            note=premise.correction(denying)
            if denying
            else _note(standalone, documents, passages, hits, judged),
            conflicts=of_answer(select.subject(standalone), judged, hits),
        )

    def search(self, question: str, within: Collection[str] | None = None) -> list[Hit]:
        """Return the hits, and the ends of their documents where those name what is asked for.

        Title and author stand at a document's ends, seldom in the passage that answers. A question
        that asks for all gets every passage that may have some of it.
        """
        if select.asks_for_all(question):
            about = select.subject(question)
            hits = self.library.search(about, self.settings.list_hits, within=within)
            return select.worth_reading(hits)
        hits = self.library.search(question, self.settings.hits, within=within)
        found = {(hit.document, hit.start): hit for hit in hits}
        for document in dict.fromkeys(name for name, _ in found):
            known = " ".join(hit.text for hit in found.values() if hit.document == document)
            missing = words.missing_names(question, words.profile(known))
            for end in self.library.ends(document) if missing else ():
                if words.missing_names(question, words.profile(f"{known} {end.text}")) != missing:
                    found.setdefault((document, end.start), end)
        return list(found.values())

    def _denying(self, question: str, hits: Sequence[Hit]) -> Span | None:
        """Return the sentence that denies what the question takes for granted, if one does."""
        if not quotes.calibrated(question, hits, judge.languages()):
            return None
        return premise.denied_by(question, spans(hits), self.reader)

    def _sentences(
        self, question: str, hits: Sequence[Hit], stopped: Callable[[], bool]
    ) -> Iterator[Sentence]:
        """Yield the model's sentences, judged; where none stands, a source's own words."""
        if not hits:
            return
        candidates = spans(hits)
        if not quotes.calibrated(question, hits, judge.languages()):
            yield from self._quotes_alone(question, candidates)
            return
        around = Surroundings(self.library, hits)
        shown = False
        stood_in: set[Span] = set()
        for text in self._said(question, hits, stopped):
            cited = attribute(text, candidates, self._encoder)
            sentence = self._judge(select.subject(question), text, cited, around)
            yield sentence
            if sentence.verdict is Verdict.UNSUPPORTED and sentence.support > judge.RULED_OUT:
                # No rule refuses it, but it cannot be promised: what it rests on stands in for it.
                span = whole(cited[0])
                instead = self._sentence(span.text, [span], 1.0, sentence.relevance)
                if (
                    instead.verdict is Verdict.SUPPORTED
                    and span not in stood_in
                    and _SENTENCE_END.search(span.text)  # others are headings and rows of tables
                ):
                    stood_in.add(span)
                    shown = True
                    yield instead
            shown = shown or sentence.verdict is Verdict.SUPPORTED
        if not shown and not stopped():
            quoted = self._quote(select.subject(question), candidates, around)
            if quoted and quoted.verdict is Verdict.SUPPORTED:
                yield quoted

    def quote(self, question: str, hits: Sequence[Hit]) -> Sentence | None:
        """Return the words of the hits that stand in for an answer which fails, judged."""
        around = Surroundings(self.library, hits)
        return self._quote(select.subject(question), spans(hits), around)

    def judged(self, question: str, text: str, hits: Sequence[Hit]) -> Sentence:
        """Return a sentence that was said to a question, with what it rests on, judged."""
        cited = attribute(text, spans(hits), self._encoder)
        return self._judge(select.subject(question), text, cited, Surroundings(self.library, hits))

    def _said(
        self, question: str, hits: Sequence[Hit], stopped: Callable[[], bool]
    ) -> Iterator[str]:
        """Yield the sentences that the model says to the question, none twice."""
        if not select.asks_for_all(question):
            read = self._excerpts(question, hits)
            yield from self._generate("answer", question, read, stopped)
            return
        said: set[str] = set()
        for batch in select.batches(hits):
            if stopped():
                return
            for text in self._generate("list", question, batch, stopped):
                if text not in said:
                    said.add(text)
                    yield text

    def _excerpts(self, question: str, hits: Sequence[Hit]) -> list[str]:
        """Return what the model reads of the hits."""
        first = hits[: self.settings.prompt_passages]
        return select.excerpts(
            question, first, self._encoder, self.reader, max_chars=self.settings.prompt_chars
        )

    def _generate(
        self, template: str, question: str, read: Sequence[str], stopped: Callable[[], bool]
    ) -> Iterator[str]:
        """Yield the model's sentences as they are complete; a repeated one ends the answer."""
        asked = prompt.messages(template, sources=prompt.sources(read), question=question)
        said: set[str] = set()
        buffer = ""
        with closing(self._pieces(asked, stopped)) as pieces:
            for piece in pieces:
                buffer += piece
                complete = sentences(buffer)[:-1]
                for start, end in complete:
                    if buffer[start:end] in said:
                        return
                    said.add(buffer[start:end])
                    yield buffer[start:end]
                if complete:
                    buffer = buffer[complete[-1][1] :]
        if stopped():
            return
        last = [buffer[start:end] for start, end in sentences(buffer)]
        yield from (sentence for sentence in last if sentence not in said)

    def _pieces(self, asked: Sequence[BaseMessage], stopped: Callable[[], bool]) -> Generator[str]:
        """Yield the model's text as it comes; closing this, or `stopped`, stops the model."""
        loading = self._loading or (None if self.given else self._load())
        while loading and not loading.done() and not stopped():
            wait([loading], timeout=_STOPPED_EVERY)
        if stopped():
            return
        with untraced():
            stream = self.model.stream(asked)
            try:
                for chunk in stream:
                    if stopped():
                        return
                    yield str(chunk.content)
            finally:
                stream.close()  # type: ignore[attr-defined]  # a generator: this stops the model

    def _judge(
        self, question: str, text: str, cited: Sequence[Span], around: Surroundings
    ) -> Sentence:
        encoder, context = self._encoder, around.of(cited)
        quoted = [span.text for span in cited]
        # What the question says and the surroundings confirm needs no quote.
        given = vetoes.given(question, context, around.about(cited))
        support = judge.support(text, quoted, encoder, self.reader, given=given, chosen=True)
        passage = cited[0].hit.text if cited else ""
        relevance = judge.relevance(question, text, quoted, context, passage, encoder, self.reader)
        return self._sentence(text, cited, support, relevance)

    def _sentence(
        self, text: str, cited: Sequence[Span], support: float, relevance: float
    ) -> Sentence:
        return Sentence(
            text=text,
            citations=tuple(span.cite() for span in cited),
            support=support,
            relevance=relevance,
            verdict=judge.verdict(
                text,
                support,
                relevance,
                support_at=self.support_threshold,
                relevance_at=self.settings.relevance_threshold,
            ),
        )

    def _quotes_alone(self, question: str, candidates: Sequence[Span]) -> Iterator[Sentence]:
        """Yield the sources' own words that fit a question best which cannot be judged."""
        ended = [span for span in candidates if _SENTENCE_END.search(span.text)]  # no headings
        for span, relevance in quotes.fitting(question, ended)[: quotes.MOST]:
            sentence = self._sentence(span.text, [span], 1.0, relevance)
            if sentence.verdict is Verdict.SUPPORTED:
                yield sentence

    def _quote(
        self, question: str, candidates: Sequence[Span], around: Surroundings
    ) -> Sentence | None:
        """Return the source's own words that best answer the question, judged."""
        ended = [  # others are headings and rows of tables
            span for span in candidates if _SENTENCE_END.search(span.text)
        ]
        near = sorted(ended, key=lambda span: -span.likeness)[:_QUOTES_LOOKED_AT]
        fitting = [
            span
            for span in dict.fromkeys([*near, *map(with_previous, near)])
            if not vetoes.beside_the_point(question, span.text, [span.text], around.of([span]))
        ]
        readings = self.reader.read([(question, span.text) for span in fitting])
        said = [reading.answer or 0.0 for reading in readings]
        nearest = sorted(range(len(fitting)), key=lambda i: -said[i])[:_QUOTES_TRIED]
        judged = [self._judge(question, fitting[i].text, [fitting[i]], around) for i in nearest]
        return max(judged, key=lambda sentence: sentence.relevance, default=None)


def support(sentence: str, quotes: Sequence[str], *, library: Library | None = None) -> float:
    """Return the judge's calibrated probability that the quotes together support all of a sentence.

    Takes hundreds of quotes and long ones. Uses the library's encoder, or the embedded one, and
    the embedded judge.
    """
    encoder = _remembering(library.encoder if library else None)
    return judge.support(sentence, quotes, encoder, reader_of())


@lru_cache(maxsize=2)
def _remembering(encoder: Encoder | None) -> Encoder:
    return Remembering(encoder or weights.encoder())


def _note(
    question: str, documents: int, passages: int, hits: Sequence[Hit], judged: Sequence[Sentence]
) -> str | None:
    """Return what is to be said beside the answer, if anything."""
    if not documents:
        return _EMPTY
    if not quotes.calibrated(question, hits, judge.languages()):
        return quotes.NOTE if judged else quotes.NOTHING
    if select.asks_for_all(question):
        read = len(hits)
        which = "all there are" if read == passages else "those that fit the question best"
        return f"Read {read:,} of {passages:,} passages: {which}."
    return None


@contextmanager
def untraced() -> Iterator[None]:
    """Let no variable make LangChain report elsewhere what is asked."""
    from langsmith import tracing_context

    with tracing_context(enabled=False):
        yield


def check_question(question: str) -> None:
    """Raise QuestionError unless it is a question that can be asked."""
    if not question.strip():
        raise QuestionError("the question is empty: ask something")
    if len(question) > MAX_QUESTION:
        raise QuestionError(
            f"the question has {len(question):,} characters; the limit is {MAX_QUESTION:,}"
        )


def _turns(history: Iterable[tuple[str, str | Answer]]) -> list[Turn]:
    return [(q, a.text if isinstance(a, Answer) else a) for q, a in history]
