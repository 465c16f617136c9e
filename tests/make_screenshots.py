"""Makes tests/screenshot*.png: the chat on the sample documents, with the embedded models.

make screenshots
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from index import Library
from rag import Assistant
from tests.browser import FLAGS, PHONE, chromium, serve

HERE = Path(__file__).parent
DESKTOP = {"width": 1440, "height": 900}
PASSENGERS = "How many passengers did the ferries carry in 2023?"
DIVIDEND = "What dividend does the board propose for 2023?"
RENT = "What rent does the Cooperative pay for the waiting hall?"


def ask(tab: Any, question: str) -> Any:
    """Ask, wait for the end of the answer, and return its turn."""
    tab.locator("#question textarea").fill(question)
    tab.keyboard.press("Enter")
    turn = tab.locator("#current .turn:not(.live)", has=tab.get_by_text(question, exact=True))
    turn.wait_for(timeout=300_000)
    return turn


def opened(tab: Any, turn: Any, document: str) -> None:
    """Open the first citation of a document, and wait until it no longer flashes."""
    turn.get_by_role("button", name=document).first.click()
    tab.locator("mark.opened.first").wait_for()
    tab.wait_for_timeout(2_000)


def main() -> None:
    """Take the pictures."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Library.open(Path(folder) / "library") as library,
        sync_playwright() as running,
    ):
        library.add([HERE / "documents" / "ferry"])
        assistant = Assistant(library)
        assistant.warm_up()
        browser = running.chromium.launch(executable_path=chromium(), args=FLAGS)
        with serve(assistant, Path(folder) / "uploads") as url:
            for name, size, scheme in (
                ("screenshot", DESKTOP, "light"),
                ("screenshot-dark", DESKTOP, "dark"),
                ("screenshot-phone", PHONE, "light"),
            ):
                tab = browser.new_page(viewport=size, color_scheme=scheme)
                tab.goto(url)
                tab.wait_for_selector(".welcome")
                if scheme == "dark":
                    opened(tab, ask(tab, RENT), "harbour-agreement.txt")
                    tab.mouse.move(0, 0)
                    tab.locator("#current .answer .cite").first.hover()
                    tab.get_by_role("tooltip").wait_for()
                else:
                    turn = ask(tab, PASSENGERS)
                    if size is PHONE:
                        tab.screenshot(path=HERE / f"{name}.png")
                        name += "-source"
                    opened(tab, turn, "annual-report-2023.pdf")
                tab.screenshot(path=HERE / f"{name}.png")
                tab.close()
        browser.close()


if __name__ == "__main__":
    main()
