"""Peers on the same questions: same documents, models and scores as Pincite, each stock.

Each peer runs in a virtual environment of its own, which sees Pincite's packages as well.
"""
