"""The chat in a real browser, with a scripted assistant behind it."""

from __future__ import annotations

import re
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from index.errors import PinciteError
from rag.chat import words
from rag.records import Verdict
from tests.browser import Watched, browser, serve, watched
from tests.chat_fakes import FakeAssistant, FakeLibrary, cite, sentence

__all__ = ["browser", "watched"]  # fixtures

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

CONTRACT = (
    "Agreement\n\nThe price is  USD 1.64 million\na year.\n\nIt runs for five years.\n\nEnd.\n"
)
PRICE = "The price is  USD 1.64 million\na year."
TERM = "It runs for five years."


def scripted(**options: Any) -> FakeAssistant:
    library = FakeLibrary({"contract.pdf": CONTRACT, "menu.txt": "Soup.\n\nBread.\n"})
    price = cite("contract.pdf", CONTRACT, PRICE, 3)
    script = {
        "cost": (
            sentence("It costs USD 1.64 million.", price),
            sentence("It is cheap.", price, verdict=Verdict.UNSUPPORTED),
            sentence("It runs five years.", cite("contract.pdf", CONTRACT, TERM), price),
        ),
        "many": tuple(sentence(f"Sentence {number}.", price) for number in range(60)),
        "alpha": (sentence("Alpha is first.", price),),
        "beta": (sentence("Beta is second.", price),),
    }
    return FakeAssistant(library, script, **options)


def ask(tab: Any, question: str) -> None:
    tab.locator("#question textarea").fill(question)
    tab.locator("#question textarea").press("Enter")


def answered(tab: Any, question: str) -> Any:
    """Wait for the end of the answer to a question; return its turn."""
    turn = tab.locator("#current .turn:not(.live)", has=tab.get_by_text(question, exact=True))
    turn.wait_for()
    tab.locator("#send").wait_for(state="visible")
    return turn


def test_the_answer_with_its_evidence_and_its_exact_words(watched: Watched, tmp_path: Path) -> None:
    gate = threading.Event()
    with serve(scripted(gate=gate), tmp_path) as url:
        tab = watched.open(url)
        ask(tab, "What does it cost?")
        tab.wait_for_selector(".turn.live .hits")
        assert tab.locator("#current .question").text_content() == "What does it cost?"
        assert tab.locator(".answer").count() == 0  # evidence first
        assert tab.locator(".found").text_content() == "6 passages found in 2 documents"
        assert tab.locator(".status").text_content() == words.reading(6)
        tab.locator(".hit").nth(1).click()  # not blocked by the question that is being answered
        tab.wait_for_selector("mark")
        assert tab.locator("mark").text_content() == PRICE + "\n"
        assert tab.locator(".hit").nth(1).evaluate("hit => hit.matches('.opened')")
        gate.set()
        turn = answered(tab, "What does it cost?")
        said = turn.locator(".answer .sentence").all_text_contents()
        assert said == ["It costs USD 1.64 million.1", "It runs five years.21"]
        cited = turn.locator(".hits.cited .hit").all_text_contents()
        assert [one.split()[0] for one in cited] == ["1contract.pdf", "2contract.pdf"]
        assert turn.locator(".hits.cited .hit").first.is_visible()
        assert turn.locator(".uncited .hit").count() == 4
        assert not turn.locator(".uncited .hit").first.is_visible()  # folded away, below those

        turn.get_by_role("button", name="Citation 2: contract.pdf").click()
        tab.wait_for_selector("#source mark.opened:text('five years')")
        assert tab.locator("mark.opened").text_content() == TERM
        assert tab.locator("mark.also").text_content() == PRICE  # what else is cited of it
        assert tab.locator("#source h2").text_content() == "contract.pdf"
        assert "page 1" in tab.locator("#source .meta").text_content()
        turn.locator(".cite").first.focus()
        tab.keyboard.press("Enter")
        tab.wait_for_selector("#source mark.opened:text('USD')")
        assert (
            tab.locator("mark.opened").text_content() == PRICE
        )  # both blanks and the line break too
        assert "page 3" in tab.locator("#source .meta").text_content()

        summary = turn.locator(".withheld > summary")
        assert summary.text_content() == words.withheld(1)
        assert not turn.get_by_text("It is cheap.").is_visible()
        summary.click()
        assert turn.get_by_text("It is cheap.").is_visible()


