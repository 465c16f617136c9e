"""The report as a page: exact, closed to what is hostile, and usable in a real browser."""

from __future__ import annotations

import base64
import copy
import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from rag.evaluate.page.frame import JS, page
from rag.evaluate.page.markup import duration, interval, moment, number, title, words
from rag.evaluate.page.shell import CSS
from tests.browser import PHONE, Watched, browser

__all__ = ["browser"]  # a fixture

HOSTILE = (
    "</script></style><script>window.hacked=1</script><img src=x onerror=window.hacked=1>"
    "<a href='javascript:window.hacked=1'>a</a> \"onmouseover=window.hacked=1 x=\" ' </mark>"
    "</details></title></select>--><iframe src=//example.com></iframe>\u202egnorts &lt;b&gt;"
    " https://example.com/" + "verylong" * 40
)
TEXT = "Signed in Oslo. The rent is EUR 1,850 a month. It runs until 2031. Ends here, it does."


def cite(quote: str, document: str = "lease.txt", **changes: Any) -> dict[str, Any]:
    start = TEXT.index(quote)
    span = {"document": document, "sha256": "ab", "start": start, "end": start + len(quote)}
    return span | {"quote": quote, "page": None, "place": ""} | changes


def around(span: dict[str, Any]) -> dict[str, str]:
    before, after = TEXT[: span["start"]], TEXT[span["end"] :]
    return {"before": before[-40:], "after": after[:40]}


def sentence(text: str, *citations: dict[str, Any], verdict: str = "supported") -> dict[str, Any]:
    return {"text": text, "support": 0.91, "relevance": 0.42, "verdict": verdict,
            "citations": list(citations)}  # fmt: skip


def case(id_: str, *sentences: dict[str, Any], **changes: Any) -> dict[str, Any]:
    shown = [one["text"] for one in sentences if one["verdict"] == "supported"]
    quotes = [
        [
            {**around(c), "found": TEXT[c["start"] : c["end"]], "gold": True}
            for c in one["citations"]
        ]
        for one in sentences
    ]
    gold = cite("EUR 1,850 a month")
    return {
        "id": id_, "kind": "fact", "question": f"What is asked in {id_}?", "history": [],
        "answers": [["1,850", "1850"]], "scores": {"right": (1, 1), "citation_validity": (1, 1)},
        "evidence": [gold | around(gold) | {"retrieved": True, "hit": True}],
        "answer": {"question": "", "standalone_question": f"What is asked in {id_}?",
                   "abstained": not shown, "answer": " ".join(shown), "note": None,
                   "sentences": list(sentences),
                   "passages": [{"document": "lease.txt", "start": 12, "end": 66}],
                   "searched": {"documents": 1, "passages": 1204}, "model": "",
                   "timings": {"evidence_s": 0.1, "first_sentence_s": None, "total_s": 2.5}},
        "quotes": quotes, "right": True, "passed": True, "failures": [],
    } | changes  # fmt: skip


def metric(value: float | None, n: int = 3, unit: str = "share", **changes: Any) -> dict[str, Any]:
    low, high = (None, None) if value is None else (value / 2, value)
    return {"value": value, "n": n, "low": low, "high": high, "better": "higher", "unit": unit,
            "about": "what it is"} | changes  # fmt: skip


RENT, TERM = cite("The rent is EUR 1,850 a month."), cite("It runs until 2031.")
ENDS = cite("Ends here, it does.")
CASES = [
    case("s01", sentence("It is EUR 1,850.", RENT),
         sentence("It is cheap.", TERM, verdict="unsupported")),
    case("s02", answers=None, evidence=[], kind="unanswerable",
         history=[{"question": "Who signed?", "answer": "Ann."}]),
    case("s03", sentence("It ends in 2031.", TERM), right=False, passed=False, kind="number",
         failures=["wrong claim shown", "gold not cited"], question="Where is Fiskartorget?"),
    case("s/4 <b>", right=False, passed=False, failures=["refused"]),
    case("s05", sentence("EUR 1,850.", RENT, TERM), failures=["cites beside gold"]),
]  # fmt: skip


