"""An index as one file, with the encoder in it."""

import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner import Searcher, check, export_index, import_index
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.store.manifest import parse_manifest
from tests.conftest import make_documents, write_jsonl
from tests.indexes.store.conftest import Built


def ranking(index: Path) -> list[tuple[str, float]]:
    with Searcher.open(index) as searcher:
        return [(hit.document.id, hit.score) for hit in searcher.search("the river mill")]


def test_an_export_takes_the_encoder_along(built: Built, run: Callable[..., Any]) -> None:
    before = ranking(built.index)
    file, there = built.index.with_suffix(".tar"), built.index.with_name("there")
    export_index(built.index, file)
    shutil.rmtree(built.encoder)
    shutil.rmtree(built.index)
    manifest = import_index(file, there)
    assert manifest.encoder.settings["name"] == str((there / "encoder").resolve())
    assert ranking(there) == before
    assert check(there) == []
    moved = there.rename(there.with_name("moved"))
    assert ranking(moved) == before
    more = write_jsonl(moved.with_name("d.jsonl"), make_documents(14)[12:])
    assert run("index", "add", moved, more).code == 0
    assert parse_manifest(moved).documents == 14
    export_index(moved, file)  # again, from there
    assert {*import_index(file, there).encoder.files} == {*manifest.encoder.files}
    command = ("build", built.corpus, "-o", moved, *built.options)
    assert run(*command, "--encoder", there / "encoder").code == 0
    assert parse_manifest(moved).encoder.settings["name"] == str((there / "encoder").resolve())
    assert not (moved / "encoder").exists()  # nothing names it any more
    assert len(ranking(moved)) == len(before)


def test_an_encoder_that_was_moved_is_found_by_the_next_build(
    built: Built, run: Callable[..., Any]
) -> None:
    generation = parse_manifest(built.index).generation
    moved = built.encoder.rename(built.encoder.with_name("moved"))
    command = ("build", built.corpus, "-o", built.index, "--encoder", moved, *built.options)
    for _ in range(2):
        done = run(*command)
        assert done.code == 0, done.err
        assert "anew" not in done.err
        assert parse_manifest(built.index).generation == generation + 1
    assert check(built.index) == []
    assert ranking(built.index)


def test_an_import_refuses_an_archive_without_its_encoder(built: Built) -> None:
    file, less = built.index.with_suffix(".tar"), built.index.with_name("less.tar")
    export_index(built.index, file)
    with tarfile.open(file) as whole, tarfile.open(less, "w") as archive:
        for member in whole:
            if not member.name.startswith("encoder/"):
                archive.addfile(member, whole.extractfile(member))
    with pytest.raises(SearchIndexError, match=r"is damaged: encoder/.* is missing"):
        import_index(less, built.index.with_name("there"))


def test_an_import_refuses_a_damaged_encoder(built: Built) -> None:
    file = built.index.with_suffix(".tar")
    export_index(built.index, file)
    data = file.read_bytes()
    weights = (built.encoder / "model.safetensors").read_bytes()
    at = data.index(weights) + len(weights) // 2
    file.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    with pytest.raises(SearchIndexError, match=r"is damaged: encoder/model\.safetensors"):
        import_index(file, built.index.with_name("there"))
    assert not built.index.with_name("there").exists()
