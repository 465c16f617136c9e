"""Make the samples of e-mail, archives and web pages: `python -m tests.make_letters`.

The same bytes every time. They are papers of the garden of `tests.make_formats`.
"""

from __future__ import annotations

from email.message import EmailMessage
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from tests.make_formats import HERE

FROST = """Dear Petroc,

the frost of 19 April reached minus 4 degrees at the bog garden. Of 63 tree ferns, 11 lost their
crowns. I have attached the list of losses, and what I propose.

Morwenna
"""
LOSSES = "Bed,Lost,Cost in pounds\nBog garden,11,1320\nTerrace,4,96\n"
PROPOSAL = """# Against the next frost

## Fleece

Two rolls of fleece cost 58 pounds each and cover the whole terrace.
"""
LETTERS = [
    ("Gate money for April", "The north gate took 2,912 pounds in April.\nFrom May on it"
     " opens at 9."),
    ("Re: Gate money for April", "> The north gate took 2,912 pounds in April.\n\nThat is 214 more"
     " than last year."),
    ("Lost umbrella", "A green umbrella was left in the palm house on Sunday."),
]  # fmt: skip
PAPERS = {
    "papers/2023/rainfall.csv": "Month,Millimetres\nJune,31\nJuly,84\n",
    "papers/2024/orchids.md": "# Orchids\n\n## The cold house\n\nIt is kept at 11 degrees.\n",
    "papers/keys.txt": "The key of the seed store hangs behind the clock.\n",
    "__MACOSX/papers/._keys.txt": "not a paper",
    "papers/.draft.txt": "not a paper either",
}
VISIT = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Your visit | Aldermoor</title></head><body>
<a class="skip-link" href="#content">Skip to main content</a>
<header><p>Aldermoor Botanic Garden, established 1911</p>
<nav><a href="/">Home</a> <a href="/shop">Shop</a></nav></header>
<div class="cookie-banner"><p>We use cookies. <button>Accept</button></p></div>
<aside><p>Join our newsletter of seeds.</p></aside>
<main id="content"><header><h1>Your visit</h1></header>
<h2>Getting here</h2><p>Bus 14 stops at the lower gate every 40 minutes.</p>
<h2>Prices</h2>
<table><tr><th>Who</th><th>Pounds</th></tr><tr><td>Adults</td><td>9</td></tr></table>
<aside><p>Dogs wait at the gate.</p></aside>
<div class="share-buttons">Share this: <a href="/s">Post</a> <a href="/m">Mail</a></div></main>
<footer><p>Registered charity 1047.</p></footer>
</body></html>
"""


def main() -> None:
    """Write them all."""
    (HERE / "frost.eml").write_bytes(letter())
    (HERE / "letters.mbox").write_bytes(mailbox())
    (HERE / "papers.zip").write_bytes(archive())
    (HERE / "visit.html").write_text(VISIT, encoding="utf-8", newline="")


def message(subject: str, text: str, day: int = 22) -> EmailMessage:
    """An e-mail without attachments."""
    made = EmailMessage()
    made["From"] = "Morwenna Tregear <morwenna@aldermoor.example>"
    made["To"] = "Petroc Hale <petroc@aldermoor.example>"
    made["Date"] = f"Mon, {day} Apr 2024 09:15:00 +0100"
    made["Subject"] = subject
    made.set_content(text)
    return made


def letter() -> bytes:
    """An e-mail with two attachments."""
    made = message("Frost in the bog garden", FROST)
    made.add_attachment(LOSSES.encode(), "text", "csv", filename="losses.csv")
    made.add_attachment(PROPOSAL.encode(), "text", "markdown", filename="proposal.md")
    made.set_boundary("=aldermoor=")
    return bytes(made)


def mailbox() -> bytes:
    """A mailbox of three messages, one with a line that looks like the start of another."""
    return b"".join(
        f"From morwenna@aldermoor.example Mon Apr {22 + day} 09:15:00 2024\n".encode()
        + bytes(message(subject, text, 22 + day)).replace(b"\nFrom May", b"\n>From May")
        + b"\n"
        for day, (subject, text) in enumerate(LETTERS)
    )


def archive() -> bytes:
    """An archive with folders, and with what a Mac adds."""
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as made:
        for name, text in PAPERS.items():
            made.writestr(ZipInfo(name), text, ZIP_DEFLATED)
    return file.getvalue()


if __name__ == "__main__":
    main()
