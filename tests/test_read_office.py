"""Slides and OpenDocument: what people see is read in their order, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pptx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Cm

from index.errors import UnreadableError
from index.read.old import read_doc, read_ppt
from index.read.opendocument import read_odp, read_odt
from index.read.slides import read_pptx
from index.records import check_places

NAMES = "urn:oasis:names:tc:opendocument:xmlns"
PREFIXES = {
    **{name: name for name in ("office", "text", "table", "presentation", "style")},
    "draw": "drawing",
    "svg": "svg-compatible",
}
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
HIDDEN = (
    '<style:style style:name="Hidden"><style:text-properties text:display="none"/></style:style>'
    '<style:style style:name="Child" style:parent-style-name="Hidden"/>'
    '<style:style style:name="Loop" style:parent-style-name="Loop"/>'
)


def flat(kind: str, body: str) -> bytes:
    spaces = "".join(f' xmlns:{short}="{NAMES}:{name}:1.0"' for short, name in PREFIXES.items())
    return (
        f"<office:document{spaces}><office:automatic-styles>{HIDDEN}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document>"
    ).encode()


def odt(body: str) -> str:
    """The text of a document, which is the same in a package and in a flat file."""
    content = flat("text", body)
    file = BytesIO()
    with ZipFile(file, "w") as package:
        package.writestr("content.xml", content)
        package.writestr("META-INF/manifest.xml", "<manifest/>")
    reading = read_odt(file.getvalue())
    assert reading == read_odt(content)
    check_places(reading.places, len(reading.text))
    return reading.text


def odp(slide: str) -> str:
    return read_odp(flat("presentation", f"<draw:page>{slide}</draw:page>")).text


def frame(text: str, where: str) -> str:
    return (
        f"<draw:frame {where}><draw:text-box><text:p>{text}</text:p></draw:text-box></draw:frame>"
    )


def presentation(fill: Callable[[Any], None], layout: int = 6) -> bytes:
    """A presentation of one slide."""
    made = pptx.Presentation()
    fill(made.slides.add_slide(made.slide_layouts[layout]))
    file = BytesIO()
    made.save(file)
    return file.getvalue()


def box(slide: Any, text: str, x: float = 1, y: float = 1) -> Any:
    made = slide.shapes.add_textbox(Cm(x), Cm(y), Cm(4), Cm(1))
    made.text_frame.text = text
    return made


# OpenDocument


@pytest.mark.parametrize(
    "hidden",
    [
        '<text:p text:style-name="Hidden">secret</text:p>',
        '<text:p><text:span text:style-name="Child">secret</text:span></text:p>',
        '<text:section text:display="none"><text:p>secret</text:p></text:section>',
        '<text:section text:is-hidden="true"><text:p>secret</text:p></text:section>',
        '<text:p><text:hidden-paragraph text:is-hidden="true"/>secret</text:p>',
        "<text:p><office:annotation><text:p>secret</text:p></office:annotation></text:p>",
        '<text:p><draw:frame draw:display="none"><draw:text-box><text:p>secret</text:p>'
        "</draw:text-box></draw:frame></text:p>",
    ],
)
def test_what_is_hidden_in_a_text_is_not_read_and_what_is_beside_it_is(hidden):
    assert odt(f"<text:p>before</text:p>{hidden}<text:p>after</text:p>") == "before\n\nafter"


def test_words_after_hidden_ones_stay():
    hidden = '<text:span text:style-name="Hidden">secret</text:span>'
    assert odt(f"<text:p>{hidden}a {hidden}b {hidden}<text:s/>c</text:p>") == "a b  c"
    assert odt('<text:p text:style-name="Loop">seen</text:p>') == "seen"
    shown = '<text:p><text:hidden-paragraph text:is-hidden="false"/>seen</text:p>'
    assert odt(shown) == "seen"


def test_white_space_of_the_file_is_one_space():
    assert odt("<text:p>one\n   two<text:tab/>three<text:line-break/>four</text:p>") == (
        "one two\tthree\nfour"
    )


def test_a_note_stands_after_its_heading_or_paragraph():
    note = "<text:note><text:note-body><text:p>below</text:p></text:note-body></text:note>"
    assert odt(f"<text:h>Head{note}</text:h><text:p>a{note}b</text:p>") == (
        "Head\n\nbelow\n\nab\n\nbelow"
    )


def test_only_the_first_paragraph_of_an_item_has_its_mark():
    item = "<text:list-item><text:p>a</text:p><text:p>b</text:p></text:list-item>"
    assert odt(f"<text:list>{item}{item}</text:list>") == "- a\nb\n- a\nb"


def test_cells_keep_their_column_and_rows_of_the_head_are_read():
    cell = "<table:table-cell{}><text:p>{}</text:p></table:table-cell>"
    empty = '<table:table-cell table:number-columns-repeated="2"/>'
    row = "<table:table-row>{}</table:table-row>"
    head = row.format(cell.format("", "a") + empty + cell.format("", "d"))
    body = row.format(cell.format(' table:number-columns-repeated="2"', "b"))
    table = f"<table:table-header-rows>{head}</table:table-header-rows>{body}"
    assert odt(f"<table:table>{table}</table:table>") == "a |  |  | d\nb | b"


@pytest.mark.parametrize("depth", [1, 2, 30])
@pytest.mark.parametrize(
    ("opens", "closes"),
    [
        ("<text:p><draw:frame><draw:text-box>", "</draw:text-box></draw:frame></text:p>"),
        ("<text:p><text:note><text:note-body>", "</text:note-body></text:note></text:p>"),
        (
            '<table:table><table:table-row><table:table-cell table:number-columns-repeated="50">',
            "</table:table-cell></table:table-row></table:table>",
        ),
    ],
)
def test_what_is_nested_is_read_once(opens, closes, depth):
    text = odt(opens * depth + "<text:p>deep</text:p>" + closes * depth)
    assert text.count("deep") == (50 if "table" in opens else 1)


@given(st.lists(st.tuples(st.text("abc", min_size=1), st.sampled_from(["p", "h", "list"]))))
def test_every_word_of_a_text_is_read_in_order(words):
    made = {
        "p": "<text:p>{}</text:p>",
        "h": "<text:h text:outline-level='2'>{}</text:h>",
        "list": "<text:list><text:list-item><text:p>{}</text:p></text:list-item></text:list>",
    }
    text = odt("".join(made[kind].format(word) for word, kind in words))
    assert text.replace("- ", "").split() == [word for word, _ in words]


def test_frames_of_a_slide_are_read_from_top_to_bottom():
    assert odp(
        frame("low", 'svg:x="1cm" svg:y="90mm"')
        + frame("turned", 'draw:transform="rotate (0.5) translate (1cm 3cm)"')
        + "<draw:g>"
        + frame("right", 'svg:x="3in" svg:y="1cm"')
        + "</draw:g>"
        + frame("left", 'svg:x="1cm" svg:y="1cm"')
        + frame("title", 'svg:x="1cm" svg:y="20cm" presentation:class="title"')
    ).split() == ["title", "left", "right", "turned", "low"]


def test_comments_on_a_slide_are_not_read():
    comment = "<office:annotation><text:p>secret</text:p></office:annotation>"
    assert odp(comment + frame("seen", "")) == "seen"


# Slides


def test_a_hidden_shape_is_not_read_and_the_rest_of_its_group_is():
    def fill(slide):
        shown, hidden = box(slide, "seen"), box(slide, "secret", y=3)
        shown._element.nvSpPr.cNvPr.set("hidden", "0")
        hidden._element.nvSpPr.cNvPr.set("hidden", "1")
        slide.shapes.add_group_shape([shown, hidden])

    assert read_pptx(presentation(fill)).text == "seen"


def test_a_hidden_title_is_no_heading():
    def fill(slide):
        slide.shapes.title.text = "secret"
        slide.shapes.title._element.nvSpPr.cNvPr.set("hidden", "1")
        slide.placeholders[1].text_frame.text = "seen"

    reading = read_pptx(presentation(fill, layout=1))
    assert reading.text == "- seen"
    assert [place.heading for place in reading.places] == [None]


def test_a_shape_of_no_known_kind_is_read():
    def fill(slide):
        shape = box(slide, "seen")._element
        del shape.nvSpPr.cNvSpPr.attrib["txBox"]
        shape.spPr.clear()

    assert read_pptx(presentation(fill)).text == "seen"


def test_the_first_of_alternatives_is_read():
    def fill(slide):
        space = "http://schemas.openxmlformats.org/markup-compatibility/2006"
        shapes = [box(slide, text)._element for text in ("seen", "instead")]
        alternatives = etree.SubElement(shapes[0].getparent(), f"{{{space}}}AlternateContent")
        for name, shape in zip(("Choice", "Fallback"), shapes, strict=True):
            etree.SubElement(alternatives, f"{{{space}}}{name}").append(shape)

    assert read_pptx(presentation(fill)).text == "seen"


def test_shapes_are_read_from_top_to_bottom_and_charts_by_their_words():
    def fill(slide):
        box(slide, "low", y=9)
        box(slide, "right", x=8)
        box(slide, "left")
        data = CategoryChartData()
        data.categories = ["North gate", "South gate"]
        data.add_series("Visitors", (1, 2))
        kind = XL_CHART_TYPE.COLUMN_CLUSTERED
        chart = slide.shapes.add_chart(kind, 0, Cm(5), Cm(5), Cm(3), data).chart
        chart.has_title = True
        chart.chart_title.text_frame.text = "Visitors by gate"

    assert read_pptx(presentation(fill)).text == (
        "left\n\nright\n\nVisitors by gate\nNorth gate | South gate\n\nlow"
    )


# Old names


def test_what_has_an_old_name_is_read_by_what_it_is():
    assert read_doc(rb"{\rtf1 seen}").text == "seen"
    assert read_doc(b"<html><p>seen</p></html>").text.strip() == "seen"
    assert read_ppt(presentation(lambda slide: box(slide, "seen"))).text == "seen"


@pytest.mark.parametrize(
    ("reader", "data", "reason"),
    [
        (read_doc, COMPOUND, "is an old .doc, which Pincite does not read; save it as .docx"),
        (read_doc, b"hello", "is an old .doc"),
        (read_ppt, COMPOUND, "is an old .ppt, which Pincite does not read; save it as .pptx"),
        (read_odp, COMPOUND, "is protected by a password or an old Office file; save it as .odp"),
        (read_odt, b"<html/>", "is not an OpenDocument file"),
        (read_odt, b"<html>", "is not an OpenDocument file"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_line(reader, data, reason):
    with pytest.raises(UnreadableError) as raised:
        reader(data)
    assert str(raised.value).startswith(reason)
