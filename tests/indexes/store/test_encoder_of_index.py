"""An index says which files its encoder is read from, and takes a folder of them along."""

import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner import Searcher, check, export_index, import_index
from corpus_tuner.encoders import EncoderSettings, embedded
from corpus_tuner.encoders.model_files import list_encoder_files
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.store.manifest import EncoderEntry, parse_manifest
from tests.conftest import edit_manifest, make_documents, write_jsonl


class Built:
    """An index, its corpus, and the folder of its encoder, that of nobody else."""

    def __init__(self, folder: Path, encoder: Path, run: Callable[..., Any]) -> None:
        self.encoder = folder / "encoder-of-mine"
        shutil.copytree(encoder, self.encoder)
        self.corpus = write_jsonl(folder / "c.jsonl", make_documents(12))
        self.index = folder / "index"
        recipe = ("generator=null", "views.sentences=0", "language=en")
        self.options = [word for one in recipe for word in ("--set", one)]
        command = ("build", self.corpus, "-o", self.index, "--encoder", self.encoder)
        done = run(*command, *self.options)
        assert done.code == 0, done.err


@pytest.fixture
def built(tmp_path: Path, encoder_folder: Path, run: Callable[..., Any]) -> Built:
    return Built(tmp_path, encoder_folder, run)


def ranking(index: Path) -> list[tuple[str, float]]:
    with Searcher.open(index) as searcher:
        return [(hit.document.id, hit.score) for hit in searcher.search("the river mill")]


def test_the_manifest_names_the_files(built: Built) -> None:
    entry = parse_manifest(built.index).encoder
    assert {"model.safetensors", "tokenizer.json", "modules.json"} <= {*entry.files}
    assert "README.md" not in entry.files
    assert check(built.index) == []


@pytest.mark.parametrize("encoder", embedded.NAMES)
def test_files_of_embedded_encoders(encoder: str) -> None:
    if not embedded.is_installed(encoder):
        pytest.skip("its package is not installed")
    files = list_encoder_files(EncoderSettings(name=encoder))
    assert {*files} == {*embedded.PACKAGES[encoder].files}


def test_models_of_the_hub_that_were_not_fetched_have_none() -> None:
    for name in ("no-such/model", "/no/such/folder/at/all"):
        assert list_encoder_files(EncoderSettings(name=name)) == {}


@pytest.mark.parametrize("how", ["removed", "altered", "all removed"])
def test_check_says_what_the_encoder_lacks(built: Built, run: Callable[..., Any], how: str) -> None:
    weights = built.encoder / "model.safetensors"
    if how == "altered":
        weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    elif how == "removed":
        weights.unlink()
    else:
        shutil.rmtree(built.encoder)
    for options in ((), ("--repair",)):
        done = run("index", "check", built.index, *options)
        assert done.code == 1
        assert str(weights) in done.out.replace("\n", "")
        assert ("is damaged" if how == "altered" else "is missing") in done.out
    assert run("index", "export", built.index, built.index.with_suffix(".tar")).code == 2


def test_check_says_that_a_package_is_missing(
    built: Built, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = parse_manifest(built.index).encoder.rename("multilingual")
    edit_manifest(built.index, encoder=entry.model_dump())
    missing = embedded.PACKAGES["multilingual"]._replace(name="no-such-package")
    monkeypatch.setattr(embedded, "PACKAGES", {**embedded.PACKAGES, "multilingual": missing})
    done = run("index", "check", built.index)
    assert done.code == 1
    assert "pip install --no-deps no-such-package" in done.out


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


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside", "a//b", "./a"])
def test_files_of_an_encoder_stay_in_its_folder(built: Built, name: str) -> None:
    entry = parse_manifest(built.index).encoder.model_dump()
    entry["files"][name] = {"bytes": 1, "sha256": ""}
    with pytest.raises(ValueError, match="cannot be"):
        EncoderEntry.model_validate(entry)
    edit_manifest(built.index, encoder=entry)
    with pytest.raises(SearchIndexError, match="cannot be"):
        parse_manifest(built.index)


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
