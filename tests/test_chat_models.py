"""The whole product: real documents, real models, a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from index import Library
from index.errors import WeightsError
from rag import Assistant
from tests.browser import Watched, browser, serve, watched

__all__ = ["browser", "watched"]  # fixtures

pytestmark = [pytest.mark.browser, pytest.mark.models, pytest.mark.timeout(600)]

SAMPLES = Path(__file__).parent / "documents"
QUESTION = "What rent does the Cooperative pay for the waiting hall?"
QUOTE = "For the waiting hall it pays a rent of EUR 1,850 a month."


def test_ask_click_a_citation_and_read_the_marked_words(
    watched: Watched, tmp_path: Path, real_encoder
) -> None:
    with Library.open(tmp_path / "library", encoder=real_encoder) as library:
        assert not library.add([SAMPLES]).failed
        assistant = Assistant(library)
        try:
            assistant.warm_up()
        except WeightsError as error:
            pytest.skip(str(error))
        with serve(assistant, tmp_path / "uploads") as url:
            tab = watched.open(url)
            tab.locator("#question textarea").fill(QUESTION)
            tab.locator("#question textarea").press("Enter")
            tab.locator("#current .turn:not(.live) .answer").wait_for(timeout=300_000)
            assert "1,850" in (tab.locator("#current .answer").text_content() or "")
            tab.get_by_role("button", name="Citation 1: harbour-agreement.txt").first.click()
            tab.wait_for_selector("mark")
            assert QUOTE in " ".join((tab.locator("mark").first.text_content() or "").split())
            assert tab.locator("#page").get_by_text("harbour-agreement.txt").count()
