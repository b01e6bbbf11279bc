"""Views of one document, and their verdicts."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from corpus_tuner import Document, View
from corpus_tuner.core.registry import read_settings
from corpus_tuner.generation.checks import Candidate, Verdict, judge, open_checks

MILL = Document("m", "Water mills", "A mill wheel turns in the river. The mill grinds wheat.")


OWN = [
    View("m", "passage", f"{MILL.title} {MILL.text}"),
    View("m", "title", MILL.title),
    View("m", "sentence", "A mill wheel turns in the river."),
    View("m", "sentence", "The mill grinds wheat."),
]


class Written(NamedTuple):
    """A view that is to be judged, before it is encoded."""

    text: str
    kind: str = "question"
    language: str = "en"


def judge_views(
    encoder: Any,
    name: str,
    *written: Written,
    **settings: Any,
) -> list[Verdict]:
    """Let one check judge what was written for `MILL`."""
    texts = [*(view.text for view in OWN), *(made.text for made in written)]
    vectors = encoder.encode_documents(texts)
    candidates = [
        Candidate(MILL, OWN, vectors[: len(OWN)], View("m", kind, text), vector, language)
        for (text, kind, language), vector in zip(written, vectors[len(OWN) :], strict=True)
    ]
    read = read_settings("corpus_tuner.generation.checks", {"name": name, **settings})
    checks = open_checks([read], encoder)
    return judge(candidates, checks)


def list_reasons(verdicts: Sequence[Verdict]) -> list[str]:
    return [verdict.reason for verdict in verdicts]
