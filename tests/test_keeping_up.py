"""Keeping up with a folder: what is moved, copied, gone or changed in part, and what that costs."""

from __future__ import annotations

import os
import shutil
import time
import zipfile
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import Library, changes
from index.read.sandbox import Sandbox
from index.records import Box, Failure
from tests.fakes import LetterEncoder
from tests.test_layout import pdf
from tests.test_library import BAKERY, HARBOUR, names, write


@pytest.fixture
def papers(library, tmp_path) -> Path:
    """A folder with a.txt and b.txt, which are in the library."""
    folder = write(tmp_path / "papers", a__txt=HARBOUR, b__txt=BAKERY)
    library.add([folder])
    return folder


@pytest.fixture
def never_read(library, monkeypatch):
    """Let nothing be read or embedded from now on."""

    def never(*_):
        raise AssertionError("read, or embedded, again")

    def forbid():
        monkeypatch.setattr(Sandbox, "read", never)
        monkeypatch.setattr(LetterEncoder, "encode_passage", never)

    return forbid


# Moved and renamed


def test_a_renamed_file_keeps_its_passages(library, papers, never_read):
    (papers / "a.txt").rename(papers / "harbour.txt")
    never_read()
    report = library.add([papers])
    assert report.moved == (("a.txt", "harbour.txt"),)
    assert (report.added, report.updated, report.unchanged) == ((), (), ("b.txt",))
    assert names(library) == ["b.txt", "harbour.txt"]
    assert library.search("deep")[0].document == "harbour.txt"
    assert library.check() == []


def test_a_moved_folder_is_known_by_what_is_in_it(library, papers, tmp_path, never_read):
    shutil.move(papers, tmp_path / "elsewhere")
    never_read()
    report = library.add([tmp_path / "elsewhere"])
    assert report.moved == (("a.txt", "a.txt"), ("b.txt", "b.txt"))
    assert library.add([tmp_path / "elsewhere"]).unchanged == ("a.txt", "b.txt")


def test_a_file_moved_over_another_takes_its_place(library, papers, never_read):
    (papers / "a.txt").replace(papers / "b.txt")
    never_read()
    assert library.add([papers]).moved == (("a.txt", "b.txt"),)
    assert names(library) == ["b.txt"]
    assert library.text("b.txt") == HARBOUR
    assert library.check() == []


def test_files_that_change_places_are_not_embedded_again(library, papers):
    (papers / "a.txt").rename(papers / "c.txt")
    (papers / "b.txt").rename(papers / "a.txt")
    (papers / "c.txt").rename(papers / "b.txt")
    encoded = library.encoder.encoded
    library.add([papers])
    assert library.encoder.encoded == encoded
    assert library.text("b.txt") == HARBOUR
    assert library.check() == []


def test_a_chain_of_renamed_files_is_not_embedded_again(library, papers):
    (papers / "b.txt").rename(papers / "c.txt")
    (papers / "a.txt").rename(papers / "b.txt")
    encoded = library.encoder.encoded
    library.add([papers])
    assert library.encoder.encoded == encoded
    assert (names(library), library.text("b.txt")) == (["b.txt", "c.txt"], HARBOUR)
    assert library.check() == []


def test_a_renamed_archive_takes_its_files_along(library, tmp_path, never_read):
    folder = tmp_path / "papers"
    folder.mkdir()
    with zipfile.ZipFile(folder / "old.zip", "w") as archive:
        archive.writestr("a.txt", HARBOUR)
        archive.writestr("empty.txt", "")
    library.add([folder])
    (folder / "old.zip").rename(folder / "new.zip")
    never_read()
    report = library.add([folder])
    assert report.moved == (("old.zip/a.txt", "new.zip/a.txt"),)
    assert library.check() == []


def test_another_suffix_is_read_again_and_embedded_only_where_it_must(library, papers):
    (papers / "a.txt").rename(papers / "a.md")
    encoded = library.encoder.encoded
    assert library.add([papers]).added == ("a.md",)
    assert library.encoder.encoded == encoded


def test_the_name_that_a_file_had_is_no_longer_searched(library, papers):
    (papers / "a.txt").rename(papers / "zebra.txt")
    library.add([papers])
    (hit,) = [hit for hit in library.search("zebra") if hit.document == "zebra.txt"]
    assert hit.passage.above == "zebra"
    assert hit.lexical > 0


