"""What a library is put through until it is killed: `python -m tests.crash LIBRARY FILES SEED`.

Adds, changes, moves and removes files at random, and tells before each step what it touches, and
after each what is in the library: lines of JSON.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import defaultdict
from pathlib import Path

from index import Library
from index.errors import LibraryError
from tests.fakes import LetterEncoder

DOCUMENTS = Path(__file__).parent / "documents"
_TEXTS = (".txt", ".md", ".html", ".csv", ".tsv", ".py", ".eml")  # a line may be added
_STEPS = ("change", "change", "new", "new", "move", "copy", "delete", "remove", "purge", "text")
_PAUSE = 0.0005  # seconds: some time passes in embedding, too


class SlowEncoder(LetterEncoder):
    """Takes a moment for each passage."""

    def encode_passage(self, text, sentences):
        time.sleep(_PAUSE)
        return super().encode_passage(text, sentences)


def pool() -> dict[str, list[bytes]]:
    """Return what files of each kind may hold, by suffix: real files, and versions of texts."""
    found: dict[str, list[bytes]] = defaultdict(list)
    for file in originals():
        data = file.read_bytes()
        found[file.suffix].append(data)
        if file.suffix in _TEXTS:
            found[file.suffix] += [data + f"\nVersion {n} of it.\n".encode() for n in (2, 3)]
    return dict(found)


def originals() -> list[Path]:
    """Return the sample files."""
    folders = (DOCUMENTS / "formats", DOCUMENTS / "ferry")
    return [file for folder in folders for file in sorted(folder.iterdir())]


def state(library: Library) -> dict[str, str]:
    """Return the hash of each document, by name."""
    return {info.name: info.sha256 for info in library.documents()}


def tell(**line: object) -> None:
    print(json.dumps(line), flush=True)


def write(path: Path, data: bytes) -> None:
    """Write a file at once: it is the library that is put to the test."""
    made = path.parent.parent / "made"
    made.write_bytes(data)
    made.replace(path)


def step(library: Library, folder: Path, rng: random.Random, kinds: dict[str, list[bytes]]) -> None:
    """Do one thing to the files and the library."""
    files = sorted(folder.iterdir())
    chosen = rng.sample(files, min(3, len(files)))
    fresh = rng.sample(originals(), 6)
    names = sorted(state(library))
    match rng.choice(_STEPS):
        case "remove" | "purge" as how if names:
            name = rng.choice(names)
            tell(begin=how, touched=[name])
            library.remove(name, purge=how == "purge")
        case "text":
            tell(begin="text", touched=["given"])
            library.add_texts([("given", f"A text that was given, {rng.random()}. " * 50)])
        case "new":
            tell(begin="new", touched=[file.name for file in fresh])
            for file in fresh:
                write(folder / file.name, file.read_bytes())
            library.add([folder])
        case what:
            new_names = [folder / f"{rng.choice('abc')}-{file.name[-20:]}" for file in chosen]
            tell(begin=what, touched=[file.name for file in (*chosen, *new_names)])
            for file, new in zip(chosen, new_names, strict=True):
                if what == "delete":
                    file.unlink(missing_ok=True)
                elif what == "move":
                    file.rename(new)
                elif what == "copy":
                    write(new, file.read_bytes())
                else:
                    write(file, rng.choice(kinds[file.suffix]))
            library.add([folder], prune=True)
            library.refresh()


def main() -> None:
    """Go on until killed."""
    library_at, folder, seed = sys.argv[1:]
    rng, kinds = random.Random(int(seed)), pool()
    with Library.open(library_at, encoder=SlowEncoder()) as library:
        tell(begin="add", touched=[])
        library.add([folder], prune=True)
        tell(done=state(library))
        while True:
            try:
                step(library, Path(folder), rng, kinds)
            except LibraryError as error:  # not while this process is the only one
                tell(error=str(error))
            tell(done=state(library))


if __name__ == "__main__":
    main()
