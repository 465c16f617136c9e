"""Errors of answering; those of the library stand in `index.errors`.

PinciteError                      everything that Pincite raises on purpose; its message is one line
├── UnreadableError               a file that cannot be taken in, and why
├── LibraryError                  the library cannot be opened, is damaged, or was made otherwise
│   └── UnknownDocumentError      no document of that name
├── WeightsError                  a model's files are missing or are not what they should be
├── SettingsError                 a setting that does not exist or cannot have that value
├── PromptError                   a prompt lacks a variable, or names one that is not given
├── QuestionError                 a question that is empty or too long
├── ModelError                    the language model failed while it answered
├── ConversationError             a conversation that is not there, or cannot be kept
├── CasesError                    a file of cases or a history is not what it should be
└── ServeError                    the chat cannot be served as asked
"""

from index.errors import (
    LibraryError,
    PinciteError,
    UnknownDocumentError,
    UnreadableError,
    WeightsError,
)

__all__ = [
    "CasesError",
    "ConversationError",
    "LibraryError",
    "ModelError",
    "PinciteError",
    "PromptError",
    "QuestionError",
    "ServeError",
    "SettingsError",
    "UnknownDocumentError",
    "UnreadableError",
    "WeightsError",
]


class SettingsError(PinciteError):
    """A setting that does not exist or cannot have that value."""


class PromptError(PinciteError):
    """A prompt lacks a variable, or names one that is not given."""


class QuestionError(PinciteError):
    """A question that is empty or too long."""


class ModelError(PinciteError):
    """The language model failed while it answered."""


class ConversationError(PinciteError):
    """A conversation that is not there, or cannot be kept."""


class CasesError(PinciteError):
    """A file of cases or a history is not what it should be."""


class ServeError(PinciteError):
    """The chat cannot be served as asked."""