def test_a_follow_up_and_a_new_conversation(watched: Watched, tmp_path: Path) -> None:
    assistant = scripted()
    with serve(assistant, tmp_path) as url:
        tab = watched.open(url)
        ask(tab, "Tell me of alpha")
        answered(tab, "Tell me of alpha")
        ask(tab, "And beta?")
        answered(tab, "And beta?")
        question, history = assistant.asked[-1]
        assert question == "And beta?"
        assert [(q, a.text) for q, a in history] == [("Tell me of alpha", "Alpha is first.")]
        tab.locator("#past .cite").first.click()  # an earlier answer's citation
        tab.wait_for_selector("#source mark")
        tab.locator("#new").click()
        tab.wait_for_selector(".welcome")
        assert tab.locator(".turn, #source mark").count() == 0
        ask(tab, "And beta now?")
        answered(tab, "And beta now?")
        assert assistant.asked[-1] == ("And beta now?", ())


def test_abstaining_and_failing(watched: Watched, tmp_path: Path) -> None:
    assistant = scripted(note="Its premise is false: see page 3.")
    assistant.script |= {"boom": (ZeroDivisionError(),), "weigh": (PinciteError("No <weights>."),)}
    with serve(assistant, tmp_path) as url:
        tab = watched.open(url)
        ask(tab, "Who is the king?")
        turn = answered(tab, "Who is the king?")
        said = turn.locator(".abstained").text_content()
        assert said.startswith("Your documents do not say. Searched 2 documents, 6 passages.")
        assert "Its premise is false" in said
        assert not turn.locator(".hit").first.is_visible()
        turn.locator("summary", has_text=words.NEAREST).click()
        assert turn.locator(".hit").count() == 6

        ask(tab, "weigh")
        assert answered(tab, "weigh").locator(".failed").text_content() == "No <weights>."
        ask(tab, "boom")
        assert "ZeroDivisionError" in answered(tab, "boom").locator(".failed").text_content()


def test_stopping_stops_the_model(watched: Watched, tmp_path: Path) -> None:
    assistant = scripted(wait_s=0.15)
    with serve(assistant, tmp_path) as url:
        tab = watched.open(url)
        ask(tab, "Tell me many things")
        tab.wait_for_selector(".live .sentence")
        tab.locator("#stop").click()
        turn = answered(tab, "Tell me many things")
        assert turn.locator(".status").text_content() == words.STOPPED
        assert 0 < turn.locator(".sentence").count() < 40
        assert assistant.closed == ["Tell me many things"]
        assert assistant.running == 0
        ask(tab, "Then alpha")
        assert "Alpha is first." in answered(tab, "Then alpha").text_content()
        assert assistant.asked[-1][1] == ()  # what was stopped is no answer


def test_closing_the_tab_stops_the_model(watched: Watched, tmp_path: Path) -> None:
    assistant = scripted(wait_s=0.15)
    with serve(assistant, tmp_path) as url:
        tab = watched.open(url)
        ask(tab, "Tell me many things")
        tab.wait_for_selector(".live .sentence")
        tab.close()
        deadline = time.monotonic() + 6
        while not assistant.closed and time.monotonic() < deadline:
            time.sleep(0.1)
        assert assistant.closed == ["Tell me many things"]


def test_closing_the_tab_stops_the_model_before_it_has_said_anything(
    watched: Watched, tmp_path: Path
) -> None:
    silent = threading.Event()
    assistant = scripted(gate=silent)
    with serve(assistant, tmp_path) as url:
        tab = watched.open(url)
        ask(tab, "Only alpha")
        tab.get_by_text(words.reading(len(assistant.library.hits()))).wait_for()
        tab.close()
        deadline = time.monotonic() + 8
        while not assistant.stopped and time.monotonic() < deadline:
            time.sleep(0.1)
        assert assistant.stopped == ["Only alpha"]


