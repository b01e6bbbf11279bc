"""ANN indexes of a recipe: built of indexed vectors, tuned to a recall, repaired."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import corpus_tuner as ct
from corpus_tuner.calibration.ann_recall import CLOSENESS, keep_distance
from corpus_tuner.indexes.store.manifest import Manifest, read_manifest
from corpus_tuner.indexes.vectors import ann
from corpus_tuner.indexes.vectors.rows import StoredRows, write_vectors
from tests.building.conftest import assert_nothing_is_left_over
from tests.cli.conftest import Run
from tests.conftest import make_documents, write_jsonl

OPTIONS = (
    *("language=en", "generator=null", "calibrate=false", "lexical=null", "baselines=[]"),
    *("views.sentences=0", "representation=passage"),
)
QUERIES = ["the old mill by the river", "rent by law", "flour and bread"]


def recipe(encoder: Any, vectors: str) -> list[str]:
    return [f"encoder.name={encoder.name}", *OPTIONS, f"vectors={vectors}"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, encoder: Any) -> Path:
    """A folder with a corpus, ``c.jsonl``, and its index, ``i``, of a graph."""
    folder = tmp_path_factory.mktemp("recall")
    documents = make_documents(700, seed=2)
    for document in documents:
        document["text"] = ". ".join(document["text"].split(". ")[:2])
    corpus = write_jsonl(folder / "c.jsonl", documents)
    build(corpus, folder / "i", encoder, "{index: hnsw, min_rows: 100}")
    return folder


@pytest.fixture
def index(tmp_path: Path, built: Path) -> Path:
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    return tmp_path / "i"


def build(corpus: Path, index: Path, encoder: Any, vectors: str) -> Manifest:
    ct.build(corpus, index, ct.load_recipe(None, recipe(encoder, vectors)), encoder=encoder)
    return read_manifest(index)


def runs(index: Path, encoder: Any) -> list[list[tuple[str, float]]]:
    with ct.Searcher.open(index, encoder=encoder, checksums=True) as searcher:
        return list(searcher.rank(QUERIES, 20))


def encoded(manifest: Manifest) -> list[object]:
    """Segments without their ANN indexes."""
    return [segment.replace_file("ann_index", None) for segment in manifest.segments]


def test_an_engine_is_changed_and_nothing_encoded_again(index: Path, encoder: Any) -> None:
    first = read_manifest(index)
    assert [bool(segment.ann_index) for segment in first.segments] == [True]
    assert (first.vectors.recall or 0) >= 0.99
    assert first.vectors.queries == 200
    assert 0 < (first.vectors.query_cosine or 0) < 1
    found = runs(index, encoder)
    corpus = index.parent / "c.jsonl"
    for vectors in ("{index: ivf_sq8, min_rows: 100, recall: 0.999}", "{index: flat}"):
        changed = build(corpus, index, encoder, vectors)
        assert encoded(changed) == encoded(first)
        assert_nothing_is_left_over(index)
        if vectors != "{index: flat}":
            assert changed.vectors.parameters["nprobe"] > 16  # a third of the lists is too little
            assert (changed.vectors.recall or 0) >= 0.999
            again = build(corpus, index, encoder, vectors)
            assert again.generation == changed.generation
        else:
            assert changed.segments[0].ann_index is None
            assert runs(index, encoder) == found


def test_too_little_is_refused(
    index: Path, encoder: Any, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ann, "_MOST_RAISED", 1)
    before = read_manifest(index)
    poor = "{index: 'IVF64,SQ8', min_rows: 100, recall: 0.999}"
    options = [part for option in recipe(encoder, poor) for part in ("--set", option)]
    refused = run("build", index.parent / "c.jsonl", "-o", index, *options)
    assert refused.code == 2
    assert "with its widest search (nprobe 16, rescore 2)" in refused.err
    assert "Traceback" not in refused.err
    assert read_manifest(index) == before
    assert_nothing_is_left_over(index)
    few = [part for option in recipe(encoder, "{index: HNSW48}") for part in ("--set", option)]
    done = run("build", index.parent / "c.jsonl", "-o", index, *few)
    assert done.code == 0, done.err
    assert "too few vectors for HNSW48: exact search (vectors.min_rows)" in done.out


def test_a_structure_is_made_anew(index: Path, encoder: Any, run: Run) -> None:
    found = runs(index, encoder)
    (file,) = index.glob("segments/*/passage.ann.*.faiss")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert [problem.file for problem in ct.check(index)] == [file]
    done = ct.repair(index, encoder=encoder)
    assert (done.rebuilt, done.lost, done.ann_indexes) == (0, 0, 1)
    assert runs(index, encoder) == found
    assert_nothing_is_left_over(index)
    measured = run("index", "check", index, "--recall", "--json")
    assert measured.code == 0, measured.err
    values = json.loads(measured.out)["recall"]
    assert values["vector_index"] == "hnsw"
    assert values["recall"] >= values["required"] == 0.99
    assert "200 held-out sentences" in run("index", "check", index, "--recall").out


def test_documents_come_and_go(index: Path, encoder: Any) -> None:
    with ct.Searcher.open(index, encoder=encoder) as searcher:
        (hit,) = searcher.search(QUERIES[:1], 1)[0]
    ct.remove(index, [hit.document.id])
    more = [dict(one, _id=f"n{number}") for number, one in enumerate(make_documents(150, seed=9))]
    ct.add(index, [ct.Document(one["_id"], one["title"], one["text"]) for one in more])
    grown = read_manifest(index)
    assert [bool(segment.ann_index) for segment in grown.segments] == [True, True]
    assert grown.vectors.queries == 200
    with ct.Searcher.open(index, encoder=encoder) as searcher:
        ids = [one.document.id for one in searcher.search(QUERIES[0], 849)]
    assert len({*ids}) == 849
    assert hit.document.id not in ids


def test_a_build_that_was_killed_before_its_engine_goes_on(index: Path, encoder: Any) -> None:
    corpus = index.parent / "c.jsonl"
    flat = build(corpus, index, encoder, "{index: flat}")
    folder = index / "segments" / flat.segments[0].name
    (folder / "passage.ann.000099.faiss").write_bytes(b"half of it")
    made = build(corpus, index, encoder, "{index: hnsw, min_rows: 100}")
    assert made.segments[0].ann_index
    assert_nothing_is_left_over(index)


def test_queries_are_moved_to_the_distance_of_real_ones() -> None:
    random = np.random.default_rng(0)
    documents = random.standard_normal((50, 64)).astype(np.float32)
    documents /= np.linalg.norm(documents, axis=1, keepdims=True)
    far = np.arange(50) < 10
    queries = np.where(far[:, None], -documents, documents)
    moved = keep_distance(queries, documents)
    np.testing.assert_allclose(moved[far], queries[far], atol=1e-6)
    others = (queries @ documents.T)[~np.eye(50, dtype=bool)].mean()
    expected = others + CLOSENESS * (1 - others)
    cosines = np.einsum("qd,qd->q", moved, documents)
    np.testing.assert_allclose(cosines[~far], expected, atol=1e-3)


def test_parameters_hold_for_other_queries_of_the_same_clusters(tmp_path: Path) -> None:
    random = np.random.default_rng(0)

    def draw(count: int) -> Any:
        return normalize(random.standard_normal((count, 128)))

    def normalize(rows: Any) -> Any:
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    centres = draw(4)
    documents = normalize(centres[np.arange(4_000) % 4] + 1.7 * draw(4_000))
    write_vectors([documents], 4_000, 128, "float16", tmp_path / "rows")
    rows = StoredRows(tmp_path / "rows", 128, "float16")
    ann.build_ann_index(ann.VectorSettings(index="ivf_sq8"), rows, tmp_path / "ann")

    def measure(probes: int, queries: Any) -> float:
        parameters = {"nprobe": probes, "rescore": 2}
        index = ann.AnnIndex(rows, tmp_path / "ann", "ivf_sq8", parameters)
        found = index.search(queries, 100).rows
        exact = rows.search(queries, 100).rows
        return float(np.mean([np.isin(exact[one], found[one]).mean() for one in range(100)]))

    def choose(queries: Any) -> int:
        return next(probes for probes in (16, 32, 64, 128) if measure(probes, queries) >= 0.99)

    noisy = normalize(documents[:100] + 0.1 * draw(100))
    between = normalize(centres[np.arange(100) % 4] + centres[np.arange(1, 101) % 4] + draw(100))
    assert measure(choose(noisy), between) < 0.95
    assert measure(choose(keep_distance(noisy, documents[:100])), between) >= 0.98
