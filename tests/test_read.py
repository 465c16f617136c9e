"""Reading files: every format gives its exact text and places, every bad file its one line."""

from __future__ import annotations

import os
import socket
import zipfile
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import docx
import pytest
from docx.oxml import OxmlElement
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from index.errors import UnreadableError
from index.read import _READERS, read
from index.read.office import read_docx
from index.read.outline import Reading
from index.read.pdf import read_pdf
from index.read.text import decode, read_markdown
from index.read.web import read_html
from index.records import Document, Place, check_places, place_at

SAMPLES = Path(__file__).parent / "documents" / "ferry"


def own(path: Path, name: str, **limits: int) -> Document:
    """The document that the file is, without those inside of it."""
    found = next(read(path, name, **limits))
    assert isinstance(found, Document)
    return found


def sample(name: str) -> Document:
    return own(SAMPLES / name, name)


def label(document: Document, words: str) -> str:
    """Where the words stand, which must stand there once."""
    assert document.text.count(words) == 1
    place = place_at(document.places, document.text.index(words))
    return place.label if place else ""


def parsed(reader: Callable[[bytes], Reading], data: bytes) -> tuple[str, tuple[Place, ...]]:
    found = reader(data)
    return found.text, found.places


def headings(places: tuple[Place, ...]) -> list[str | None]:
    return [place.heading for place in places]


def pdf(*pages: list[str], **options: object) -> bytes:
    """A PDF whose pages hold these lines."""
    file = BytesIO()
    canvas = Canvas(file, invariant=1, **options)
    for lines in pages:
        for number, line in enumerate(lines):
            canvas.drawString(72, 760 - 14 * number, line)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def saved(document: docx.document.Document) -> bytes:
    file = BytesIO()
    document.save(file)
    return file.getvalue()


def rezipped(data: bytes, **replaced: bytes | None) -> bytes:
    """A zip file with entries replaced, or with None left out, by the stems of their names."""
    file = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(file, "w", 8) as new:
        for name in old.namelist():
            content = replaced.get(Path(name).stem, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return file.getvalue()


def refusal(path: Path, **limits: int) -> str:
    """The one line with which a file is refused."""
    with pytest.raises(UnreadableError) as caught:
        own(path, path.name, **limits)
    message = str(caught.value)
    assert message
    assert "\n" not in message
    assert path.name not in message
    return message


def refusal_of(folder: Path, name: str, data: bytes, **limits: int) -> str:
    path = folder / name
    path.write_bytes(data)
    return refusal(path, **limits)


# The samples


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*[!y]")), ids=lambda path: path.name)
def test_every_sample_is_read(path):
    document = own(path, path.name)
    assert document.name == path.name
    assert document.sha256 == sha256(path.read_bytes()).hexdigest()
    assert len(document.text) > 1500
    assert document.text.isprintable() or set(filter(str.isspace, document.text)) <= set(
        "\n\t \xa0"
    )
    check_places(document.places, len(document.text))


def test_the_words_of_a_pdf_stand_on_their_pages():
    report = sample("annual-report-2023.pdf")
    assert report.pages == 3
    assert label(report, "Captain Olof Wrede, who retired") == "page 1"
    assert label(report, "5,772 sailed") == "page 2"
    assert label(report, "Passenger tickets\t4,270\t4,610") == "page 3"


def test_the_paragraphs_of_a_pdf_are_parted_and_their_lines_are_not():
    report = sample("annual-report-2023.pdf")
    assert "\n\nStaff\n\nAt the end of the year 74 people" in report.text
    assert "Insurance and administration\t344\t308\nTotal costs\t6,796\t7,108\n\n" in report.text


def test_the_words_of_a_word_document_stand_under_their_headings():
    minutes = sample("board-minutes-2024-03.docx")
    title = "Minutes of the Board Meeting, 14 March 2024"
    tenders = f"{title} > 2. Successor of the MV Havsörn > Tenders"
    assert label(minutes, "Tomas Rehn presented") == f"{title} > 1. Annual report and accounts"
    assert label(minutes, "Kallvik | battery | EUR 9.8 million | June 2026 |") == tenders
    assert label(minutes, "- confirm the grant") == tenders.replace("Tenders", "Decision")
    assert minutes.pages is None


def test_the_words_of_a_web_page_stand_under_their_headings():
    release = sample("press-release.html")
    title = "Lindhamn orders its first electric ferry"
    assert label(release, "412 votes to 37") == title
    assert label(release, "Passengers | 240 | 190\nCars | 28 | 18\n") == f"{title} > The vessel"
    assert label(release, "  * a grant of EUR\u00a02.7".replace("\u00a0", " ")) == (
        f"{title} > Who pays"
    )


@pytest.mark.parametrize("words", ["Timetable", "analytics", "Ignore the figures", "Subscribe"])
def test_what_a_web_page_does_not_show_is_not_read(words):
    assert words in (SAMPLES / "press-release.html").read_text(encoding="utf-8")
    assert words not in sample("press-release.html").text


def test_markdown_is_kept_verbatim_under_its_headings():
    handbook = sample("maintenance-handbook.md")
    assert handbook.text == (SAMPLES / "maintenance-handbook.md").read_text(encoding="utf-8")
    assert label(handbook, "every 750 running hours") == "Maintenance Handbook > Engines > Oil"
    assert label(handbook, "the signature of the Managing Director").endswith("> Spare parts")
    assert not [path for path in headings(handbook.places) if "Export the alarms" in str(path)]


def test_plain_text_is_kept_verbatim_and_has_no_places():
    agreement = sample("harbour-agreement.txt")
    assert agreement.text == (SAMPLES / "harbour-agreement.txt").read_text(encoding="utf-8")
    assert agreement.places == ()


# Text and Markdown

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\t\n"))


@settings(max_examples=80, deadline=None)
@given(TEXTS, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_any_text_comes_back_from_any_unicode_encoding(text, encoding):
    text = f"§{text}"  # a text may not start with U+FEFF: that is a byte-order mark
    assert decode(text.encode(encoding)) == text
    assert decode(text.replace("\n", "\r\n").encode(encoding)) == text


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_storable_text_or_refused(data):
    try:
        text = decode(data)
    except UnreadableError:
        return
    assert "\0" not in text
    assert text.encode().decode() == text  # fails on a lone surrogate


def test_a_lone_carriage_return_and_white_space_are_kept():
    assert decode(b"  a\rb\r\nc \n\n") == "  a\rb\nc \n\n"


def test_text_of_old_windows_programs_is_read():
    assert decode("Hälfte – 5 €".encode("cp1252")) == "Hälfte – 5 €"
    assert decode(b"caf\xe9 \x81 and more words than that: it takes a few") == (
        "café \x81 and more words than that: it takes a few"
    )


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(["# A", "## B ##", "### C", "text", "```", "~~~", "", "#no"])))
def test_the_places_of_any_markdown_start_at_its_headings(lines):
    text, places = parsed(read_markdown, "\n".join(lines).encode())
    check_places(places, len(text))
    assert all(text[place.start] == "#" for place in places)


