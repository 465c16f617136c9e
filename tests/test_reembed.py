"""Another embedding model: noticed, embedded anew on request, the old one answering meanwhile."""

from __future__ import annotations

import pytest

from index import Library
from index.errors import LibraryError
from tests.fakes import LetterEncoder
from tests.test_library import BAKERY, HARBOUR, names


class Backwards(LetterEncoder):
    """Counts letters from z to a, with one more that is always there: other vectors."""

    def __init__(self) -> None:
        super().__init__("backwards")

    def encode(self, texts, *, batch_size=1):
        return super().encode(texts)[:, ::-1].copy()


TEXTS = [(f"{n}", f"{HARBOUR if n % 2 else BAKERY} Number {n}.") for n in range(100)]


@pytest.fixture
def folder(tmp_path):
    with Library.open(tmp_path, encoder=LetterEncoder()) as library:
        library.add_texts(TEXTS)
    return tmp_path


def vectors(library: Library) -> list[bytes]:
    return [vector for _, vector in library._catalog.vectors(1, 1000)]


def test_a_library_is_embedded_anew(folder, tmp_path_factory):
    told = []
    Library.reembed(folder, encoder=Backwards(), progress=told.append)
    assert (told[0].passages_done, told[0].passages) == (0, 100)
    with pytest.raises(LibraryError, match="embedding model backwards, not letters"):
        Library.open(folder, encoder=LetterEncoder())
    with (
        Library.open(folder, encoder=Backwards()) as library,
        Library.open(tmp_path_factory.mktemp("new"), encoder=Backwards()) as new,
    ):
        new.add_texts(TEXTS)
        assert vectors(library) == vectors(new)
        assert library.check() == []
        assert [hit.text for hit in library.search("rye bread")] == [
            hit.text for hit in new.search("rye bread")
        ]


def test_the_old_vectors_answer_until_the_new_ones_are_whole(folder):
    with Library.open(folder, encoder=LetterEncoder()) as library:
        before = library.search("rye bread")
        answered = []

        def meanwhile(_):
            answered.append(library.search("rye bread") == before)

        Library.reembed(folder, encoder=Backwards(), progress=meanwhile)
        assert answered
        assert all(answered)
        with pytest.raises(LibraryError, match="was made with the embedding model backwards"):
            library.search("rye bread")
        with pytest.raises(LibraryError, match="was made with the embedding model backwards"):
            library.add_texts([("late", "Too late.")])


def test_what_is_added_meanwhile_is_embedded_too(folder):
    with Library.open(folder, encoder=LetterEncoder()) as library:

        def meanwhile(now):
            if now.passages_done > 50 and "late" not in names(library):
                library.add_texts([("late", "A late text.")])
                library.remove("0")

        Library.reembed(folder, encoder=Backwards(), progress=meanwhile)
    with Library.open(folder, encoder=Backwards()) as library:
        assert library.count() == (100, 100)
        assert library.search("late")
        assert library.check() == []


def test_stopped_it_goes_on_where_it_was(folder):
    encoder = Backwards()

    def stop(now):
        if now.passages_done > 50:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Library.reembed(folder, encoder=encoder, progress=stop)
    with Library.open(folder, encoder=LetterEncoder()) as library:
        assert library.search("rye bread")
        assert library.check() == []
    Library.reembed(folder, encoder=encoder)
    assert encoder.encoded == 100
    Library.reembed(folder, encoder=encoder)  # there is nothing to do
    assert encoder.encoded == 100


def test_of_two_at_once_the_slower_ends_with_the_faster(folder):
    def meanwhile(now):
        if now.passages_done == 32:
            Library.reembed(folder, encoder=Backwards())

    Library.reembed(folder, encoder=Backwards(), progress=meanwhile)
    with Library.open(folder, encoder=Backwards()) as library:
        assert library.check() == []