def test_two_tabs_at_once_each_get_their_own_answer(watched: Watched, tmp_path: Path) -> None:
    gate = threading.Event()
    assistant = scripted(gate=gate)
    with serve(assistant, tmp_path) as url:
        tabs = {"alpha": watched.open(url), "beta": watched.open(url)}
        for topic, tab in tabs.items():
            ask(tab, f"Only {topic}")
        for tab in tabs.values():  # both see what was found, while both answers are still to come
            tab.get_by_text(words.reading(len(assistant.library.hits()))).wait_for()
        gate.set()
        for topic, tab in tabs.items():
            said = answered(tab, f"Only {topic}").locator(".answer").text_content()
            assert said.startswith(topic.title())
            assert tab.locator(".turn").count() == 1
        assert assistant.most == 2


HOSTILE = (
    "<script>window.hacked=1</script><img src=x onerror=window.hacked=1>"
    "[link](javascript:window.hacked=1) <a href='javascript:window.hacked=1'>a</a> "
    "**bold** ${window.hacked=1} {{constructor}} `${window.hacked=1}` </mark></details> "
    "&lt;b&gt; \u202egnorts\u202c <iframe src=//example.com></iframe> ![i](http://example.com/i.png)"
    " <svg onload=window.hacked=1><animate onbegin=window.hacked=1></svg> <base href=//a.com> "
    "<style>*{display:none}</style> <meta http-equiv=refresh content=0;url=//example.com> "
    "zero\u200bwidth\u2060\ufeff \u2066isolated\u2069 <object data=//example.com></object> "
    "<details open ontoggle=window.hacked=1> <form action=//example.com><button>Go</button></form>"
)


def test_hostile_text_is_text_everywhere(watched: Watched, tmp_path: Path) -> None:
    name = "<img src=x onerror=window.hacked=1> ${window.hacked=1} [a](javascript:1).txt"
    document = f"Before {HOSTILE}\n\nquoted {HOSTILE} end\n"
    quote = f"quoted {HOSTILE} end"
    assistant = FakeAssistant(FakeLibrary({name: document}))
    assistant.script = {
        "": (
            sentence(HOSTILE, cite(name, document, quote)),
            sentence(HOSTILE, verdict=Verdict.OFF_TOPIC),
        )
    }
    with serve(assistant, tmp_path / "uploads") as url:
        tab = watched.open(url)
        ask(tab, HOSTILE)
        tab.wait_for_selector("#current .turn:not(.live)")
        assert tab.locator("#current .question").text_content() == HOSTILE
        assert tab.locator(".answer .sentence").text_content() == HOSTILE + "1"
        tab.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
        tab.locator(".answer .cite").hover()
        tab.locator("#tip q").wait_for()
        hint = tab.locator("#tip q").text_content().removesuffix(" …")
        assert len(hint) > 300
        assert quote.startswith(hint)
        tab.locator(".answer .cite").click()
        tab.wait_for_selector("#source mark")
        assert tab.locator("#source mark").text_content() == quote
        assert tab.locator("#source h2").text_content() == name
        assert name in tab.locator("#current .hit").first.text_content()

        upload = tmp_path / "<img src=x onerror=window.hacked=1> ${window.hacked=1}.txt"
        upload.write_text(HOSTILE)
        tab.locator(".size").click()
        tab.locator("#upload input[type=file]").set_input_files(upload)
        tab.locator(".report").wait_for()
        assert tab.locator(".report bdi").text_content() == upload.name

        found = tab.evaluate(
            "() => [window.hacked, document.querySelectorAll("
            "'.turn :is(script,img,a,iframe,strong,b), .source :is(script,img,a,iframe,b),"
            " .report :is(img,script), .documents :is(img,script), #tip :is(img,script,a),"
            " #desk :is(object,base,style,meta,form,animate,iframe)').length]"
        )
        assert found == [None, 0]


