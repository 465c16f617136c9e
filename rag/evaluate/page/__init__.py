"""A report as one self-contained HTML page: looks only."""

from rag.evaluate.page.frame import page

__all__ = ["page"]
