"""Exported conversations say what was shown, and nothing that a document would have them say."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rag import export
from rag.conversations import Entry
from rag.records import Conflict, Verdict
from rag.turns import Phase, Turn
from tests.test_conversations import CITED, HELD, SAID, turn

ENTRY = Entry("abc", "The harbour", 0.0, 86_400.0, 1)
TALK = [turn("How deep is the harbour?"), turn("Who is mayor?", HELD, note="Nobody is.")]
RENDERED = MarkdownIt("commonmark").enable(["table", "strikethrough"])

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![pixel](https://evil.example/p.png)",
    "https://evil.example and www.evil.example and me@evil.example",
    "<https://evil.example>",
    "[^1-1]: a footnote of its own",
    "# Heading\n\n- list\n- list\n\n1. one\n> quote\n---\n===\n```\ncode\n```",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "*bold* _italic_ ~~gone~~ `code` &lt;b&gt; &#106; \\* $x^2$",
    "abc\u202etxt.exe\u2066hidden\u2069",
    '" onmouseover="alert(1)',
    "</q></li><h1>Fake</h1>",
]


def test_markdown_has_the_quotes_in_footnotes():
    assert export.markdown(ENTRY, TALK) == (
        "# The harbour\n\n"
        "*Kept by Pincite; last changed 1970-01-02T00:00:00+00:00, answered with a model*\n\n"
        "## How deep is the harbour?\n\n"
        "It is deep.[^1-1]\n\n"
        "[^1-1]: “harbour” — harbour.txt, page 3; characters 4–11; SHA-256 ab12\n\n"
        "## Who is mayor?\n\n"
        "Your documents do not say. Searched 1 documents, 2 passages.\n\n"
        "Nobody is.\n"
    )


def test_what_was_withheld_is_in_the_json_only():
    found = export.data(ENTRY, TALK)
    assert found["turns"][0]["answer"] == TALK[0].answer.to_dict()
    assert found["turns"][0]["sentences"][1]["verdict"] == "unsupported"
    json.dumps(found)
    for exported in (export.markdown(ENTRY, TALK), export.page(ENTRY, TALK)):
        assert HELD.text not in exported
    assert HELD.text not in export.plain(TALK[0])


def test_how_a_turn_ended_is_said():
    stopped = Turn("One?", Phase.STOPPED, sentences=(SAID,))
    failed = Turn("Two?", Phase.FAILED, error="the model failed")
    said = export.markdown(ENTRY, [stopped, failed])
    assert "It is deep.[^1-1]\n\n(Stopped here.)" in said
    assert "(Failed: the model failed)" in said
    assert [one["ended"] for one in export.data(ENTRY, [stopped, failed])["turns"]] == [
        "stopped",
        "failed",
    ]


def test_sources_that_differ_stand_below_the_answer():
    other = replace(CITED, document="b.txt", quote="shallow")
    one = turn("How deep?")
    one = replace(one, answer=replace(one.answer, conflicts=(Conflict((CITED, other)),)))
    said = export.markdown(ENTRY, [one])
    assert "different things:\n\n- “harbour”[^1-1]\n- “shallow”[^1-2]\n\n[^1-1]: " in said
    assert "<q>shallow</q><sup>" in export.page(ENTRY, [one])


def hostile(text: str) -> list[Turn]:
    cited = replace(CITED, document=text, quote=text, place=text)
    said = replace(SAID, text=text, citations=(cited,))
    return [turn(text, said), turn(text, HELD, note=text), Turn(text, Phase.FAILED, error=text)]


def tags(rendered: str) -> set[str]:
    return set(re.findall(r"</?([a-z0-9]+)", rendered))


def words(text: str) -> list[str]:
    return re.sub("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", text).split()


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_of_hostile_text_is_text(text):
    exported = export.markdown(replace(ENTRY, title=text), hostile(text))
    rendered = RENDERED.render(exported)
    assert tags(rendered) <= {"h1", "h2", "p", "em"}
    said = html.unescape(re.sub(r"<[^>]+>", "", rendered))
    assert " ".join(words(text)) in " ".join(said.split())
    assert "\u202e" not in exported
    assert not re.search(r"(?i)(https?|ftp):|www\.", exported)  # GitHub's links, which need no <>


@pytest.mark.parametrize("text", HOSTILE)
def test_html_of_hostile_text_is_text(text):
    exported = export.page(replace(ENTRY, title=text), hostile(text))
    ours = {"html", "head", "meta", "title", "style", "body", "header", "h1", "p", "main"}
    ours |= {"section", "h2", "sup", "a", "ol", "li", "q"}
    assert tags(exported) <= ours
    links = set(re.findall(r'<a href="([^"]*)"', exported))
    assert all(link.startswith("#") for link in links)
    assert "script-src" not in exported
    assert "default-src 'none'" in exported
    said = html.unescape(re.sub(r"<[^>]+>", " ", exported))
    assert " ".join(words(text)) in " ".join(said.split())


@given(st.text(max_size=40))
def test_any_text_is_a_line_of_markdown_that_says_it(text):
    rendered = RENDERED.render(export._start(export._md(f"x{text}")))
    assert tags(rendered) <= {"p"}
    said = html.unescape(re.sub(r"<[^>]+>", "", rendered))
    assert said.split() == words(export.escape.shown(f"x{text}"))


def test_an_abstention_is_no_fact():
    refused = turn("Who?", replace(HELD, verdict=Verdict.OFF_TOPIC))
    assert "do not say" in export.page(ENTRY, [refused])
