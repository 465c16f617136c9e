"""Write what Pincite says to its own cases into tests/sentences.csv, to be marked by people.

    python -m tests.benchmarks.sentences

A row is a sentence of the embedded language model, shown or not, or the one of a source that would
stand in for it (`by`), with the question as it was understood. `supported` says whether the sample
documents state all of the sentence, `right` whether they do and it answers the question, or a part
of it: yes or no. What was marked before stays as it is; a new row is marked by its case's accepted
answers, for people to correct: yes where it has one of every group; a source's own words are
supported.
"""

from __future__ import annotations

import csv
from pathlib import Path

from rag.evaluate.cases import Case, load
from rag.evaluate.metrics import contains
from tests.benchmarks.common import System, files_in, folders, progress
from tests.benchmarks.own import CASES, DOCUMENTS, NAME

SENTENCES = Path(__file__).parents[1] / "sentences.csv"
COLUMNS = ("question", "by", "sentence", "supported", "right")

Row = dict[str, str]


def main() -> None:
    """Ask every case and write the sentences."""
    options = folders(__doc__ or "").parse_args()
    write(said(System(), options.work))


def said(system: System, work: Path) -> list[Row]:
    """Return every sentence that is judged of the answers to all cases."""
    found = []
    with system.kept_library_of_files(work, NAME, files_in([DOCUMENTS])) as library:
        assistant = system.assistant(library)
        for case in progress(load(CASES, library.text), "asking", "case"):
            answer = assistant.ask(case.question, case.history)
            question = answer.standalone_question
            quoted = assistant.quote(question, answer.hits)
            source = quoted.text if quoted else None
            found += [
                _row(case, question, by, text)
                for by, text in (
                    *(("model", one.text) for one in answer.sentences if one.text != source),
                    *([("source", source)] if source else []),
                )
            ]
    return found


def _row(case: Case, question: str, by: str, text: str) -> Row:
    right = bool(case.answers) and contains(text, case.answers)
    marks = {"supported": right or by == "source", "right": right}
    return {"question": question, "by": by, "sentence": text} | {
        name: "yes" if mark else "no" for name, mark in marks.items()
    }


def write(rows: list[Row]) -> None:
    """Write the rows; those that were marked before keep their marks and their places."""
    kept = read() if SENTENCES.is_file() else []
    known = {(row["question"], row["sentence"]) for row in kept}
    new = [row for row in rows if (row["question"], row["sentence"]) not in known]
    with SENTENCES.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows([*kept, *new])


def read() -> list[Row]:
    """Return the rows of the file."""
    with SENTENCES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main()