def test_heading_paths_follow_the_levels():
    source = b"# A\n### B\n## C #\n```\n# code\n```\n    # code\n#\n# D"
    assert headings(read_markdown(source).places) == ["A", "A > B", "A > C", "D"]


# HTML


@pytest.mark.parametrize(
    "hidden",
    [
        "<p hidden>secret</p>",
        "<p aria-hidden='TRUE'>secret</p>",
        "<p style='color: red; DISPLAY : none'>secret</p>",
        "<p style='visibility:hidden !important;'>secret</p>",
        "<p style='display:/**/none'>secret</p>",
        "<div hidden><p>secret</p></div>",
        "<script>secret</script>",
        "<noscript>secret</noscript>",
        "<template>secret</template>",
        "<svg><text>secret</text></svg>",
        "<iframe>secret</iframe>",
        "<select><option>secret</option></select>",
        "<textarea>secret</textarea>",
        "<!-- secret -->",
        "<?php secret ?>",
        "<p hidden>secret</p>&#2;",
    ],
)
def test_what_is_hidden_goes_and_what_follows_it_stays(hidden):
    text, _ = parsed(read_html, f"<p>before</p>{hidden}after".encode())
    assert text.split() == ["before", "after"]


def test_a_page_without_a_main_heading_goes_by_its_title():
    _, places = parsed(read_html, b"<title>Fares \n 2024</title><p>x</p><h2>Islands</h2><p>y</p>")
    assert headings(places) == ["Fares 2024", "Fares 2024 > Islands"]


def test_headings_within_tables_and_links_have_exact_offsets():
    text, places = parsed(
        read_html,
        b"<table><tr><td>a</td><td><h2><a href=x>In a  cell</a></h2><p>b</p></td></tr></table>"
        b"<div><h2>After<br>it</h2>c</div>",
    )
    assert [text[p.start :].split("\n")[0] for p in places] == ["In a cell", "After"]
    assert headings(places) == ["In a cell", "After it"]


