"""The source pane without a browser: which words are marked, where, and what is said instead."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from reportlab.pdfbase.pdfmetrics import stringWidth

from index import Library
from index.records import Box, Document, Place
from rag.chat import html, pages, source, words
from rag.chat.reading import KEPT, Reader
from rag.chat.turns import Conversation, View
from rag.records import Citation, Verdict
from tests.chat_fakes import cite, sentence, sha
from tests.test_chat import ANY, Parsed, clicked, done
from tests.test_layout import pdf

FORMATS = Path(__file__).parent / "documents" / "formats"


def view_of(target: Citation, **options: object) -> View:
    return replace(View(target, "citation", 0, 1, of=1), **options)


def text_of(target: Citation, document: Document, *said: object, **options: object) -> str:
    view, talk = view_of(target, **options), Conversation([done(*said)])
    return source.of_text(view, document, source.stretches(view, talk))


# The text of a document


@settings(max_examples=60)
@given(ANY, ANY, ANY, st.sampled_from([0, 1, source.AROUND, 3 * source.AROUND]))
@example("a\n", "<b>", "\n", source.AROUND)
def test_exactly_the_cited_words_are_marked(
    before: str, quote: str, after: str, times: int
) -> None:
    before, after = before * times, after * times
    start, end = len(before), len(before) + len(quote)
    text = before + quote + after
    first, last = source.window(text, start, end)
    assert first <= start <= end <= last
    assert last - first <= 2 * source.AROUND + len(quote)
    target = Citation("d", "", start, end, quote)
    parsed = Parsed(text_of(target, Document("d", "", text)))
    assert parsed.within.get("opened first", "") == html.shown(quote)
    shown = (text[first:start], quote, text[end:last])
    assert parsed.within.get("page", "") == "".join(map(html.shown, shown))


def test_the_window_goes_from_line_to_line() -> None:
    text = "one\ntwo\nthree\nfour\nfive\n"
    start = text.index("three")
    first, last = source.window(text, start, start + 5, around=6)
    assert text[first:last] == "two\nthree\nfour"
    assert source.window(text, start, start + 5) == (0, len(text))
    assert source.window("x" * 100, 50, 60, around=10) == (40, 70)


def test_what_else_is_cited_of_a_document_is_marked_apart_and_leads_to_its_sentences() -> None:
    text = "Alpha. Beta. Gamma. Delta."
    alpha, both, delta = (cite("d", text, q, None) for q in ("Alpha.", "Alpha. Beta.", "Delta."))
    said = (
        sentence("A.", alpha),
        sentence("AB.", both),
        sentence("No.", delta, verdict=Verdict.OFF_TOPIC),
    )
    page = text_of(both, Document("d", sha(text), text), *said)
    parsed = Parsed(page)
    assert parsed.within["opened first"] == "Alpha."
    assert parsed.within["opened"] == " Beta."
    rests = [a["data-rests"] for tag, a in parsed.elements if tag == "mark"]
    assert rests == ["0.0 0.1", "0.1"]  # nothing rests on what a withheld sentence cites
    parsed = Parsed(text_of(alpha, Document("d", sha(text), text), *said))
    assert (parsed.within["opened first"], parsed.within["also"]) == ("Alpha.", " Beta.")
    assert "1 sentence rests on these words" in page
    assert "2 sentences rest on these words" in page


def test_slides_and_rows_are_named_where_they_begin_and_are_no_part_of_the_text() -> None:
    text = "Seeds\nCold\nWho asks\n"
    places = (Place(0, 11, heading="Seeds", unit="slide 1"), Place(11, 20, unit="slide 2"))
    target = replace(cite("s.pptx", text, "Cold\nWho", None), place="Seeds, slide 1")
    parsed = Parsed(text_of(target, Document("s.pptx", sha(text), text, places)))
    signs = [a["data-place"] for _, a in parsed.elements if "data-place" in a]
    assert signs == ["slide 1", "slide 2"]
    assert parsed.within["page"] == text
    assert parsed.within["opened first"] + parsed.within["opened"] == "Cold\nWho"
    assert parsed.within["place"] == "Seeds, slide 1"
    stops = [a for tag, a in parsed.elements if tag == "mark" and "tabindex" in a]
    assert len(stops) == 1  # one for the keyboard, though a slide begins within


def test_a_long_text_is_read_on_before_and_after() -> None:
    text = "A line of words.\n" * 2_000
    middle = Citation("d", "", 17_000, 17_016, text[17_000:17_016])
    document = Document("d", "", text)
    page = text_of(middle, document)
    assert (words.EARLIER in page, words.LATER in page) == (True, True)
    start = text_of(middle, document, at=0)
    assert (words.EARLIER in start, words.LATER in start) == (False, True)
    end = text_of(middle, document, at=10**12)
    assert (words.EARLIER in end, words.LATER in end) == (True, False)
    assert "<mark" not in start + end


# A page


def boxed(*spans: tuple[int, int], page: int = 1, top: float = 100) -> list[Box]:
    return [Box(s, e, page, 10 * s, top, 10 * e - 2, top + 10) for s, e in spans]


def test_the_words_of_a_line_are_one_box() -> None:
    one, two, three = boxed((0, 5), (6, 9), (10, 12))
    (line,) = pages.lines([one, two, three])
    assert (line.start, line.end, line.left, line.right) == (0, 12, 0, 118)
    below, other = boxed((13, 15), top=112), boxed((16, 18), page=2)
    far = boxed((60, 65))  # of another column of a table
    assert len(pages.lines([one, two, *below, *other, *far])) == 4


def test_a_box_stays_on_its_page() -> None:
    sheet = pages.Sheet("data:,", 200, 400)
    assert pages.percent(Box(0, 1, 1, 50, 100, 150, 140), sheet) == (25, 25, 50, 10)
    assert pages.percent(Box(0, 1, 1, -50, -9, 900, 900), sheet) == (0, 0, 100, 100)


def png(width: int, height: int, dpi: float) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(made, "PNG", dpi=(dpi, dpi))
    return made.getvalue()


def test_a_picture_says_how_large_its_page_is() -> None:
    sheet = pages.sheet(png(1600, 2263, 72 * 1600 / 595.28))
    assert sheet.width == pytest.approx(595.28, abs=0.2)
    assert sheet.height == pytest.approx(841.9, abs=0.5)
    assert sheet.url.startswith("data:image/png;base64,iVBOR")


REPORT = [
    [(72, 700, "The harbour is deep."), (72, 720, "Ships of ten metres enter it.")],
    [(72, 700, "The price is ten crowns."), (72, 720, "It is paid in May.")],
]


@pytest.fixture
def report(library: Library, tmp_path: Path) -> tuple[Library, Conversation]:
    """A library with a PDF of two pages, and a conversation that cites both."""
    (tmp_path / "report.pdf").write_bytes(pdf(*REPORT))
    library.add([tmp_path / "report.pdf"])
    document = library.document("report.pdf")

    def cited(quote: str, page: int) -> Citation:
        start = document.text.index(quote)
        return Citation(
            document.name, document.sha256, start, start + len(quote), quote, page, f"page {page}"
        )

    harbour = cited("harbour is deep", 1)
    price, paid = cited("price is ten crowns.", 2), cited("paid in May", 2)
    said = (sentence("It is deep.", harbour), sentence("Ten crowns, in May.", price, paid))
    return library, Conversation([done(*said)])


def shown(report: tuple[Library, Conversation], number: int, **more: object) -> list[str]:
    library, talk = report
    return list(Reader().show(library, talk.view({**clicked(0, number), **more}), talk))


def marks_of(page: str) -> list[tuple[str, str]]:
    """Return the class and the name of every mark that the keyboard can reach."""
    found = [attributes for tag, attributes in Parsed(page).elements if tag == "mark"]
    return [(str(a["class"]), str(a["aria-label"])) for a in found if "tabindex" in a]


def test_the_page_is_drawn_and_exactly_the_cited_words_are_marked_by_their_boxes(report) -> None:
    frame, page = shown(report, 2)
    assert words.DRAWING in frame
    assert "<img" not in frame
    assert '<img src="data:image/png;base64,' in page
    assert marks_of(page) == [
        ("opened first", "price is ten crowns."),
        ("also", "paid in May"),  # what else is cited on this page
    ]
    assert words.NO_EXACT_PLACE not in page
    assert words.page_in(2, 2) in page
    (style,) = {
        a["style"] for t, a in Parsed(page).elements if a.get("aria-label") == "paid in May"
    }
    left, top, width, height = (float(part.split(":")[1][:-1]) for part in style.split(";"))
    before, own = (
        stringWidth(part, "Helvetica", 12) for part in ("It is ", "paid in May.")
    )  # whole words
    assert left == pytest.approx(100 * (72 + before) / 595.28, abs=0.5)
    assert width == pytest.approx(100 * own / 595.28, abs=0.5)
    assert top + height == pytest.approx(100 * 720 / 841.89, abs=1)


def test_pages_are_turned_and_those_that_were_drawn_are_kept(report) -> None:
    library, talk = report
    reader = Reader()
    views = [talk.view({**clicked(0, 2), "at": at}) for at in (None, 1, 0, 2, 99)]
    drawn = [list(reader.show(library, view, talk)) for view in views]
    assert [len(one) for one in drawn] == [2, 1, 1, 1, 1]  # a page that is turned has no frame
    assert [words.page_in(n, 2) in one[-1] for n, one in zip((2, 1, 1, 2, 2), drawn, strict=True)]
    assert marks_of(drawn[1][0]) == [("also", "harbour is deep")]
    assert "data-flashes" in drawn[0][-1]
    assert "data-flashes" not in drawn[1][0]  # it flashes once
    assert len(reader._drawn) == 2
    for number in range(3 * KEPT):
        reader._keep(("", "", number), pages.Sheet("", 1, 1))
    assert len(reader._drawn) == KEPT


def test_the_text_of_a_page_stands_in_its_place_where_it_is_asked_for(report) -> None:
    (page,) = shown(report, 2, text=True)
    assert Parsed(page).within["opened first"] == "price is ten crowns."
    assert "<img" not in page
    assert words.AS_PAGE in page


def test_a_page_that_cannot_be_drawn_is_shown_as_text_and_says_why(report, tmp_path) -> None:
    (tmp_path / "report.pdf").write_bytes(pdf(*REPORT, [(72, 700, "One page more.")]))
    _, page = shown(report, 2)
    assert "has changed since it was indexed" in Parsed(page).within["warning"]
    assert Parsed(page).within["opened first"] == "price is ten crowns."


class Unboxed:
    """A library that does not know where words are drawn."""

    def __init__(self, library: Library) -> None:
        self.document, self.page = library.document, library.page

    def boxes(self, name: str, start: int, end: int) -> list[Box]:
        return []


def test_no_exact_place_is_said_and_nothing_is_marked_in_its_stead(report) -> None:
    library, talk = report
    view = talk.view(clicked(0, 2))
    *_, page = Reader().show(Unboxed(library), view, talk)
    assert Parsed(page).within["warning"] == words.NO_EXACT_PLACE
    assert Parsed(page).within["unplaced"] == "price is ten crowns."
    assert "<mark" not in page
    assert words.page_in(2, 2) in page  # the page is known, and shown


def test_a_scan_is_shown_as_it_is_and_says_that_it_was_read_by_ocr(library) -> None:
    library.add([FORMATS / "scan.pdf"])
    (hit,) = library.search("How deep is the bog garden?", k=1)
    talk = Conversation([done(hits=(hit,))])
    *_, page = Reader().show(library, talk.view(clicked(0, 1, "passage")), talk)
    assert "read by OCR" in Parsed(page).within["place"]
    assert [kind for kind, _ in marks_of(page)] == ["opened first"]


def test_a_source_that_changed_or_went_says_so_and_shows_the_words_as_cited(library) -> None:
    citation = cite("d.txt", "One. Two. Three.", "Two.")
    talk = Conversation([done(sentence("Two.", citation))])
    (gone,) = shown((library, talk), 1)
    library.add_texts([("d.txt", "One. TWO. Three.")])
    (changed,) = shown((library, talk), 1)
    for page, why in ((changed, words.SOURCE_CHANGED), (gone, words.SOURCE_GONE)):
        parsed = Parsed(page)
        assert parsed.within["warning"] == why
        assert parsed.within["blockquote"] == "Two."
        assert "<mark" not in page


@settings(max_examples=40)
@given(ANY, ANY, ANY)
@example("<img src=x onerror=a()>", "\"'><script>a()</script>", "</mark>&amp;\u202e")
def test_no_text_makes_an_element_on_a_page(name: str, before: str, quote: str) -> None:
    quote = quote or "x"
    text = before + quote
    target = Citation(name, "", len(before), len(text), quote, 1, before)
    view = view_of(target)
    document = Document(name, "", text, (Place(0, len(text), page=1, unit=name),))
    stretches = source.stretches(view, Conversation([done(sentence(quote, target))]))
    marked = [(one, boxed((0, 4))) for one in stretches]
    sheet = pages.Sheet("data:image/png;base64,", 200, 400)
    for placed in (marked, [(one, []) for one in stretches]):
        parsed = Parsed(source.of_page(view, document, placed, 1, sheet))
        assert parsed.within.get("what", "").startswith(html.shown(name))
    Parsed(source.of_text(view, document, stretches, warning=name))
    Parsed(source.as_cited(view, name))
