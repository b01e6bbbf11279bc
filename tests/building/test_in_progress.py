"""Crash recovery: a build that was interrupted is continued, if it is of the same recipe."""

from pathlib import Path

import pytest

from corpus_tuner import Recipe, build, load_recipe
from corpus_tuner.indexes.store.staging import EncodedDocument, Staging
from tests.building.conftest import read_segment
from tests.conftest import make_documents, write_jsonl


def count_documents(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the ids of the documents that are staged from now on."""
    staged: list[str] = []
    insert = Staging._insert

    def noting(self: Staging, encoded: EncodedDocument) -> None:
        staged.append(encoded.document.id)
        insert(self, encoded)

    monkeypatch.setattr(Staging, "_insert", noting)
    return staged


def test_a_build_that_failed_goes_on(
    tmp_path: Path, settings: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings.model_copy(update={"generator": None, "documents_at_once": 4})
    documents = make_documents(20)
    corpus = write_jsonl(tmp_path / "c.jsonl", [*documents[:14], {"_id": "bad"}])
    with pytest.raises(ValueError, match=r"c\.jsonl:15"):
        build(corpus, tmp_path / "i", settings)
    assert list((tmp_path / "i").glob("building-*"))
    # One document changes meanwhile, and one is put in front: no other one is made again.
    documents[5]["text"] = "Another text now."
    documents = [documents[17], *documents[:17], *documents[18:]]
    write_jsonl(corpus, documents)
    encoded = count_documents(monkeypatch)
    build(corpus, tmp_path / "i", settings)
    assert sorted(encoded) == sorted(f"d{n}" for n in (5, *range(12, 20)))  # 12, 13: not committed
    build(corpus, tmp_path / "fresh", settings)
    assert read_segment(tmp_path / "i") == read_segment(tmp_path / "fresh")


def test_other_settings_throw_an_unfinished_build_away(tmp_path: Path, settings: Recipe) -> None:
    settings = settings.model_copy(update={"generator": None, "documents_at_once": 4})
    corpus = write_jsonl(tmp_path / "c.jsonl", [*make_documents(14), {"_id": "bad"}])
    with pytest.raises(ValueError, match=r"c\.jsonl:15"):
        build(corpus, tmp_path / "i", settings)
    write_jsonl(corpus, make_documents(14))
    other = load_recipe(None, ["views.title=false"])
    other = settings.model_copy(update={"views": other.views})
    build(corpus, tmp_path / "i", other)
    build(corpus, tmp_path / "fresh", other)
    assert read_segment(tmp_path / "i") == read_segment(tmp_path / "fresh")
