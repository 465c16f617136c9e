"""Every format is read back to the exact place: the samples in tests/documents/formats."""

from __future__ import annotations

import json
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import UnreadableError
from index.read import _READERS, read
from index.read.code import read_code
from index.read.data import read_json, read_json_lines
from index.read.notebook import read_notebook
from index.read.opendocument import read_odt
from index.read.outline import Reading
from index.read.rtf import read_rtf
from index.read.sheets import read_separated, read_workbook
from index.read.text import decode
from index.records import Document, check_places, place_at
from index.split import split
from tests.make_formats import HERE as FORMATS


def sample(name: str) -> Document:
    (found,) = read(FORMATS / name, name)
    assert isinstance(found, Document)
    return found


def label(found: Document | Reading, words: str) -> str:
    """Where the words stand, which must stand there once."""
    assert found.text.count(words) == 1, found.text
    place = place_at(found.places, found.text.index(words))
    return place.label if place else ""


@pytest.mark.parametrize(
    ("name", "words", "place"),
    [
        ("accounts.xlsx", "Year: 2023 | Visitors: 41300 | Members: 1318", "Visitors, row 3"),
        ("accounts.xlsx", "Costs in pounds", "Costs, row 1"),
        (
            "accounts.xlsx",
            "Item: Peat-free compost | Paid on: 2023-03-14 | Pounds: 1820.5",
            "Costs, row 4",
        ),
        ("beds.csv", "Bed: 2 | Species: Primula, wild | Planted: 2004 | Labels: 22", "row 3"),
        ("bylaws.odt", "Nobody may pick a flower.", "Bylaws > Visitors"),
        ("bylaws.odt", "Fallen ones are free.", "Bylaws > Visitors"),
        ("bylaws.odt", "- Dogs stay on the lead.\n- Drones stay at home.", "Bylaws > Visitors"),
        ("bylaws.odt", "A picked orchid | 50", "Bylaws > Fines"),
        ("gates.jsonl", "gate: west | visitors: 97 | day: 2024-05-04", "line 2"),
        ("guide.epub", "The palm house is 19 metres high.", "The glass houses"),
        ("guide.epub", "The pond was dug in 1926.", "The pond"),
        (
            "lease.rtf",
            "The tea room is let to Demelza Roskilly for £ 4,200 a year.",
            "Lease of the tea room",
        ),
        ("lease.rtf", "Season | Hours\nSummer | 9 to 6", "Lease of the tea room"),
        ("lease.rtf", "The lease ends on 30 September 2027.", "Lease of the tea room > Term"),
        ("loans.json", "garden: Aldermoor Botanic Garden", ""),
        ("loans.json", "to: Porthkerris Arboretum", "loans, loans[0]"),
        ("loans.json", "plants: 12 | tags: a, b", "loans, loans[1]"),
        ("opening-hours.txt", "Вход стоит шесть фунтов.", ""),
        ("plan.docx", "Forty tonnes of tufa", "Plan for the rock garden > Stone"),
        ("plan.docx", "Tufa | 40", "Plan for the rock garden > Stone"),
        ("scan.pdf", "The bog garden is 2 metres deep.", "page 1, read by OCR"),
        ("seed-bank.pptx", "- 3,240 samples\n- Kept at minus 20 degrees", "The seed bank, slide 1"),
        ("seed-bank.pptx", "the freezer is from 2016", "The seed bank, slide 1, notes"),
        ("seed-bank.pptx", "Universities | 118", "Who asks for seed, slide 2"),
        ("sign.png", "Please keep to the paths.", "page 1, read by OCR"),
        ("trial.ipynb", "143 came up", "Germination trial, cell 1"),
        ("trial.ipynb", "0.715", "Germination trial, cell 2"),
        ("trial.ipynb", "12 degrees", "Germination trial > What follows, cell 3"),
        ("volunteers.odp", "Sixty-one people help on Tuesdays.", "Volunteers, slide 1"),
        ("wages.ods", "Post: Seed curator | Hours: 21", "Wages, row 3"),
        ("visit.html", "Bus 14 stops at the lower gate", "Your visit > Getting here"),
        ("visit.html", "Adults | 9", "Your visit > Prices"),
        ("visit.html", "Dogs wait at the gate.", "Your visit > Prices"),
        ("watering.py", 'LITRES = {"orchids": 340, "ferns": 510}', "line 3"),
        ("weather.tsv", "Month: February | Rain (mm): 61 | Frost days: 9", "row 3"),
    ],
)
def test_words_are_found_at_their_place(name, words, place):
    assert label(sample(name), words) == place