# Copies


def test_a_copy_is_a_document_but_stored_and_found_once(library, papers, never_read):
    shutil.copy(papers / "a.txt", papers / "c.txt")
    passages = library.count()[1]
    never_read()
    assert library.add([papers]).added == ("c.txt",)
    assert library.count() == (3, passages)
    (hit, *_) = library.search("deep harbour")
    assert (hit.document, hit.copies) == ("a.txt", ("c.txt",))
    assert library.text("c.txt") == HARBOUR
    assert [info.passages for info in library.documents()] == [1, 1, 1]
    assert library.check() == []


def test_copies_that_come_together_are_stored_once(library, tmp_path):
    folder = write(tmp_path / "papers", **{f"c{n}__txt": HARBOUR for n in range(9)})
    assert len(library.add([folder]).added) == 9
    assert library.count() == (9, 1)


def test_the_copy_that_is_asked_for_by_name_is_the_one_that_is_cited(library):
    library.add_texts((f"report-{year}.txt", "Profit was 4 million.") for year in range(1990, 2000))
    (hit,) = library.search("what was the profit in the report for 1997?")
    assert hit.document == "report-1997.txt"
    assert len(hit.copies) == 9


def test_of_copies_one_may_go_or_change(library, papers):
    shutil.copy(papers / "a.txt", papers / "c.txt")
    library.add([papers])
    library.remove("a.txt")
    assert library.search("deep harbour")[0].document == "c.txt"
    write(papers, c__txt="Something else.")
    report = library.add([papers])
    assert (report.added, report.updated) == (("a.txt",), ("c.txt",))
    assert library.text("a.txt") == HARBOUR
    assert library.check() == []


def test_the_purge_of_a_copy_leaves_nothing_of_its_name(library, papers):
    shutil.copy(papers / "a.txt", papers / "quicksilver.txt")
    library.add([papers])
    library.remove("quicksilver.txt", purge=True)
    data = b"".join(file.read_bytes() for file in library.path.rglob("*") if file.is_file())
    assert b"quicksilver" not in data
    assert library.text("a.txt") == HARBOUR


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz")), max_size=12))
def test_whatever_comes_and_goes_the_library_is_that_of_the_last_texts(tmp_path, steps):
    texts = {"x": HARBOUR, "y": BAKERY, "z": ""}
    with Library.open(tmp_path / os.urandom(8).hex(), encoder=LetterEncoder()) as library:
        held: dict[str, str] = {}
        for name, text in steps:
            if texts[text]:
                library.add_texts([(name, texts[text])])
                held[name] = texts[text]
            elif held.pop(name, None):
                library.remove(name)
        assert {name: library.text(name) for name in names(library)} == held
        assert library.count() == (len(held), len({*held.values()}))
        assert library.check() == []


# Gone


def test_what_is_gone_stays_until_it_is_pruned(library, papers):
    (papers / "a.txt").unlink()
    assert library.add([papers]).removed == ()
    assert names(library) == ["a.txt", "b.txt"]
    report = library.add([papers], prune=True)
    assert (report.removed, report.unchanged) == (("a.txt",), ("b.txt",))
    assert names(library) == ["b.txt"]


def test_a_folder_that_is_away_is_not_pruned(library, papers, tmp_path):
    other = write(tmp_path / "other", c__txt="Other.")
    library.add([other])
    library.add_texts([("text", "A text has no file.")])
    papers.rename(tmp_path / "away")
    report = library.add([papers, other], prune=True)
    assert report.removed == ()
    assert [failure.name for failure in report.failed] == [str(papers)]
    assert names(library) == ["a.txt", "b.txt", "c.txt", "text"]


def test_an_empty_folder_takes_nothing_with_it(library, papers):
    for file in papers.iterdir():
        file.unlink()  # so a disk looks that is not mounted
    assert library.add([papers, "x" * 300], prune=True).removed == ()
    assert names(library) == ["a.txt", "b.txt"]


def test_pruning_one_folder_leaves_those_beside_it(library, papers, tmp_path):
    beside = write(tmp_path / "papers2", d__txt="Beside.")
    library.add([beside])
    write(beside, e__txt="Another.")
    (beside / "d.txt").unlink()
    assert library.add([papers], prune=True).removed == ()
    assert library.add([beside], prune=True).removed == ("d.txt",)


# Changed in part