def test_escaped_markup_stays_as_it_is_shown():
    text, _ = parsed(read_html, b"<p>write &lt;b&gt; as &amp;lt;b&amp;gt; &#2;&#xFFFE;</p>")
    assert text.strip() == "write <b> as &lt;b&gt;"


@pytest.mark.parametrize(
    ("start", "encoding"),
    [
        ("", "utf-8"),
        ("", "utf-16"),
        ("<meta charset='windows-1251'>", "cp1251"),
        ("<?xml version='1.0' encoding='koi8-r'?>", "koi8-r"),
        ("<meta charset=unicode_escape>", "utf-8"),  # not one that pages are written in
        ("<meta charset=utf-8>", "utf-16"),  # a byte-order mark knows better
    ],
)
def test_pages_are_decoded_as_they_say(start, encoding):
    assert read_html(f"{start}<p>Привет".encode(encoding)).text.strip() == "Привет"


# PDF

LINE = st.text("abc XYZ.-", min_size=1, max_size=30)
PAGES = st.lists(st.lists(LINE, max_size=5), max_size=2)  # of three, a line might be a running head


@settings(max_examples=30, deadline=None)
@given(PAGES.filter(lambda pages: any("".join(lines).strip() for lines in pages)))
def test_any_pdf_has_a_place_for_each_of_its_pages(pages):
    text, places = parsed(read_pdf, pdf(*pages))
    check_places(places, len(text))
    assert [place.page for place in places] == list(range(1, len(pages) + 1))
    for place, lines in zip(places, pages, strict=True):
        words = "".join("".join(lines).split()).replace("-", "")
        assert "".join(text[place.start : place.end].split()).replace("-", "") == words


def test_a_word_broken_at_a_line_end_is_joined_and_a_name_keeps_its_hyphen():
    text, _ = parsed(read_pdf, pdf(["the coopera-", "tive of Lindhamn-", "Visnäs"]))
    assert text == "the cooperative of Lindhamn-Visnäs"


# Word


def test_what_word_hides_is_not_read_and_what_it_inserts_is():
    document = docx.Document()
    paragraph = document.add_paragraph("shown ")
    paragraph.add_run("secret").font.hidden = True
    inserted = OxmlElement("w:ins")
    inserted.append(paragraph.add_run("inserted")._r)
    paragraph._p.append(inserted)
    assert read_docx(saved(document)).text == "shown inserted"


