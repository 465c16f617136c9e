"""Write tests/cases.jsonl: questions about the sample documents, with the spans that answer them.

    python -m tests.make_cases

A quote is found in its document's text once, here; it must stand there exactly once.
"""

from __future__ import annotations

import json
from pathlib import Path

from index.read import read

HERE = Path(__file__).parent
AGREEMENT, HANDBOOK, MINUTES, RELEASE, REPORT = (
    "harbour-agreement.txt",
    "maintenance-handbook.md",
    "board-minutes-2024-03.docx",
    "press-release.html",
    "annual-report-2023.pdf",
)

# question, groups of alternatives (None: the documents do not say), document, quote
CASES = [
    ("How long is Berth 5?", [["54"]], AGREEMENT, "Berth 5 is 54 metres long"),
    ("What is the depth at Berth 3?", [["5.2"]], AGREEMENT,
     "Berth 3 is 68 metres long and has a dredged depth of 5.2 metres."),
    ("Until when does the harbour agreement run?", [["31 December 2031"]], AGREEMENT,
     "This agreement runs for ten years, until 31 December 2031."),
    ("How much notice must be given to end the harbour agreement?",
     [["eighteen months", "18 months"]], AGREEMENT,
     "unless one party gives notice in writing at least eighteen months before it ends"),
    ("What rent does the Cooperative pay for the waiting hall?", [["1,850"]], AGREEMENT,
     "For the waiting hall it pays a rent of EUR 1,850 a month."),
    ("What interest do sums paid late bear?", [["6 per cent", "6%", "6 percent"]], AGREEMENT,
     "Sums paid late bear interest of 6 per cent a year."),
    ("How often is the oil of the Havsörn changed?", [["750"]], HANDBOOK,
     "change the oil every 750 running hours"),
    ("At what cooling water temperature does the alarm sound?", [["92"]], HANDBOOK,
     "The alarm sounds at 92 °C"),
    ("Where are the oil samples sent?", [["Visnäs"]], HANDBOOK,
     "send it to the laboratory in Visnäs"),
    ("Which tender did the board recommend?", [["Kallvik"]], MINUTES,
     "to recommend the tender of the Kallvik yard to the general meeting"),
    ("Who voted against the Kallvik tender?", [["Jonas Kvist", "Kvist"]], MINUTES,
     "Jonas Kvist voted against."),
    ("When is the next board meeting?", [["16 May 2024", "16 May"]], MINUTES,
     "The next meeting is on Thursday, 16 May 2024"),
    ("What ceiling did the board set for the lift in the waiting hall?", [["35,000"]], MINUTES,
     "the board set a ceiling of EUR 35,000"),
    ("What will the new ferry be called?", [["Ljusnan"]], RELEASE,
     "The ferry will be called Ljusnan."),
    ("How many members voted for the electric ferry?", [["412"]], RELEASE,
     "with 412 votes to 37"),
    ("Who founded the Lindhamn Ferry Cooperative?", [["fishing families"]], RELEASE,
     "The Lindhamn Ferry Cooperative was founded in 1953 by 61 fishing families."),
    ("How many passengers were carried in 2022?", [["402,600"]], REPORT,
     "We carried 417,300 passengers, after 402,600 in 2022"),
    ("What was the surplus of 2023?", [["312,000"]], REPORT, "surplus of EUR 312,000"),
    ("Who succeeded Captain Olof Wrede?", [["Amina Haddad", "Haddad"]], REPORT,
     "to his successor, Captain Amina Haddad"),
    ("Why was the Havsörn kept in harbour in July?", [["fuel line"]], REPORT,
     "a cracked fuel line"),
    ("How many people worked for the cooperative at the end of 2023?", [["74"]], REPORT,
     "At the end of the year 74 people worked for the cooperative"),
    ("What was the surplus of 2021?", None, None, None),
    ("How long is Berth 7?", None, None, None),
    ("Who is the captain of the MV Ljusnan?", None, None, None),
    ("What was the profit of the Kallvik yard in 2023?", None, None, None),
    ("When did Birgitta Aalto join the board?", None, None, None),
    ("Why did the board reject the Kallvik tender?", None, None, None),
    ("How many passengers does the airport of Visnäs serve?", None, None, None),
    ("What does a ticket for a dog cost?", None, None, None),
    ("In what year was Henrik Sjölund born?", None, None, None),
    ("What is the capital of Portugal?", None, None, None),
]  # fmt: skip


def main() -> None:
    """Write the file."""
    lines = [json.dumps(case(number), ensure_ascii=False) for number in range(len(CASES))]
    (HERE / "cases.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def case(number: int) -> dict:
    """Return a case as the JSON object of a line."""
    question, answers, document, quote = CASES[number]
    evidence = []
    if document and quote:
        text = read(HERE / "documents" / document, document).text
        flat = " ".join(text.split("\n"))  # one character for one: offsets stay
        assert flat.count(quote) == 1, f"{quote!r} stands {flat.count(quote)} times in {document}"
        start = flat.index(quote)
        end = start + len(quote)
        evidence = [{"document": document, "start": start, "end": end, "quote": text[start:end]}]
    return {"id": f"s{number:02}", "question": question, "answers": answers, "evidence": evidence}


if __name__ == "__main__":
    main()