def test_forged_clicks_open_nothing(watched: Watched, tmp_path: Path) -> None:
    with serve(scripted(), tmp_path) as url:
        tab = watched.open(url)
        ask(tab, "Only alpha")
        turn = answered(tab, "Only alpha")
        for kind, index, number in (
            ("citation", "0", "2"),
            ("citation", "9", "1"),
            ("citation", "0", "-1"),
            ("citation", "-1", "1"),
            ("citation", "0", "1e999"),
            ("passage", "0", "0"),
            ("../../etc/passwd", "0", "1"),
        ):
            turn.locator(".cite").evaluate(
                "(pill, forged) => { [pill.dataset.opens, pill.dataset.turn,"
                " pill.dataset.number] = forged; pill.click(); }",
                [kind, index, number],
            )
        tab.wait_for_timeout(600)
        assert tab.locator(".source").count() == 0


def test_uploading_keeps_the_names_and_reports_every_file(watched: Watched, tmp_path: Path) -> None:
    assistant = FakeAssistant(FakeLibrary(delay_s=0.5))
    files = {"Übersicht 2024 (final) #2.txt": "Eins.", "notes.md": "Two.", "empty.txt": ""}
    (tmp_path / "mine").mkdir()
    for file, content in files.items():
        (tmp_path / "mine" / file).write_text(content, encoding="utf-8")
    with serve(assistant, tmp_path / "uploads") as url:
        tab = watched.open(url)
        tab.get_by_text(words.WELCOME_EMPTY).wait_for()
        given = [tmp_path / "mine" / file for file in files]
        tab.get_by_role("button", name=words.ADD).click()
        tab.locator("#upload input[type=file]").set_input_files(given)
        tab.locator("#report .progress-level").wait_for()
        seen = tab.locator("#report").text_content()
        assert any(file in seen for file in files)
        tab.locator(".report").wait_for()
        lines = tab.locator(".report li").all_text_contents()
        assert [line.split()[0] for line in lines] == ["Übersicht", "notes.md", "empty.txt"]
        assert lines[2].endswith("the file is empty")
        tab.locator(".documents li", has_text="notes.md").wait_for()
        assert tab.locator(".size").text_content() == "2 documents"
        kept = {file.name for file in (tmp_path / "uploads").iterdir()}
        assert kept == set(files) - {"empty.txt"}  # what was refused is not kept

        tab.locator("#upload input[type=file]").set_input_files(
            given[1]
        )  # the field is ready again
        tab.locator(".report .unchanged").wait_for()


def test_the_server_answers_its_own_page_only(tmp_path: Path) -> None:
    def get(url: str, **headers: str) -> tuple[int, str, str]:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310
                policy = answer.headers["Content-Security-Policy"]
                return answer.status, policy, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, "", ""

    with serve(scripted(), tmp_path) as url:
        status, policy, page = get(url)
        assert status == 200
        assert "connect-src 'self'" in policy
        assert "fonts.g" not in page
        assert get(url, Host="evil.example")[0] == 403
        assert get(url, Origin="http://evil.example")[0] == 403
        assert get(url + "gradio_api/file=/etc/passwd")[0] == 403
        # What a browser would load of its own accord comes from here.
        loaded = re.findall(r"<(?:script|link)[^>]+(?:src|href)=\"?(https?://[^\" >]+)", page)
        assert loaded == []
        assert re.findall(r"(?:@import|url\()[\s\"']*(https?:)", page) == []


def test_nothing_is_wider_than_the_page(watched: Watched, tmp_path: Path) -> None:
    with serve(scripted(), tmp_path) as url:
        tab = watched.open(url)
        ask(tab, "What does it cost?")
        turn = answered(tab, "What does it cost?")
        turn.locator(".cite").first.click()
        tab.wait_for_selector("mark")
        for width in (1280, 900, 375):
            tab.set_viewport_size({"width": width, "height": 812})
            tab.wait_for_timeout(400)  # the sheet comes up
            wide = tab.evaluate(
                "() => [...document.querySelectorAll('#desk *, #masthead *')].filter(one =>"
                " one.getBoundingClientRect().right > innerWidth + 1).map(one => one.className)"
            )
            assert wide == []
            box = tab.locator("mark.opened").bounding_box()
            assert 0 <= box["y"] < 812 - box["height"]
        tab.get_by_role("button", name=words.SOURCE_CLOSE).click()
        tab.locator("mark.opened").wait_for(state="hidden")
        turn.locator(".cite").first.click()  # the same one opens again
        tab.locator("mark.opened").wait_for(state="visible")
