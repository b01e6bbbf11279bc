"""An index that the retrievers search, and what their results have to be."""

from collections.abc import Iterator
from typing import Any

import pytest

from corpus_tuner import Hit, Searcher, build, load_recipe
from tests.conftest import make_documents, write_jsonl

QUERY = "the old mill by the river"
CHOSEN = ["generator=null", "calibrate=false", "language=en"]
UNITS = ("documents", "passages")


@pytest.fixture(scope="session")
def searcher(
    tmp_path_factory: pytest.TempPathFactory, encoder: Any, encoder_folder: Any
) -> Iterator[Searcher]:
    """An open index of twelve documents, whose metadata have names that hits have, too."""
    folder = tmp_path_factory.mktemp("integrations")
    records: list[dict[str, Any]] = [dict(record) for record in make_documents(12)]
    for number, record in enumerate(records):
        record |= {"year": 2000 + number, "score": "of the document", "rank": [1], "matched": None}
    write_jsonl(folder / "corpus.jsonl", records)
    settings = load_recipe(None, [*CHOSEN, f"encoder.name={encoder_folder}"])
    build(folder / "corpus.jsonl", folder / "index", settings, encoder=encoder)
    with Searcher.open(folder / "index", encoder=encoder) as opened:
        yield opened


def check(found: list[tuple[Any, Any, Any]], hits: list[Hit], unit: str) -> None:
    """Documents' own metadata are as they were, and hits are described under a key of their own."""
    assert len(found) == len(hits) == 3
    for (id_, text, metadata), hit in zip(found, hits, strict=True):
        ours = metadata["corpus_tuner"]
        assert {**metadata, **hit.document.metadata} == metadata
        assert metadata.keys() - hit.document.metadata.keys() == {"corpus_tuner"}
        assert metadata["score"] == "of the document"
        assert (ours["id"], ours["rank"], ours["score"]) == (hit.document.id, hit.rank, hit.score)
        assert (ours["kind"], ours["matched"]) == (hit.view.kind, hit.view.text)
        assert hit.document.text[ours["start"] : ours["end"]] == hit.passage.text
        if unit == "documents":
            assert (id_, text) == (hit.document.id, hit.document.text)
        else:
            assert text == hit.passage.text
            assert id_ == f"{hit.document.id}#char={ours['start']},{ours['end']}"
