"""Views that generators write and checks accept."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus_tuner import Document, Searcher, build, load_recipe
from corpus_tuner.building.preview import preview_build
from corpus_tuner.core.documents import View
from corpus_tuner.encoders import Span
from corpus_tuner.generation.checks import Candidate, Verdict
from corpus_tuner.generation.enrichment import Draft, write_views
from corpus_tuner.generation.generators import Generator, IncompleteError, Written
from corpus_tuner.generation.ledger import Ledger
from corpus_tuner.generation.prompts import Instruction, load_instructions
from corpus_tuner.generation.rejected_views import find_rejections
from corpus_tuner.indexes.store.layout import Layout
from corpus_tuner.text.document_encoding import EncodedDocument
from tests.conftest import make_documents, write_jsonl
from tests.openai_server import Server, good

ALL = [
    {"name": "well_formed", "question_mark": False},
    "language",
    "copied",
    "duplicate",
    {"name": "entailment", "support": -1},
]


def test_a_build_applies_records_and_reports_verdicts(
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
    accepted = sum(report.views.get(kind, 0) for kind in ("question", "keywords"))
    assert report.written == rejected + accepted
    assert rejected and accepted
    with sqlite3.connect(Layout(tmp_path / "index").ledger) as ledger:
        noted = ledger.execute(
            "SELECT judge || ': ' || reason, count(*) FROM verdicts WHERE judge > '' GROUP BY 1"
        ).fetchall()
        supported = ledger.execute(
            "SELECT count(*) FROM verdicts WHERE judge = '' AND support > ''"
        ).fetchone()
    assert dict(noted) == report.rejected
    assert supported == (accepted,)
    with Searcher.open(tmp_path / "index") as searcher:
        views = [view for ordinal in range(24) for view in searcher.segments.read_views(ordinal)]
    generated = [view for view in views if view.kind in ("question", "keywords")]
    assert len(generated) == accepted and all(view.support for view in generated)
    assert not list((tmp_path / "index").glob("building-*"))

    plain = build(corpus, tmp_path / "plain", load_recipe(None, [*chosen, "checks=[]"]))
    assert plain.written == report.written and not plain.rejected
    arguments = [part for setting in chosen for part in ("--set", setting)]
    built = run("build", corpus, "-o", tmp_path / "reported", *arguments, "--set", f"checks={ALL}")
    assert f"checks rejected {rejected} of {report.written}" in built.out


MILL = Document("a", "Water mills", "A mill wheel turns in the river. The mill grinds wheat.")


COURT = Document("b", "Rent", "The tenant pays rent. A judge may lower the rent by law. Yes.")


class TitleGenerator:
    """Writes a document's title, and records for which documents."""

    identity = "titles"
    kinds: tuple[str, ...] = ("title",)
    invents = True

    def __init__(self) -> None:
        self.requested: list[str] = []

    def spans(self, document: Document, language: str) -> list[Span]:
        return []

    def generate(
        self, readings: Sequence[EncodedDocument], instruction: Instruction
    ) -> list[Written]:
        self.requested += [reading.document.id for reading in readings]
        return [Written((reading.document.title,)) for reading in readings]


def test_nothing_is_generated_twice_and_changes_are(tmp_path: Path) -> None:
    generator = TitleGenerator()
    checked: Generator = generator
    (instruction,) = load_instructions(("title",), "en")
    changed = Document("a", "Water mills", "Another text.")
    moved = Document("z", COURT.title, COURT.text)
    with closing(Ledger(tmp_path / "ledger.sqlite")) as ledger:
        first = write_views(
            [EncodedDocument(MILL), EncodedDocument(COURT)], instruction, checked, ledger
        )
    with closing(Ledger(tmp_path / "ledger.sqlite")) as ledger:
        assert (
            write_views(
                [EncodedDocument(MILL), EncodedDocument(COURT)], instruction, checked, ledger
            )
            == first
        )
        assert generator.requested == ["a", "b"]
        write_views(
            [EncodedDocument(changed), EncodedDocument(moved)], instruction, checked, ledger
        )
        assert generator.requested == ["a", "b", "a"]
        reworded = Instruction("title", "en", "Name it: {text}")
        write_views([EncodedDocument(MILL)], reworded, checked, ledger)
        assert generator.requested == ["a", "b", "a", "a"]


