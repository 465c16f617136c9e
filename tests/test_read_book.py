"""E-books: every chapter in order, under its own heading or its title in the contents."""

from __future__ import annotations

import re
import struct
import tracemalloc
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_LZMA, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import UnreadableError
from index.read.book import read_epub
from index.records import check_places, place_at

NAV = "application/xhtml+xml"
NCX = "application/x-dtbncx+xml"
CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="book/content.opf"/></rootfiles></container>'
)
LOCK = (
    '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
    '<EncryptedData xmlns="http://www.w3.org/2001/04/xmlenc#"><EncryptionMethod Algorithm="{}"/>'
    "</EncryptedData></encryption>"
)
AES = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
FONT = "http://www.idpf.org/2008/embedding"


def epub(
    *bodies: str, nav: str = "", ncx: str = "", spine: list[str] | None = None, **more: str
) -> bytes:
    """A book whose chapters c0.xhtml, c1.xhtml … have these bodies."""
    files = {f"c{n}.xhtml": f"<html><title>Book</title><body>{b}" for n, b in enumerate(bodies)}
    items = "".join(
        f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in files
    )
    if nav:
        files["nav.xhtml"] = nav
        items += f'<item id="nav" href="nav.xhtml" media-type="{NAV}" properties="nav"/>'
    if ncx:
        files["toc.ncx"] = ncx
        items += f'<item id="ncx" href="toc.ncx" media-type="{NCX}"/>'
    wanted = [f"c{n}.xhtml" for n in range(len(bodies))] if spine is None else spine
    references = "".join(f'<itemref idref="{name}"/>' for name in wanted)
    contents = f"<package><manifest>{items}</manifest><spine>{references}</spine></package>"
    packed = {"META-INF/container.xml": CONTAINER, "book/content.opf": contents}
    packed |= {f"book/{name}": text for name, text in files.items()}
    packed |= more
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as made:
        for name, text in packed.items():
            made.writestr(name, text)
    return file.getvalue()


def sections(data: bytes) -> dict[str, str | None]:
    """The words of each place -> its heading."""
    reading = read_epub(data)
    check_places(reading.places, len(reading.text))
    return {" ".join(reading.text[p.start : p.end].split()): p.heading for p in reading.places}


def links(*entries: tuple[str, str]) -> str:
    inner = "".join(f'<li><a href="{href}">{title}</a></li>' for href, title in entries)
    return f'<html xmlns="http://www.w3.org/1999/xhtml"><nav><ol>{inner}</ol></nav></html>'


def points(*entries: tuple[str, str]) -> str:
    inner = "".join(
        f'<navPoint><navLabel><text>{title}</text></navLabel><content src="{source}"/></navPoint>'
        for source, title in entries
    )
    return f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{inner}</navMap></ncx>'


def test_headings_are_the_paths_of_each_chapter_apart():
    data = epub("<h1>Ferns</h1><p>a</p><h2>Frost</h2><p>b</p>", "<h2>Moss</h2><p>c</p>")
    assert sections(data) == {
        "Ferns a": "Ferns",
        "Frost b": "Ferns > Frost",
        "Moss c": "Moss",
    }


@pytest.mark.parametrize("where", [{"nav": links(("c0.xhtml#top", "The <b>fern</b> house"))},
                                   {"ncx": points(("c0.xhtml", "The fern house"))}])  # fmt: skip
def test_a_chapter_without_a_heading_goes_by_the_contents(where):
    assert sections(epub("<p>a</p>", **where)) == {"a": "The fern house"}


def test_a_heading_of_its_own_comes_before_the_contents():
    data = epub("<h1>Ferns</h1><p>a</p>", nav=links(("c0.xhtml", "Chapter 1")))
    assert sections(data) == {"Ferns a": "Ferns"}


def test_what_stands_above_a_heading_is_not_the_chapter_befores():
    data = epub("<h1>Ferns</h1><p>a</p>", "<p>Chapter 2</p><h1>Moss</h1><p>b</p>")
    assert sections(data) == {"Ferns a": "Ferns", "Chapter 2 Moss b": "Moss"}


def test_a_file_without_any_title_goes_on_with_the_chapter():
    reading = read_epub(epub("<h1>Ferns</h1><p>a</p>", "<p>more</p>"))
    assert reading.text == "Ferns\n\na\n\nmore"
    assert place_at(reading.places, reading.text.index("more")).heading == "Ferns"