def report(*cases: dict[str, Any], **changes: Any) -> dict[str, Any]:
    metrics = {
        "right": metric(0.6, 5), "gold_f1": metric(0.9996), "false_abstain": metric(0.25, 4),
        "pin_f1": metric(None, 0), "alce_recall": metric(0.9), "unheard_of": metric(0.1),
        "total_s_median": metric(2.5, 4, "s"),
    }  # fmt: skip
    kinds = {"fact": {"cases": 2, "metrics": {"right": metric(0.5, 2), "pin_f1": metric(None, 0)}}}
    return {
        "schema": 3, "pincite": "0.1.0", "code": "ab12", "harness": "ab34",
        "created": "2026-11-22T03:30:00Z",
        "seed": 20, "resamples": 2000, "model": "a model", "embedding_model": "an embedder",
        "judge": "a judge", "promise": "none", "settings": {"hits": 8, "unsupported_at_most": 0.1},
        "library": {"documents": [{"name": "lease.txt", "sha256": "cd"}], "passages": 1204},
        "cases_file": {"name": "cases.jsonl", "sha256": "ef"}, "metrics": metrics,
        "by_kind": kinds, "cases": copy.deepcopy(list(cases or CASES)),
    } | changes  # fmt: skip


class Shape(HTMLParser):
    """The tags of a page with the names of their attributes, its text, and all attributes."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, ...]] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, *(key for key, _ in attrs)))
        self.attributes += [(tag, key, value or "") for key, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile(found: Any) -> Any:
    """The same report, every text of it hostile; the judge's verdicts are our own words."""
    if isinstance(found, dict):
        return {
            key: value if key in ("verdict", "unit", "better") else hostile(value)
            for key, value in found.items()
        }
    if isinstance(found, list):
        return [hostile(one) for one in found]
    return found[:3] + HOSTILE if isinstance(found, str) and found else found


def test_no_text_becomes_markup():
    mild = report()
    wild = hostile(mild) | {"by_kind": {"fac" + HOSTILE: mild["by_kind"]["fact"]}}
    # Quotes that no more equal what is found are warned of, in both.
    for one in (*mild["cases"], *wild["cases"]):
        for item in (item for of_sentence in one["quotes"] for item in of_sentence):
            item["found"] = "\x00changed \ud800"
    mild["created"] = "some day"
    plain, attacked = Shape(page(mild)), Shape(page(wild))
    assert attacked.tags == plain.tags
    assert attacked.text.count(HOSTILE) > 60
    page(wild).encode()  # no lone surrogate is left


@pytest.mark.parametrize("given", [report(), hostile(report())], ids=["mild", "hostile"])
def test_nothing_is_asked_of_the_network(given: dict[str, Any]):
    shape = Shape(page(given))
    assert {value for _, key, value in shape.attributes if key == "http-equiv"} == {
        "Content-Security-Policy"
    }
    for tag, key, value in shape.attributes:
        assert key not in ("src", "srcset", "action", "data", "style", "poster", "background")
        assert not key.startswith("on")
        assert not key.endswith("href") or value.startswith("#"), (tag, key, value)
    assert not {tag for tag, *_ in shape.tags} & {"link", "base", "iframe", "img", "object"}
    for source in (CSS, JS):
        assert not re.search(r"@import|url\(|//\w|https?:|</|<!--|innerHTML|\bfetch\b", source)


def test_the_policy_runs_our_two_parts_only():
    made = page(report())
    policy = re.search(r'Policy" content="([^"]+)"', made)
    assert policy is not None
    assert policy[1].startswith("default-src 'none';")
    assert "unsafe" not in policy[1]
    for tag in ("style", "script"):
        (part,) = re.findall(f"<{tag}>(.*?)</{tag}>", made, re.S)
        digest = base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]