def test_a_draft_is_accepted_by_the_verdicts_of_its_invented_views() -> None:
    own = [View("a", "title", MILL.title)]
    texts = [("one?", True), ("mill, wheel", False), ("two?", True)]
    written = [
        Candidate(
            MILL,
            own,
            np.zeros((1, 2), np.float32),
            View("a", "question", text, "g", invented=invented),
            np.full(2, number, np.float32),
            "en",
        )
        for number, (text, invented) in enumerate(texts, start=1)
    ]
    draft = Draft(MILL, own, np.zeros((1, 2), np.float32), written, Counter(cut_sources=1))
    assert [one.view.text for one in draft.candidates] == ["one?", "two?"]
    verdicts = [Verdict("copied", "", "copied"), Verdict("", "The mill grinds wheat.")]
    enriched = draft.accept(verdicts)
    assert [view.text for view in enriched.generated] == ["mill, wheel", "two?"]
    assert [view.support for view in enriched.generated] == ["", "The mill grinds wheat."]
    assert enriched.vectors.tolist() == [[0, 0], [2, 2], [3, 3]]
    assert enriched.counts == Counter(
        {"cut_sources": 1, "written": 3, "rejected: copied: copied": 1}
    )
    assert enriched.views == [*own, *enriched.generated]
    assert draft.counts == Counter(cut_sources=1)


class InterruptedGenerator(TitleGenerator):
    """Generates for the first document only, then fails."""

    def generate(
        self, readings: Sequence[EncodedDocument], instruction: Instruction
    ) -> list[Written]:
        raise IncompleteError(
            "the service is down", dict(enumerate(super().generate(readings[:1], instruction)))
        )


def test_texts_before_an_error_are_in_the_ledger(tmp_path: Path) -> None:
    (instruction,) = load_instructions(("title",), "en")
    encoded = [EncodedDocument(MILL), EncodedDocument(COURT)]
    generator = TitleGenerator()
    with closing(Ledger(tmp_path / "ledger.sqlite")) as ledger:
        with pytest.raises(IncompleteError, match="the service is down"):
            write_views(encoded, instruction, InterruptedGenerator(), ledger)
        written = write_views(encoded, instruction, generator, ledger)
    assert [one.texts for one in written] == [(MILL.title,), (COURT.title,)]
    assert generator.requested == [COURT.id]


def test_contexts_of_passages_are_views_and_terms(
    encoder_folder: Path, tmp_path: Path, openai_server: Server
) -> None:
    text = " ".join(record["text"] for record in make_documents(12))
    records = [
        {"_id": "long", "title": "Mills", "text": text},
        {"_id": "short", "title": "Rent", "text": "The tenant pays rent."},
    ]
    corpus = write_jsonl(tmp_path / "corpus.jsonl", records)
    generator = {"name": "endpoint", "url": openai_server.url, "model": "m", "kinds": ["context"]}
    recipe = load_recipe(
        None,
        [
            *(f"encoder.name={encoder_folder}", "encoder.max_tokens=64", "language=en"),
            *("calibrate=false", "checks=[well_formed]", "lexical.views={context: 1}"),
            f"generator={json.dumps(generator)}",
        ],
    )
    openai_server.script = [good(), good("It is about zeppelins."), good("Word")]
    (cost,) = preview_build(corpus, tmp_path / "index", recipe).costs
    report = build(corpus, tmp_path / "index", recipe)
    requests = len(openai_server.requested)
    assert (cost.documents, cost.requests) == (1, requests)
    assert report.views["context"] == requests - 1 == report.views["passage"] - 2
    with Searcher.open(tmp_path / "index") as searcher:
        hits = searcher.search("zeppelins", mode="lexical")
        found = searcher.read_document("long")
        assert found
        (rejected,) = find_rejections(
            tmp_path / "index" / "ledger.sqlite", searcher.manifest, *found
        )
    assert hits[0].document.id == "long"
    assert "It is about zeppelins." in {view.text for view in found[1] if view.kind == "context"}
    assert (rejected.kind, rejected.text, rejected.reason) == ("context", "Word", "too few words")
    build(corpus, tmp_path / "index", recipe, fresh=True)
    assert len(openai_server.requested) == requests


def test_repeated_keywords_are_dropped(
    encoder_folder: Path, tmp_path: Path, openai_server: Server
) -> None:
    corpus = write_jsonl(tmp_path / "corpus.jsonl", make_documents(2))
    values = {"name": "endpoint", "url": openai_server.url, "model": "m", "outputs": 2}
    generator = json.dumps({**values, "kinds": ["keywords"]})
    recipe = load_recipe(
        None,
        [
            *(f"encoder.name={encoder_folder}", "checks=[]", "calibrate=false", "language=en"),
            f"generator={generator}",
        ],
    )
    openai_server.script = [good("Mill, river, mill, river", "mill; a, b; Mill"), good("Mill,mill")]
    assert build(corpus, tmp_path / "index", recipe).views["keywords"] == 3
    with Searcher.open(tmp_path / "index") as searcher:
        views = [view for ordinal in range(2) for view in searcher.segments.read_views(ordinal)]
    texts = {view.text for view in views if view.kind == "keywords"}
    assert texts == {"Mill, river", "mill; a, b", "Mill"}
