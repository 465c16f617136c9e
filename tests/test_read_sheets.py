"""Reading sheets: every row is a line that can be understood alone, in the place of its row."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from io import BytesIO, StringIO
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from index.errors import UnreadableError
from index.read.formats import parse_format, shown
from index.read.sandbox import Sandbox
from index.read.sheets import read_separated, read_tabbed, read_workbook
from index.records import check_places

SAMPLES = Path(__file__).parent / "documents" / "formats"


def book(fill: Callable[[openpyxl.Workbook, Worksheet], None]) -> bytes:
    made = openpyxl.Workbook()
    made.active.title = "S"
    fill(made, made.active)
    file = BytesIO()
    made.save(file)
    return file.getvalue()


def rows(*cells: tuple[object, ...]) -> bytes:
    def fill(_: openpyxl.Workbook, sheet: Worksheet) -> None:
        for row in cells:
            sheet.append(row)

    return book(fill)


def refusal(reader: Callable[[bytes], object], data: bytes) -> str:
    with pytest.raises(UnreadableError) as caught:
        reader(data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# The header


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("Year,Count\n2020,1\n", "Year | Count\nYear: 2020 | Count: 1"),
        ("Name,Town\nAda,Ely\n", "Name | Town\nName: Ada | Town: Ely"),
        ("1,2\n3,4\n", "1 | 2\n3 | 4"),
        (",Year,Count\n0,2020,1\n", "Year | Count\n0 | Year: 2020 | Count: 1"),
        (
            "Costs of 2023\n\nItem,EUR\nGlass,9\n,7\n",
            "Costs of 2023\n\nItem | EUR\nItem: Glass | EUR: 9\nEUR: 7",
        ),
        (
            "Passengers,2022,2023\nVisnäs,133700,131200\n",
            "Passengers | 2022 | 2023\nPassengers: Visnäs | 2022: 133700 | 2023: 131200",
        ),
        ("Ada,1987,1990\nIvo,1991,1999\n", "Ada | 1987 | 1990\nIvo | 1991 | 1999"),
        ("Bed 3,L-17\nA1,5\n", "Bed 3 | L-17\nBed 3: A1 | L-17: 5"),
        ("Year\n2020\n", "Year\nYear: 2020"),
        ("first line\nsecond line\n", "first line\nsecond line"),
        (
            "A,B\nx,1\n\nC,D\ny,2\n\nz,w\nv,u\n",
            "A | B\nA: x | B: 1\n\nC | D\nC: y | D: 2\n\nC: z | D: w\nC: v | D: u",
        ),
        ("A,B,C\n1,2,3\nas of May,,\n", "A | B | C\nA: 1 | B: 2 | C: 3\nas of May"),
    ],
)
def test_the_header_is_found_and_repeated(table, text):
    assert read_separated(table.encode()).text == text


# Separated values


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_delimiter_and_the_encoding_are_found(delimiter, encoding):
    file = StringIO()
    table = [("Größe", "Text", "n"), ("1,5", "a; b, c", "2"), ("2,5", 'say "hi"|', "3")]
    csv.writer(file, delimiter=delimiter).writerows(table)
    assert read_separated(file.getvalue().encode(encoding)).text == (
        'Größe | Text | n\nGröße: 1,5 | Text: a; b, c | n: 2\nGröße: 2,5 | Text: say "hi"| | n: 3'
    )


def test_commas_do_not_part_what_tabs_part():
    found = read_tabbed(b"Name, first\tTown, county, state\nAda, B.\tEly, Cambs, UK\n")
    assert found.text.endswith("Name, first: Ada, B. | Town, county, state: Ely, Cambs, UK")


def test_excel_may_name_the_delimiter():
    assert read_separated(b"sep=;\nA;B\n1,0;2\n").text == "A | B\nA: 1,0 | B: 2"


def test_a_quotation_mark_that_is_never_closed_is_refused():
    assert "is a quotation mark missing?" in refusal(read_separated, b'a,b\n1,"' + b"x," * 600_000)


CELLS = st.lists(
    st.lists(st.text("ab 1,;\"'\n|é", max_size=6), min_size=2, max_size=4), min_size=1, max_size=6
)


@settings(max_examples=100, deadline=None)
@given(CELLS)
def test_no_cell_of_any_table_is_lost(table):
    file = StringIO()
    csv.writer(file, delimiter="\t").writerows(table)
    found = read_tabbed(file.getvalue().encode())
    check_places(found.places, len(found.text))
    filled = [
        (number, words)
        for number, row in enumerate(table, 1)
        if (words := [" ".join(cell.split()) for cell in row if cell.strip()])
    ]
    assert [place.unit for place in found.places] == [f"row {number}" for number, _ in filled]
    for place, (_, words) in zip(found.places, filled, strict=True):
        at = place.start
        for word in words:
            at = found.text.index(word, at, place.end) + len(word)


# Workbooks


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        ("3", "General", "3"),
        ("3.0", "General", "3"),
        ("0.30000000000000004", "General", "0.3"),
        ("1E+300", "General", "1e+300"),
        ("-417300", "#,##0", "-417,300"),
        ("417300.456", "#,##0.00;[Red]-#,##0.00", "417,300.46"),
        ("0.125", "0.0%", "12.5%"),
        ("0.07", "0%", "7%"),
        ("12.5", '"€" #,##0.00', "€ 12.50"),
        ("12.5", "#,##0.00\\ [$kr-41D]", "12.50 kr"),
        ("45382", "dd/mm/yyyy", "2024-03-31"),
        ("45382.604166666664", "yyyy-mm-dd hh:mm", "2024-03-31 14:30"),
        ("0.604166666666667", "hh:mm", "14:30"),
        ("1.1041666666666667", "[h]:mm", "26:30"),
        ("59", "d.m.yyyy", "1900-02-28"),
        ("61", "d.m.yyyy", "1900-03-01"),
        ("1.5", "# ?/?", "1.5"),
        ("-5", "yyyy", "-5"),
        ("NaN", "0", "NaN"),
        ("x", "0", "x"),
    ],
)
def test_numbers_are_shown_as_people_see_them(value, code, text):
    assert shown(value, parse_format(code)) == text


def test_cells_are_shown_in_their_formats():
    def fill(_: openpyxl.Workbook, sheet: Worksheet) -> None:
        sheet.append(["Share", "Visitors", "Opened", "Counted", "At", "Open"])
        sheet.append([0.125, 417300, date(2024, 3, 31), datetime(2024, 3, 31, 14, 30, 5),
                      time(9, 15), True])  # fmt: skip
        sheet["A2"].number_format, sheet["B2"].number_format = "0.0%", "#,##0"

    assert read_workbook(book(fill)).text.split("\n")[1] == (
        "Share: 12.5% | Visitors: 417,300 | Opened: 2024-03-31 | Counted: 2024-03-31 14:30:05"
        " | At: 09:15 | Open: TRUE"
    )


def test_dates_may_count_from_1904():
    def fill(made: openpyxl.Workbook, sheet: Worksheet) -> None:
        made.epoch = CALENDAR_MAC_1904
        sheet.append([date(2024, 3, 31)])

    data = book(fill)
    assert b"date1904" in zipfile.ZipFile(BytesIO(data)).read("xl/workbook.xml")
    assert read_workbook(data).text == "2024-03-31"


def test_hidden_rows_columns_and_sheets_are_not_read():
    def fill(made: openpyxl.Workbook, sheet: Worksheet) -> None:
        for number in range(4):
            sheet.append(["secret" if number == 2 else "shown", "secret", number])
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["B"].hidden = True
        other = made.create_sheet("secret")
        other.append(["secret"])
        other.sheet_state = "veryHidden"

    found = read_workbook(book(fill))
    assert found.text == "shown | 0\nshown | 1\nshown | 3"
    assert [place.label for place in found.places] == ["S, row 1", "S, row 2", "S, row 4"]


def test_truths_errors_formulas_and_line_ends_in_cells():
    cells = (
        b"<worksheet><sheetData><row r='1'><c t='b'><v>1</v></c><c><f>1+2</f><v>3</v></c>"
        b"<c t='e'><f>1/0</f><v>#DIV/0!</v></c>"
        b"<c t='inlineStr'><is><t>two\nlines_x000B_</t></is></c></row></sheetData></worksheet>"
    )
    found = read_workbook(replaced(rows(("A",)), sheet1=cells))
    assert found.text == "TRUE | 3 | #DIV/0! | two lines"


def test_two_cells_in_far_corners_are_two_lines():
    def fill(_: openpyxl.Workbook, sheet: Worksheet) -> None:
        sheet.cell(1, 1, "first")
        sheet.cell(1_048_576, 16_384, "last")

    found = read_workbook(book(fill))
    assert found.text == "first\n\nlast"
    assert found.places[1].unit == "row 1048576"


def test_a_sheet_that_is_too_long_is_read_no_further(monkeypatch):
    data = rows(("A", "B"), *((f"row {n}", n) for n in range(2000)))
    assert len(read_workbook(data).text) > 20_000
    monkeypatch.setattr("index.read.outline.MAX_CHARS", 5000)
    seen = []
    monkeypatch.setattr("index.read.xlsx.shown", lambda value, *_, **__: seen.append(value) or "1")
    assert "more than 5,000 characters of text" in refusal(read_workbook, data)
    assert 100 < len(seen) < 400
    assert "more than 5,000" in refusal(read_separated, b"A,B\n" + b"1,2\n" * 5000)


def test_what_is_no_workbook_is_refused():
    good = rows(("A", 1))
    reason = "is not a workbook, or a broken or protected one; save it again"
    assert refusal(read_workbook, b"A,B") == reason
    assert refusal(read_workbook, good[:-200]) == reason
    assert refusal(read_workbook, b"\xd0\xcf\x11\xe0" + bytes(999)) == reason
    assert "broken" in refusal(read_workbook, replaced(good, sheet1=b"<a"))
    assert "broken" in refusal(read_workbook, replaced(good, workbook=b""))
    far = b"<worksheet><sheetData><row r='1'><c r='ZZZ1'><v>1</v></c></row></sheetData></worksheet>"
    assert "broken" in refusal(read_workbook, replaced(good, sheet1=far))


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    monkeypatch.setattr("index.read.xlsx.MAX_UNPACKED", 100_000)
    assert refusal(read_workbook, replaced(rows(("A",)), sheet1=bytes(200_000))).startswith(
        "unpacks"
    )


def test_other_things_than_cells_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr("index.read.xlsx._MAX_PASSED", 200_000)
    sheet = b"<worksheet><sheetData>" + b"<x/>" * 100_000 + b"</sheetData></worksheet>"
    assert refusal(read_workbook, replaced(rows(("A",)), sheet1=sheet)).startswith(
        "is not an Excel"
    )


def test_entities_are_not_resolved(tmp_path):
    (tmp_path / "secret").write_text("secret")
    sheet = (
        f"<!DOCTYPE d [<!ENTITY e SYSTEM '{(tmp_path / 'secret').as_uri()}'>]><worksheet>"
        "<sheetData><row><c t='str'><v>a</v></c><c t='str'><v>&e;</v></c></row></sheetData>"
        "</worksheet>"
    )
    assert read_workbook(replaced(rows(("A",)), sheet1=sheet.encode())).text == "a"


# Other workbooks


def open_document(*tables: str) -> bytes:
    """The sample with other tables."""
    space = "urn:oasis:names:tc:opendocument:xmlns"
    names = " ".join(f"xmlns:{name}='{space}:{name}:1.0'" for name in ("office", "table", "text"))
    content = (
        f"<office:document-content {names} office:version='1.2'><office:body>"
        f"<office:spreadsheet>{''.join(tables)}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    return replaced((SAMPLES / "wages.ods").read_bytes(), content=content.encode())


def cell(kind: str, value: str, words: str = "", **repeated: int) -> str:
    name = {"string": "string-value", "date": "date-value", "boolean": "boolean-value"}
    times = "".join(f" table:number-{what}-repeated='{n}'" for what, n in repeated.items())
    return (
        f"<table:table-cell office:value-type='{kind}' office:{name.get(kind, 'value')}='{value}'"
        f"{times}><text:p>{words or value}</text:p></table:table-cell>"
    )


def test_what_cells_of_an_open_document_hold_is_shown():
    row = cell("date", "2024-03-31") + cell("boolean", "true") + cell("float", "3")
    later = cell("date", "2024-03-31T14:30:00") + cell("float", "0.30000000000000004")
    table = (
        "<table:table table:name='A'><table:table-row/><table:table-row>{}</table:table-row>"
        "<table:table-row>{}</table:table-row></table:table>"
    )
    found = read_workbook(open_document(table.format(row, later)))
    assert found.text == "2024-03-31 | TRUE | 3\n2024-03-31 14:30 | 0.3"
    assert [place.label for place in found.places] == ["A, row 2", "A, row 3"]


def test_a_grid_that_takes_all_memory_ends_in_one_line(tmp_path):
    table = (
        "<table:table table:name='A'><table:table-row table:number-rows-repeated='1048576'>"
        f"{cell('string', 'x', columns=16384)}</table:table-row></table:table>"
    )
    path = tmp_path / "grid.ods"
    path.write_bytes(open_document(table))
    sandbox = Sandbox()
    try:
        assert "save it again" in refusal(lambda _: list(sandbox.read(path, path.name)), b"")
    finally:
        sandbox.close()


def test_what_is_no_other_workbook_is_refused():
    assert "broken" in refusal(read_workbook, replaced(open_document(), content=b"<a"))


def test_a_workbook_under_another_name_is_read_all_the_same():
    assert read_workbook(rows(("A", "B"), (1, 2))).text == "A | B\nA: 1 | B: 2"


def replaced(data: bytes, **parts: bytes) -> bytes:
    """A zip file with entries replaced by the stems of their names."""
    file = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(file, "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, parts.get(Path(name).stem, old.read(name)))
    return file.getvalue()
