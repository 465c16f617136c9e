"""What surrounds the main content of a web page, by the page's own landmarks: taken away.

We go by what a page says of its structure. Guesses by the density of links or by the length of
paragraphs lose what is short, and answers stand in short lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate

from lxml.html import HtmlElement

_ROLES = ("banner", "complementary", "contentinfo", "navigation", "search")
_MENUS = ("navigation", "search")  # roles that hold no content, wherever they stand
_AROUND = ("aside", "footer", "header", "search")
_SECTIONS = ("article", "main", "section")  # in these, a header is the section's own
_MOST = 0.5  # share of a page's characters in its article, if that is all there is to read

_COOKIES = re.compile(
    r"(?<![a-z])(?:cookies?|gdpr|ccpa)[-_ ]?(?:banner|bar|consent|dialog|disclaimer|law|message|"
    r"modal|notice|notification|overlay|popup|wall|warning)(?![a-z])|cookiebot|onetrust|"
    r"usercentrics|didomi"
)
_MAX_NOTICE = 2_000  # characters of a notice of cookies
_SHARE = re.compile(r"(?<![a-z])(?:share|sharing|sharedaddy|social|addthis)(?![a-z])")
_MAX_LINKS = 200  # characters of the links of share buttons
_MAX_LABEL = 30  # and of the words before them
_SKIP_CLASS = re.compile(r"(?<![a-z])skip(?![a-z])|skip-?(?:link|nav|to)")
_SKIP_TEXT = re.compile(r"\s*(?:skip|jump) (?:to|over|past)\b", re.IGNORECASE)


def keep_main(root: HtmlElement) -> None:
    """Leave the main content of a page; all of it where no landmark tells what that is.

    The page's only first heading stays, wherever it is.
    """
    if not _words(root):
        return
    titles = [heading for heading in root.iter("h1") if _words(heading)]
    title = titles[0] if len(titles) == 1 else None
    _drop_all([e for e in root.iter() if _is_notice(e)], root)
    _drop_all([e for e in root.iter() if _is_landmark(e) and not _holds(e, title)], root)
    main = _main(root)
    if main is not None:
        _keep_only(main, title, root)


def _main(root: HtmlElement) -> HtmlElement | None:
    """Return the one element that says to be the main content; None where none or several do."""
    mains = [e for e in root.iter() if (e.tag == "main" or _role(e) == "main") and _words(e)]
    if mains:
        return mains[0] if len(mains) == 1 else None
    articles = [e for e in root.iter("article") if next(e.iterancestors("article"), None) is None]
    if len(articles) == 1 and len(_words(articles[0])) >= _MOST * len(_words(root)):
        return articles[0]
    return None


def _is_landmark(element: HtmlElement) -> bool:
    role = _role(element)
    if role in _MENUS:
        return True
    if role not in _ROLES and (role or element.tag not in _AROUND):
        return False
    return next(element.iterancestors(*_SECTIONS), None) is None


def _is_notice(element: HtmlElement) -> bool:
    """Whether an element is a link past the menu, share buttons, or asks about cookies."""
    names = f"{element.get('id', '')} {element.get('class', '')}".lower()
    if element.tag == "a":
        return element.get("href", "").startswith("#") and bool(
            _SKIP_CLASS.search(names) or _SKIP_TEXT.match(element.text_content())
        )
    if element.tag in ("html", "body", *_SECTIONS) or names.isspace():
        return False
    if _COOKIES.search(names):
        is_short = _is_short(element.itertext(), _MAX_NOTICE)
        return is_short and len(_words(element)) <= _MAX_NOTICE and element.find(".//h1") is None
    if not _SHARE.search(names):
        return False
    if not _is_short(element.itertext(), _MAX_LINKS + _MAX_LABEL):
        return False
    links = sum(len(_words(link)) for link in element.iter("a"))
    return 0 < links <= _MAX_LINKS and len(_words(element)) - links <= _MAX_LABEL


def _drop_all(elements: list[HtmlElement], root: HtmlElement) -> None:
    """Take the elements away, unless that would leave nothing."""
    doomed = {*elements}
    outer = [e for e in elements if e is not root and not _is_within(e, doomed)]
    if len(_words(root)) <= sum(len(_words(e)) for e in outer):
        return
    for element in outer:
        element.drop_tree()


def _is_within(element: HtmlElement, others: set[HtmlElement]) -> bool:
    return any(above in others for above in element.iterancestors())


def _keep_only(main: HtmlElement, title: HtmlElement | None, root: HtmlElement) -> None:
    kept = {*_with_ancestors(main)}
    whole = {main}
    if title is not None and main not in title.iterancestors():
        kept.update(_with_ancestors(title))
        whole.add(title)
    for element in kept - whole:
        element.text = None
        for child in list(element):
            child.tail = None
            if child not in kept:
                element.remove(child)


def _with_ancestors(element: HtmlElement) -> Iterator[HtmlElement]:
    yield element
    yield from element.iterancestors()


def _holds(element: HtmlElement, title: HtmlElement | None) -> bool:
    return title is not None and element in title.iterancestors()


def _role(element: HtmlElement) -> str:
    first: str = element.get("role", "").lower().strip().partition(" ")[0]
    return first


def _is_short(texts: Iterable[str], most: int) -> bool:
    """Whether there are no more letters than that; looks no further than it must."""
    return all(count <= most for count in accumulate(len("".join(t.split())) for t in texts))


def _words(element: HtmlElement) -> str:
    return " ".join("".join(element.itertext()).split())
