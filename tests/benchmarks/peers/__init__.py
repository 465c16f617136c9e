"""Peers on the same questions: same documents, models and scores as Pincite.

Each is stock, but for llamaindex_fitted, whose nodes are as long as the embedding model reads. Each
runs in a virtual environment of its own, which sees Pincite's packages as well.
"""
