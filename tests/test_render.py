"""Pages as people see them, with the words marked where they stand."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from index.errors import UnknownDocumentError, UnreadableError
from tests.test_layout import pdf

FORMATS = Path(__file__).parent / "documents" / "formats"


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def marked(png: bytes) -> np.ndarray:
    """Return where the pen was: bright, but with less blue than red."""
    found = pixels(png)
    return (found[..., 0] > 200) & (found[..., 0] - found[..., 2] > 60)


def test_a_word_is_marked_where_it_stands(library, tmp_path):
    (tmp_path / "a.pdf").write_bytes(pdf([(72, 700, "The harbour is deep.")], [(72, 700, "Two")]))
    library.add([tmp_path / "a.pdf"])
    start = library.text("a.pdf").index("harbour")
    boxes = library.boxes("a.pdf", start, start + len("harbour"))
    plain, drawn = library.page("a.pdf", 1), library.page("a.pdf", 1, boxes)
    assert not marked(plain).any()
    rows, columns = np.nonzero(marked(drawn))
    (box,) = boxes
    scale = pixels(drawn).shape[1] / 595.28  # the page's width in points
    assert columns.min() == pytest.approx(scale * box.left, abs=4)
    assert columns.max() == pytest.approx(scale * box.right, abs=4)
    assert rows.min() == pytest.approx(scale * box.top, abs=4)
    dark = pixels(plain).sum(axis=2) < 200
    inside = np.zeros_like(dark)
    inside[rows.min() : rows.max(), columns.min() : columns.max()] = True
    assert 0.2 < dark[inside].sum() / dark.sum() < 0.6  # the letters of that word
    assert not marked(library.page("a.pdf", 2, boxes)).any()


def test_a_lost_number_of_pages_is_found(library, tmp_path):
    (tmp_path / "a.pdf").write_bytes(pdf([(72, 700, "One.")], [(72, 700, "Two.")]))
    library.add([tmp_path / "a.pdf"])
    with library._using() as catalog, catalog.transaction():
        catalog.connection.execute("UPDATE contents SET pages = 1")
    (fault,) = library.check()
    assert str(fault) == "'a.pdf': it has fewer pages than its text"
    assert library.check(repair=True) == []
    assert library.documents()[0].pages == 2


def test_a_picture_says_how_large_its_page_is(library, tmp_path):
    (tmp_path / "a.pdf").write_bytes(pdf([(72, 700, "The harbour is deep.")]))
    library.add([tmp_path / "a.pdf", FORMATS / "sign.png"])
    with Image.open(FORMATS / "sign.png") as sign:
        sizes = {"a.pdf": (595.28, 841.89), "sign.png": sign.size}
    for name, (width, height) in sizes.items():
        drawn = Image.open(io.BytesIO(library.page(name, 1, width=700)))
        across, down = drawn.info["dpi"]
        assert drawn.width in (700, 701)
        assert 72 * drawn.width / across == pytest.approx(width, rel=0.002)
        assert 72 * drawn.height / down == pytest.approx(height, rel=0.004)


def test_a_scan_is_marked_too(library):
    scans = [file for file in FORMATS.iterdir() if file.suffix in (".png", ".jpg", ".tif")]
    assert scans
    for file in scans:
        library.add([file])
        text = library.text(file.name)
        word = max(text.split(), key=len)
        start = text.index(word)
        assert marked(library.page(file.name, 1, library.boxes(file.name, start, start + 1))).any()


def test_a_page_inside_of_an_archive_is_drawn(library, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("b/c.pdf", pdf([(72, 700, "The harbour is deep.")]))
        archive.writestr("d.txt", "A text.")
    library.add([tmp_path / "a.zip"])
    assert (pixels(library.page("a.zip/b/c.pdf", 1)).sum(axis=2) < 200).any()
    with pytest.raises(UnreadableError, match="has no pages that can be drawn"):
        library.page("a.zip/d.txt", 1)


def test_what_cannot_be_drawn_says_why(library, tmp_path):
    file = tmp_path / "a.pdf"
    file.write_bytes(pdf([(72, 700, "The harbour is deep.")]))
    library.add([file])
    library.add_texts([("text", "A text.")])
    for page in (0, 2, 10**9):
        with pytest.raises(UnreadableError, match=f"has 1 pages, and no page {page}"):
            library.page("a.pdf", page)
    with pytest.raises(UnreadableError, match="is a text that was given"):
        library.page("text", 1)
    with pytest.raises(UnknownDocumentError):
        library.page("other", 1)
    file.write_bytes(pdf([(72, 700, "The harbour is shallow.")]))
    with pytest.raises(UnreadableError, match="has changed since it was indexed"):
        library.page("a.pdf", 1)
    file.unlink()
    with pytest.raises(UnreadableError, match="does not exist"):
        library.page("a.pdf", 1)
