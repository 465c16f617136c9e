"""Make the sample documents that are not plain text: `python -m tests.make_documents`.

The same bytes every time, so that the samples' hashes never change without a reason.
"""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import docx
from reportlab.lib import colors
from reportlab.lib.pagesizes import A5
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table

HERE = Path(__file__).parent / "documents"

REPORT: list[list[str | list[tuple[str, ...]]]] = [
    [
        "# Annual Report 2023",
        "Lindhamn Ferry Cooperative, Fiskartorget 9, Lindhamn. Adopted by the board on 14 March"
        " 2024.",
        "## A word from the Chair",
        "Dear members, 2023 was the year in which the islands came back to us. We carried 417,300"
        " passengers, after 402,600 in 2022, and closed the year with a surplus of EUR 312,000."
        " The surplus of 2022 was EUR 184,000.",
        "The gain comes from Storskär alone. The island opened its new bathing house in May, and"
        " our extra evening departures were full from midsummer to the end of August. On the route"
        " to Visnäs we lost passengers to the bridge bus, which has been free of charge on Sundays"
        " since March 2023.",
        "In autumn we asked you what kind of ferry should follow the MV Havsörn. Of 1,104 members"
        " who answered, 71 per cent wanted a battery-electric vessel. The board will lay a proposal"
        " before the general meeting on 13 April 2024.",
        "My thanks go to Captain Olof Wrede, who retired on 30 November after 31 years on the"
        " bridge, and to his successor, Captain Amina Haddad.",
        "Dr Ingrid Solheim, Chair",
    ],
    [
        "## Traffic",
        "The cooperative runs two vessels: the MV Sankta Birgit, built in 2011, between Lindhamn"
        " and Visnäs, and the MV Havsörn, built in 1998, between Lindhamn and Storskär.",
        [
            ("Passengers", "2022", "2023"),
            ("Lindhamn to Storskär", "268,900", "286,100"),
            ("Lindhamn to Visnäs", "133,700", "131,200"),
            ("Both routes", "402,600", "417,300"),
        ],
        "Of 5,840 departures in the timetable, 5,772 sailed. Forty-one were cancelled because of"
        " the weather and 27 because of technical faults. In 2022 the technical faults cancelled 52"
        " departures.",
        "The longest interruption was caused by the Havsörn: a cracked fuel line kept her in"
        " harbour from 6 to 9 July, and the Sankta Birgit served both routes.",
        "## Staff",
        "At the end of the year 74 people worked for the cooperative, four more than a year"
        " before. Thirty-nine of them serve on board. Six apprentices are in training, two of them"
        " as marine engineers.",
        "No accident at sea had to be reported. On land, one employee broke a wrist on the icy"
        " ramp at Storskär on 2 February 2023; the ramp has been heated since October.",
    ],
    [
        "## Accounts",
        "Revenue rose by 6.3 per cent, from EUR 6.98 million in 2022 to EUR 7.42 million in 2023."
        " All amounts in the tables are in thousands of euros.",
        [
            ("Revenue", "2022", "2023"),
            ("Passenger tickets", "4,270", "4,610"),
            ("Vehicles and freight", "1,830", "1,860"),
            ("Public service contract", "700", "720"),
            ("Kiosk and other", "180", "230"),
            ("Total revenue", "6,980", "7,420"),
        ],
        [
            ("Costs", "2022", "2023"),
            ("Staff", "3,180", "3,340"),
            ("Fuel", "1,842", "1,710"),
            ("Maintenance and docking", "655", "980"),
            ("Harbour dues", "305", "310"),
            ("Depreciation", "470", "460"),
            ("Insurance and administration", "344", "308"),
            ("Total costs", "6,796", "7,108"),
        ],
        "Fuel cost EUR 132,000 less than in 2022, although we sailed more, because the price of"
        " marine diesel fell. Maintenance was dearer because the Havsörn was docked at Kallvik for"
        " 34 days and received new stern seals.",
        "The board proposes to pay the members a dividend of 2 per cent on their shares, EUR"
        " 46,400 in all, and to add the remaining EUR 265,600 to the reserves. The reserves then"
        " stand at EUR 2.14 million.",
        "The accounts were audited by Revisor Hallgren in Visnäs and approved without"
        " reservation on 1 March 2024.",
    ],
]

