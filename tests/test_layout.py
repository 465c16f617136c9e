"""What is drawn on a page becomes text in reading order, and each word keeps its box."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate, Paragraph

from index.errors import UnreadableError
from index.read.image import read_image
from index.read.layout import Line, Word, lines
from index.read.outline import Reading
from index.read.pages import Page, joined
from index.read.pdf import read_pdf
from index.records import check_places, place_at

HEIGHT = A4[1]


def pdf(*pages: list[tuple[float, float, str]], rotation: int = 0) -> bytes:
    """A PDF whose pages have these texts at x and y, in points from the upper left."""
    file = BytesIO()
    canvas = Canvas(file, pagesize=A4, invariant=1)
    for page in pages:
        if rotation:
            canvas.setPageRotation(rotation)
        for x, y, text in page:
            canvas.drawString(x, HEIGHT - y, text)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def scan(*texts: str) -> Image.Image:
    image = Image.new("L", (1240, 300), "white")
    draw = ImageDraw.Draw(image)
    for number, text in enumerate(texts):
        draw.text((60, 60 + 80 * number), text, fill="black", font=ImageFont.load_default(40))
    return image


def words_in(reading: Reading) -> list[tuple[str, tuple[int, ...]]]:
    return [(reading.text[row[0] : row[1]], tuple(row[2:])) for row in reading.boxes.tolist()]


def run(left: float, top: float, text: str) -> list[Word]:
    """Words ten high, every letter six wide, a space between them."""
    found = []
    for word in text.split(" "):
        found.append(Word(word, left, top, left + 6 * len(word), top + 10))
        left += 6 * (len(word) + 1)
    return found


# Reading order


def test_columns_are_read_one_after_the_other():
    left = [
        "The orchid house was",
        "built in the spring of",
        "1911 and has been",
        "heated ever since.",
    ]
    right = [
        "The fern house came",
        "a decade later, when",
        "the garden had been",
        "given to the town.",
    ]
    heading = "A history of the glass houses of the garden at Aldermoor"
    drawn = [run(50, 20, heading)]
    for at, (one, other) in enumerate(zip(left, right, strict=True)):
        drawn.append(run(50, 50 + 12 * at, one))
        drawn.append(run(250, 50 + 12 * at, other))
    drawn.append(run(50, 110, "Both houses are open from April to the end of October."))
    texts = [line.text for line in lines(drawn)]
    assert texts == [
        heading,
        *left,
        *right,
        "Both houses are open from April to the end of October.",
    ]


def test_columns_that_one_run_of_words_goes_over_are_cut_apart():
    rows = [("The orchid house was", "The fern house came")] * 4
    drawn = [run(50, 12 * n, one) + run(250, 12 * n, two) for n, (one, two) in enumerate(rows)]
    assert [line.text for line in lines(drawn)] == [one for one, _ in rows] + [
        two for _, two in rows
    ]


def test_columns_set_by_a_program_are_read_one_after_the_other():
    file = BytesIO()
    width = A4[0]
    frames = [Frame(50, 500, 220, 250), Frame(width - 270, 500, 220, 250)]
    document = BaseDocTemplate(file, pagesize=A4, pageTemplates=[PageTemplate(frames=frames)])
    style = getSampleStyleSheet()["Normal"]
    sentences = [
        f"Bed number {n} of the rock garden holds {n + 7} alpine species." for n in range(40)
    ]
    document.build([Paragraph(" ".join(sentences), style)])
    assert " ".join(read_pdf(file.getvalue()).text.split()) == " ".join(sentences)


def test_a_table_is_read_row_by_row_with_its_cells_apart():
    rows = [("House", "2022", "2023"), ("Orchids", "1,204", "1,318"), ("Ferns", "88", "91"),
            ("Cacti", "412", "409")]  # fmt: skip
    drawn = [run(50 + 150 * column, 12 * number, cell) for number, row in enumerate(rows)
             for column, cell in enumerate(row)]  # fmt: skip
    reading = joined([Page(lines(drawn))])
    assert (
        reading.text == "House\t2022\t2023\nOrchids\t1,204\t1,318\nFerns\t88\t91\nCacti\t412\t409"
    )


def test_a_bullet_stays_with_its_item():
    drawn = [
        run(50, 0, "•"),
        run(80, 0, "wear gloves"),
        run(50, 12, "2."),
        run(80, 12, "close doors"),
    ]
    assert joined([Page(lines(drawn))]).text == "• wear gloves\n2. close doors"


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 700), st.text("ab .-", min_size=1)
                          .filter(str.strip)), max_size=30))  # fmt: skip
def test_no_word_is_lost_or_doubled_wherever_it_stands(drawn):
    runs = [run(x, y, " ".join(text.split())) for x, y, text in drawn]
    found = [word for line in lines(runs) for cell in line.cells for word in cell]
    assert sorted(found) == sorted(word for one in runs for word in one)


# Pages


def page(*texts: str) -> Page:
    return Page(
        [Line((run(50, 12 * n, text),), new_paragraph=False) for n, text in enumerate(texts)]
    )


def test_running_heads_and_page_numbers_do_not_break_a_sentence():
    head = "Aldermoor Botanic Garden"
    reading = joined([
        page(head, "The palm house was closed", "for two years while its", "1"),
        page(head, "iron frame was repaired. It", "opened again in May and", "2"),
        page(head, "has been full since then.", "Nobody complained.", "3"),
    ])  # fmt: skip
    assert reading.text == (
        "Aldermoor Botanic Garden\nThe palm house was closed\nfor two years while its\n"
        "iron frame was repaired. It\nopened again in May and\nhas been full since then.\n"
        "Nobody complained."
    )
    check_places(reading.places, len(reading.text))
    where = place_at(reading.places, reading.text.index("opened again"))
    assert where is not None
    assert where.page == 2


def test_numbers_at_the_end_of_a_page_that_do_not_count_the_pages_stay():
    pages = [
        page("Costs of the year", "Peat and bark", "Total 1,480"),
        page("More costs", "Total 950"),
        page("The rest", "Total 20"),
    ]
    assert all(total in joined(pages).text for total in ("1,480", "950", "20"))


def test_a_word_broken_at_the_end_of_a_page_is_joined_and_has_a_box_on_both():
    reading = joined([page("All of the green-"), page("houses are heated.")])
    assert reading.text == "All of the greenhouses are heated."
    assert [(word, box[0]) for word, box in words_in(reading)][3:5] == [("green", 1), ("houses", 2)]
    assert reading.text[reading.places[1].start :] == "houses are heated."
    check_places(reading.places, len(reading.text))


# Boxes


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_box_is_where_the_word_is_seen(rotation):
    width, x, y = A4[0], 72, 400  # from the lower left, as PDF counts
    reading = read_pdf(pdf([(x, HEIGHT - y, "Aldermoor")], rotation=rotation))
    ((word, (number, left, top, right, bottom)),) = words_in(reading)
    assert (word, number) == ("Aldermoor", 1)
    x, y = x + 27, y + 3  # the middle of the word
    seen = {
        0: (x, HEIGHT - y),
        90: (y, x),
        180: (width - x, y),
        270: (width - y, HEIGHT - x),
    }[rotation]
    assert ((left + right) / 20, (top + bottom) / 20) == pytest.approx(seen, abs=4)


@given(st.lists(st.text("abcXYZ-", min_size=1, max_size=9), min_size=1, max_size=40))
def test_every_letter_of_a_pdf_has_a_box(words):
    rows = [words[start : start + 4] for start in range(0, len(words), 4)]
    drawn = [(50, 50 + 14 * number, " ".join(row)) for number, row in enumerate(rows)]
    reading = read_pdf(pdf(drawn))
    covered = np.zeros(len(reading.text), bool)
    for start, end, *_ in reading.boxes.tolist():
        assert not covered[start:end].any()
        covered[start:end] = True
    assert all(covered[at] != letter.isspace() for at, letter in enumerate(reading.text))


# OCR


def test_a_scanned_page_is_read_by_ocr_and_says_so():
    file = BytesIO()
    canvas = Canvas(file, pagesize=A4, invariant=1)
    canvas.drawString(72, 700, "The first page has words of its own.")
    canvas.showPage()
    image = scan("The seed bank keeps 3,240 samples.", "It was founded in 1974.")
    canvas.drawImage(ImageReader(image), 50, 400, 496, 120)
    canvas.showPage()
    canvas.save()
    reading = read_pdf(file.getvalue())
    written, read = reading.places
    assert (written.ocr, written.label) == (None, "page 1")
    assert reading.text[read.start : read.end] == (
        "The seed bank keeps 3,240 samples.\nIt was founded in 1974."
    )
    assert read.label == "page 2, read by OCR"
    assert 0.8 < (read.ocr or 0) <= 1
    number, left, top, right, bottom = dict(words_in(reading))["3,240"]
    assert number == 2
    assert 50 < left / 10 < right / 10 < 546
    assert HEIGHT - 520 < top / 10 < bottom / 10 < HEIGHT - 400


def test_an_image_is_read_by_ocr():
    file = BytesIO()
    scan("Pond keys: ask Morwenna Tregear.").save(file, "PNG")
    reading = read_image(file.getvalue())
    assert reading.text == "Pond keys: ask Morwenna Tregear."
    assert reading.places[0].label == "page 1, read by OCR"


def test_a_tiff_has_a_page_for_each_frame():
    file = BytesIO()
    first, second = scan("Bed nine: lilies"), scan("Bed ten: irises")
    first.save(file, "TIFF", save_all=True, append_images=[second])
    reading = read_image(file.getvalue())
    assert reading.text == "Bed nine: lilies\n\nBed ten: irises"
    assert [place.page for place in reading.places] == [1, 2]


def bomb() -> bytes:
    file = BytesIO()
    Image.new("1", (20_000, 20_000)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is not an image that can be read, or a broken one"),
        (b"<svg onload='alert(1)'/>", "is not an image that can be read, or a broken one"),
        (bomb(), "is not an image that can be read, or a broken one"),
        (BytesIO().getvalue(), "is not an image that can be read, or a broken one"),
    ],
)
def test_a_bad_image_gets_its_one_line(data, reason):
    with pytest.raises(UnreadableError, match=reason):
        read_image(data)


def test_an_image_without_words_is_refused():
    file = BytesIO()
    Image.new("RGB", (200, 200), "green").save(file, "PNG")
    with pytest.raises(UnreadableError, match="OCR finds no words"):
        read_image(file.getvalue())