def test_a_style_based_on_a_heading_makes_headings():
    document = docx.Document()
    style = document.styles.add_style("Chapter", docx.enum.style.WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = document.styles["Heading 1"]
    document.add_paragraph("Dues\tand\nrent", "Chapter")
    document.add_paragraph("", "Heading 2")
    document.add_paragraph("Berths", "Heading 3")
    assert headings(read_docx(saved(document)).places) == [
        "Dues and rent",
        "Dues and rent > Berths",
    ]


def test_cells_within_cells_stay_in_their_row():
    document = docx.Document()
    row = document.add_table(1, 2).rows[0].cells
    row[0].text = "a\nb"
    row[1].add_table(1, 2).rows[0].cells[1].text = "d"
    assert read_docx(saved(document)).text == "a b | | d"


def test_entities_of_a_word_document_are_not_resolved(tmp_path):
    (tmp_path / "secret").write_text("secret")
    document = saved(docx.Document(SAMPLES / "board-minutes-2024-03.docx"))
    with zipfile.ZipFile(BytesIO(document)) as package:
        xml = package.read("word/document.xml").decode()
    body = xml[xml.index("<w:document") :].replace("Kallvik", "&leak;")
    entity = f"<!DOCTYPE d [<!ENTITY leak SYSTEM '{(tmp_path / 'secret').as_uri()}'>]>"
    text, _ = parsed(read_docx, rezipped(document, document=(entity + body).encode()))
    assert "Norrskeppet" in text
    assert "secret" not in text


# What cannot be read


def test_what_is_no_file_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "port.sock"))
        assert refusal(tmp_path / "port.sock").startswith("is a socket")
    (tmp_path / "folder.pdf").mkdir()
    assert refusal(tmp_path / "pipe.txt").startswith("is a named pipe, not a file")
    assert refusal(tmp_path / "folder.pdf").startswith("is a folder")
    assert refusal(Path("/dev/null")).startswith("is a device")
    assert refusal(tmp_path / "gone.md").startswith("does not exist")
    assert refusal(tmp_path / "n\0l").startswith("cannot be the path of a file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_of_others_is_refused(tmp_path):
    path = tmp_path / "private.txt"
    path.write_text("mine")
    path.chmod(0)
    assert "permission denied" in refusal(path)


def test_a_file_may_have_a_name_of_any_bytes(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n.txt"))
    path.write_text("text")
    assert own(path, "any").text == "text"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.txt", b"", "is empty"),
        ("a.docx", b"", "is empty"),
        ("a.md", b" \n\t\r\n ", "holds no text, only white space"),
        ("a.txt", b"\xef\xbb\xbf", "holds no text"),
        ("a.html", b"<script>x</script><!-- y -->", "holds no text"),
        ("a.html", b"<div>" * 300 + b"x", "nests its elements too deep"),
        (
            "a.dat",
            b"\x89DAT\r\n\x1a\n\0\0\0\rIHDR",
            "is not text: it holds NUL bytes; Pincite",
        ),
        ("a.bin", bytes(range(1, 256)), "is not text: 10% are control characters; Pincite reads"),
        ("a.txt", b"\xff\xfea\0\0\0", "is not text: it holds NUL characters"),
        ("a.txt", b"\xff\xfe\0\xd8", "starts with a byte-order mark of UTF-16-LE but is not"),
        ("a.txt", b"\xef\xbb\xbf\xff", "starts with a byte-order mark of UTF-8 but is not"),
        ("a.pdf", b"hello", "is not a PDF, or a broken one; export it again"),
        ("a.pdf", pdf(["text"])[:400], "is not a PDF, or a broken one"),
        ("a.pdf", pdf([], [], []), "has no text: its 3 pages are empty, or an image in which OCR"),
        ("a.pdf", pdf([]), "has no text: its one page is empty, or an image in which OCR"),
        (
            "a.PDF",
            pdf(["text"], encrypt=StandardEncryption("secret")),
            "is protected by a password",
        ),
        ("a.docx", b"hello", "is not a Word document, or a broken one; save it again"),
        ("a.docx", b"\xd0\xcf\x11\xe0" + bytes(99), "is protected by a password or an old .doc"),
        ("a.docx", rezipped(saved(docx.Document()), document=None), "is not a Word document"),
        ("a.docx", rezipped(saved(docx.Document()), document=b"<a/>"), "is not a Word document"),
        ("a.docx", saved(docx.Document())[:-900], "is not a Word document"),
        ("a.docx", saved(docx.Document()), "holds no text"),
    ],
)
def test_a_bad_file_gets_its_one_line(tmp_path, name, data, reason):
    assert refusal_of(tmp_path, name, data).startswith(reason)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("index.read.package.MAX_UNPACKED", 1_000_000)
    bomb = rezipped(saved(docx.Document()), document=bytes(10_000_000))
    assert len(bomb) < 60_000
    reason = refusal_of(tmp_path, "bomb.docx", bomb)
    assert reason.startswith("unpacks to 10,")
    assert "the limit is 1,000,000" in reason


@pytest.mark.timeout(60)
def test_a_text_that_is_too_long_is_refused_at_once(tmp_path):
    path = tmp_path / "long.txt"
    path.write_bytes(b"a line of text\n" * (52_428_800 // 15) + b"12345")
    assert refusal(path).startswith("holds 52,428,800 characters of text; the limit is 20,000,000")


def test_the_limits_are_exact(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("ä" * 10, encoding="utf-8")
    assert own(path, "a", max_bytes=20, max_chars=10).text == "ä" * 10
    assert refusal(path, max_bytes=19).startswith("holds 20 bytes; the limit is 19")
    assert refusal(path, max_chars=9).startswith("holds 10 characters of text; the limit is 9")
    assert refusal(path, max_chars=3).startswith("holds 20 bytes of text; the limit is 3 char")


def test_a_file_that_breaks_its_reader_is_one_line(tmp_path, monkeypatch):
    def fail(data: bytes) -> None:
        raise RecursionError("too deep\nat line 3")

    monkeypatch.setitem(_READERS, ".pdf", fail)
    path = tmp_path / "deep.pdf"
    path.write_bytes(b"%PDF-1.7")
    assert refusal(path) == (
        "cannot be read as .pdf (RecursionError: too deep); "
        "it may be damaged: save it again, or as another format"
    )