@pytest.mark.parametrize("file", sorted(FORMATS.iterdir()), ids=lambda file: file.name)
def test_places_are_in_order_and_within_the_text(file):
    for document in read(file, file.name):
        assert isinstance(document, Document)
        check_places(document.places, len(document.text))
        assert document.text.strip()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("accounts.xlsx", "Nobody"),
        ("lease.rtf", "Draft"),
        ("guide.epub", "Contents"),
        *(
            ("visit.html", words)
            for words in (
                "established",
                "Shop",
                "Skip",
                "cookies",
                "newsletter",
                "Share",
                "charity",
            )
        ),
    ],
)
def test_what_people_do_not_see_is_not_read(name, words):
    assert words not in sample(name).text


# Sheets


def workbook(*rows: list[object], title: str = "A") -> bytes:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def test_rows_without_a_head_are_cells_side_by_side():
    reading = read_workbook(workbook(["Ferns", 88], ["Palms", 12]))
    assert reading.text == "Ferns | 88\nPalms | 12"


def test_empty_cells_are_left_out_and_rows_keep_their_numbers():
    reading = read_workbook(workbook(["House", "Plants"], [], ["Ferns", None], [None, 12]))
    assert reading.text == "House | Plants\n\nFerns\n12"
    reading = read_workbook(workbook(["House", "Plants"], ["Ferns", 3], [], [None, 12]))
    assert reading.text == "House | Plants\nHouse: Ferns | Plants: 3\n\nPlants: 12"
    assert reading.places[-1].unit == "row 4"


def test_values_are_shown_as_people_see_them():
    reading = read_workbook(workbook([3.0, 0.1 + 0.2, True, "a\nb"]))
    assert reading.text == "3 | 0.3 | TRUE | a b"


CELL = st.text('ab1 ,;"', max_size=5)
ROWS = st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1)
)


@given(ROWS)
def test_every_value_of_a_csv_is_in_its_row(rows):
    lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    reading = read_separated("\r\n".join(lines).encode() + b"\r\n")
    check_places(reading.places, len(reading.text))
    by_row = {place.unit: reading.text[place.start : place.end] for place in reading.places}
    for number, row in enumerate(rows, start=1):
        for cell in row:
            if cell.strip():
                assert " ".join(cell.split()) in by_row[f"row {number}"]


def test_a_sheet_that_is_too_long_is_refused_while_it_is_read(monkeypatch):
    monkeypatch.setattr("index.read.outline.MAX_CHARS", 1000)
    rows = [["House", "Plants"], *([f"House {n}", n] for n in range(500))]
    with pytest.raises(UnreadableError, match="holds more than 1,000 characters of text"):
        read_workbook(workbook(*rows))


@pytest.mark.parametrize(
    "text",
    ["a;b\n1,5;2,5\n1,25;3\n", "a\tb\n1,5\t2\n", "a|b\n1|2\n", "a,b\n1,2\n", '"a","b"\n"x;y",2\n'],
)
def test_the_separator_is_told(text):
    assert read_separated(text.encode()).text.splitlines()[0] == "a | b"


# Encodings


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        (
            "cp1251",
            "Ботанический сад в Олдермуре открыт с апреля по октябрь. Вход стоит шесть фунтов.",
        ),
        (
            "koi8-r",
            "Ботанический сад в Олдермуре открыт с апреля по октябрь. Вход стоит шесть фунтов.",
        ),
        (
            "cp866",
            "Ботанический сад в Олдермуре открыт с апреля по октябрь. Вход стоит шесть фунтов.",
        ),
        ("shift_jis", "この植物園は四月から十月まで開いています。入園料は六百円です。"),
        ("euc_jp", "この植物園は四月から十月まで開いています。入園料は六百円です。"),
        ("gb18030", "植物园从四月到十月开放。门票是六英镑。星期一不开放。"),
        ("big5", "植物園從四月到十月開放。門票是六英鎊。星期一不開放。"),
        ("euc_kr", "식물원은 사월부터 시월까지 열려 있습니다. 입장료는 육천 원입니다."),
        ("cp1253", "Ο βοτανικός κήπος είναι ανοιχτός από τον Απρίλιο έως τον Οκτώβριο."),
        (
            "cp1250",
            "Botanická zahrada je otevřena od dubna do října. Příští rok bude vstupné dražší.",
        ),
        (
            "iso8859-2",
            "Ogród jest otwarty od kwietnia. Wstęp kosztuje sześć złotych. Później będzie drożej.",
        ),
        ("cp1255", "הגן הבוטני פתוח מאפריל עד אוקטובר. דמי הכניסה הם שש לירות."),
        ("cp1256", "الحديقة النباتية مفتوحة من أبريل إلى أكتوبر. سعر الدخول ستة جنيهات."),
        ("cp874", "สวนพฤกษศาสตร์เปิดตั้งแต่เดือนเมษายนถึงเดือนตุลาคม"),
        (
            "cp1254",
            "Botanik bahçesi nisan ayından ekim ayına kadar açıktır. Giriş ücreti altı liradır.",
        ),
        (
            "mac_roman",
            "Für Schüler ist der Garten täglich geöffnet; für Jugendliche übrigens auch, außer Ö.",
        ),
        (
            "cp1252",
            "Für Schüler ist der Garten täglich geöffnet; für Jugendliche übrigens auch, außer Ö.",
        ),
        ("cp1252", "The café costs 5 €."),
        ("utf-16-le", "The garden opens in April."),
        ("utf-16-be", "The garden opens in April."),
    ],
)
def test_text_in_an_old_encoding_is_read(encoding, text):
    assert decode(text.encode(encoding)) == text