def test_every_case_is_on_the_page_and_only_failures_are_open():
    shape = Shape(page(report()))
    for one in CASES:
        assert one["id"] in shape.text
        assert one["question"] in shape.text
    ids = [value for tag, key, value in shape.attributes if (tag, key) == ("article", "id")]
    assert ids == ["case-s01", "case-s02", "case-s03", "case-s%2F4%20%3Cb%3E", "case-s05"]
    shut, opened = ("details",), ("details", "open")
    folds = [tag for tag in shape.tags if tag in (shut, opened)]
    assert folds == [shut, shut, opened, opened, shut]
    states = [value for _, key, value in shape.attributes if key == "data-state"]
    assert states == ["passed", "passed", "failed", "failed", "remarks"]


def test_faults_and_remarks_are_in_plain_words():
    made = page(report())
    found = re.findall(r'<li class="(fault|remark)">(.*?)</li>', made)
    assert found == [
        ("fault", "answer not accepted"),
        ("remark", "expected passage not cited"),
        ("fault", "refused"),
        ("remark", "cites other passages too"),
    ]
    options = re.findall(r'<option value="([^"]+)">\u2068(.*?)\u2069', made)
    assert ("wrong claim shown", "answer not accepted") in options  # machine names stay in links


def test_what_is_right_but_badly_cited_is_a_failure():
    badly = case("s", sentence("It is.", RENT), passed=False, failures=["bad citation"])
    said = Shape(page(report(badly, *CASES))).text
    assert "Right4 of 6" in said
    assert "3 of 6 cases passed, 1 of them with remarks" in said
    assert "right, but a citation is not valid or lacking 1" in said
    assert "or lacking" not in Shape(page(report())).text


def test_the_head_says_what_was_measured_and_what_came_out():
    said = Shape(page(report())).text
    head = said[: said.index("In numbers")].replace("\u00a0", " ")
    for words_there in ("5 questions from cases.jsonl, put to 1 document on"
                        " 22 November 2026, 03:30 UTC.",
                        "Pincite answered with the language model a model.", "Right3 of 560.0 %",
                        "Answers not accepted1 of 5",
                        "Citations valid (withheld sentences’ too)5 of 5",
                        "3 of 5 cases passed, 1 of them with remarks"):  # fmt: skip
        assert words_there in head
    rest = said[said.index("Provenance") :]
    for words_there in ("an embedder", "a judge", "ab12", "ab34"):
        assert words_there not in head
        assert words_there in rest


def test_the_plain_numbers_come_first_and_the_others_are_folded():
    made = page(report())
    first, folded = made[made.index('id="metrics"') :].split("More numbers, for comparison")
    said = Shape(first).text.replace("\u00a0", " ")
    assert "3 of 5" in said
    assert "Wrongly refused ↑of the questions that the documents do answer false_abstain" in said
    for key in ("gold_f1", "pin_f1", "alce_recall", "unheard_of"):
        assert f"<code>{key}</code>" not in first
        assert f"<code>{key}</code>" in folded
    assert "own judge, which also chooses what Pincite shows: a judge" in folded
    assert "Clopper and Pearson’s with as many trials as cases" in folded


def test_each_kind_says_what_became_of_its_cases():
    made = page(report())
    kinds = Shape(made[made.index('id="kinds"') : made.index('id="judge"')]).text
    assert "fact2 of 325.0–50.0" in kinds.replace("\u00a0", " ")
    assert "1 wrongly refused" in kinds
    assert "unanswerable1 of 1" in kinds
    assert "number0 of 11 not accepted" in kinds


