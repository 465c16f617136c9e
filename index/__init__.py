"""Files -> ranked passages. Knows no language model and no screen.

library = Library.open(path)
library.add([path, ...])
library.search(question)
"""

from index.library import Library
from index.records import AddReport, Document, Hit, Passage

__all__ = ["AddReport", "Document", "Hit", "Library", "Passage"]
