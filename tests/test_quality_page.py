"""The quality page: every number once, nothing of a report as markup, readable on a phone."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from rag.evaluate.page.shell import CSS
from tests.benchmarks.page import page
from tests.browser import PHONE, browser
from tests.test_report_page import HOSTILE, Shape, hostile

__all__ = ["browser"]  # a fixture


def metric(name: str, value: float | None, **changes: Any) -> dict[str, Any]:
    low, high = (None, None) if value is None else (value * 0.9, value * 1.05)
    return {"name": name, "value": value, "n": 30, "low": low, "high": high,
            "previous": None, "published": None} | changes  # fmt: skip


def one_set(name: str, *metrics: dict[str, Any], **changes: Any) -> dict[str, Any]:
    about = f"{name.title()}: is it right?\n\nRows are\nall `{name}` rows.\n\nMore of it."
    return {"name": name, "about": about, "current": True, "missing": None, "failed": None,
            "version": "v", "measured": "2026-11-22T05:20:27+00:00", "seconds": 309.1,
            "metrics": list(metrics)} | changes  # fmt: skip


def before(value: float) -> dict[str, Any]:
    return {"previous": {"name": "m", "value": value}}


SETS = [
    one_set("scifact", metric("ndcg@10", 0.736, published="BM25 .679", **before(0.74)),
            metric("same", 0.5, **before(0.5)), metric("length", 112.84, **before(101.0)),
            metric("none", None)),
    one_set("wice", metric("auroc", 0.5875), current=False, failed="ValueError: it breaks"),
    one_set("rgb", missing="there is no data/rgb", measured=None, seconds=None),
    one_set("xquad", measured=None, seconds=None, about="Nothing but a line."),
]  # fmt: skip
PEERS = {
    "cases": {"file": "cases.csv", "n": 92}, "code": "cd34", "current": False,
    "systems": [
        {"name": "pincite", "about": "this",
         "metrics": [metric("pin_f1", 0.5), metric("right", 0.75), metric("total_s_median", 9.2)]},
        {"name": "another", "about": "its defaults, another==1.0",
         "metrics": [metric("right", 0.25), metric("pin_f1", None)]},
    ],
    "against": {"another": ["right  +0.500  p 0.001", "pin_f1 +0.1"]},
}  # fmt: skip


def report(**changes: Any) -> dict[str, Any]:
    return {"schema": 1, "created": "2026-11-22T05:47:42+00:00", "code": "ab12", "subset": "small",
            "seed": 20, "resamples": 2000, "peers": copy.deepcopy(PEERS),
            "sets": copy.deepcopy(SETS)} | changes  # fmt: skip


def said(made: str) -> str:
    return Shape(made).text.replace("\u00a0", " ")


def part(made: str, key: str) -> str:
    start = made.index(f'<section id="{key}"')
    return said(made[start : made.index("</section>", start)])


def test_no_text_becomes_markup():
    mild = report()
    metrics = mild["peers"]["systems"][0]["metrics"]
    metrics[:2] = metrics[1::-1]  # already in the order in which the page would put them
    wild = hostile(mild)
    wild["peers"]["against"] = {HOSTILE: [HOSTILE]}
    mild["peers"]["against"] = {"another": ["a line"]}
    for given in (mild, wild):  # what is written as it stands, in both
        given["created"] = "some day"
        for found in given["sets"]:
            found["measured"], found["about"] = "some day", found["about"][:9] + ": a\n\nb `c`"
    plain, attacked = Shape(page(mild)), Shape(page(wild))
    assert attacked.tags == plain.tags
    assert attacked.text.count(HOSTILE) > 20
    assert "script" not in {tag for tag, *_ in plain.tags}
    assert all(value.startswith("#") for _, key, value in plain.attributes if key == "href")


def test_the_style_is_the_report_s():
    made = page(report())
    assert f"<style>{CSS}</style>" in made
    assert "default-src 'none'; style-src 'sha256-" in made


def test_the_overview_has_a_line_for_each_set():
    overview = part(page(report()), "overview")
    assert "Scifactndcg@10 · published: BM25 .6790.736" in overview
    assert "0.662–0.77330−0.004" in overview
    assert "Wiceauroc · failed · numbers of other code0.588" in overview
    assert "Rgbleft out–" in overview
    assert "xquadnot measured yet–" in overview
    assert "same" not in overview


def test_each_set_says_what_is_known_of_it():
    made = page(report())
    scifact = part(made, "set-scifact")
    assert "Rows are all scifact rows." in scifact
    assert "Measured on 22 November 2026, 05:20 UTC in 5 min 9 s." in scifact
    assert "0.5000.000" in scifact  # no change has no sign
    assert "113102–11830101+12" in scifact  # a length, not a share, is not plotted
    wice = part(made, "set-wice")
    assert "Failed: ValueError: it breaks" in wice
    assert "by other code than this" in wice
    assert "Left out: there is no data/rgb." in part(made, "set-rgb")
    assert "Not measured yet." in part(made, "set-xquad")
    unloaded = one_set("clapnq", about="", failed="ImportError: gone")
    assert part(page(report(sets=[unloaded])), "set-clapnq") == "clapnqFailed: ImportError: gone"


def test_other_systems_stand_beside():
    made = page(report())
    peers = part(made, "peers")
    assert "92 cases of cases.csv" in peers
    assert "of other code than this" in peers
    assert "anotherits defaults, another==1.0" in peers
    assert "Rightright0.7500.675–0.788 N 300.2500.225–0.263 N 30" in peers
    assert peers.index("Rightright") < peers.index("Exactness of place")
    assert "9.20 s8.28–9.66 s N 30–" in peers
    assert "Case by case against another" in peers
    assert "p 0.001\npin_f1" in peers
    for none in ({"peers": None}, {"peers": {}}):
        assert 'id="peers"' not in page(report(**none))
    without = report()
    del without["peers"]
    assert 'id="peers"' not in page(without)


@pytest.mark.browser
@pytest.mark.timeout(120)
@pytest.mark.parametrize("width", [1280, 800, 390])
def test_nothing_is_wider_than_the_page(browser: Any, tmp_path: Path, width: int):
    file = tmp_path / "quality.html"
    given = hostile(report())
    given["peers"]["systems"] *= 4
    file.write_text(page(given), encoding="utf-8")
    tab = browser.new_page(viewport={"width": width, "height": PHONE["height"]})
    tab.goto(file.as_uri())
    tab.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    assert tab.evaluate("window.hacked") is None
    assert tab.locator(".scroll").evaluate("(one) => one.scrollWidth > one.clientWidth")
    tab.close()