# JSON, code


@given(st.recursive(st.integers() | st.text(max_size=5) | st.booleans() | st.none(),
                    lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3),
                    max_leaves=20))  # fmt: skip
def test_every_json_is_read_with_its_places(value):
    for reading in (
        read_json(json.dumps(value).encode()),
        read_json_lines(json.dumps(value).encode()),
    ):
        check_places(reading.places, len(reading.text))


@given(st.text("ab \n\r"))
def test_code_stays_as_it_is_and_each_line_has_its_number(text):
    reading = read_code(text.encode())
    assert reading.text == text.replace("\r\n", "\n")
    lines = reading.text.split("\n")
    for place in reading.places:
        number = int((place.unit or "").removeprefix("line "))
        assert reading.text[place.start : place.end] == lines[number - 1]


def zipped(**files: str) -> bytes:
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "."), text)
    return file.getvalue()


def odt(text: str) -> bytes:
    names = "urn:oasis:names:tc:opendocument:xmlns"
    root = (
        f'<office:document-content xmlns:office="{names}:office:1.0" xmlns:text="{names}:text:1.0"'
        f' xmlns:table="{names}:table:1.0"><office:body><office:text>{text}</office:text>'
        "</office:body></office:document-content>"
    )
    return zipped(**{"content.xml": root, "META-INF/manifest.xml": "<manifest/>"})


def test_repeated_cells_of_a_hostile_table_are_bounded():
    row = (
        '<table:table><table:table-row><table:table-cell table:number-columns-repeated="999999999">'
        "<text:p>x</text:p></table:table-cell></table:table-row></table:table>"
    )
    assert len(read_odt(odt(row)).text) < 1000


def test_tracked_deletions_of_an_odt_are_not_read():
    text = "<text:tracked-changes><text:p>gone</text:p></text:tracked-changes><text:p>here</text:p>"
    assert read_odt(odt(text)).text == "here"


DEEP = b"[" * 100_000
LAUGHS = (
    '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0">'
    "<office:body><office:text>&b;</office:text></office:body></office:document-content>"
)


@pytest.mark.parametrize(
    ("suffix", "data", "reason"),
    [
        (".xlsx", b"hello", "is not a workbook, or a broken or protected one"),
        (".xlsx", workbook(["a"])[:-300], "is not a workbook"),
        (".xlsx", b"\xd0\xcf\x11\xe0" + bytes(600), "is not a workbook"),
        (".pptx", b"hello", "is not a presentation, or a broken one; save it again"),
        (".pptx", b"\xd0\xcf\x11\xe0" + bytes(600), "is protected by a password or an old .ppt"),
        (".pptx", zipped(a="b"), "is not a presentation"),
        (".odt", b"hello", "is not an OpenDocument file, or a broken one; save it again"),
        (".odt", zipped(content__xml="<a/>"), "is not an OpenDocument file"),
        (".odp", odt("<text:p>x</text:p>"), "is not an OpenDocument file"),
        (".epub", b"hello", "is not an e-book, or a broken one; save it again"),
        (".epub", zipped(**{"META-INF/rights.xml": ""}), "is locked by its seller"),
        (".rtf", b"hello", "is not RTF, or a broken one; save it again"),
        (".json", b'{"a": 1,\n "b" 2}', "is not JSON: line 2: Expecting"),
        (".json", DEEP, "nests arrays and objects more than 100 deep"),
        (".jsonl", DEEP, "nests arrays and objects more than 100 deep"),
        (".jsonl", b'{"a": 1}\nnot json', "is not JSON: line 2: Expecting value"),
        (".ipynb", b"{}", "is not a Jupyter notebook: it has no cells; save it again"),
        (".ipynb", b"[1]", "is not a Jupyter notebook"),
        (".csv", b"\0\0\0", "is not text: it holds NUL bytes"),
    ],
)
def test_a_bad_file_gets_its_one_line(suffix, data, reason):
    with pytest.raises(UnreadableError) as raised:
        _READERS[suffix](data)
    assert str(raised.value).startswith(reason)
    assert "\n" not in str(raised.value)


def test_entities_are_not_expanded():
    reading = read_odt(zipped(**{"content.xml": LAUGHS, "META-INF/manifest.xml": "<m/>"}))
    assert "ha" not in reading.text