def test_chapters_come_in_the_order_of_the_spine_and_what_is_missing_is_passed_over():
    data = epub("<p>a</p>", "<p>b</p>", spine=["c1.xhtml", "gone", "c0.xhtml"])
    assert read_epub(data).text == "b\n\na"


def test_the_contents_are_not_read_but_asides_and_notes_are():
    data = epub(
        "<p>a</p><aside epub:type='footnote'>note</aside><footer>end</footer>",
        nav="<html><body><p>Contents</p></body></html>",
        spine=["nav", "c0.xhtml"],
    )
    assert read_epub(data).text.split() == ["a", "note", "end"]


def test_elements_that_close_themselves_swallow_nothing():
    body = '<script src="x"/><p><a id="p1"/>one</p><div/><p>two</p>'
    assert read_epub(epub(body)).text.split() == ["one", "two"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "C:\\a"])
def test_a_reference_out_of_the_book_leads_nowhere(name):
    contents = (
        f'<package><item id="a" href="{name}"/><item id="b" href="c0.xhtml"/>'
        '<itemref idref="a"/><itemref idref="b"/></package>'
    )
    assert read_epub(epub("<p>a</p>", **{"book/content.opf": contents})).text == "a"


def test_entities_are_not_resolved(tmp_path):
    (tmp_path / "secret").write_text("secret")
    uri = (tmp_path / "secret").as_uri()
    body = f'<!DOCTYPE d [<!ENTITY leak SYSTEM "{uri}">]><p>a &leak;</p>'
    nav = f'<!DOCTYPE d [<!ENTITY leak SYSTEM "{uri}">]>' + links(("c0.xhtml", "b &leak;"))
    reading = read_epub(epub(body, nav=nav))
    assert "secret" not in reading.text
    assert "secret" not in str(reading.places)


def test_contents_that_are_broken_cost_no_chapter():
    assert read_epub(epub("<p>a</p>", nav="<html><nav>")).text == "a"


def test_a_locked_book_is_told_from_one_with_obfuscated_fonts():
    with pytest.raises(UnreadableError, match=r"^is locked by its seller \(DRM\)"):
        read_epub(epub("<p>a</p>", **{"META-INF/encryption.xml": LOCK.format(AES)}))
    open_ = epub("<p>a</p>", **{"META-INF/encryption.xml": LOCK.format(FONT)})
    assert read_epub(open_).text == "a"


def test_a_book_that_lies_about_its_length_is_not_unpacked():
    data = bytearray(epub(f"<p>{'a ' * 25_000_000}"))
    at = data.index(b"book/c0.xhtml", data.index(b"PK\x01\x02")) - 46 + 24
    assert struct.unpack_from("<I", data, at)[0] > 50_000_000
    struct.pack_into("<I", data, at, 10)
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableError, match=r"^is not an e-book, or a broken one"):
            read_epub(bytes(data))
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_a_book_is_not_unpacked_by_a_method_without_limits():
    file = BytesIO()
    with ZipFile(BytesIO(epub("<p>a</p>"))) as book, ZipFile(file, "w", ZIP_LZMA) as made:
        for name in book.namelist():
            made.writestr(name, book.read(name))
    with pytest.raises(UnreadableError, match=r"^is not an e-book, or a broken one"):
        read_epub(file.getvalue())


@pytest.mark.parametrize(
    "more",
    [
        {"META-INF/container.xml": "<a/>"},
        {"META-INF/container.xml": "x"},
        {"META-INF/encryption.xml": "x"},
        {"book/content.opf": "<package"},
    ],
)
def test_a_broken_book_is_one_line(more):
    with pytest.raises(UnreadableError, match=r"^is not an e-book, or a broken one; save it again"):
        read_epub(epub("<p>a</p>", **more))


@given(st.lists(st.lists(st.sampled_from(
    ["<h1>One</h1>", "<h2>Two</h2>", "<p>words</p>", "text", "<br>", "<h1></h1>"]),
    max_size=5), min_size=1, max_size=4))  # fmt: skip
def test_places_are_exact_whatever_the_chapters_hold(chapters):
    reading = read_epub(epub(*("".join(chapter) for chapter in chapters)))
    check_places(reading.places, len(reading.text))
    pieces = (piece for chapter in chapters for piece in chapter)
    words = re.sub(r"<[^>]*>|\s", "", "".join(pieces))
    assert "".join(reading.text.split()) == words
    for place in reading.places:
        own = place.heading.rsplit(" > ", 1)[-1]
        assert own in reading.text[place.start : place.end]
