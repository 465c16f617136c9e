"""The report's machine names -> words that need no glossary. The machine names stay in small print.

A name that is not known here is shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

OURS = "Pincite"  # the system that a report is about, where it names no other

# The first of a page's numbers: what is counted, and of what
FIRST = {
    "right": (
        "Right",
        "an accepted answer is shown, or none where the documents do not answer",
    ),
    "unsupported_shown": (
        "Answers not accepted",
        "an answer is shown, and it is none of the accepted ones",
    ),
    "abstain_recall": (
        "Rightly refused",
        "of the questions that the documents do not answer",
    ),
    "false_abstain": (
        "Wrongly refused",
        "of the questions that the documents do answer",
    ),
    "citation_validity": (
        "Citations valid",
        "their words stand in the document exactly where they say, in a passage that the search"
        " found (withheld sentences’ too)",
    ),
    "gold_recall": (
        "Expected passages cited",
        "of the passages that the cases name as evidence",
    ),
    "gold_precision": (
        "Citations as expected",
        "of the citations shown: they point to an expected passage or hold an accepted answer",
    ),
}
MORE = {
    "answer_contains": ("Questions answered rightly", "of those that the documents answer"),
    "exact_match": (
        "Exact match",
        "SQuAD’s: the answer is an accepted one and nothing else, articles aside",
    ),
    "token_f1": ("Words shared", "SQuAD’s F1 of words with the nearest accepted answer"),
    "citation_coverage": ("Sentences cited", "of the sentences shown"),
    "gold_retrieved": ("Expected passages found", "by the search, whether cited or not"),
    "all_gold@8": ("All that is expected found", "of the questions, by the search’s first 8"),
    "excerpt_recall@5": (
        "Expected characters found",
        "share of them that is in the search’s first 5 passages, mean of the questions",
    ),
    "excerpt_iou@5": (
        "Expected characters of all found",
        "those that are both expected and in the first 5 passages, of those that are either",
    ),
    "gold_f1": ("Expected passages, F1", "harmonic mean of the cited and the as-expected share"),
    "gold_recall_retrieved": (
        "Expected passages cited, where found",
        "of the questions for which the search found all that is expected",
    ),
    "gold_precision_retrieved": ("Citations as expected, where found", "of the same questions"),
    "gold_f1_retrieved": ("Expected passages, F1, where found", "of the same questions"),
    "pin_f1": ("Exactness of place", "characters that cited and expected passages share, F1"),
    "alce_recall": ("Sentences entailed", "ALCE’s citation recall"),
    "alce_precision": ("Citations needed", "ALCE’s citation precision"),
}
JUDGED = ("alce_recall", "alce_precision")  # what is no fact, but the opinion of a judge

OUTCOMES = {  # of a case: its name in the style sheet -> in words; in the order of the bar
    "answered": "answered rightly",
    "refused": "rightly refused",
    "uncited": "right, but a citation is not valid or lacking",
    "missed": "refused, though the documents say",
    "wrong": "answer not accepted",
}
STATES = {"failed": "Failures", "remarks": "With remarks", "passed": "Passes"}
FAULTS = {  # what makes a case fail
    "bad citation": "citation not valid",
    "no citation": "sentence without citation",
    "refused": "refused",
    "wrong claim shown": "answer not accepted",
    "answered what nothing answers": "answered what nothing answers",
}
REMARKS = {  # what is worth a look in a case that passed
    "gold not retrieved": "expected passage not found",
    "gold not cited": "expected passage not cited",
    "cites beside gold": "cites other passages too",
}
VERDICTS: Mapping[str, str] = {
    "supported": "supported",
    "unsupported": "not supported",
    "off_topic": "does not answer the question",
    "no_claim": "states nothing",
}
