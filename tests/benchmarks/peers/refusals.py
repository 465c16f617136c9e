"""Whether a sentence of a peer's reply says that the answer is not known.

Three things say so: a source that does not tell ("The minutes do not say who"), a thing that is
not told ("The number is not specified"), a speaker who does not know ("I cannot tell"). What a
source tells of the world is none, however negative: a price that does not include fuel, a yard
that cannot say when. Where "but" follows, both halves must refuse.

Checked by hand: of the 91 replies kept so far 9 different sentences hold a negation, and 2 of these
refuse; both are found and no other. Of 549 sentences with a negation in documents, none of which
refuses, 3 are taken to, each of which says that something is unknown.
"""

from __future__ import annotations

import re

# What the peer was given: whatever that does not hold, it does not tell.
_GIVEN = (
    r"(?:sources?\b(?: \d+)?(?! of)|contexts?|passages?|excerpts?|snippets?|texts?"
    r"|(?:provided|given|available|retrieved) (?:documents?|articles?|information|data|material)"
    r"|(?:documents?|articles?|information|data|material) (?:provided|given|above))"
)
# Any other thing to read, which must be said to keep silent in so many words: a contract that does
# not include fuel, or gives no right, tells something.
_READ = (
    r"(?:documents?|articles?|information|reports?|agreements?|contracts?|minutes|handbooks?"
    r"|manuals?|guides?|memos?|memorand(?:um|a)|stud(?:y|ies)|surveys?|letters?|releases?"
    r"|statements?|notices?|polic(?:y|ies)|papers?|pages?|sections?|chapters?|paragraphs?|clauses?"
    r"|tables?|records?|files?|materials?|summar(?:y|ies)|notes?|accounts?|data|conversation)"
)
_SOURCE = rf"\b(?:{_GIVEN}|{_READ})\b"
_THEN = r"(?:(?! (?:that|which|who|says?|said|states?) )[^.;:,!?]){0,60}?(?:, \w+,)? "
_HOW = r"(?:\w+ly |even |actually |itself )?"
_NOT = rf"(?:(?:do|does|did|can|could) not|never|fails? to|failed to) {_HOW}"

_TELL = (
    r"(?:mention|specify|state|say|indicate|tell|describe|disclose|reveal|explain|discuss|clarify"
    r"|identify|name|list|note|report|refer to|answer|address|show)"
)
_TOLD = (
    r"(?:mentioned|specified|stated|said|indicated|described|disclosed|revealed|explained|discussed"
    r"|clarified|identified|answered)"
)
_HOLD = r"(?:contain|include|provide|have|offer|give)"
_HELD = r"(?:provided|given|available|included|contained|found|present|listed|named|recorded|made)"
_WORD_OF = (
    r"(?:information|details?|data|answers?|figures?|mention|indication|reference|explanation"
    r"|context)"
)
_FACTS = rf"(?:{_WORD_OF}|(?:exact|specific|precise|actual) \w+)"
_LEARN = (
    r"(?:determine|answer|tell|say|know|identify|infer|conclude|confirm|ascertain|deduce|find"
    rf"|(?:provide|give) (?:\w+ )?{_FACTS})"
)
_LEARNT = r"(?:determined|answered|told|known|inferred|ascertained|deduced|derived|concluded)"

_WAYS = (
    # a source that does not tell
    rf"{_SOURCE}{_THEN}{_NOT}{_TELL}\b",
    rf"{_SOURCE}{_THEN}{_NOT}{_HOLD} (?:\w+ ){{0,3}}?{_FACTS}\b",
    rf"{_SOURCE}{_THEN}(?:lacks?|(?:{_HOLD}s?|has|makes?) no) (?:\w+ ){{0,2}}?{_FACTS}\b",
    rf"{_SOURCE}{_THEN}(?:is|are) (?:silent|insufficient|irrelevant"
    r"|not (?:\w+ )?(?:helpful|relevant|useful|sufficient))\b",
    rf"\b{_GIVEN}{_THEN}{_NOT}(?:{_HOLD}|cover)\b",
    rf"\b(?:none|neither|nothing)\b.{{0,20}}\b(?:{_GIVEN}|{_READ} {_TELL}s?)\b",
    rf"\b(?:it|they|this) (?:do|does) not {_HOW}(?:mention|specify|state|say|indicate)\b",
    # a thing that is not told
    rf"\b(?:is|are|remains?) not {_HOW}{_TOLD}\b(?! (?:by|to|as|on)\b)",
    rf"\b(?:is|are|was|were|do|does) not {_HOW}(?:{_TOLD}|{_HELD}|part of|in|appear)\b"
    rf".{{0,25}}?\b{_GIVEN}\b",
    rf"\b(?:is|are|was|were) not {_HOW}(?:{_TOLD}|given|found|named) in (?:\w+ ){{0,4}}?{_READ}\b",
    rf"^(?:\w+ ){{0,3}}?{_FACTS}\b[^.;:,]{{0,60}}? (?:is|are|was|were) not {_HELD}\b",
    rf"\b(?:no|insufficient) (?:\w+ ){{0,3}}?{_FACTS}\b[^.;:,]{{0,40}}? (?:is|are) {_HOW}"
    rf"(?:{_TOLD}|{_HELD})\b",
    rf"\b(?:no|nothing) [^.;:,]{{0,60}}?(?:is|are) {_HOW}(?:mentioned|specified|stated|said)\b",
    rf"\bthere (?:is|are) (?:no|not \w+|insufficient) (?:\w+ ){{0,2}}?{_WORD_OF}\b",
    r"\b(?:information|context|details) (?:is|are|would be) (?:needed|required|necessary)\b",
    # an answer that nobody could give
    r"\b(?:is|are|remains?) (?:unclear|unknown|unspecified|not (?:clear|known|certain))\b(?! to\b)",
    rf"\b(?:it|this) (?:is|was) (?:not possible|impossible) to {_LEARN}\b",
    rf"\b(?:can not be {_HOW}{_LEARNT}|one can not {_LEARN})\b",
    rf"^(?:not {_HOW}(?:{_TOLD}|{_HELD}|known)|unknown|unclear|unspecified)\b",
    r"^no (?:\w+ )?(?:information|mention|details?|answer)\b(?!.* (?:is|are|was|were)\b)",
    # a speaker who does not know
    r"^(?:\w+, )?(?:I |we )?do not (?:\w+ )?know\b",
    rf"\bI (?:do|did|can|could|am|was) not (?:\w+ ){{0,3}}?(?:{_LEARN}|have|see|sure|aware|able)\b",
    rf"(?:^|\bI (?:am|was) )(?:unable|not able) to {_LEARN}\b",
    r"(?:^|\bI am (?:\w+ )?)sorry\b|\bI apologi[sz]e\b|^(?:my )?apologies\b",
)
_REFUSAL = re.compile("|".join(_WAYS), re.IGNORECASE)
_BUT = re.compile(r"[,;] (?=(?:but|although|though|yet|whereas)\b)|; (?=however\b)", re.IGNORECASE)
_LONG_FORMS = (("’", "'"), ("cannot", "can not"), ("can't", "can not"), ("n't", " not"),
               ("I'm", "I am"), ("'s no", " is no"))  # fmt: skip


def refuses(sentence: str) -> bool:
    """Whether a sentence says that the answer is not known, and states nothing beside."""
    plain = " ".join(sentence.split())
    for short, long in _LONG_FORMS:
        plain = plain.replace(short, long)
    return all(_REFUSAL.search(half) for half in _BUT.split(plain))
