"""The chat without a browser: what is shown, what a click means, what is refused."""

from __future__ import annotations

import re
import socket
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from index.errors import PinciteError
from index.records import AddReport, DocumentInfo, Failure, Progress
from rag.chat import create_app, html, launch, words
from rag.chat.app import SCRIPT, Chat, _done
from rag.chat.guard import is_loopback
from rag.chat.serve import HostError, start
from rag.chat.turns import Conversation
from rag.chat.uploads import LONGEST, base_name, keep
from rag.errors import ServeError
from rag.export import plain
from rag.records import Answer, Conflict, Evidence, Sentence, Timings, Verdict
from rag.turns import Phase, Turn
from tests.chat_fakes import FakeAssistant, FakeLibrary, cite, hit_of, sentence

OURS = {
    *("article", "h2", "h3", "p", "span", "button", "strong", "div", "section", "header", "bdi"),
    *("details", "summary", "ol", "ul", "li", "mark", "blockquote", "figure", "figcaption"),
    *("nav", "table", "caption", "thead", "tbody", "tr", "th", "td", "img", "output"),
}
PICTURE = "data:image/png;base64,"
EMPTY = {"img"}  # elements without an end tag
ATTRIBUTES = {
    *("class", "dir", "type", "title", "role", "tabindex", "scope"),
    *("aria-label", "aria-hidden", "aria-busy", "aria-disabled", "popovertarget"),
    *("data-opens", "data-turn", "data-number", "data-at", "data-key", "data-closes"),
    *("data-ticket", "data-flashes", "data-rests", "data-said", "data-place", "data-sentence"),
    *("data-quote", "data-from", "data-copy", "data-fold", "data-text", "data-zoom"),
    *("src", "alt", "style"),
}
ANY = st.text(st.characters() | st.sampled_from("<>&\"'`$\\{}\x00\r\n\u202e\ud800"))
HOSTILE = "</mark><script>alert(1)</script><img src=x onerror='a()'>&amp;&#60;\"'${1}{{2}}"


