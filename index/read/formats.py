"""Number formats of spreadsheets: a value and its format code -> what people see."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from index.read.outline import clean

# The codes that a workbook refers to by number alone (ECMA-376, 18.8.30).
BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 14: "yyyy-mm-dd",
    15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm",
    21: "h:mm:ss", 22: "m/d/yy h:mm", 37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00",
    45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss",
}  # fmt: skip
_QUOTED = re.compile(r'"([^"]*)"|\\(.)|[_*].')
_BRACKETS = re.compile(r"\[\$([^\]-]*)[^\]]*\]|\[(?!h+\]|m+\]|s+\])[^\]]*\]", re.I)
_DIGITS = re.compile(r"[0#?][0#?,]*(?:\.([0#?]*))?")
_LAST_SERIAL = 2_958_466  # of a date: the end of the year 9999


class Format(NamedTuple):
    """What of a format code we follow; None of `decimals` is as many as the number has."""

    is_date: bool = False
    has_day: bool = False
    has_time: bool = False
    is_span: bool = False  # [h]:mm: hours that go on after 24
    percent: bool = False
    groups: bool = False  # 417,300
    decimals: int | None = None
    before: str = ""  # "€ "
    after: str = ""


@lru_cache(maxsize=1024)
def parse_format(code: str) -> Format:
    """Return what a format code says of positive numbers; an unknown one says nothing."""
    section = re.split(r';(?=(?:[^"]*"[^"]*")*[^"]*$)', code)[0]
    bare = _QUOTED.sub("", _BRACKETS.sub("", section)).lower()
    if "general" in bare:
        return Format()
    if re.search(r"[ydhs]|m", bare):
        day, time = bool(re.search(r"[yd]|mmm", bare)), bool(re.search(r"[hs]", bare))
        span = bool(re.search(r"\[[hms]+\]", bare))
        return Format(is_date=True, has_day=day or not (time or span), has_time=time, is_span=span)
    found = list(_DIGITS.finditer(bare))
    if len(found) != 1 or "e+" in bare or "e-" in bare or "/" in bare:
        return Format(percent="%" in bare)
    start, _, end = _shown_words(section).partition("\0")
    return Format(
        percent="%" in bare,
        groups="," in found[0][0].rstrip(","),
        decimals=None if found[0][0].endswith(",") else len(found[0][1] or ""),
        before=start,
        after=end.replace("%", "").rstrip("\0"),
    )


def shown(value: str, form: Format, *, from_1904: bool = False) -> str:
    """Return a number of a sheet as people see it; what is no number comes back as it is."""
    try:
        number = float(value)
    except ValueError:
        return value
    if not abs(number) < float("inf"):
        return value
    if form.is_date and 0 <= number < _LAST_SERIAL:
        return _date(number, form, from_1904)
    if form.percent:
        number = round(number * 100, 10)
    text = plain(number)
    if form.decimals is not None:
        text = f"{abs(number):{',' if form.groups else ''}.{min(form.decimals, 15)}f}"
        text = f"-{form.before}{text}" if number < 0 else f"{form.before}{text}"
    return f"{text}{'%' if form.percent else ''}{form.after}"


def plain(number: float) -> str:
    """Return a number without what its binary form adds: 3, not 3.0; 0.3."""
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    return f"{number:.15g}"


def _shown_words(section: str) -> str:
    r"""Return the section's literal words, with \0 for the number."""
    section = _BRACKETS.sub(lambda m: m[1] or "", section)
    parts, at = [], 0
    for quoted in _QUOTED.finditer(section):
        parts += [_DIGITS.sub("\0", section[at : quoted.start()]), quoted[1] or quoted[2] or ""]
        at = quoted.end()
    words = "".join([*parts, _DIGITS.sub("\0", section[at:])])
    return "\0".join(clean(part) for part in words.split("\0"))


def _date(number: float, form: Format, from_1904: bool) -> str:
    seconds = round(number * 86400)
    clock = f"{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}"
    clock += f":{seconds % 60:02}" if seconds % 60 else ""
    if form.is_span:
        return f"{seconds // 3600}:{clock[3:]}"
    if not form.has_day or (form.has_time and seconds < 86400):
        return clock
    # Excel takes 1900 for a leap year: its days count from one day earlier from 1 March 1900 on.
    start = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30 if number >= 60 else 31)
    day = (start + timedelta(seconds=seconds)).date().isoformat()
    return f"{day} {clock}" if form.has_time else day