MINUTES: list[str | list[tuple[str, ...]]] = [
    "# Minutes of the Board Meeting, 14 March 2024",
    "Held in the waiting hall at Fiskartorget, Lindhamn, from 18:00 to 20:40.",
    "Present: Dr Ingrid Solheim (Chair), Tomas Rehn (Treasurer), Birgitta Aalto, Jonas Kvist, Maren"
    " Oday. In attendance: Henrik Sjölund, Managing Director; Mats Ekdahl, Technical"
    " Superintendent. Apologies: Sofia Nyström.",
    "## 1. Annual report and accounts",
    "Tomas Rehn presented the accounts for 2023. Revenue was EUR 7.42 million and the surplus EUR"
    " 312,000. The board adopted the annual report unanimously.",
    "Birgitta Aalto asked why harbour dues had hardly changed. Henrik Sjölund replied that the"
    " berth dues at Lindhamn rise for the first time in 2024, by 2.4 per cent.",
    "## 2. Successor of the MV Havsörn",
    "### Tenders",
    "Three yards had sent tenders by the closing date of 15 February 2024. Mats Ekdahl compared"
    " them.",
    [
        ("Yard", "Drive", "Price", "Delivery", "Warranty on batteries"),
        ("Kallvik", "battery", "EUR 9.8 million", "June 2026", "10 years"),
        ("Norrskeppet", "battery", "EUR 9.3 million", "December 2026", "6 years"),
        ("Bergman & Sons", "diesel-hybrid", "EUR 7.6 million", "March 2026", "8 years"),
    ],
    "Jonas Kvist spoke for the hybrid of Bergman & Sons, since it costs EUR 2.2 million less than"
    " the Kallvik vessel. Maren Oday pointed out that a hybrid would still burn about 210,000"
    " litres of diesel a year.",
    "### Decision",
    "The board decided, by four votes to one, to recommend the tender of the Kallvik yard to the"
    " general meeting on 13 April 2024. Jonas Kvist voted against.",
    "The Managing Director was asked to do three things before then:",
    "- obtain a binding offer for a loan of EUR 5.6 million from the Gotska Cooperative Bank;",
    "- confirm the grant of EUR 2.7 million with the national fund for clean shipping;",
    "- notify the Port Authority that shore power at Berth 5 will be needed.",
    "## 3. Summer timetable",
    "The summer timetable runs from 8 June to 25 August 2024. There will be eleven daily departures"
    " to Storskär, one more than in 2023, and five to Visnäs, as before. The last boat from"
    " Storskär leaves at 22:45.",
    "## 4. Any other business",
    "Sofia Nyström had asked in writing for a lift in the waiting hall. Henrik Sjölund will obtain"
    " an estimate; the board set a ceiling of EUR 35,000.",
    "The next meeting is on Thursday, 16 May 2024, at 18:00 on board the MV Sankta Birgit.",
    "Minutes: Birgitta Aalto",
]


def make_report(path: Path) -> None:
    """Write the annual report: a PDF of three pages."""
    styles = getSampleStyleSheet()
    looks = {"# ": styles["Title"], "## ": styles["Heading2"], "": styles["BodyText"]}
    story: list[Flowable] = []
    for page in REPORT:
        for block in page:
            if isinstance(block, str):
                prefix = next(mark for mark in looks if block.startswith(mark))
                story.append(Paragraph(block.removeprefix(prefix), looks[prefix]))
            else:
                rule = ("LINEBELOW", (0, 0), (-1, 0), 0.5, colors.black)
                right = ("ALIGN", (1, 0), (-1, -1), "RIGHT")
                dense = [(f"{side}PADDING", (0, 0), (-1, -1), 1) for side in ("TOP", "BOTTOM")]
                table = Table(block, colWidths=(170, 70, 70), style=[rule, right, *dense])
                story += [Spacer(0, 6), table, Spacer(0, 6)]
        story.append(PageBreak())
    SimpleDocTemplate(
        str(path),
        pagesize=A5,
        leftMargin=40,
        rightMargin=40,
        topMargin=36,
        bottomMargin=36,
        invariant=1,
        title="Annual Report 2023",
        author="Lindhamn Ferry Cooperative",
    ).build(story[:-1])


def make_minutes(path: Path) -> None:
    """Write the minutes of a board meeting: a Word document with headings, a list and a table."""
    document = docx.Document()
    document.core_properties.author = "Birgitta Aalto"
    document.core_properties.created = document.core_properties.modified = datetime(
        2024, 3, 15, tzinfo=UTC
    )
    styles = {"### ": "Heading 2", "## ": "Heading 1", "# ": "Title", "- ": "List Bullet", "": None}
    for block in MINUTES:
        if isinstance(block, str):
            prefix = next(mark for mark in styles if block.startswith(mark))
            document.add_paragraph(block.removeprefix(prefix), styles[prefix])
        else:
            table = document.add_table(0, len(block[0]), style="Table Grid")
            for row in block:
                for cell, text in zip(table.add_row().cells, row, strict=True):
                    cell.text = text
    packed = BytesIO()
    document.save(packed)
    path.write_bytes(_without_times(packed))


def _without_times(package: BytesIO) -> bytes:
    """Return a zip file's bytes without the times at which its entries were written."""
    result = BytesIO()
    with ZipFile(package) as old, ZipFile(result, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(ZipInfo(name), old.read(name), ZIP_DEFLATED)
    return result.getvalue()


if __name__ == "__main__":
    make_report(HERE / "annual-report-2023.pdf")
    make_minutes(HERE / "board-minutes-2024-03.docx")
