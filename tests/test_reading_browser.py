"""Reading in a real browser: pages and their marks, keys, support in words, accessibility."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from index import Library
from rag.chat import words
from rag.records import Answer, Citation, Conflict, Evidence, Timings, Verdict
from tests.browser import DESKTOP, PHONE, Watched, browser, serve, watched
from tests.chat_fakes import Event, FakeAssistant, sentence
from tests.test_chat_browser import answered, ask
from tests.test_layout import pdf

__all__ = ["browser", "watched"]  # fixtures

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

REPORT = [
    [(72, 100, "The harbour is deep."), (72, 700, "Ships of ten metres enter it.")],
    [(72, 100, "The price is ten crowns."), (72, 500, "It is paid in May.")],
    [(72, 100, "The end.")],
]
MEMO = "# Memo\n\nThe price is twelve crowns.\n\n# Talk\n\nNobody spoke.\n"
HARBOUR, PRICE, PAID = "The harbour is deep.", "The price is ten crowns.", "It is paid in May."


class Scripted(FakeAssistant):
    """An assistant of a real library, whose sentences and conflicts are scripted."""

    conflicts: tuple[Conflict, ...] = ()
    steps: threading.Semaphore | None = None  # where set, a sentence waits for each

    def _events(self, question: str, stopped: Any) -> Any:
        hits = tuple(self.library.search(question, k=8))
        events: list[Event] = [Evidence(question, question, hits)]
        said = next((s for word, s in self.script.items() if word in question.lower()), ())
        timings = Timings(0.1, 1.0, 2.0)
        yield from events
        for one in said:
            if self.steps:
                self.steps.acquire(timeout=10)
            if isinstance(one, Exception):
                raise one
            yield one
        counts = self.library.count()
        conflicts = self.conflicts if "disagree" in question.lower() else ()
        yield Answer(question, question, said, hits, *counts, "a model", timings, None, conflicts)


@pytest.fixture
def assistant(library: Library, tmp_path: Path) -> Scripted:
    """It knows a report of three pages, a memo that contradicts it, and what to say of them."""
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "report.pdf").write_bytes(pdf(*REPORT))
    (folder / "memo.md").write_text(MEMO)
    library.add([folder])

    def cited(name: str, quote: str) -> Citation:
        document = library.document(name)
        start = document.text.index(quote)
        place = next(p for p in reversed(document.places) if p.start <= start)
        span = (start, start + len(quote), quote)
        return Citation(name, document.sha256, *span, place.page, place.label)

    harbour, price, paid = (cited("report.pdf", quote) for quote in (HARBOUR, PRICE, PAID))
    memo = cited("memo.md", "The price is twelve crowns.")
    said = (
        sentence("Big ships can enter.", harbour),
        replace(sentence("It costs ten crowns, in May.", price, paid), support=0.77),
        sentence("It is cheap.", price, verdict=Verdict.UNSUPPORTED),
    )
    assistant = Scripted(
        library,
        {
            "harbour": said,
            "price": (sentence("Ten crowns.", price),),
            "memo": (sentence("Twelve crowns.", memo),),
        },
    )
    assistant.conflicts = (Conflict((price, memo)),)
    return assistant


def opened(tab: Any, quote: str) -> Any:
    """Wait until these words are marked on a page; return the page."""
    page = tab.locator(".paper", has=tab.locator(f'mark.opened.first[aria-label="{quote}"]'))
    page.locator("img").wait_for()
    return page


def test_a_citation_opens_its_page_with_the_exact_words_marked_and_flashing(
    watched: Watched, assistant: Scripted, tmp_path: Path
) -> None:
    with serve(assistant, tmp_path) as url:
        tab = watched.open(url)
        ask(tab, "And the harbour?")
        turn = answered(tab, "And the harbour?")
        turn.get_by_role("button", name="Citation 2: report.pdf, page 2").click()
        page = opened(tab, PRICE)
        mark = page.locator("mark.opened")
        assert "flash" in mark.get_attribute("class")
        assert tab.locator("#source .place").text_content() == "page 2"
        assert page.locator("img").evaluate("image => image.naturalWidth") == 1600
        assert page.locator("img").get_attribute("alt") == "Page 2 of report.pdf"
        # The mark lies on the words: as far down the page, and as far from its edge, as in the PDF.
        paper, box = page.bounding_box(), mark.bounding_box()
        scale = paper["width"] / 595.28
        assert box["x"] - paper["x"] == pytest.approx(72 * scale, abs=6)
        assert box["y"] + box["height"] - paper["y"] == pytest.approx(103 * scale, abs=6)
        assert paper["height"] / paper["width"] == pytest.approx(841.89 / 595.28, abs=0.01)
        assert page.locator("mark.also").get_attribute("aria-label") == PAID

        tab.get_by_role("button", name="Next citation").click()
        assert "page 2" in opened(tab, PAID).locator("img").get_attribute("alt").lower()
        assert tab.locator("#source nav span").nth(1).text_content() == "3 of 3"
        turn_on = tab.get_by_role("button", name="Next citation")
        assert turn_on.get_attribute("aria-disabled") == "true"
        assert turn.locator(".cite.opened").all_text_contents() == ["3"]
        for quote in (PRICE, HARBOUR):
            tab.get_by_role("button", name="Previous citation").click()
            opened(tab, quote)


def test_pages_are_turned_and_enlarged(
    watched: Watched, assistant: Scripted, tmp_path: Path
) -> None:
    with serve(assistant, tmp_path) as url:
        tab = watched.open(url)
        ask(tab, "And the harbour?")
        answered(tab, "And the harbour?").locator(".cite").first.click()
        page = opened(tab, HARBOUR)
        tab.get_by_role("button", name=words.PAGE_ON).click()
        tab.get_by_role("img", name="Page 2 of report.pdf").wait_for()
        assert page.locator("mark.opened").count() == 0
        assert tab.locator("mark.also").count() == 2
        tab.get_by_role("button", name=words.PAGE_ON).click()
        tab.get_by_role("img", name="Page 3 of report.pdf").wait_for()
        assert tab.get_by_text(words.page_in(3, 3)).is_visible()
        assert tab.locator("mark").count() == 0

        paper = tab.locator(".paper")
        width = paper.bounding_box()["width"]
        tab.get_by_role("button", name=words.LARGER).click()
        tab.get_by_role("button", name=words.LARGER).click()
        assert paper.bounding_box()["width"] == pytest.approx(1.5 * width, abs=2)
        assert tab.locator(".zoom").text_content() == "150 %"
        tab.get_by_role("button", name=words.PAGE_BACK).click()  # and it stays as large
        tab.get_by_role("img", name="Page 2 of report.pdf").wait_for()
        assert paper.bounding_box()["width"] == pytest.approx(1.5 * width, abs=2)
        tab.get_by_role("button", name=words.SMALLER).click()
        assert tab.locator(".zoom").text_content() == "125 %"

        tab.get_by_role("button", name=words.AS_TEXT).click()
        tab.locator(".page:not(.drawn) mark.opened").wait_for()
        assert tab.locator("mark.opened").text_content() == HARBOUR
        tab.get_by_role("button", name=words.AS_PAGE).click()
        opened(tab, HARBOUR)


def test_other_formats_show_their_text_at_the_place_with_its_headings(
    watched: Watched, assistant: Scripted, tmp_path: Path
) -> None:
    with serve(assistant, tmp_path) as url:
        tab = watched.open(url)
        ask(tab, "And the memo?")
        answered(tab, "And the memo?").locator(".cite").click()
        tab.locator("mark.opened").wait_for()
        assert tab.locator("mark.opened").text_content() == "The price is twelve crowns."
        assert tab.locator("#source .place").text_content() == "Memo"
        assert tab.locator("#source .page").text_content() == MEMO
        assert tab.locator("#source .bar").count() == 0  # no pages to turn


def test_hovering_and_focusing_a_citation_show_its_quote(
    watched: Watched, assistant: Scripted, tmp_path: Path
) -> None:
    with serve(assistant, tmp_path) as url:
        tab = watched.open(url)
        ask(tab, "And the harbour?")
        turn = answered(tab, "And the harbour?")
        turn.locator(".answer .cite").nth(1).hover()
        tip = tab.get_by_role("tooltip")
        tip.wait_for()
        assert tip.locator("q").text_content() == PRICE
        assert "report.pdf, page 2" in tip.text_content()
        tip.hover()  # it can be read, and its words selected
        tab.wait_for_timeout(400)
        assert tip.is_visible()
        tab.keyboard.press("Escape")
        assert not tip.is_visible()
        turn.locator(".answer .cite").nth(1).focus()
        tab.keyboard.press("Tab")
        tip.wait_for()
        assert tip.locator("q").text_content() == PAID
        focused = tab.locator(":focus")
        assert focused.get_attribute("aria-describedby") == "tip"
        tab.mouse.move(0, 0)
        turn.locator(".question").click()
        tip.wait_for(state="hidden")


def test_a_mark_leads_to_the_sentences_that_rest_on_it(
    watched: Watched, assistant: Scripted, tmp_path: Path
) -> None:
    with serve(assistant, tmp_path) as url:
        tab = watched.open(url)
        ask(tab, "And the harbour?")
        answered(tab, "And the harbour?")
        ask(tab, "What price?")
        answered(tab, "What price?").locator(".cite").first.click()
        opened(tab, PRICE).locator("mark.opened").click()
        rests = tab.locator(".sentence.rests").all_text_contents()
        assert rests == ["It costs ten crowns, in May.23", "Ten crowns.1"]  # in both answers
        assert tab.locator(".resting").text_content() == "2 sentences rest on these words"
        tab.locator("mark.also").click()
        assert tab.locator(".sentence.rests").all_text_contents() == rests[:1]
        assert tab.locator(".resting").text_content() == "1 sentence rests on these words"
        assert "cheap" not in "".join(rests)  # a sentence that was withheld rests on nothing


def test_a_whole_answer_is_read_with_the_keyboard(
    watched: Watched, assistant: Scripted, tmp_path: Path
) -> None:
    with serve(assistant, tmp_path) as url:
        tab = watched.open(url)
        press = tab.keyboard.press
        tab.locator("#question textarea").fill("And the harbour?")
        press("Enter")
        turn = answered(tab, "And the harbour?")
        turn.locator(".cite").first.focus()
        press("Tab")
        press("Enter")
        opened(tab, PRICE)
        tab.locator("mark.opened:focus").wait_for()  # the focus goes where the words are
        press("n")
        opened(tab, PAID)
        tab.locator("#source :focus").wait_for()
        press("p")
        opened(tab, PRICE)
        press("ArrowRight")
        tab.get_by_role("img", name="Page 3 of report.pdf").wait_for()
        press("ArrowLeft")
        press("+")
        assert tab.locator(".zoom").text_content() == "125 %"
        press("-")
        press("Escape")
        assert tab.locator(":focus").text_content() == "2"  # back at the citation
        press("Enter")
        opened(tab, PRICE)
        tab.locator("mark.opened:focus").wait_for()
        press("Enter")
        assert tab.locator(":focus").get_attribute("data-sentence") == "0.1"
        for opener in (words.DETAILS, words.withheld(1), "Well supported"):
            turn.locator("summary", has_text=opener).focus()
            press("Enter")
        assert turn.get_by_text("It is cheap.").is_visible()
        tab.locator(".size").focus()
        press("Enter")
        assert tab.get_by_role("dialog", name=words.DOCUMENTS).is_visible()
        press("Escape")
        assert not tab.locator("#shelf").is_visible()
        assert tab.locator(":focus").get_attribute("class") == "size"


def test_support_is_said_in_words_and_scores_stand_under_details(
    watched: Watched, assistant: Scripted, tmp_path: Path
) -> None:
    with serve(assistant, tmp_path) as url:
        tab = watched.open(url)
        ask(tab, "And the harbour?")
        turn = answered(tab, "And the harbour?")
        assert "Well supported" in turn.inner_text()
        assert not re.search(r"in 100|0\.\d\d|score", turn.inner_text(), re.IGNORECASE)
        turn.locator(".support summary").click()
        assert "Well supported: supported, 77 in 100" in turn.inner_text()
        turn.locator(".details summary").click()
        assert "Retrieval scores" in turn.inner_text()


def test_sources_that_disagree_stand_side_by_side(
    watched: Watched, assistant: Scripted, tmp_path: Path
) -> None:
    with serve(assistant, tmp_path) as url:
        tab = watched.open(url)
        ask(tab, "Do they disagree on the price?")
        turn = answered(tab, "Do they disagree on the price?")
        left, right = (turn.locator(".conflict figure").nth(side) for side in (0, 1))
        one, other = left.bounding_box(), right.bounding_box()
        assert one["y"] == other["y"]
        assert one["x"] + one["width"] <= other["x"]
        right.locator(".cite").click()
        tab.locator("mark.opened").wait_for()
        assert tab.locator("mark.opened").text_content() == "The price is twelve crowns."
        tab.set_viewport_size(PHONE)
        assert left.bounding_box()["y"] < right.bounding_box()["y"]


def test_withheld_sentences_can_be_looked_at_and_stand_apart(
    watched: Watched, assistant: Scripted, tmp_path: Path
) -> None:
    with serve(assistant, tmp_path) as url:
        tab = watched.open(url)
        ask(tab, "And the harbour?")
        turn = answered(tab, "And the harbour?")
        assert not turn.get_by_text("It is cheap.").is_visible()
        turn.locator(".withheld summary").click()
        item = turn.locator(".withheld li")
        assert item.inner_text().startswith(words.REASONS["unsupported"])
        assert "cheap" not in turn.locator(".answer").inner_text()
        tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
        turn.get_by_role("button", name=words.COPY).click()
        turn.get_by_role("button", name=words.COPIED).wait_for()
        copied = tab.evaluate("navigator.clipboard.readText()")
        assert copied.startswith("Big ships can enter. [1] It costs ten crowns, in May. [2] [3]")
        assert f"[2] report.pdf, page 2: “{PRICE}”" in copied
        assert "cheap" not in copied


def test_nothing_that_is_read_is_drawn_anew_while_the_answer_streams(
    watched: Watched, assistant: Scripted, tmp_path: Path
) -> None:
    assistant.steps = threading.Semaphore(0)
    with serve(assistant, tmp_path) as url:
        tab = watched.open(url)
        ask(tab, "And the harbour?")
        tab.locator(".turn.live .hit").first.focus()
        tab.evaluate(
            "() => { window.gone = []; new MutationObserver(all => all.forEach(one =>"
            " one.removedNodes.forEach(node => { const text = node.textContent.trim();"
            " if (text) window.gone.push(text); }))).observe("
            "document.querySelector('#thread'), {childList: true, subtree: true}); }"
        )
        for count in (1, 2):
            assistant.steps.release()
            tab.wait_for_function(
                "n => document.querySelectorAll('.live .sentence').length === n", arg=count
            )
        assert tab.evaluate("window.gone") == []
        assert tab.locator(".hit:focus").count() == 1  # and the focus is where it was
        assistant.steps.release()
        answered(tab, "And the harbour?")


def test_folds_stay_open_when_the_next_question_is_asked(
    watched: Watched, assistant: Scripted, tmp_path: Path
) -> None:
    with serve(assistant, tmp_path) as url:
        tab = watched.open(url)
        ask(tab, "And the harbour?")
        answered(tab, "And the harbour?").locator(".details summary").click()
        ask(tab, "What price?")
        turn = answered(tab, "What price?")
        assert tab.locator("#past .details").evaluate("fold => fold.open")
        assert not turn.locator(".details").evaluate("fold => fold.open")
        assert tab.locator("#past .withheld").evaluate("fold => !fold.open")


# Accessibility: axe finds nothing serious on any view


def check(tab: Any, view: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe here").Axe()
    found = axe.run(tab, options={"resultTypes": ["violations"]}).response["violations"]
    grave = [
        (one["id"], [(node["html"][:200], node["failureSummary"]) for node in one["nodes"]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert not grave, (view, grave)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_view_is_accessible(
    browser: Any, assistant: Scripted, tmp_path: Path, scheme: str, size: dict[str, int]
) -> None:
    own = Watched(browser, color_scheme=scheme, reduced_motion="reduce")
    assistant.script["boom"] = (ZeroDivisionError(),)
    assistant.steps = threading.Semaphore(0)
    narrow = size is PHONE
    with serve(assistant, tmp_path) as url:
        tab = own.open(url)
        tab.set_viewport_size(size)
        check(tab, "nothing asked")
        tab.locator(".size").click()
        check(tab, "documents")
        tab.keyboard.press("Escape")
        ask(tab, "And the harbour, where they disagree?")
        tab.wait_for_selector(".turn.live .hits")
        check(tab, "evidence")
        assistant.steps.release(9)
        turn = answered(tab, "And the harbour, where they disagree?")
        check(tab, "answer")
        for fold in turn.locator("summary").all():
            fold.click()
        check(tab, "folds")
        turn.locator(".answer .cite").nth(1).click()
        opened(tab, PRICE).locator("mark.opened").click(force=narrow)
        check(tab, "page")
        tab.get_by_role("button", name=words.AS_TEXT).click()
        tab.locator(".page:not(.drawn) mark.opened").wait_for()
        check(tab, "text")
        if narrow:
            tab.get_by_role("button", name=words.SOURCE_CLOSE).click()
        turn.locator(".answer .cite").nth(1).focus()
        tab.keyboard.press("Tab")
        tab.get_by_role("tooltip").wait_for()
        check(tab, "quote")
        ask(tab, "Nothing?")
        answered(tab, "Nothing?")
        check(tab, "abstained")
        ask(tab, "boom")
        answered(tab, "boom")
        check(tab, "failed")
    own.context.close()
    assert (own.elsewhere, own.errors) == ([], [])


def test_hostile_files_are_read_as_what_they_are(
    watched: Watched, library: Library, tmp_path: Path
) -> None:
    evil = "<script>window.hacked=1</script><img src=x onerror=window.hacked=1>"
    folder = tmp_path / "documents"
    folder.mkdir()
    files = {
        "posing.txt": f"<!doctype html><title>x</title><body onload=window.hacked=1>{evil} tide",
        "vector.svg.txt": f"<svg xmlns='http://www.w3.org/2000/svg' onload='hacked=1'>{evil} tide",
        "tricks.md": f"# [tide](javascript:hacked=1)\n\n![tide](//example.com/a.png) {evil} tide",
        "\u202egnp.<img src=x onerror=hacked=1>.txt": "tide\u200bs \u2066o\u2069 \u202ehc\u202c",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "<b onclick=hacked=1>.pdf").write_bytes(pdf([(72, 100, f"{evil} tide")]))
    assert not library.add([folder]).failed
    with serve(Scripted(library), tmp_path / "uploads") as url:
        tab = watched.open(url)
        ask(tab, "tide")
        turn = answered(tab, "tide")
        turn.locator(".uncited summary").click()
        seen = {}
        for passage in turn.locator(".hit").all():
            before = tab.locator("#source [data-ticket]").first
            serial = before.get_attribute("data-ticket") if before.count() else ""
            passage.click()
            tab.wait_for_function(
                "old => { const now = document.querySelector('.source');"
                " return now && now.dataset.ticket !== old && !now.querySelector('.drawing'); }",
                arg=serial,
            )
            name = tab.locator("#source h2").text_content()
            drawn = tab.locator(".paper mark").all()
            seen[name] = (
                drawn[0].get_attribute("aria-label")
                if drawn
                else tab.locator("#source .page").text_content()
            )
        assert set(seen) == {*files, "<b onclick=hacked=1>.pdf"}
        for name, text in files.items():
            if not name.endswith(".md"):
                assert seen[name] == text
        assert evil in seen["tricks.md"]
        assert evil in seen["<b onclick=hacked=1>.pdf"]
        found = tab.evaluate(
            "() => [window.hacked, ...[...document.querySelectorAll(':is(#thread, #source)"
            " :is(script,svg,a,iframe,object,b,[onclick],[onerror],[onload]),"
            ' #source img:not([src^="data:image/png"])\')].map(one => one.outerHTML)]'
        )
        assert found == [None]
