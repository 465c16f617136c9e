"""An answer's checks: what they hold for, and what they say where they fail, word by word."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from index import Library
from index.records import place_at
from rag.evaluate.cases import Case, Gold
from rag.evaluate.checked import CheckedAnswer
from rag.records import Answer, Citation, Sentence, Timings, Verdict

NOTICE = "Either party gives three months' notice."
RENT = "The rent is 450 euros."
LEASE = f"Ida Holm rents the boathouse at Sund. {NOTICE} {RENT}"


@pytest.fixture
def lease(library: Library) -> Library:
    library.add_texts([("lease.txt", LEASE), ("notes.txt", f"Of the lease: {RENT}")])
    return library


def cite(library: Library, quote: str) -> Citation:
    """A citation of the first document that holds the quote."""
    found = [library.document(document.name) for document in library.documents()]
    document = next(document for document in found if quote in document.text)
    start = document.text.index(quote)
    place = place_at(document.places, start)
    end, page = start + len(quote), place.page if place else None
    return Citation(document.name, document.sha256, start, end, quote, page)


def said(text: str, *citations: Citation, verdict: Verdict = Verdict.SUPPORTED) -> Sentence:
    return Sentence(text, citations, support=0.91, relevance=0.87, verdict=verdict)


def answer(library: Library, *sentences: Sentence, standalone: str = "") -> CheckedAnswer:
    documents, passages = library.count()
    question = "How much notice?"
    return CheckedAnswer(
        Answer(
            question=question,
            standalone_question=standalone or question,
            sentences=sentences,
            hits=(),
            documents_searched=documents,
            passages_searched=passages,
            model="none",
            timings=Timings(0, None, 0),
        ),
        library,
    )


@pytest.fixture
def right(lease: Library) -> CheckedAnswer:
    wrong = said("It is 2 weeks.", cite(lease, RENT), verdict=Verdict.UNSUPPORTED)
    return answer(lease, said("Three months.", cite(lease, NOTICE)), wrong)


@pytest.fixture
def refusal(lease: Library) -> CheckedAnswer:
    return answer(lease)


def failure(check, *arguments, **named) -> str:
    with pytest.raises(AssertionError) as failed:
        check(*arguments, **named)
    return str(failed.value)


def headline(check, *arguments, **named) -> str:
    return failure(check, *arguments, **named).partition("\n")[0]


def test_what_holds_returns_the_answer(right: CheckedAnswer, refusal: CheckedAnswer):
    checked = (
        right.must_answer()
        .must_contain(("90 days", "THREE months"))
        .must_contain("three", "months")
        .must_not_contain("2 weeks", "450")
        .must_cite("lease.txt")
        .must_cite("lease.txt", quote="three\n months' notice")
        .must_cite("lease.txt", start=40, end=70)
    )
    assert checked is right
    assert refusal.must_abstain().must_not_contain("three") is refusal
    assert (right.text, right.abstained, len(right.sentences)) == ("Three months.", False, 2)


def test_a_failure_shows_everything(right: CheckedAnswer):
    assert failure(right.must_contain, ("90 days", "a quarter")) == (
        'the answer must contain "90 days" or "a quarter"\n'
        "\n"
        "question  How much notice?\n"
        "answer    Three months.\n"
        "\n"
        "shown     Three months.\n"
        "          supported: support 0.91, relevance 0.87\n"
        "          lease.txt, 38:78\n"
        "            Ida Holm rents the boathouse at Sund. "
        "»Either party gives three months' notice.« The rent is 450 euros.\n"
        "withheld  It is 2 weeks.\n"
        "          unsupported: support 0.91, relevance 0.87\n"
        "          lease.txt, 79:101\n"
        "            …boathouse at Sund. Either party gives three months' notice. "
        "»The rent is 450 euros.«"
    )


def test_a_citation_that_is_missing_is_shown_in_its_place(refusal: CheckedAnswer):
    assert failure(refusal.must_cite, "lease.txt", page=3, quote="450 euros") == (
        "the answer must cite lease.txt, page 3\n"
        "\n"
        "wanted    lease.txt, 91:100\n"
        "            … Sund. Either party gives three months' notice. "
        "The rent is »450 euros«.\n"
        "\n"
        "question  How much notice?\n"
        "answer    none: refused (searched 2 documents, 2 passages)"
    )


def test_a_follow_up_shows_how_it_was_understood(lease: Library):
    shown = str(answer(lease, standalone="How much notice of the lease?"))
    assert "question  How much notice?\nasked as  How much notice of the lease?\n" in shown


def test_the_first_line_says_what_was_wanted(right: CheckedAnswer, refusal: CheckedAnswer):
    assert headline(right.must_abstain) == "the answer must be a refusal"
    assert headline(refusal.must_answer) == "the answer must not be a refusal"
    assert headline(right.must_contain, "hree") == 'the answer must contain "hree"'
    assert headline(right.must_contain, "three", "weeks") == 'the answer must contain "weeks"'
    assert headline(right.must_not_contain, "two", "months") == (
        'the answer must not contain "months"'
    )
    assert headline(right.must_cite, "notes.txt") == "the answer must cite notes.txt"
    assert headline(right.must_cite, "lease.txt", quote="six weeks") == (
        'the answer must cite "six weeks", but lease.txt does not say that'
    )
    assert headline(right.must_cite, "docs/lease.txt") == (
        "the answer must cite docs/lease.txt, which is no document; "
        "the nearest names: lease.txt, notes.txt"
    )


def test_only_what_is_shown_is_cited(right: CheckedAnswer):
    assert headline(right.must_cite, "lease.txt", quote="450 euros").startswith("the answer must")


def test_a_citation_lies_where_it_overlaps_by_half_of_the_shorter(right: CheckedAnswer):
    right.must_cite("lease.txt", start=0, end=len(LEASE))
    right.must_cite("lease.txt", start=73, end=83)  # 38:78 is cited
    failure(right.must_cite, "lease.txt", start=74, end=84)
    failure(right.must_cite, "lease.txt", quote="months", start=0, end=10)


def test_a_quote_that_stands_in_many_places_is_cited_in_any(library: Library):
    library.add_texts([("log.txt", "All is well. " * 5)])
    answer(library, said("Well.", cite(library, "All is well."))).must_cite("log.txt", quote="well")
    shown = failure(answer(library).must_cite, "log.txt", quote="well")
    assert shown.count("»well«") == 3
    assert "          and 2 more\n" in shown


def test_a_page_is_that_of_the_citation(library: Library, tmp_path: Path):
    canvas = Canvas(str(tmp_path / "two.pdf"))
    for text in ("The first page is short.", "The second page names Ida Holm."):
        canvas.drawString(72, 720, text)
        canvas.showPage()
    canvas.save()
    assert not library.add([tmp_path / "two.pdf"]).failed
    cited = answer(library, said("Ida Holm.", cite(library, "The second page names Ida Holm.")))
    cited.must_cite("two.pdf", page=2, quote="Ida Holm")
    shown = failure(cited.must_cite, "two.pdf", page=1)
    assert shown.startswith("the answer must cite two.pdf, page 1\n")
    assert re.search(r"\n          two\.pdf, page 2, \d+:\d+\n", shown)


def test_control_characters_are_escaped(library: Library):
    library.add_texts([("evil.txt", "Red: \x1b[31m\u202e. Next.")])
    shown = str(answer(library, said("It is \x1b[31m.", cite(library, "Red: \x1b[31m\u202e."))))
    assert "»Red: \\x1b[31m\\u202e.«" in shown
    assert "shown     It is \\x1b[31m.\n" in shown
    assert shown.replace("\n", "").isprintable()


def test_an_expectation_that_expects_nothing_is_wrong_usage(right: CheckedAnswer):
    for check in (right.must_contain, right.must_not_contain):
        with pytest.raises(ValueError, match="blank"):
            check(" ")
    with pytest.raises(ValueError, match="blank"):
        right.must_cite("lease.txt", quote="")
    for start, end in ((5, None), (None, 5), (5, 5), (0, 1000), (-1, 5)):
        with pytest.raises(ValueError, match=r"no span of lease\.txt"):
            right.must_cite("lease.txt", start=start, end=end)


def case(answers: tuple[tuple[str, ...], ...] | None, *evidence: Gold) -> Case:
    return Case("c1", "How much notice?", answers, evidence)


def test_a_case_is_passed_whole(right: CheckedAnswer, refusal: CheckedAnswer):
    notice, rent = (Gold("lease.txt", LEASE.index(q), LEASE.index(q) + len(q), q)
                    for q in (NOTICE, RENT))  # fmt: skip
    right.must_pass(case((("90 days", "three months"),)))
    right.must_pass(case((("three",), ("months",)), notice, replace(rent, alternative=True)))
    refusal.must_pass(case(None))
    assert headline(right.must_pass, case(None)) == "the answer must be a refusal"
    assert headline(right.must_pass, case((("three",), ("weeks",)))) == (
        'the answer must contain "weeks"'
    )
    shown = failure(right.must_pass, case((("three",),), rent))
    assert shown.startswith("the answer must cite what case c1 names\n\nwanted    lease.txt, 79:")
    both = headline(right.must_pass, case((("three",),), notice, rent))
    assert both == "the answer must cite what case c1 names"
    gone = Gold("gone.txt", 0, 1, "x")
    assert "gone.txt, which is no document" in headline(right.must_pass, case((("three",),), gone))