def test_another_system_is_named_and_has_no_judge():
    unjudged = {"support": None, "relevance": None}
    one = case(
        "p1",
        sentence("It is EUR 1,850.", RENT) | unjudged,
        sentence("I do not know.", verdict="no_claim") | unjudged,
    )
    system = {"name": "another", "packages": ["another==1.0"]}
    times = {"evidence_s_median": metric(None, 0, "s"), "total_s_median": metric(2.5, 1, "s")}
    made = page(report(one, system=system, metrics=times))
    said = Shape(made).text
    assert "another’s answer" in said
    assert "Pincite’s answer" not in said
    assert "another==1.0" in said
    assert "Said, but no claim: 1 sentence" in said
    assert "Withheld" not in said
    for absent in ('id="judge"', "Verdicts in numbers", "evidence, median"):
        assert absent not in made
    mixed = case("p2", sentence("It is.", RENT) | unjudged, sentence("It was.", TERM))
    made = page(report(mixed))
    assert made.count("–</span></td>") >= 2
    assert made.count("<title>p2: ") == 2  # the one that has numbers, in both strips


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.905, "share", "90.5 %"),
        (1, "share", "100 %"),
        (1.0, "share", "100 %"),
        (0.9996, "share", "99.9 %"),  # a hard gate is not passed by rounding
        (0.0001, "share", "0.1 %"),
        (0, "share", "0 %"),
        (0.083, "s", "0.08 s"),
        (16.84, "s", "16.8 s"),
        (1234.5, "s", "1,234.5 s"),
        (2, None, "2.00"),
        (0.25, "score", "0.250"),
        (-0.0125, "score", "-0.013"),
        (112.84, "score", "113"),
    ],
)
def test_numbers(value: float, unit: str | None, shown: str):
    assert number(value, unit).replace("\u00a0", " ") == shown


def test_what_has_no_value_is_a_dash():
    assert "–" in number(None, "share")
    assert "–" in interval(metric(None))
    assert interval(metric(0.5)).replace("\u00a0", " ") == "25.0–50.0 %"
    assert words("first_sentence_s_p95") == "first sentence, 95 of 100 within"
    assert title("right") == "Right"
    assert title("unheard_of") == "unheard of"


def test_times_are_written_as_people_write_them():
    assert moment("2026-11-02T03:05:00+00:00").endswith(">2 November 2026, 03:05 UTC</time>")
    assert moment("2026-11-02T03:05:00").endswith(">2 November 2026, 03:05</time>")
    assert moment("<b>") == "<bdi>&lt;b&gt;</bdi>"
    seconds = (0.2, 9.4, 60, 309, 3_600, 3_725)
    assert list(map(duration, seconds)) == ["0 s", "9 s", "1 min", "5 min 9 s", "1 h", "1 h 2 min"]


def test_a_report_of_almost_nothing_is_a_page():
    empty = dict.fromkeys(("right", "total_s_median"), metric(None, 0))
    bare = case("s", answers=None, evidence=[], kind="", scores={})
    assert "By kind" not in page(report(bare, metrics=empty, by_kind={}, settings={}))


def test_a_quote_that_its_place_does_not_hold_is_warned_of():
    wrong = sentence("It is EUR 1,580.", RENT | {"quote": "The rent is EUR 1,580 a month."})
    said = Shape(page(report(case("s", wrong)))).text
    assert "does not say here what was quoted: The rent is EUR 1,580 a month." in said
    assert "… The rent" not in said  # all that stands before it is shown
    assert "Signed in Oslo. The rent is EUR 1,850 a month." in said


def test_a_quote_outside_of_what_was_retrieved_is_warned_of():
    warned = [
        "none of the passages that the search found" in Shape(page(report(one))).text
        for one in (case("s", sentence("It is.", RENT)), case("s", sentence("It does.", ENDS)))
    ]
    assert warned == [False, True]


