"""Errors of the library of documents.

PinciteError                      everything that Pincite raises on purpose; its message is one line
├── UnreadableError               a file that cannot be taken in, and why
├── LibraryError                  the library cannot be opened, is damaged, or was made otherwise
│   └── UnknownDocumentError      no document of that name
└── WeightsError                  a model's files are missing or are not what they should be

`rag.errors` adds those of answering.
"""


class PinciteError(Exception):
    """Base of every error that Pincite raises on purpose. The message says what to do."""


class UnreadableError(PinciteError):
    """A file that cannot be taken in."""


class LibraryError(PinciteError):
    """The library cannot be opened, is damaged, or was made with other settings."""


class UnknownDocumentError(LibraryError):
    """The library has no document of that name."""


class WeightsError(PinciteError):
    """A model's files are missing or do not have the pinned hash."""
