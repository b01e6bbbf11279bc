"""An index that is changed in place is the one that would be built anew from what it has."""

import shutil
import tempfile
from pathlib import Path
from typing import Any, get_args

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

import corpus_tuner as ct
from corpus_tuner.building.merge import MOST_SEGMENTS
from corpus_tuner.indexes.lexical import LEXICAL_RANKERS
from corpus_tuner.indexes.lexical.bm25 import BM25
from corpus_tuner.indexes.store.manifest import read_manifest
from corpus_tuner.indexes.store.search_settings import Mode
from tests.conftest import make_documents

QUERIES = ["the old mill by the river", "rent by law", "bread"]
TEXTS = [one["text"] for one in make_documents(12, seed=3)]
IDS = st.sampled_from([f"d{number}" for number in range(8)])
RECORDS = st.dictionaries(IDS, st.sampled_from(TEXTS), min_size=1, max_size=4)


def described(index: Path, encoder: Any) -> dict[str, Any]:
    """All that can be seen of an index from without."""
    with ct.Searcher.open(index, encoder=encoder, checksums=True) as searcher:
        segments, manifest = searcher.segments, searcher.manifest
        living = np.flatnonzero(segments.live_docs)
        documents = segments.read_documents(living)
        numbered = list(zip(documents, living.tolist(), strict=True))
        found: dict[str, Any] = {
            "documents": {one.id: one for one in documents},
            "views": {one.id: segments.read_views(at) for one, at in numbered},
            "counted": (manifest.documents, manifest.views, manifest.counts, manifest.digest),
            "runs": {mode: list(searcher.rank(QUERIES, 20, mode=mode)) for mode in get_args(Mode)},
            "filtered": searcher.search(QUERIES[0], 20, filter={"mark": [1, 2]}),
        }
        scores = {
            ranker: [index.score(query, BM25()) for query in QUERIES]
            for ranker, index in searcher.lexical.items()
        }
        assert [*scores] == [*LEXICAL_RANKERS]
        found["scores"] = {
            ranker: [{one.id: round(float(own[at]), 9) for one, at in numbered} for own in every]
            for ranker, every in scores.items()
        }
    return found


class Changing(RuleBasedStateMachine):
    """Random changes, compared with a plain dictionary and a fresh build."""

    encoder: Any
    recipe: ct.Recipe

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.index = self.folder / "index"
        self.known: dict[str, str] = {"d0": TEXTS[0]}
        self.sync()

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def documents(self, texts: dict[str, str]) -> list[ct.Document]:
        return [ct.Document(id_, "", text, {"mark": len(text) % 3}) for id_, text in texts.items()]

    def build(self, index: Path) -> ct.BuildReport:
        documents = self.documents(self.known)
        return ct.build(documents, index, self.recipe, encoder=self.encoder, sync=True)

    def sync(self) -> None:
        self.build(self.index)

    @rule(records=RECORDS)
    def add(self, records: dict[str, str]) -> None:
        differs = {id_ for id_, text in records.items() if self.known.get(id_) != text}
        report = ct.add(self.index, self.documents(records), encoder=self.encoder)
        assert report.changes.added == len(differs - self.known.keys())
        assert report.changes.changed == len(differs & self.known.keys())
        self.known |= records

    @rule(ids=st.sets(IDS, max_size=4))
    def remove(self, ids: set[str]) -> None:
        assert ct.remove(self.index, ids) == len(ids & self.known.keys())
        self.known = {id_: text for id_, text in self.known.items() if id_ not in ids}

    @rule(mark=st.integers(0, 2))
    def remove_by_filter(self, mark: int) -> None:
        gone = {id_ for id_, text in self.known.items() if len(text) % 3 == mark}
        assert ct.remove(self.index, filter={"mark": mark}) == len(gone)
        self.known = {id_: text for id_, text in self.known.items() if id_ not in gone}

    @rule(records=RECORDS, kept=st.sets(IDS))
    def change_and_sync(self, records: dict[str, str], kept: set[str]) -> None:
        before = self.known
        self.known = {id_: text for id_, text in before.items() if id_ in kept} | records
        changes = self.build(self.index).changes
        assert changes.removed == len(before.keys() - self.known.keys())
        assert changes.unchanged == sum(self.known.get(id_) == text for id_, text in before.items())

    @rule()
    def empty_and_sync(self) -> None:
        self.known = {}
        self.sync()

    @rule()
    def merge(self) -> None:
        ct.merge(self.index)
        assert len(read_manifest(self.index).segments) <= 1

    @invariant()
    def it_is_what_would_be_built_anew(self) -> None:
        manifest = read_manifest(self.index)
        assert len(manifest.segments) <= MOST_SEGMENTS + 4  # removing merges nothing
        assert ct.check(self.index) == []
        found = described(self.index, self.encoder)
        assert found["documents"] == {one.id: one for one in self.documents(self.known)}
        if not self.known:
            assert found["runs"]["hybrid"] == [[] for _ in QUERIES]
            return
        fresh = self.folder / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        self.build(fresh)
        assert found == described(fresh, self.encoder)


def test_any_changes_give_what_a_fresh_build_gives(encoder: Any, encoder_folder: Path) -> None:
    chosen = [f"encoder.name={encoder_folder}", "language=en", "calibrate=false"]
    Changing.encoder = encoder
    Changing.recipe = ct.load_recipe(
        None, [*chosen, "generator=extractive", "views.sentences=3", "baselines=[passage]"]
    )
    nightly = settings.get_current_profile_name() == "nightly"
    run_state_machine_as_test(
        Changing,
        settings=settings(
            max_examples=500 if nightly else 6,
            stateful_step_count=8,
            deadline=None,
            suppress_health_check=[*HealthCheck],
        ),
    )
