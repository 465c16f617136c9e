"""Make the small file of every format: `python -m tests.make_formats`. The same bytes every time.

They are papers of a garden that does not exist. Text formats are written here too, so that one
place shows what every file says.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import docx
import odfdo
import openpyxl
import pptx
from PIL import Image, ImageDraw, ImageFont
from pptx.util import Inches

from tests.make_documents import _without_times

HERE = Path(__file__).parent / "documents" / "formats"
WRITTEN = datetime(2024, 5, 6, tzinfo=UTC)

CSV = """Bed,Species,Planted,Labels
1,Gentiana acaulis,1998,14
2,"Primula, wild",2004,22
3,Saxifraga longifolia,2011,9
"""
TSV = "Month\tRain (mm)\tFrost days\nJanuary\t88\t11\nFebruary\t61\t9\n"
JSON = {
    "garden": "Aldermoor Botanic Garden",
    "loans": [
        {"to": "Porthkerris Arboretum", "species": "Davidia involucrata", "plants": 3},
        {"to": "Lanwood Park", "species": "Embothrium coccineum", "plants": 12, "tags": ["a", "b"]},
    ],
}
JSONL = [
    {"gate": "north", "visitors": 412, "day": "2024-05-04"},
    {"gate": "west", "visitors": 97, "day": "2024-05-04"},
]
CODE = '''"""Waters the glass houses."""

LITRES = {"orchids": 340, "ferns": 510}


def litres(house: str) -> int:
    """Return what a house gets in a day."""
    return LITRES[house]
'''
OLD = "Ботанический сад в Олдермуре открыт с апреля по октябрь. Вход стоит шесть фунтов."
RTF = r"""{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Times;}}{\info{\title Lease}}
{\stylesheet{\s0 Normal;}{\s1\outlinelevel0\b Heading 1;}{\s2\b heading 2;}}
{\header Aldermoor}\f0\pard\s1 Lease of the tea room\par\pard
The tea room is let to Demelza Roskilly for \'a3 4,200 a year.{\v Draft 3} Dogs are allowed.\par
\trowd Season\cell Hours\cell\row Summer\cell 9 to 6\cell\row\pard\s2 Term\par\pard
The lease ends on 30 September 2027.\par}"""
CHAPTER = """<?xml version="1.0" encoding="utf-8"?>
<html xmlns="http://www.w3.org/1999/xhtml"><head><title>{title}</title></head>
<body>{body}</body></html>"""


def main() -> None:
    """Write them all."""
    HERE.mkdir(exist_ok=True)
    texts = {
        "beds.csv": CSV,
        "weather.tsv": TSV,
        "loans.json": json.dumps(JSON, indent=1),
        "gates.jsonl": "".join(json.dumps(row) + "\n" for row in JSONL),
        "watering.py": CODE,
        "lease.rtf": RTF,
        "trial.ipynb": json.dumps(notebook(), indent=1),
    }
    for name, text in texts.items():
        (HERE / name).write_text(text, encoding="utf-8", newline="")
    (HERE / "opening-hours.txt").write_bytes(OLD.encode("cp1251"))
    (HERE / "plan.docx").write_bytes(word())
    (HERE / "seed-bank.pptx").write_bytes(slides())
    (HERE / "accounts.xlsx").write_bytes(workbook())
    (HERE / "wages.ods").write_bytes(sheet())
    (HERE / "bylaws.odt").write_bytes(text_document())
    (HERE / "volunteers.odp").write_bytes(presentation())
    (HERE / "guide.epub").write_bytes(book())
    sign().save(HERE / "sign.png")
    sign().save(HERE / "scan.pdf", creationDate=WRITTEN.timetuple(), modDate=WRITTEN.timetuple())


def notebook() -> dict[str, object]:
    """A notebook with text, code and what the code printed."""
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {"cell_type": "markdown", "metadata": {}, "source": ["# Germination trial\n", "\n",
             "Of 200 seeds of the blue poppy, 143 came up."]},
            {"cell_type": "code", "metadata": {}, "execution_count": 1,
             "source": ["rate = 143 / 200\n", "rate"],
             "outputs": [{"output_type": "execute_result", "metadata": {}, "execution_count": 1,
                          "data": {"text/plain": ["0.715"]}}]},
            {"cell_type": "markdown", "metadata": {}, "source": ["## What follows\n", "\n",
             "The trial is repeated at 12 degrees."]},
        ],
    }  # fmt: skip


def word() -> bytes:
    """A Word document with headings, a list and a table."""
    document = docx.Document()
    document.core_properties.created = document.core_properties.modified = WRITTEN
    document.add_paragraph("Plan for the rock garden", "Title")
    document.add_paragraph("Stone", "Heading 1")
    document.add_paragraph("Forty tonnes of tufa come from the quarry at Gwennap in June.")
    document.add_paragraph("No stone is heavier than 600 kilograms.", "List Bullet")
    table = document.add_table(0, 2)
    for row in (("Stone", "Tonnes"), ("Tufa", "40"), ("Slate", "6")):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    return saved(document)


def slides() -> bytes:
    """Two slides, one with a table, and a note."""
    presentation = pptx.Presentation()
    presentation.core_properties.created = presentation.core_properties.modified = WRITTEN
    first = presentation.slides.add_slide(presentation.slide_layouts[1])
    first.shapes.title.text = "The seed bank"
    first.placeholders[1].text = "3,240 samples\nKept at minus 20 degrees"
    first.notes_slide.notes_text_frame.text = "Say that the freezer is from 2016."
    second = presentation.slides.add_slide(presentation.slide_layouts[5])
    second.shapes.title.text = "Who asks for seed"
    table = second.shapes.add_table(3, 2, Inches(1), Inches(2), Inches(6), Inches(2)).table
    for number, row in enumerate((("Asked by", "Samples"), ("Universities", "118"),
                                  ("Gardens", "64"))):  # fmt: skip
        for column, text in enumerate(row):
            table.cell(number, column).text = text
    return saved(presentation)


def workbook() -> bytes:
    """Two sheets, one of them with a title above its head, and a hidden one."""
    book = openpyxl.Workbook()
    visitors = book.active
    visitors.title = "Visitors"
    for row in (["Year", "Visitors", "Members"], [2022, 38650, 1204], [2023, 41300, 1318]):
        visitors.append(row)
    costs = book.create_sheet("Costs")
    for row in (["Costs in pounds"], [], ["Item", "Paid on", "Pounds"],
                ["Peat-free compost", date(2023, 3, 14), 1820.5],
                ["Glass", date(2023, 9, 2), 960]):  # fmt: skip
        costs.append(row)
    hidden = book.create_sheet("Scratch")
    hidden.append(["Nobody", "sees", "this"])
    hidden.sheet_state = "hidden"
    return undated(saved(book))


def sheet() -> bytes:
    """An OpenDocument spreadsheet."""
    document = odfdo.Document("spreadsheet")
    document.body.clear()
    table = odfdo.Table("Wages")
    for row in (["Post", "Hours"], ["Head gardener", 37], ["Seed curator", 21]):
        table.append(odfdo.Row())
        table.set_row_values(len(table.rows) - 1, row)
    document.body.append(table)
    return dated(document)


def text_document() -> bytes:
    """An OpenDocument text with headings, a list, a table and a note."""
    document = odfdo.Document("text")
    body = document.body
    body.clear()
    body.append(odfdo.Header(1, "Bylaws"))
    body.append(odfdo.Header(2, "Visitors"))
    paragraph = odfdo.Paragraph("Nobody may pick a flower.")
    paragraph.insert_note(after="flower", note_id="n1", citation="1", body="Fallen ones are free.")
    body.append(paragraph)
    body.append(odfdo.List(["Dogs stay on the lead.", "Drones stay at home."]))
    body.append(odfdo.Header(2, "Fines"))
    table = odfdo.Table("Fines", width=2, height=2)
    table.set_values([["What", "Pounds"], ["A picked orchid", "50"]])
    body.append(table)
    return dated(document)


def presentation() -> bytes:
    """An OpenDocument presentation with a title and a text."""
    document = odfdo.Document("presentation")
    body = document.body
    body.clear()
    page = odfdo.DrawPage("page1", name="One")
    for kind, text in (("title", "Volunteers"), ("outline", "Sixty-one people help on Tuesdays.")):
        frame = odfdo.Frame.text_frame(text, size=("10cm", "2cm"), presentation_class=kind)
        page.append(frame)
    body.append(page)
    return dated(document)


def book() -> bytes:
    """An e-book of two chapters, the second without a heading of its own."""
    chapters = {
        "one.xhtml": CHAPTER.format(title="Glass", body="<h1>The glass houses</h1>"
                                    "<p>The palm house is 19 metres high.</p>"),
        "two.xhtml": CHAPTER.format(title="Pond", body="<p>The pond was dug in 1926.</p>"),
        "nav.xhtml": CHAPTER.format(title="Contents", body='<nav><ol><li><a href="one.xhtml">The'
                                    ' glass houses</a></li><li><a href="two.xhtml">The pond</a>'
                                    "</li></ol></nav>"),
    }  # fmt: skip
    entries = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:'
        'container" version="1.0"><rootfiles><rootfile full-path="book/content.opf"'
        ' media-type="application/oebps-package+xml"/></rootfiles></container>',
        "book/content.opf": '<package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<manifest><item id="nav" href="nav.xhtml" properties="nav"'
        ' media-type="application/xhtml+xml"/><item id="a" href="one.xhtml"'
        ' media-type="application/xhtml+xml"/><item id="b" href="two.xhtml"'
        ' media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="a"/><itemref idref="b"/></spine></package>',
        **{f"book/{name}": text for name, text in chapters.items()},
    }
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, text in entries.items():
            archive.writestr(ZipInfo(name), text, ZIP_DEFLATED)
    return file.getvalue()


def sign() -> Image.Image:
    """A sign, as an image of it."""
    image = Image.new("L", (1000, 260), "white")
    draw = ImageDraw.Draw(image)
    for number, text in enumerate(
        ("Please keep to the paths.", "The bog garden is 2 metres deep.")
    ):
        draw.text((50, 50 + 80 * number), text, fill="black", font=ImageFont.load_default(44))
    return image


def saved(document: object) -> bytes:
    """Return the bytes of a document, without the times at which its parts were written."""
    file = BytesIO()
    document.save(file)  # type: ignore[attr-defined]
    return _without_times(file)


def undated(package: bytes) -> bytes:
    """Return a workbook without the time of its making, which openpyxl always writes."""
    file = BytesIO()
    with ZipFile(BytesIO(package)) as old, ZipFile(file, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "docProps/core.xml":
                data = re.sub(rb"\d{4}-\d\d-\d\dT[\d:.]+Z", b"2024-05-06T00:00:00Z", data)
            new.writestr(ZipInfo(name), data, ZIP_DEFLATED)
    return file.getvalue()


def dated(document: odfdo.Document) -> bytes:
    """Return the bytes of an OpenDocument file, with a fixed date."""
    document.meta.set_creation_date(WRITTEN)
    document.meta.set_modification_date(WRITTEN)
    return saved(document)


if __name__ == "__main__":
    main()