class Parsed(HTMLParser):
    """A page as a browser would see it: its elements, attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.within: dict[str, str] = {}  # the text of each element, by its class or its tag
        self.feed(page)
        self.close()
        assert self.open == []
        assert {tag for tag, _ in self.elements} <= OURS
        assert {name for _, attributes in self.elements for name in attributes} <= ATTRIBUTES
        for tag, attributes in self.elements:  # of our own making only
            assert str(attributes.get("src", PICTURE)).startswith(PICTURE), tag
            assert re.fullmatch(r"(?:[a-z-]+:[\d.]+%?;?)*", str(attributes.get("style", ""))), tag

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(str(dict(attrs).get("class") or tag))

    def handle_endtag(self, tag: str) -> None:
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for key in set(self.open):
            self.within[key] = self.within.get(key, "") + data


def answer_of(*said: Sentence, hits: tuple[Any, ...] = (), note: str | None = None) -> Answer:
    return Answer("Q", "Q", said, hits, 5, 202, "model", Timings(0.1, 1.0, 2.0), note)


def done(*said: Sentence, question: str = "Q", **options: Any) -> Turn:
    return Turn(question, Phase.SEARCHING).after(answer_of(*said, **options))


# What is shown


@given(ANY)
@example(HOSTILE)
def test_any_text_is_shown_as_itself(raw: str) -> None:
    parsed = Parsed(f'<p title="{html.text(raw)}">{html.text(raw)}</p>')
    assert parsed.within.get("p", "") == html.shown(raw)
    assert parsed.elements == [("p", {"title": html.shown(raw)})]


def test_what_a_page_cannot_show_is_dropped() -> None:
    assert html.shown("a\x00b\r\nc\rd\te\x1b\ud800\ufffe\x85") == "ab\nc\nd\te"


@settings(max_examples=60)
@given(ANY, ANY, ANY, ANY, ANY)
@example(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_no_text_makes_an_element(
    question: str, name: str, quote: str, said: str, around: str
) -> None:
    text = around + quote + around
    citation = cite(name, text, quote)
    copied = replace(hit_of(name, text, 0, len(text)), copies=(name, around))
    hits = (copied, hit_of(name, around, 0, len(around)))
    turn = done(
        sentence(said, citation),
        sentence(said, citation, verdict=Verdict.OFF_TOPIC),
        question=question,
        hits=hits,
    )
    parsed = Parsed(html.turn(turn, 0))
    assert parsed.within.get("question", "") == html.shown(question)
    assert parsed.within["sentence"] == (html.shown(said) + "1") * 2
    Parsed(html.turn(done(note=said, hits=hits), 3))
    Parsed(html.turn(Turn(question, Phase.FAILED, error=said), 0))
    Parsed(html.turn(Turn(question).after(Evidence(question, question, hits)), 0))
    Parsed(html.documents([DocumentInfo(name, "", None, 1), DocumentInfo(said, "", 2, 1)]))
    report = Parsed(html.report(AddReport((name,), (said,), (quote,), (Failure(name, said),))))
    assert report.within.get("bdi", "") == html.shown(name) + "".join(
        map(html.shown, (said, quote, name))
    )


def test_citations_are_numbered_in_order_of_appearance() -> None:
    text = "Alpha. Beta. Gamma."
    alpha, beta, gamma = (cite("d", text, f"{word}.") for word in ("Alpha", "Beta", "Gamma"))
    turn = done(
        sentence("One.", beta),
        sentence("Withheld.", gamma, verdict=Verdict.UNSUPPORTED),
        sentence("Two.", alpha, beta),
        hits=(hit_of("d", text, 0, 6), hit_of("d", text, 13, 19)),
    )
    assert turn.citations == (beta, alpha, gamma)
    page = html.turn(turn, 4)
    pills = re.findall(r'data-opens="citation" data-turn="4" data-number="(\d)"', page)
    assert pills == ["1", "2", "1", "3"]
    assert Parsed(page).within["answer"] == "One.1 Two.21"
    assert page.count('class="badge"') == 1  # the first passage is cited, the second is not
    assert words.uncited(1) in page


def test_a_withheld_sentence_is_never_in_the_answer() -> None:
    kinds = [verdict for verdict in Verdict if verdict is not Verdict.SUPPORTED]
    turn = done(sentence("Yes."), *(sentence("No.", verdict=verdict) for verdict in kinds))
    parsed = Parsed(html.turn(turn, 0))
    assert parsed.within["answer"] == "Yes."
    assert parsed.within["withheld"].count("No.") == len(kinds)
    # While the answer is being made, nothing of it is on the page at all.
    live = Turn("Q", Phase.READING).after(sentence("No.", verdict=Verdict.UNSUPPORTED))
    assert "No." not in html.turn(live, 0)


def test_sources_that_disagree_stand_side_by_side_each_with_its_place() -> None:
    text = f"Ten days. Or {HOSTILE}"
    sides = cite("a.txt", text, "Ten days."), cite("b<i>.txt", text, HOSTILE)
    answer = replace(answer_of(sentence("Ten.", sides[0])), conflicts=(Conflict(sides),))
    turn = Turn("Q", Phase.SEARCHING).after(answer)
    assert turn.citations == sides
    page = html.turn(turn, 0)
    parsed = Parsed(page)
    assert parsed.within["conflict"].startswith(words.DISAGREE + "Ten days.1")
    assert HOSTILE + "2" in parsed.within["conflict"]
    assert page.count("<figure>") == 2


def test_abstaining_says_what_was_searched() -> None:
    parsed = Parsed(html.turn(done(note="A <note>."), 0))
    assert parsed.within["abstained"] == (
        "Your documents do not say. Searched 5 documents, 202 passages.A <note>."
    )


def test_evidence_is_open_while_the_model_reads_and_folded_afterwards() -> None:
    hits = (replace(hit_of("a.pdf", "Words.", 0, 6), copies=("b.pdf", "c.pdf")),)
    turn = Turn("Q", Phase.SEARCHING).after(Evidence("Q", "Q", hits))
    page = html.turn(turn, 0)
    assert "<details" not in page
    assert words.reading(1) in page
    assert words.found(1, 1) in page
    assert "Nearly the same in b.pdf, c.pdf" in page
    uncited = html.turn(turn.after(answer_of(sentence("S."), hits=hits)), 0)
    assert '<details class="uncited" data-fold="0.uncited">' in uncited
    assert words.SOURCES not in uncited  # where nothing is cited
    cited = html.turn(
        turn.after(answer_of(sentence("S.", cite("a.pdf", "Words.", "Words.")), hits=hits)), 0
    )
    assert words.SOURCES in cited
    assert 'class="uncited"' not in cited


def test_the_parts_of_a_turn_are_the_same_from_the_first_event_to_the_last() -> None:
    hits = (hit_of("a.pdf", "Words.", 0, 6),)
    found = Turn("Q", Phase.SEARCHING).after(Evidence("Q", "Q", hits))
    said = found.after(sentence("S.", cite("a.pdf", "Words.", "Words.")))
    over = said.after(answer_of(*said.sentences, hits=hits))
    turns = (Turn("Q"), found, said, over, replace(found, phase=Phase.STOPPED))
    parts = [
        re.findall(
            r"^<article|<h2|<div class=.(?:said|beside|evidence|rest)|<p class=.status",
            html.turn(one, 0),
        )
        for one in turns
    ]
    assert len({tuple(one) for one in parts}) == 1


def test_support_is_said_in_words_and_its_numbers_are_folded_away() -> None:
    text = "Alpha. Beta."
    own = cite("d", text, "Alpha.")
    turn = done(
        replace(sentence("So it is.", own), support=0.8, relevance=0.7),
        replace(sentence("Alpha.", own), support=1.0, relevance=1.0),
    )
    parsed = Parsed(html.turn(turn, 0))
    assert parsed.within["summary"].startswith("Well supported")  # as its weakest sentence
    assert parsed.within["numbers"] == (
        "Well supported: supported, 80 in 100; answers the question, 70 in 100"
        f"{words.VERBATIM}: supported, 99 in 100; answers the question, 99 in 100"
    )
    assert "80" not in parsed.within["answer"] + parsed.within["summary"]
    assert [words.support(p) for p in (0.95, 0.9, 0.8, 0.6, 0.4)] == [
        *("Strongly supported", "Strongly supported", "Well supported", "Supported"),
        "Weakly supported",
    ]


def test_scores_stand_under_details_only_and_are_called_retrieval_scores() -> None:
    hit = replace(hit_of("d", "Alpha.", 0, 6), score=0.4567, dense=0.3456, lexical=7.89)
    page = html.turn(done(sentence("A.", cite("d", "Alpha.", "Alpha.")), hits=(hit,)), 0)
    before, details = page.split('<details class="details"')
    assert ("0.46" in details, "0.35" in details, "7.9" in details) == (True, True, True)
    assert words.SCORES_HEAD in details
    assert "0.46" not in before
    assert "score" not in before


def test_an_answer_is_copied_with_its_numbered_quotes() -> None:
    text = "Alpha. Beta."
    alpha, beta = cite("d.pdf", text, "Alpha.", 3), cite("d.txt", text, "Beta.", None)
    turn = done(sentence("A.", alpha, beta), sentence("No.", alpha, verdict=Verdict.OFF_TOPIC))
    assert plain(turn) == ("A. [1] [2]\n\n[1] d.pdf, page 3: “Alpha.”\n[2] d.txt: “Beta.”")


def test_a_long_list_of_documents_ends() -> None:
    infos = [DocumentInfo(f"{number}.txt", "", None, 1) for number in range(html.LISTED + 3)]
    assert html.documents(infos).count("<li>") == html.LISTED
    assert words.more_documents(3) in html.documents(infos)


# What a click means


def clicked(turn: Any, number: Any, kind: Any = "citation") -> dict[str, Any]:
    return {"kind": kind, "turn": turn, "number": number}


def conversation() -> Conversation:
    text = "Alpha. Beta."
    hits = (hit_of("d", text, 0, 12),)
    return Conversation([done(sentence("A.", cite("d", text, "Alpha.")), hits=hits), Turn("next")])


def test_a_click_opens_what_was_shown() -> None:
    ours = conversation()
    assert ours.target(clicked(0, 1)) == ours.turns[0].citations[0]
    assert ours.target(clicked(0, 1, "passage")) == ours.turns[0].hits[0]


@pytest.mark.parametrize(
    "payload",
    [
        *(clicked(turn, 1) for turn in (-1, 1, 2, 10**30, True, 0.0, "0", None, [0])),
        *(clicked(0, number) for number in (0, -1, 2, 10**30, 1.0, "1", None, {}, True)),
        *(clicked(0, 1, kind) for kind in ("", "turns", "__class__", "../etc/passwd", None, 1)),
        *({}, None, [], "citation", 7, {"path": "/etc/passwd"}),
    ],
)
def test_any_other_click_opens_nothing(payload: object) -> None:
    assert conversation().target(payload) is None
    assert conversation().view(payload) is None


def test_a_click_may_ask_for_another_page_and_for_the_text() -> None:
    ours = conversation()
    view = ours.view({**clicked(0, 1), "at": 7, "text": True})
    assert (view.at, view.as_text, view.of) == (7, True, 1)
    for at in (-1, 1.5, "7", True, None, [7]):
        assert ours.view({**clicked(0, 1), "at": at}).at is None
    for text in (1, "yes", None):
        assert not ours.view({**clicked(0, 1), "text": text}).as_text


def test_citations_are_gone_through_without_those_of_withheld_sentences() -> None:
    text = "Alpha. Beta. Gamma."
    alpha, beta, gamma = (cite("d", text, f"{word}.") for word in ("Alpha", "Beta", "Gamma"))
    withheld = sentence("No.", gamma, verdict=Verdict.UNSUPPORTED)
    ours = Conversation([done(sentence("Yes.", alpha, beta), withheld)])
    assert [ours.view(clicked(0, number)).of for number in (1, 2, 3)] == [2, 2, 3]


def test_sentences_rest_on_the_words_that_they_cite_in_every_turn() -> None:
    text = "Alpha. Beta. Gamma."
    alpha, beta = cite("d", text, "Alpha."), cite("d", text, "Beta.")
    withheld = sentence("No.", beta, verdict=Verdict.UNSUPPORTED)
    ours = Conversation(
        [
            done(sentence("A.", alpha), sentence("B.", beta), withheld),
            done(sentence("C.", beta, alpha)),
        ]
    )
    assert ours.resting(alpha, 0, 6) == ("0.0", "1.0")
    assert ours.resting(alpha, 7, 12) == ("0.1", "1.0")
    assert ours.resting(alpha, 6, 7) == ()
    assert ours.resting(replace(alpha, document="e"), 0, 6) == ()
    assert ours.resting(replace(alpha, sha256="an older state"), 0, 6) == ()


# The handlers


def chat(tmp_path: Path, **texts: str) -> Chat:
    return Chat(FakeAssistant(FakeLibrary(texts)), tmp_path / "uploads")


def test_one_question_at_a_time(tmp_path: Path) -> None:
    ours, talk = chat(tmp_path, a="Words."), Conversation()
    assert not talk.ask("  \n")
    past, current, box, *_ = ours.begin(" Why? ", talk)
    assert (past, box) == ("", "")
    assert words.SEARCHING in current
    ours.begin("And again?", talk)  # its answer is asked for all the same
    assert [turn.question for turn in talk.turns] == ["Why?"]
    pages = list(ours.answer(talk))
    assert words.SEARCHING in pages[0]
    assert words.reading(1) in pages[1]
    assert words.ABSTAINED in pages[-1]
    assert list(ours.answer(talk)) == []  # nothing is waiting


def test_a_conversation_that_is_stopped_before_its_turn_asks_nothing(tmp_path: Path) -> None:
    ours, talk = chat(tmp_path), Conversation()
    talk.ask("Why?")
    ours.stop(talk)
    assert words.STOPPED in list(ours.answer(talk))[-1]
    assert ours.assistant.running == 0
    assert talk.history == []


def test_opening_a_source_that_is_gone(tmp_path: Path) -> None:
    event = gr.EventData(None, clicked(0, 1))
    (gone,) = chat(tmp_path).open(conversation(), event)
    assert words.SOURCE_GONE in gone
    (there,) = chat(tmp_path, d="Alpha. Beta.").open(conversation(), event)
    assert "<mark" in there
    forged = gr.EventData(None, clicked(5, 1))
    assert list(chat(tmp_path).open(conversation(), forged)) == [gr.skip()]


def test_opening_the_same_source_twice_is_noticed(tmp_path: Path) -> None:
    ours, talk = chat(tmp_path, d="Alpha. Beta."), conversation()
    first, again = ({**clicked(0, 1), "ticket": ticket} for ticket in (1, 2))
    shown = [list(ours.open(talk, gr.EventData(None, click))) for click in (first, again)]
    assert [len(panes) for panes in shown] == [1, 1]
    assert shown[0] != shown[1]


def test_of_two_sources_the_one_that_was_asked_for_last_is_shown(tmp_path: Path) -> None:
    ours, talk = chat(tmp_path, d="Alpha. Beta."), conversation()
    early, late = ({**clicked(0, 1), "ticket": ticket} for ticket in (7, 8))
    slow = ours.open(talk, gr.EventData(None, early))
    assert len(list(ours.open(talk, gr.EventData(None, late)))) == 1
    assert list(slow) == []
    for ticket in (-1, 1 << 60, "9", True, None):
        assert talk.view({**clicked(0, 1), "ticket": ticket}).ticket == 0


# Uploads


@pytest.mark.parametrize(
    ("claimed", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("Übersicht #2 (final).txt", "Übersicht #2 (final).txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\a.docx", "a.docx"),
        ("<script>.html", "<script>.html"),
        ("a\x00b\nc.txt", "abc.txt"),
        ("..", "document"),
        ("", "document"),
        (".hidden", ".hidden"),
    ],
)
def test_base_names(claimed: str, kept: str) -> None:
    assert base_name(claimed) == kept


@given(ANY)
def test_a_kept_name_is_always_a_name(claimed: str) -> None:
    name = base_name(claimed)
    assert name not in ("", ".", "..")
    assert not set(name) & set("/\\\x00")
    assert len(name.encode()) <= LONGEST


def test_uploads_are_moved_and_the_newest_of_a_name_counts(tmp_path: Path) -> None:
    def given_files(*contents: str) -> list[tuple[Path, str]]:
        files = [(tmp_path / f"tmp{number}", "a.txt") for number in range(len(contents))]
        for (file, _), content in zip(files, contents, strict=True):
            file.write_text(content)
        return files

    folder = tmp_path / "uploads"
    first = keep(given_files("one", "two"), folder)
    assert [path.name for path in first] == ["a.txt", "a (2).txt"]
    assert [path.read_text() for path in first] == ["one", "two"]
    assert keep(given_files("three"), folder) == [folder / "a.txt"]
    assert (folder / "a.txt").read_text() == "three"
    assert sorted(path.name for path in folder.iterdir()) == ["a (2).txt", "a.txt"]
    assert not list(tmp_path.glob("tmp*"))


def test_an_upload_never_writes_through_a_link(tmp_path: Path) -> None:
    outside, folder, file = tmp_path / "outside", tmp_path / "uploads", tmp_path / "tmp"
    outside.write_text("mine")
    folder.mkdir()
    (folder / "a.txt").symlink_to(outside)
    file.write_text("theirs")
    keep([(file, "a.txt")], folder)
    assert outside.read_text() == "mine"


def test_progress_counts_files_and_the_passages_of_the_file_at_hand() -> None:
    assert _done(Progress(1, 4, "a.txt", 5, 10)) == 0.375
    assert _done(Progress(1, 4, "a.txt")) == 0.25
    assert _done(Progress(0, 0, "")) == 1.0
    assert words.adding(Progress(1, 4, "a.txt")) == "a.txt (2 of 4)"
    assert words.adding(Progress(4, 4, "")) == "Read 4 files"


# Serving


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "::", "example.com", "", "127.evil.io"])  # noqa: S104
def test_other_machines_are_not_served(host: str, tmp_path: Path) -> None:
    assert not is_loopback(host)
    with pytest.raises(HostError) as caught:
        launch(FakeAssistant(FakeLibrary()), tmp_path, host=host, open_browser=False)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, PinciteError)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.0.0.9"])
def test_this_machine_is_served(host: str) -> None:
    assert is_loopback(host)


def test_a_busy_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        app = create_app(FakeAssistant(FakeLibrary()), tmp_path)
        with pytest.raises(ServeError, match=f"^Port {port} .* is taken: .*--port.$"):
            start(app, host="127.0.0.1", port=port)


def test_nobody_waits_for_another_and_nothing_is_public(tmp_path: Path) -> None:
    app = create_app(FakeAssistant(FakeLibrary()), tmp_path)
    limits = {fn.name: fn.concurrency_limit for fn in app.fns.values()}
    assert {limits[name] for name in ("begin", "answer", "stop", "open", "renew")} == {None}
    assert {fn.api_visibility for fn in app.fns.values()} == {"private"}
    assert not app.analytics_enabled
    assert "http" not in SCRIPT
