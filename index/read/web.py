"""HTML -> the text that a reader of the page would see."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from inscriptis.annotation import Annotation
from inscriptis.css_profiles import STRICT_CSS_PROFILE
from inscriptis.html_engine import Inscriptis
from inscriptis.html_properties import Display
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_element import HtmlElement as Style
from inscriptis.model.tag import CustomHtmlTagHandlerMapping
from lxml.etree import ParserError, strip_attributes
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from index.errors import UnreadableError
from index.read.landmarks import keep_main
from index.read.outline import Heading, Reading, clean, outline
from index.read.text import decode

# No part of what the page says: code, navigation, controls, other documents.
_DROPPED = (
    *("applet", "audio", "button", "canvas", "embed", "iframe", "input", "nav", "noframes"),
    *("noscript", "object", "script", "select", "style", "svg", "template", "textarea", "video"),
)
# Text that people cannot see would reach the model all the same, and may be meant to steer it.
_HIDING = re.compile(r"(?:^|;)(?:display:none|visibility:hidden)(?:!important)?(?:;|$)")
_SPACE_OR_COMMENT = re.compile(r"\s+|/\*.*?\*/", re.DOTALL)

# Elements that inscriptis would run into the words around them.
_BLOCKS = ("caption", "dd", "details", "dl", "dt", "form", "section", "summary", "table", "tr")
_STYLES = STRICT_CSS_PROFILE | {tag: Style(display=Display.block) for tag in _BLOCKS}
# inscriptis would draw tables as columns of padded lines, which tears the sentences of two cells
# into one another. We write a row on a line, and the blocks of a cell below one another.
_NO_COLUMNS = CustomHtmlTagHandlerMapping(
    start_tag_mapping=dict.fromkeys(("table", "tr", "td", "th")),
    end_tag_mapping=dict.fromkeys(("table", "td", "th")),
)
_LEVELS = {f"h{level}": [str(level)] for level in range(1, 7)}

_DECLARED = re.compile(rb"<(?:meta[^>]+charset|\?xml[^>]+encoding)\s*=\s*[\"']?([\w-]+)", re.I)
# The encodings that pages are written in; Python's other codecs are none of a page's business.
_LEGACY = re.compile(
    r"(?:iso-?8859-|windows-|cp|koi8-|gb|big5|euc-|shift[_-]jis|iso-2022-|ks_c_|tis-|latin|mac)"
    r"[\w-]*",
    re.I,
)
_WIDER = {
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso8859-1": "cp1252",
    "shift_jis": "cp932",
}


def read_html(data: bytes, title: str = "") -> Reading:
    """Read the visible text of a web page's main content, with its sections.

    Without a main heading it goes by the title that is given, else by its own. Raises
    UnreadableError where the bytes are not text, or the page is nested past reading.
    """
    text, headings, own_title = page(decoded(data), main_only=True)
    if all(heading.level > 1 for heading in headings):
        headings.insert(0, Heading(0, 0, title or own_title))
    return Reading(text, outline(headings, len(text)))


def decoded(data: bytes, charset: str | None = None) -> str:
    """Return the source of a page: in the charset that came with it, else the one it declares."""
    return decode(data, known_encoding(charset or "") or _declared_encoding(data))


def page(source: str, *, main_only: bool = False) -> tuple[str, list[Heading], str]:
    """Return the visible text of a page, or of its main content, its headings, and its title.

    Raises UnreadableError where it is nested past reading.
    """
    root = _parse(source)
    if root is None:
        return "", [], ""
    title = clean(" ".join((root.findtext(".//title") or "").split()))
    _protect_characters(root)
    _drop_unseen(root)
    if main_only:
        keep_main(root)
    _lay_out(root)
    engine = Inscriptis(
        root,
        ParserConfig(
            _STYLES, annotation_rules=_LEVELS, custom_html_tag_handler_mapping=_NO_COLUMNS
        ),
    )
    text = engine.get_text()
    return text, list(_headings(text, engine.get_annotations())), title


def known_encoding(name: str) -> str | None:
    """Return Python's name of an encoding that pages and letters are written in, or of a wider one.

    Whoever names the narrow one often writes in the wide one.
    """
    if not _LEGACY.fullmatch(name):
        return None
    try:
        "".encode(name)
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return _WIDER.get(found, found)


def _parse(page: str) -> HtmlElement | None:
    """Return the page's root element; None where it has none."""
    # The parser gets UTF-8 and is told so: it must not follow what the page says of itself.
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    try:
        root = document_fromstring(page.encode(), parser=parser)
    except ParserError:
        return None
    # The parser drops without a word what is nested deeper than this.
    if any("depth" in error.message for error in parser.error_log):
        raise UnreadableError("nests its elements too deep to be read; save the page as text")
    return root


def _declared_encoding(data: bytes) -> str | None:
    match = _DECLARED.search(data[:2048])
    return known_encoding(match[1].decode("ascii", "replace")) if match else None


def _protect_characters(root: HtmlElement) -> None:
    # inscriptis resolves "&amp;" once more after the parser did: escape twice, and it comes out
    # right. Clean first of all: to move a control character in the tree is an error.
    for element in root.iter():
        element.text = element.text and clean(element.text).replace("&", "&amp;")
        element.tail = element.tail and clean(element.tail).replace("&", "&amp;")


def _drop_unseen(root: HtmlElement) -> None:
    for element in list(root.iter()):
        if not _is_unseen(element):
            continue
        if element.getparent() is None:
            element.clear()
        else:
            element.drop_tree()


def _is_unseen(element: HtmlElement) -> bool:
    style = _SPACE_OR_COMMENT.sub("", element.get("style", "").lower())
    return (
        element.tag in _DROPPED
        or "hidden" in element.attrib
        or element.get("aria-hidden", "").strip().lower() == "true"
        or _HIDING.search(style) is not None
    )


def _lay_out(root: HtmlElement) -> None:
    """Part the cells of a row, and take away the styles: only their hiding mattered."""
    for cell in root.iterfind(".//tr/*"):
        if cell.getprevious() is not None:
            cell.text = f" | {cell.text or ''}"
    strip_attributes(root, "style")


def _headings(text: str, annotations: list[Annotation]) -> Iterator[Heading]:
    for start, end, level in sorted(annotations):
        words = text[start:end]
        margin = len(words) - len(words.lstrip())  # the blank lines above it are annotated too
        yield Heading(start + margin, int(level), " ".join(words.split()))