@pytest.mark.parametrize(
    ("quote", "cut", "around_it"),
    [
        (TERM, {}, ("… Oslo. The rent is EUR 1,850 a month. ", " Ends here, it does.")),
        (RENT, {"cut_before": False, "cut_after": False},
         ("Signed in Oslo. ", " It runs until 2031. Ends here, it does.")),
        (cite("Signed in Oslo."), {}, ("", " The rent is EUR 1,850 a month. It runs")),
        (cite("Signed in Oslo."), {"cut_before": False, "cut_after": True},
         ("", " The rent is EUR 1,850 a month. It …")),
        (RENT, {"cut_before": True, "cut_after": False},
         ("… in Oslo. ", " It runs until 2031. Ends here, it does.")),
    ],
    ids=["as told by no flag", "whole", "at the start", "cut after", "cut before"],
)  # fmt: skip
def test_what_stands_around_a_quote(
    quote: dict[str, Any], cut: dict[str, bool], around_it: tuple[str, str]
):
    one = case("s", sentence("It is.", quote), evidence=[])
    one["quotes"][0][0] |= cut
    found = re.search(r'<blockquote dir="auto">(.*?)<mark.*?</mark>(.*?)</blockquote>',
                      page(report(one)), re.S)  # fmt: skip
    assert found is not None
    assert found.groups() == around_it


def test_one_of_the_alternatives_of_gold_is_enough():
    gold = CASES[0]["evidence"][0]
    missed = gold | {"hit": False}
    said = page(report(case("s", evidence=[missed, gold | {"alternative": True}, missed])))
    assert re.findall(r'tag (\w+)">(?:not )?cited', said) == ["spare", "good", "lacking"]
    assert said.count("or, the same said elsewhere") == 1


def luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_words_can_be_read_in_light_and_dark():
    for block in re.findall(r":root \{(.*?)\}", CSS, re.S):
        colour = dict(re.findall(r"--([\w-]+): (#\w{6});", block))
        if "ink" not in colour:
            continue
        over = {"ink": ("paper", "sheet", "mark"), "soft": ("paper", "sheet"),
                "accent": ("paper", "sheet", "tint"), "alarm": ("paper", "sheet", "alarm-tint"),
                "sheet": ("accent",)}  # fmt: skip
        for front, backs in over.items():
            for back in backs:
                pair = sorted((luminance(colour[front]), luminance(colour[back])))
                assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5, (front, back)


class Opened:
    """The page of a report in the browser, with what it asked for and complained of."""

    def __init__(self, chromium: Any, folder: Path) -> None:
        self.file = folder / "report.html"
        self.watched = Watched(chromium)
        self.chromium = chromium

    def open(self, given: dict[str, Any], anchor: str = "") -> Any:
        self.file.write_text(page(given), encoding="utf-8")
        tab = self.watched.context.new_page()
        tab.goto(self.file.as_uri() + anchor)
        return tab


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Opened]:
    found = Opened(browser, tmp_path)
    yield found
    found.watched.context.close()
    asked = {url.partition("#")[0] for url in found.watched.elsewhere}
    assert asked == {found.file.as_uri()}
    assert not found.watched.errors, found.watched.errors


def cases_shown(tab: Any) -> list[str]:
    shown = tab.locator(".case:visible").all()
    return [one.locator("summary .meta bdi").first.text_content() for one in shown]