@pytest.mark.parametrize("suffix", [".xlsx", ".odt", ".pptx", ".epub"])
def test_a_zip_bomb_is_refused_before_it_is_unpacked(suffix, monkeypatch):
    monkeypatch.setattr("index.read.package.MAX_UNPACKED", 1_000_000)
    with pytest.raises(UnreadableError, match="unpacks to 10,000,000 bytes; the limit is"):
        _READERS[suffix](zipped(bomb="0" * 10_000_000))


def test_rtf_that_nests_its_groups_without_end_ends():
    assert read_rtf(b"{\\rtf1 " + b"{" * 50_000 + b"deep" + b"}" * 50_000 + b"}").text == "deep"


def test_headings_of_an_rtf_are_told_by_style_or_level():
    styles = "{\\stylesheet{\\s0 Normal;}{\\s3\\outlinelevel0 Title;}{\\s7 heading 2;}}"
    body = (
        "\\pard\\s3 Terms\\par\\pard Text.\\par\\pard\\s7 Rent\\par\\pard\\s0 It is due.\\par"
        "\\pard\\outlinelevel9 It is.\\par\\pard\\outlinelevel0 End\\par"
        "\\pard Last.\\par\\u-559? x\\par"
    )
    reading = read_rtf(f"{{\\rtf1 {styles}{body}}}".encode())
    found = [
        (place.heading, reading.text[place.start :].split("\n")[0]) for place in reading.places
    ]
    assert found[:3] == [("Terms", "Terms"), ("Terms > Rent", "Rent"), ("End", "End")]
    assert "\ufdd0" not in reading.text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"seen \v secret\v0 too", "seen too"),
        (r"{seen \v secret} too", "seen  too"),
        (r"{\v secret {\b secret} secret}seen", "seen"),
        (r"{\v secret\plain seen}", "seen"),
        (r"\{ {\v \u83?\'83\tab secret}\}", "{ }"),
        (r"seen{\deleted gone}", "seen"),
        (r"{\*\annotation secret {\b secret}}seen", "seen"),
        (r'{\field{\*\fldinst{HYPERLINK "http://a"}}{\fldrslt one}} and '
         r'{\field{\*\fldinst{HYPERLINK "http://b"}}{\fldrslt two}} z', "one and two z"),
        (r"body{\footnote below} more\par next", "body more\n\nbelow\n\nnext"),
        (r"body{\footnote below}", "body\n\nbelow"),
        (r"body{\shp{\*\shpinst{\sp{\sn a}{\sv b}}{\shptxt boxed}}{\shprslt boxed}}\par next",
         "body\n\nboxed\n\nnext"),
        (r"\u-10179?\u-8704?", "\U0001f600"),
        ("\\ansicpg1251 \xcf\xf0\xe8\\'cf", "ПриП"),
        (r"{\listtext\'b7\tab}one\par{\listtext\'b7\tab}two", "- one\n- two"),
        (r"{\pict\bin6 }}{{\v}seen", "seen"),
    ],
)  # fmt: skip
def test_of_rtf_what_is_seen_is_read(source, text):
    for head in ("{\\rtf1\\ansi ", "{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}"):
        assert read_rtf((head + source + "}").encode("latin-1")).text == text


RTF_TOKENS = [*"{}|", *r"\v |\v0 |word |\par |{\footnote |\bin3 |\u-10179?|\'e9|\plain ".split("|")]


@given(st.lists(st.sampled_from(RTF_TOKENS)))
def test_the_text_of_any_rtf_can_be_stored(tokens):
    text = read_rtf(("{\\rtf1 " + "".join(tokens)).encode()).text
    assert text.encode().decode() == text


@given(st.lists(st.tuples(st.text("abc", min_size=1), st.booleans()), min_size=1))
def test_of_any_rtf_the_words_that_are_seen_are_read_in_order(words):
    source = "\\par ".join(f"{{\\v {w}}}" if hidden else f"{{\\b {w}}}" for w, hidden in words)
    text = read_rtf(("{\\rtf1 " + source + "}").encode()).text
    assert text.split() == [word for word, hidden in words if not hidden]


def test_rtf_with_many_words_that_hide_is_read_in_time():
    assert read_rtf(b"{\\rtf1 {" + b"\\v " * 300_000).text == ""


def test_a_notebook_of_version_three_is_read():
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": "1 + 1", "outputs": []}]}]}
    assert read_notebook(json.dumps(old).encode()).text == "1 + 1"


def test_no_passage_is_of_two_sheets():
    document = sample("accounts.xlsx")
    texts = [passage.text for passage in split(document)]
    assert len(texts) == 2
    assert texts[0].startswith("Year | Visitors")
    assert texts[1].startswith("Costs in pounds")
