"""The library: what goes in comes out, whoever adds, in whatever order, whenever it is stopped."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from index import Library
from index.embed import quantise
from index.errors import LibraryError, UnknownDocumentError
from index.files import signature
from index.lexical import hash_of
from index.read.sandbox import Sandbox
from index.records import Failure, Place, Progress
from tests.fakes import LetterEncoder
from tests.test_layout import pdf

HARBOUR = "The harbour is deep. Ships lie there in winter."
BAKERY = "The bakery sells rye bread. It opens at six."
ROOT = Path(__file__).parents[1]

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def write(folder: Path, **files: str | bytes) -> Path:
    """Write files, named "stem__suffix", into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (folder / name.replace("__", ".")).write_bytes(data)
    return folder


def names(library: Library) -> list[str]:
    return [info.name for info in library.documents()]


def found(library: Library, question: str, k: int = 8) -> list[tuple[str, int, int, float]]:
    return [(h.document, h.start, h.end, h.score) for h in library.search(question, k)]


def run(script: str, *arguments: object) -> subprocess.Popen[bytes]:
    """Start Python with these lines; the library's folder comes first of the arguments."""
    head = "import sys\nfrom index import Library\nfrom tests.fakes import LetterEncoder\n"
    return subprocess.Popen(
        [sys.executable, "-c", head + script, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


# Names


def test_a_file_goes_by_its_base_name_and_files_of_a_folder_by_their_path_in_it(library, tmp_path):
    write(tmp_path / "papers/2024", a__txt=HARBOUR)
    write(tmp_path, b__txt=BAKERY)
    report = library.add([tmp_path / "papers", str(tmp_path / "b.txt")])
    assert report.added == ("2024/a.txt", "b.txt")
    assert library.text("2024/a.txt") == HARBOUR


def test_a_name_that_is_taken_gets_the_parent_folder_before_it(library, tmp_path):
    for folder in ("x", "y", "z/y"):
        write(tmp_path / folder, a__txt=f"Text of {folder}.")
    report = library.add([tmp_path / folder / "a.txt" for folder in ("x", "y", "z/y")])
    assert report.added == ("a.txt", "y/a.txt", "z/y/a.txt")
    assert library.text("z/y/a.txt") == "Text of z/y."
    assert library.add([tmp_path / "y"]).unchanged == ("y/a.txt",)  # it keeps its name


def test_one_file_is_one_document_by_whatever_path(library, tmp_path, monkeypatch):
    write(tmp_path / "papers", a__txt=HARBOUR)
    (tmp_path / "link").symlink_to("papers")
    monkeypatch.chdir(tmp_path / "papers")
    ways = ["a.txt", "./a.txt", "../papers/a.txt", "../link/a.txt", "."]
    reports = [library.add([way]) for way in ways]
    assert reports[0].added == ("a.txt",)
    assert all(report.unchanged == ("a.txt",) for report in reports[1:])
    assert library.add(ways).unchanged == ("a.txt",)


def test_hidden_files_and_the_library_itself_are_passed_over(tmp_path):
    write(tmp_path / "real", a__txt=HARBOUR, __hidden="x")
    (tmp_path / "real/.hidden").write_text("x")
    write(tmp_path / "real/.git", config="x")
    (tmp_path / "link").symlink_to("real")
    with Library.open(tmp_path / "link/library", encoder=LetterEncoder()) as library:
        before = signature([tmp_path / "link"], without=library.path)
        report = library.add([tmp_path / "link"])
        assert report.added[-1:] == ("a.txt",)
        assert not any("catalog" in f.name or ".git" in f.name for f in report.failed)
        assert signature([tmp_path / "link"], without=library.path) == before


@pytest.mark.parametrize("name", ['it\'s "new"\nand\told.txt', "über 船 🚢.txt", "~$lock.txt", "~"])
def test_any_name_may_be_given(library, tmp_path, monkeypatch, name):
    monkeypatch.setenv("HOME", str(tmp_path / "elsewhere"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(HARBOUR)
    assert library.add([tmp_path / name]).added == (name,)
    if name != "~":
        assert library.add([name]).unchanged == (name,)
    assert library.text(name) == HARBOUR
    library.remove(name)
    assert names(library) == []


def test_bytes_that_are_no_text_are_shown_in_a_name(library, tmp_path):
    for name in (b"\xff.txt", b"\xfe.txt"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text(HARBOUR)
    report = library.add([os.fsdecode(os.fsencode(tmp_path) + b"/\xff.txt"), tmp_path])
    assert set(report.added) == {r"\xff.txt", r"\xfe.txt"}
    assert library.add([tmp_path]).failed == ()


# Adding


def test_unchanged_files_are_neither_read_nor_embedded_again(library, tmp_path, monkeypatch):
    folder = write(tmp_path / "papers", a__txt=HARBOUR, b__txt=BAKERY)
    library.add([folder])
    encoded = library.encoder.encoded

    def never(*_):
        raise AssertionError("read again")

    monkeypatch.setattr(Sandbox, "read", never)
    assert library.add([folder]).unchanged == ("a.txt", "b.txt")
    assert library.encoder.encoded == encoded
    os.utime(folder / "a.txt", (1, 1))  # an older date is no other content
    assert library.add([folder]).unchanged == ("a.txt", "b.txt")


def test_a_file_that_changed_replaces_its_passages(library, tmp_path):
    folder = write(tmp_path / "papers", a__txt=HARBOUR, b__txt=BAKERY)
    library.add([folder])
    write(folder, a__txt="A quite different text.")
    report = library.add([folder])
    assert (report.updated, report.unchanged) == (("a.txt",), ("b.txt",))
    assert library.text("a.txt") == "A quite different text."
    assert {hit.text for hit in library.search("deep harbour")} == {
        "A quite different text.",
        BAKERY,
    }
    assert library.check() == []


def test_what_fails_says_why_and_the_others_go_in(library, tmp_path):
    folder = write(tmp_path / "papers", a__txt=HARBOUR, b__txt="", c__pdf="no PDF", d__bin=b"\0\1")
    (folder / "loop.txt").symlink_to("loop.txt")
    (folder / "around").symlink_to(".")
    (tmp_path / "empty").mkdir()
    wrong = ["/no/such/file", tmp_path / "empty", folder / "a.txt/b", "n\0l", "x" * 300, "\ud800"]
    report = library.add([*wrong, folder])
    assert report.added == ("a.txt",)
    reasons = {failure.name: failure.reason for failure in report.failed}
    assert reasons["/no/such/file"] == "there is no such file or folder"
    assert reasons[str(tmp_path / "empty")] == "the folder holds no files"
    assert reasons[str(folder / "a.txt/b")] == "there is no such file or folder"
    assert reasons["b.txt"] == "is empty"
    assert "symbolic links" in reasons["loop.txt"]
    assert "name too long" in reasons["x" * 300]
    assert len(reasons) == 10
    assert not any("\n" in reason for reason in reasons.values())


def test_a_folder_that_may_not_be_looked_into_is_named(library, tmp_path, monkeypatch):
    folder = write(tmp_path / "papers", a__txt=HARBOUR)
    write(folder / "private", b__txt=BAKERY)
    scandir = os.scandir

    def refusing(path):
        if "private" in os.fspath(path):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    report = library.add([folder])
    assert report.added == ("a.txt",)
    assert report.failed == (Failure(str(folder / "private"), "cannot be read: Permission denied"),)


def test_an_update_that_fails_keeps_what_was_there(library, tmp_path):
    folder = write(tmp_path / "papers", a__txt=HARBOUR)
    library.add([folder])
    write(folder, a__txt="")
    assert library.add([folder]).failed == (Failure("a.txt", "is empty"),)
    assert library.text("a.txt") == HARBOUR


def test_progress_tells_every_file_and_ends(library, tmp_path):
    told = []
    library.add([write(tmp_path / "p", a__txt=HARBOUR, b__txt=BAKERY)], progress=told.append)
    assert [p.files_done for p in told] == sorted(p.files_done for p in told)
    assert (told[-1].files_done, told[-1].files, told[-1].name) == (2, 2, "")
    assert {p.name for p in told} == {"a.txt", "b.txt", ""}


@given(TEXTS, TEXTS)
@example("a.txt", "  \r\nleading, trailing \r\n\0 NUL \x1c \u2028 e\u0301 🇸🇪\ufeff ")
@example("\0", "\ufeff")
def test_a_given_text_is_kept_verbatim(library, name, text):
    report = library.add_texts([(name, text)])
    if not text.strip():
        assert report.failed == (Failure(name, "holds no text"),)
        return
    assert library.text(name) == text
    assert library.check() == []
    assert [hit.text for hit in library.search("a") if hit.document == name] == [
        text[hit.start : hit.end] for hit in library.search("a") if hit.document == name
    ]
    assert library.add_texts([(name, text)]).unchanged == (name,)
    library.remove(name)


def test_texts_are_replaced_by_name_and_never_replace_a_file(library, tmp_path):
    library.add([write(tmp_path / "p", a__txt=HARBOUR)])
    assert library.add_texts([("note", "One."), ("note", "Two.")]).updated == ("note",)
    assert library.text("note") == "Two."
    report = library.add_texts([("a.txt", BAKERY), ("b", "\ud800"), ("\ud800", "b"), ("c", " ")])
    assert [failure.name for failure in report.failed] == ["a.txt", "b", "\ud800", "c"]
    assert "another document is named 'a.txt' already" in report.failed[0].reason
    assert library.text("a.txt") == HARBOUR


# Searching

POOL = (
    HARBOUR,
    BAKERY,
    "Deep water.",
    HARBOUR,  # the same words in two documents: a tie
    "# Winter\n\nSnow lies deep.\n\n# Summer\n\nShips sail.",
    "The harbour is deep. " * 100,
)


@settings(max_examples=12)
@given(st.permutations(range(len(POOL))), st.integers(0, len(POOL) - 1))
def test_the_order_of_adding_changes_no_result(tmp_path_factory, order, removed):
    def filled(numbers):
        folder = tmp_path_factory.mktemp("library")
        library = Library.open(folder, encoder=LetterEncoder())
        library.add_texts([(f"{number}", POOL[number]) for number in numbers])
        library.remove(str(removed))
        library.add_texts([(str(removed), POOL[removed])])  # its rows are the last now
        return library

    with filled(range(len(POOL))) as one, filled(order) as other:
        for question in ("deep harbour", "When do ships lie there?", "zzz"):
            assert found(one, question) == found(other, question)
            assert found(one, question, 3) == found(one, question, 100)[:3]


def test_ties_go_by_name_then_start(library):
    names = random.Random(1).sample("abcdefghijklmnop", 16)
    library.add_texts([(name, f"{HARBOUR} {number}") for number, name in enumerate(names)])
    hits = library.search("deep harbour", 16)
    assert [hit.document for hit in hits] == list("abcdefghijklmnop")
    assert len({hit.score for hit in hits}) == 1


def test_copies_take_no_place_of_others(library):
    mails = [(f"{n} mail", HARBOUR) for n in range(70)]
    library.add_texts([*mails, *((f"{n}", f"{HARBOUR} {n}") for n in range(9))])
    hits = library.search("deep harbour", 8)
    assert len({hit.text for hit in hits}) == 8
    copied = next(hit for hit in library.search("deep harbour", 10) if hit.text == HARBOUR)
    assert (copied.document, len(copied.copies)) == ("0 mail", 69)


def test_copies_are_one_hit_that_names_the_others(library):
    library.add_texts([(name, HARBOUR) for name in "cab"])
    library.add_texts([("d", f"{HARBOUR} It is 14 metres deep."), ("e", BAKERY)])
    hits = library.search("deep harbour", 3)
    assert [(hit.document, hit.copies) for hit in hits] == [("a", ("b", "c")), ("d", ()), ("e", ())]


def test_scores_are_named_for_what_they_are(library):
    library.add_texts([("h", HARBOUR), ("b", BAKERY)])
    best, other = library.search("harbour")
    assert (best.document, best.score, other.score) == ("h", pytest.approx(1), 0.0)
    assert best.lexical > 0 == other.lexical
    vectors = LetterEncoder().encode(["harbour", HARBOUR])
    assert best.dense == pytest.approx(float(vectors[0] @ vectors[1]))
    sentences = LetterEncoder().encode(["The harbour is deep.", "Ships lie there in winter."])
    assert best.sentence == pytest.approx(float(max(sentences @ vectors[0])), abs=0.01)
    assert (best.text, best.page, best.place(0)) == (HARBOUR, None, None)


def test_an_empty_library_finds_nothing(library):
    assert library.search("harbour") == []
    assert library.ends("a") == []
    assert library.documents() == []
    assert library.count() == (0, 0)
    assert library.check() == []


@pytest.mark.parametrize(
    "question",
    [" ", '"', "NEAR(a b", "a* OR -b", "NOT", "col:x", "\0", "_", "²", "\ud800", "'; --", "船"],
)
def test_any_question_is_data(library, question):
    library.add_texts([("h", HARBOUR)])
    assert len(library.search(question)) == (1 if question.strip() else 0)


def test_a_question_of_a_thousand_words_is_searched(library):
    library.add_texts([("h", HARBOUR)])
    assert library.search(" ".join(f"word{n}" for n in range(1000)))


def test_as_many_passages_as_are_asked_for(library):
    library.add_texts([(f"{n:03}", f"The harbour has {n} ships.") for n in range(120)])
    assert len(library.search("harbour", 120)) == 120
    with pytest.raises(ValueError, match="at least 1"):
        library.search("harbour", 0)


def test_the_ends_are_the_first_and_the_last_passage(library):
    text = "First of all. " + "And more of it. " * 200 + "By A. Writer."
    library.add_texts([("long", text), ("short", HARBOUR)])
    first, last = library.ends("long")
    assert (first.start, last.end) == (0, len(text))
    assert first.text.startswith("First of all. And")
    assert last.text.endswith("By A. Writer.")
    assert (last.score, last.dense, last.lexical) == (0, 0, 0)
    assert [hit.text for hit in library.ends("short")] == [HARBOUR]
    assert library.ends("nothing") == library.ends("\ud800") == []


def test_hits_know_their_places(library):
    library.add([ROOT / "tests/documents/ferry/annual-report-2023.pdf"])
    hits = library.search("passenger tickets and total costs", 50)
    document = library.document("annual-report-2023.pdf")
    assert {hit.page for hit in hits} == {1, 2, 3}
    assert all(hit.text == document.text[hit.start : hit.end] for hit in hits)
    assert all(isinstance(hit.place(hit.start), Place) for hit in hits)
    assert library.documents()[0].pages == 3


@pytest.mark.models
def test_a_vector_does_not_depend_on_its_batch(real_encoder):
    texts = ["ship", HARBOUR, BAKERY * 20, "船", "\u200b", "", HARBOUR]
    together = real_encoder.encode(texts)
    assert together.dtype == np.float32
    for row, text in zip(together, texts, strict=True):
        assert np.array_equal(row, real_encoder.encode([text])[0])
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert real_encoder.encode([]).shape == (0, 384)


@pytest.mark.models
def test_meaning_is_found_where_no_word_is_the_same(real_encoder, tmp_path):
    with Library.open(tmp_path, encoder=real_encoder) as library:
        library.add_texts([("h", HARBOUR), ("b", BAKERY)])
        assert library.search("Where do boats moor in the cold season?")[0].document == "h"
        assert library.search("When can I buy a loaf?")[0].document == "b"


# Removing


def test_what_is_removed_is_found_no_more(library, tmp_path):
    library.add([write(tmp_path / "p", a__txt=HARBOUR, b__txt=BAKERY)])
    library.remove("a.txt")
    assert names(library) == ["b.txt"]
    assert [hit.document for hit in library.search("deep harbour")] == ["b.txt"]
    assert library.check() == []
    assert library.add([tmp_path / "p"]).added == ("a.txt",)


@pytest.mark.parametrize("name", ["nothing", "\udcff", "'; DROP TABLE documents; --"])
def test_an_unknown_document_is_an_error(library, name):
    for call in (library.text, library.document, library.remove):
        with pytest.raises(UnknownDocumentError, match="see `pincite documents`"):
            call(name)


def test_a_purge_leaves_no_byte(tmp_path):
    word = "Zanzibarquartz"
    with Library.open(tmp_path / "library", encoder=LetterEncoder()) as library:
        upload = write(library.path / "uploads", secret__txt=f"{word} {HARBOUR}")
        library.add([upload / "secret.txt", write(tmp_path / "own", own__txt=f"{word} {BAKERY}")])
        library.add_texts([(f"{n}", f"{HARBOUR} {n}") for n in range(50)])
        vector = library.encoder.encode([f"{word} {HARBOUR}"])[0].tobytes()
        sentence = quantise(library.encoder.encode([f"{word} The harbour is deep."])).tobytes()
        counted = hash_of("zanzibarquartz").to_bytes(8, "little")

        def traces():
            files = [file for file in library.path.rglob("*") if file.is_file()]
            data = b"".join(file.read_bytes() for file in files)
            parts = (word.encode(), vector, sentence, b"secret", counted)
            return [part for part in parts if part in data]

        assert len(traces()) == 5
        library.search(word)
        library.remove("secret.txt", purge=True)
        library.remove("own.txt", purge=True)
        assert traces() == []
        assert not (upload / "secret.txt").exists()
        assert (tmp_path / "own/own.txt").exists()  # that one is the user's
        assert library.check() == []
        assert len(library.search("harbour", 60)) == 50


def test_a_purge_says_so_when_another_process_reads(tmp_path, monkeypatch):
    monkeypatch.setattr("index.catalog._BUSY_MS", 100)
    with (
        Library.open(tmp_path, encoder=LetterEncoder()) as library,
        Library.open(tmp_path, encoder=LetterEncoder()) as other,
    ):
        library.add_texts([("h", HARBOUR), ("b", BAKERY)])
        with other._catalog.snapshot():
            other.count()
            with pytest.raises(LibraryError, match="another process is reading"):
                library.remove("h", purge=True)
        with pytest.raises(UnknownDocumentError):  # it is removed, and now erased too
            library.remove("h", purge=True)
        assert b"harbour" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


# Opening


def test_a_library_of_another_model_is_refused(tmp_path):
    Library.open(tmp_path, encoder=LetterEncoder("one")).close()
    for _ in range(2):
        with pytest.raises(LibraryError) as caught:
            Library.open(tmp_path, encoder=LetterEncoder("two"))
        assert str(caught.value) == (
            "the library was made with the embedding model one, not two; "
            "set that model again, or embed it anew with: pincite index --reembed"
        )
    Library.open(tmp_path, encoder=LetterEncoder("one")).close()


@pytest.mark.parametrize(
    "data", [b"no database" * 100, b"SQLite format 3\0" + bytes(5000), b"SQLite format 3\0"]
)
def test_a_file_that_is_no_database_is_refused(tmp_path, data):
    (tmp_path / "catalog.sqlite").write_bytes(data)
    with pytest.raises(LibraryError, match=f"cannot open the library at {tmp_path}: ") as caught:
        Library.open(tmp_path, encoder=LetterEncoder())
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "loop").symlink_to("loop")
    for path in ("file", "file/library", "loop", "n\0l"):
        with pytest.raises(LibraryError, match="cannot make the library's folder") as caught:
            Library.open(tmp_path / path, encoder=LetterEncoder())
        assert "\n" not in str(caught.value)


def test_a_library_stays_when_it_is_closed(tmp_path):
    with Library.open(tmp_path / "deep/er", encoder=LetterEncoder()) as library:
        library.add_texts([("h", HARBOUR)])
    with pytest.raises(LibraryError, match="closed"):
        library.documents()
    with Library.open(tmp_path / "deep/er", encoder=LetterEncoder()) as library:
        assert library.text("h") == HARBOUR
        assert library.search("deep")[0].document == "h"


# At once


def test_threads_search_while_another_adds(library):
    stop, failures = threading.Event(), []
    library.add_texts([("first", HARBOUR)])

    def search():
        try:
            while not stop.is_set():
                for hit in library.search("deep harbour", 5):
                    assert hit.text in (HARBOUR, BAKERY)
                library.ends("first")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(40):
        library.add_texts([(f"{number}", (HARBOUR, BAKERY)[number % 2])])
        if number % 3 == 0:
            library.remove(f"{number}")
    stop.set()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert library.check() == []


CHURN = """
with Library.open(sys.argv[1], encoder=LetterEncoder()) as library:
    for number in range(60):
        library.add_texts([(f"{sys.argv[2]}{number % 7}", f"Harbour {number} is deep. " * 40)])
        if number % 5 == 0:
            library.remove(f"{sys.argv[2]}{number % 7}")
"""


def test_processes_add_at_once_while_this_one_searches_and_checks(tmp_path):
    others = [run(CHURN, tmp_path / "library", name) for name in "ab"]  # both make it, too
    with Library.open(tmp_path / "library", encoder=LetterEncoder()) as library:
        while any(other.poll() is None for other in others):
            for hit in library.search("deep harbour", 50):
                assert hit.text.startswith("Harbour ")
            assert library.check() == []
            library.ends("a1")
        for other in others:
            assert other.communicate()[1] == b""
            assert other.returncode == 0
        assert library.count()[0] == 12
        assert library.check() == []


def test_many_processes_make_the_library_at_once(tmp_path):
    script = 'Library.open(sys.argv[1], encoder=LetterEncoder()).add_texts([(sys.argv[2], "x")])'
    others = [run(script, tmp_path, number) for number in range(4)]
    assert [other.communicate()[1] for other in others] == [b""] * 4
    with Library.open(tmp_path, encoder=LetterEncoder()) as library:
        assert names(library) == ["0", "1", "2", "3"]


ADD_THIRTY = """
with Library.open(sys.argv[1], encoder=LetterEncoder()) as library:
    print("open", flush=True)
    for number in range(30):
        library.add_texts([(f"{number}", f"Document {number}. " * (150 + number))])
        print(number, flush=True)
"""


def test_killed_at_any_moment_every_document_is_wholly_in_or_out(tmp_path):
    choose = random.Random(7)
    for kill in range(8):
        folder = tmp_path / str(kill % 3)  # some are killed while they are filled once more
        process = run(ADD_THIRTY, folder)
        for _ in range(choose.randrange(1, 28) if kill else 0):
            process.stdout.readline()
        time.sleep(choose.random() / 200)
        process.send_signal(signal.SIGKILL)
        said = [int(line) for line in process.communicate()[0].split() if line.isdigit()]
        with Library.open(folder, encoder=LetterEncoder()) as library:
            assert library.check() == []
            held = names(library)
            assert {str(number) for number in said} <= set(held)
            for name in held:
                assert library.text(name) == f"Document {name}. " * (150 + int(name))
                ends = library.ends(name)
                assert (ends[0].start, ends[-1].end) == (0, len(library.text(name)) - 1)


def test_interrupted_while_it_embeds_nothing_is_half_in(library, tmp_path):
    folder = write(tmp_path / "p", a__txt=HARBOUR, b__txt=BAKERY * 1000, c__txt=HARBOUR)

    def interrupt(progress):
        if progress.name == "b.txt" and progress.passages_done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        library.add([folder], progress=interrupt)
    assert names(library) == ["a.txt"]
    assert library.check() == []
    assert library.add([folder]).added == ("b.txt", "c.txt")


@pytest.mark.timeout(60)
def test_a_text_is_added_in_the_same_time_however_many_there_are(library):
    library.add_texts([(f"{n}", f"Text {n}.") for n in range(1500)])
    assert [len(list(group)) for _, group in itertools.groupby(names(library))] == [1] * 1500


def test_the_pages_that_are_read_are_told(library, tmp_path):
    (tmp_path / "a.pdf").write_bytes(pdf([(50, 50, "One")], [(50, 50, "Two")]))
    told: list[Progress] = []
    library.add([tmp_path / "a.pdf"], progress=told.append)
    assert [(now.pages_read, now.pages) for now in told if now.pages] == [(1, 2), (2, 2)]