@pytest.mark.browser
@pytest.mark.timeout(120)
class TestInTheBrowser:
    def test_filters_and_search(self, opened: Opened):
        tab = opened.open(report())
        count = tab.locator("#filters output")
        assert cases_shown(tab) == ["s01", "s02", "s03", "s/4 <b>", "s05"]
        tab.get_by_role("radio", name="With remarks 1").check()
        assert cases_shown(tab) == ["s05"]
        tab.get_by_role("radio", name="Failures 2").check()
        assert cases_shown(tab) == ["s03", "s/4 <b>"]
        assert count.text_content() == "2 of 5 cases"
        tab.get_by_label("Fault or remark", exact=True).select_option("gold not cited")
        assert cases_shown(tab) == ["s03"]
        assert tab.evaluate("location.hash") == "#show=failed&failure=gold+not+cited"
        tab.reload()
        assert cases_shown(tab) == ["s03"]
        tab.get_by_role("button", name="Reset").click()
        tab.get_by_text("5 of 5 cases").wait_for()  # the page counts once its form is empty
        assert tab.evaluate("location.hash") == ""
        tab.get_by_label("Kind", exact=True).select_option("unanswerable")
        assert cases_shown(tab) == ["s02"]
        tab.get_by_label("Kind", exact=True).select_option("")
        tab.locator("h1").click()
        tab.keyboard.press("/")
        tab.keyboard.type("FISKARTORGET ends")
        assert cases_shown(tab) == ["s03"]
        tab.keyboard.type(" nowhere")
        assert cases_shown(tab) == []
        assert tab.get_by_text("No case matches").is_visible()
        tab.goto(opened.file.as_uri() + "#kind=number&failure=unheard+of&show=unheard")
        assert cases_shown(tab) == ["s03"]

    def test_a_link_shows_its_case_and_a_pill_its_quote(self, opened: Opened):
        tab = opened.open(report(), "#case-s01")
        assert tab.locator("#case-s01 .answer").is_visible()
        tab.get_by_role("radio", name="Passes 2").check()
        assert cases_shown(tab) == ["s01", "s02"]
        tab.evaluate("location.hash = 'case-s%2F4%20%3Cb%3E'")
        tab.locator(".case .refusal:visible").first.wait_for()
        assert len(cases_shown(tab)) == 5
        withheld = tab.locator("#case-s01 .withheld")
        assert not withheld.locator("mark").is_visible()
        withheld.get_by_role("link", name="Citation 2").click()
        assert withheld.locator("mark").text_content() == "It runs until 2031."
        assert withheld.locator("mark").is_visible()
        assert tab.evaluate("document.activeElement.id") == "quote-2-s01"

    def test_what_is_withheld_does_not_stand_in_the_answer(self, opened: Opened):
        tab = opened.open(report())
        first = tab.locator("#case-s01")
        first.locator("> details > summary").click()
        assert first.locator(".answer").text_content() == "It is EUR 1,850.1"
        assert "It is cheap." in first.locator(".withheld").text_content()
        assert first.locator(".withheld .why").text_content() == "not supported"
        assert first.locator(".verdicts td").nth(2).is_hidden()
        first.get_by_text("Verdicts in numbers").click()
        assert first.locator(".verdicts td").nth(2).text_content() == "0.91"
        assert first.locator("mark").first.text_content() == RENT["quote"]

    def test_without_script_all_cases_show(self, browser: Any, tmp_path: Path):
        file = tmp_path / "report.html"
        file.write_text(page(report()), encoding="utf-8")
        context = browser.new_context(java_script_enabled=False)
        tab = context.new_page()
        tab.goto(file.as_uri())
        assert len(cases_shown(tab)) == 5
        assert not tab.locator("#filters").is_visible()
        context.close()

    def test_the_four_filters_stand_on_one_line_of_a_phone(self, opened: Opened):
        tab = opened.open(report())
        tab.set_viewport_size(PHONE)
        high = "(one) => one.getBoundingClientRect().height"
        labels = [one.evaluate(high) for one in tab.locator("#filters label").all()]
        assert len(labels) == 4
        assert max(labels) < 32

    @pytest.mark.parametrize("width", [1280, 390, 360])
    def test_nothing_is_wider_than_the_page_nor_runs(self, opened: Opened, width: int):
        tab = opened.open(hostile(report()))
        tab.set_viewport_size({"width": width, "height": PHONE["height"]})
        tab.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        wide = tab.evaluate(
            "() => [...document.querySelectorAll('body *:not(.quiet)')].filter((one) =>"
            " !one.closest('.scroll, svg, select') && one.getBoundingClientRect().right >"
            " innerWidth + 1).map((one) => one.outerHTML.slice(0, 80))"
        )
        assert wide == []
        assert tab.evaluate("document.documentElement.scrollWidth") == width
        assert tab.evaluate("window.hacked") is None
