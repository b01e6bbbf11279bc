"""What every check rejects, and that a build heeds, records and tells it."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from corpus_tuner import Document, Searcher, View, build, load_recipe
from corpus_tuner.core.registry import read_settings
from corpus_tuner.generation.checks import (
    Candidate,
    Resources,
    Verdict,
    find_unfitted,
    fit_checks,
    judge,
    open_checks,
)
from corpus_tuner.indexes.store.layout import Layout
from tests.conftest import make_documents, write_jsonl

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


def judged(
    encoder: Any,
    name: str,
    *written: Written,
    nearest: Callable[[Sequence[Candidate], int], list[list[str]]] = lambda queries, most: [],
    fitted: Any = None,
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
    if fitted is None:
        fitted = fit_checks(find_unfitted([read]), candidates)
    checks = open_checks([read], Resources(encoder, lambda: nearest), fitted)
    return judge(candidates, checks)[0]


def reasons(verdicts: Sequence[Verdict]) -> list[str]:
    return [verdict.reason for verdict in verdicts]


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("What does the mill grind?", "question", ""),
        ("what does the mill grind ?", "question", ""),
        ("What does the mill grind", "question", "a question without a question mark"),
        ("What does the mill grind", "title", ""),
        ("Mill", "title", "too few words"),
        ("mill " * 90, "summary", "too many words"),
        ("mill mill mill mill wheat", "keywords", "one word again and again"),
        ("wheat ▓▓▓▓ mill ◊◊", "keywords", "unusual characters"),
        ("Wie hoch ist die Miete für Mühlen?", "question", ""),
    ],
)
def test_well_formed(encoder: Any, text: str, kind: str, reason: str) -> None:
    assert reasons(judged(encoder, "well_formed", Written(text, kind))) == [reason]


@limits(deadline=None)
@given(text=st.text(max_size=60), kind=st.sampled_from(["question", "keywords"]))
def test_no_text_is_too_strange_to_judge(encoder: Any, text: str, kind: str) -> None:
    for name in ("well_formed", "language", "copied"):
        (verdict,) = judged(encoder, name, Written(text, kind))
        assert isinstance(verdict.reason, str)


def test_language(encoder: Any) -> None:
    german = "wie hoch ist die miete nach dem gesetz im winter?"
    english = "how high is the rent by law in the winter?"
    asked = [Written(german), Written(english), Written(german, language="de")]
    short = Written("miete und gesetz")
    found = reasons(judged(encoder, "language", *asked, short))
    assert found == ["another language", "", "", ""]


def test_copied(encoder: Any) -> None:
    texts = [
        "A MILL wheel turns, in the river. The mill grinds",
        "A mill wheel turns in the bread of the oven",
        "The mill grinds wheat",
    ]
    verdicts = judged(encoder, "copied", *map(Written, texts))
    assert reasons(verdicts) == ["copied", "", ""]


def test_duplicate(encoder: Any) -> None:
    texts = ["the mill grinds wheat.", "what is rent?", "What is rent?", "who is the tenant?"]
    verdicts = judged(encoder, "duplicate", *map(Written, texts), similarity=0.9999)
    again = "there is such a view already"
    assert reasons(verdicts) == [again, "", again, ""]


def test_relevance_leaves_out_the_share_of_the_sample(encoder: Any) -> None:
    texts = ["the mill grinds wheat", "wheat of the mill", "a doctor", "a court, a judge"]
    questions = [Written(text) for text in texts]
    titles = [Written(text, "title") for text in texts]
    verdicts = judged(encoder, "relevance", *questions, *titles, quantile=0.5)
    assert sum(bool(verdict.reason) for verdict in verdicts[:4]) == 2
    assert verdicts[4:] == verdicts[:4]
    assert not verdicts[0].reason
    assert not any(reasons(judged(encoder, "relevance", *questions, quantile=0)))


def test_relevance_goes_by_what_was_fitted_not_by_the_others(encoder: Any) -> None:
    fitted = {"relevance": {"question": 0.999}}
    near, far = Written("the mill grinds wheat."), Written("a doctor")
    for several in ([near, far], [far, near], [near], [far]):
        found = judged(encoder, "relevance", *several, fitted=fitted)
        assert reasons(found) == ["" if one is near else "far from its document" for one in several]
    (verdict,) = judged(encoder, "relevance", Written("a doctor", "title"), fitted=fitted)
    assert not verdict.reason  # a kind that the sample did not have


def test_round_trip(encoder: Any) -> None:
    def nearest(queries: Sequence[Candidate], most: int) -> list[list[str]]:
        assert most == 7
        return [["m", "x"] if "mill" in query.view.text else ["x"] for query in queries]

    written = [Written("mill?"), Written("rent?")]
    verdicts = judged(encoder, "round_trip", *written, nearest=nearest, top=7)
    assert reasons(verdicts) == ["", "finds other documents first"]


def test_entailment_keeps_the_sentence_in_support(encoder: Any) -> None:
    (verdict,) = judged(encoder, "entailment", Written("the mill grinds wheat"), support=-1)
    assert verdict == Verdict("", "The mill grinds wheat.")
    (verdict,) = judged(encoder, "entailment", Written("a doctor"), support=1)
    assert verdict == Verdict("no sentence supports it", "")


class Knowing:
    """An encoder that reads one word as it is taught to."""

    def __init__(self, encoder: Any, word: str, vector: Any) -> None:
        self._encoder = encoder
        self._word, self._vector = word, vector
        self.count_tokens, self.fingerprint = encoder.count_tokens, encoder.fingerprint

    def encode_documents(self, texts: Sequence[str]) -> Any:
        vectors = self._encoder.encode_documents(texts)
        for row, text in enumerate(texts):
            if text == self._word:
                vectors[row] = self._vector
        return vectors


def test_a_key_term_must_be_nearer_than_the_documents_own_rarest_words(encoder: Any) -> None:
    # "buckwheat" is not in the document, which may mean it nevertheless, or not.
    invented = Written("the mill grinds buckwheat.")
    with patch("corpus_tuner.generation.checks.entailment._RIVALS", 0):
        ((_, support),) = judged(encoder, "entailment", invented, support=-1)
    (near,) = encoder.encode_documents([support])
    meant, other = (Knowing(encoder, "buckwheat", vector) for vector in (near, -near))
    assert judged(meant, "entailment", invented, support=-1) == [Verdict("", support)]
    (verdict,) = judged(other, "entailment", invented, support=-1)
    assert verdict.reason == "its key term does not fit the document"
    assert not judged(other, "entailment", Written("the mill, grinding"), support=-1)[0].reason


ALL = [
    {"name": "well_formed", "question_mark": False},
    "language",
    "copied",
    "duplicate",
    {"name": "relevance", "quantile": 0.2},
    {"name": "round_trip", "top": 8},
    {"name": "entailment", "support": -1},
]


def test_a_build_heeds_records_and_tells_what_checks_say(
    encoder_folder: Path, t5_folder: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    corpus = write_jsonl(tmp_path / "corpus.jsonl", make_documents(24))
    chosen = [
        *(f"encoder.name={encoder_folder}", "language=en", "calibrate=false"),
        *("generator.name=seq2seq", f"generator.model={t5_folder}", "generator.outputs=3"),
        *("generator.max_new_tokens=8", "documents_at_once=10"),
    ]
    settings = load_recipe(None, [*chosen, f"checks={ALL}"])
    report = build(corpus, tmp_path / "index", settings)
    rejected = sum(report.rejected.values())
    kept = sum(report.views.get(kind, 0) for kind in ("question", "keywords"))
    assert report.written == rejected + kept
    assert rejected and kept
    assert "relevance: far from its document" in report.rejected
    assert "round_trip: finds other documents first" in report.rejected
    with sqlite3.connect(Layout(tmp_path / "index").ledger) as ledger:
        noted = ledger.execute(
            "SELECT judge || ': ' || reason, count(*) FROM verdicts WHERE judge > '' GROUP BY 1"
        ).fetchall()
        supported = ledger.execute(
            "SELECT count(*) FROM verdicts WHERE judge = '' AND support > ''"
        ).fetchone()
    assert dict(noted) == report.rejected
    assert supported == (kept,)
    with Searcher.open(tmp_path / "index") as searcher:
        views = [view for ordinal in range(24) for view in searcher.segments.read_views(ordinal)]
    generated = [view for view in views if view.kind in ("question", "keywords")]
    assert len(generated) == kept and all(view.support for view in generated)
    assert not list((tmp_path / "index").glob("building-*"))

    plain = build(corpus, tmp_path / "plain", load_recipe(None, [*chosen, "checks=[]"]))
    assert plain.written == report.written and not plain.rejected
    arguments = [part for setting in chosen for part in ("--set", setting)]
    built = run("build", corpus, "-o", tmp_path / "told", *arguments, "--set", f"checks={ALL}")
    assert f"checks rejected {rejected} of {report.written}" in built.out


def test_an_unknown_check_is_told(run: Callable[..., Any], tmp_path: Path) -> None:
    corpus = write_jsonl(tmp_path / "corpus.jsonl", make_documents(2))
    done = run("build", corpus, "-o", tmp_path / "index", "--set", "checks=[speling]")
    assert done.code == 2
    assert "no check is called 'speling'" in done.err and "well_formed" in done.err
