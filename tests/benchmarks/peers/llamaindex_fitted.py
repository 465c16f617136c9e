"""The same engine with nodes of 256 tokens, which is what the embedding model reads of a text.

By default it would retrieve nodes of 1,024 by their first quarter: this is what one sets who knows.
"""

from __future__ import annotations

from functools import partial

from llama_index.core.node_parser import SentenceSplitter

from tests.benchmarks.peers.llamaindex_engine import build
from tests.benchmarks.peers.worker import main

if __name__ == "__main__":
    main(partial(build, splitter=SentenceSplitter(chunk_size=256, chunk_overlap=20)))