def test_of_a_changed_file_only_what_is_new_is_embedded(library, tmp_path):
    paragraphs = [f"{HARBOUR} {n}\n\n" * 12 for n in range(20)]
    folder = write(tmp_path / "papers", a__txt="".join(paragraphs))
    library.add([folder])
    encoded, passages = library.encoder.encoded, library.count()[1]
    write(folder, a__txt="".join([*paragraphs, BAKERY]))
    assert library.add([folder]).updated == ("a.txt",)
    assert 1 <= library.encoder.encoded - encoded <= 2 < passages
    assert library.check() == []


def test_failures_inside_of_an_unchanged_file_are_told_again(library, tmp_path, never_read):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", HARBOUR)
        archive.writestr("empty.txt", "")
    report = library.add([tmp_path / "a.zip"])
    assert report.failed == (Failure("a.zip/empty.txt", "is empty"),)
    never_read()
    assert library.add([tmp_path / "a.zip"]).failed == report.failed


def test_what_is_no_longer_in_its_file_is_told(library, tmp_path):
    for held in ({"a.txt": HARBOUR, "b.txt": BAKERY}, {"a.txt": HARBOUR}):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            for name, text in held.items():
                archive.writestr(name, text)
        report = library.add([tmp_path / "a.zip"])
    assert report.removed == ("a.zip/b.txt",)


def test_a_file_that_goes_while_it_is_noted_is_read(library, papers, monkeypatch):
    shutil.copy(papers / "a.txt", papers / "c.txt")
    like = changes.copy

    def gone(catalog, file, path, names):
        changes.forget(catalog, file.path)
        return like(catalog, file, path, names)

    monkeypatch.setattr(changes, "copy", gone)
    library.add([papers])
    assert library.check() == []


# Reading ahead


def test_one_file_is_read_while_another_is_embedded(library, tmp_path, monkeypatch):
    folder = write(tmp_path / "papers", **{f"{n}__txt": f"Text {n}." for n in range(3)})
    second_read, first_embedded = Event(), Event()
    read, encode = Sandbox.read, LetterEncoder.encode_passage

    def reading(self, path, name, **limits):
        if path.name == "1.txt":
            second_read.set()
        if path.name == "2.txt":
            assert first_embedded.wait(30)
        return read(self, path, name, **limits)

    def encoding(self, text, sentences):
        assert second_read.wait(30)
        first_embedded.set()
        return encode(self, text, sentences)

    monkeypatch.setattr(Sandbox, "read", reading)
    monkeypatch.setattr(LetterEncoder, "encode_passage", encoding)
    assert library.add([folder]).added == ("0.txt", "1.txt", "2.txt")


def test_no_more_is_read_ahead_than_a_few(library, tmp_path, monkeypatch):
    folder = write(tmp_path / "papers", **{f"{n:02}__txt": f"Text {n}." for n in range(60)})
    ahead: list[int] = []
    counted = {"read": 0}
    read, encode = Sandbox.read, LetterEncoder.encode_passage

    def reading(self, path, name, **limits):
        counted["read"] += 1
        return read(self, path, name, **limits)

    def encoding(self, text, sentences):
        time.sleep(0.002)  # the reader has time to run away
        ahead.append(counted["read"] - len(ahead))
        return encode(self, text, sentences)

    monkeypatch.setattr(Sandbox, "read", reading)
    monkeypatch.setattr(LetterEncoder, "encode_passage", encoding)
    library.add([folder])
    assert max(ahead) <= 8


# Places on the page


def test_the_words_of_a_page_have_boxes(library, tmp_path):
    (tmp_path / "a.pdf").write_bytes(pdf([(72, 700, "The harbour is deep.")], [(72, 700, "Two")]))
    library.add([tmp_path / "a.pdf"])
    text = library.text("a.pdf")
    start = text.index("harbour")
    (box,) = library.boxes("a.pdf", start, start + len("harbour"))
    assert isinstance(box, Box)
    assert (text[box.start : box.end], box.page) == ("harbour", 1)
    assert 72 < box.left < box.right < 300
    assert 0 < box.top < box.bottom < 792
    (second,) = library.boxes("a.pdf", text.index("Two"), len(text))
    assert second.page == 2


def test_a_text_has_no_boxes(library):
    library.add_texts([("text", HARBOUR)])
    assert library.boxes("text", 0, 10) == []
