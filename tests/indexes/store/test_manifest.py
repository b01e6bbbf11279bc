"""What a manifest is checked for when it is read."""

import errno
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus_tuner import check
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.store.manifest import (
    VERSION,
    EncoderEntry,
    parse_manifest,
    read_manifest,
    verify,
)
from tests.conftest import edit_manifest
from tests.indexes.indexing import encoded, write_index
from tests.indexes.store.conftest import Built


@pytest.fixture
def index(tmp_path: Path) -> Path:
    write_index(tmp_path, [encoded(0, "mill", np.ones((2, 3), np.float32))])
    return tmp_path


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"format": "another"}, "is not the manifest of a corpus-tuner index"),
        ({"version": 3}, f"has format version 3, and this release reads version {VERSION}"),
        ({"surprise": 1}, "is damaged"),
        ({"segments": None}, "is damaged"),
    ],
)
def test_a_manifest_that_does_not_fit(index: Path, values: dict[str, Any], message: str) -> None:
    edit_manifest(index, **values)
    with pytest.raises(SearchIndexError, match=message):
        read_manifest(index)


def test_names_that_would_lead_elsewhere(index: Path) -> None:
    (entry,) = json.loads((index / "manifest.json").read_text(encoding="utf-8"))["segments"]
    edit_manifest(index, segments=[entry | {"name": "../../etc"}])
    with pytest.raises(SearchIndexError, match="names a segment"):
        read_manifest(index)
    edit_manifest(index, segments=[entry | {"files": {"../x": {"bytes": 1, "sha256": "0" * 64}}}])
    with pytest.raises(SearchIndexError, match="names a file"):
        read_manifest(index)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[" * 100_000, r"manifest\.json is damaged \(maximum recursion depth"),
        (b'{"version": ' + b"9" * 5_000 + b"}", r"manifest\.json is damaged \(Exceeds the limit"),
        (b"\xff\xfe{}", r"manifest\.json is damaged \('utf-8' codec"),
        (b"", r"manifest\.json is damaged \(Expecting value"),
    ],
)
def test_a_manifest_that_is_no_json(index: Path, data: bytes, message: str) -> None:
    (index / "manifest.json").write_bytes(data)
    with pytest.raises(SearchIndexError, match=message):
        read_manifest(index)


def test_a_manifest_that_may_not_be_read(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(SearchIndexError, match=r"cannot read .*manifest\.json: Permission denied"):
        read_manifest(index)


def test_a_manifest_with_an_encoder_or_a_representation_that_there_is_not(index: Path) -> None:
    values = json.loads((index / "manifest.json").read_text(encoding="utf-8"))
    edit_manifest(index, representations={"views": {"name": "nosuch"}})
    with pytest.raises(SearchIndexError, match="no representation is called 'nosuch'"):
        read_manifest(index)
    edit_manifest(index, **values | {"encoder": values["encoder"] | {"settings": {"dtype": "x"}}})
    with pytest.raises(SearchIndexError, match=r"is damaged \(encoder\.settings\.dtype: "):
        read_manifest(index)


def test_files_that_are_missing_cut_or_damaged(index: Path) -> None:
    manifest = read_manifest(index)
    verify(index, manifest.segments)
    file = next(index.glob("segments/*/views.faiss"))
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(SearchIndexError, match=r"views\.faiss is damaged"):
        verify(index, read_manifest(index).segments)
    file.write_bytes(whole[:-1])
    with pytest.raises(
        SearchIndexError, match=f"has {len(whole) - 1} bytes, and should have {len(whole)}"
    ):
        read_manifest(index)
    file.unlink()
    with pytest.raises(SearchIndexError, match="is missing"):
        read_manifest(index)


def test_what_is_no_index(tmp_path: Path) -> None:
    with pytest.raises(SearchIndexError, match="there is no such folder"):
        read_manifest(tmp_path / "nowhere")
    with pytest.raises(SearchIndexError, match=r"it has no manifest\.json"):
        read_manifest(tmp_path)
    (tmp_path / f"building-{5:016x}").mkdir()
    with pytest.raises(SearchIndexError, match="did not finish"):
        read_manifest(tmp_path)


def test_the_manifest_names_the_files(built: Built) -> None:
    entry = parse_manifest(built.index).encoder
    assert {"model.safetensors", "tokenizer.json", "modules.json"} <= {*entry.files}
    assert "README.md" not in entry.files
    assert check(built.index) == []


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside", "a//b", "./a"])
def test_files_of_an_encoder_stay_in_its_folder(built: Built, name: str) -> None:
    entry = parse_manifest(built.index).encoder.model_dump()
    entry["files"][name] = {"bytes": 1, "sha256": "0" * 64}
    with pytest.raises(ValueError, match="cannot be"):
        EncoderEntry.model_validate(entry)
    edit_manifest(built.index, encoder=entry)
    with pytest.raises(SearchIndexError, match="cannot be"):
        parse_manifest(built.index)


@pytest.mark.parametrize(
    ("place", "value", "field"),
    [
        ("encoder.dimension", 0, r"encoder\.dimension"),
        ("encoder.dimension", 10**9, r"encoder\.dimension"),
        ("encoder.max_tokens", -1, r"encoder\.max_tokens"),
        ("encoder.fingerprint", "*", r"encoder\.fingerprint"),
        ("search.hybrid.words", float("inf"), r"search\.hybrid\.words"),
        ("search.hybrid.words", float("nan"), r"search\.hybrid\.words"),
        ("search.hybrid.words", 1e308, r"search\.hybrid\.words"),
        ("search.words.k1", float("inf"), r"search\.words\.k1"),
        ("search.candidates", 2**63, r"search\.candidates"),
        ("segments.0.documents", -1, r"segments\.0\.documents"),
        ("segments.0.digest", "no digest", r"segments\.0\.digest"),
        ("segments.0.files.views.faiss.sha256", "x", r"segments\.0\.files"),
        ("build.languages", {f"l{number}": 0.1 for number in range(1_000)}, r"build\.languages"),
        ("build.languages", {"en": float("nan")}, r"build\.languages"),
    ],
)
def test_values_out_of_bounds_are_refused(index: Path, place: str, value: Any, field: str) -> None:
    stored = json.loads((index / "manifest.json").read_text(encoding="utf-8"))
    parts = place.replace("views.faiss", "views/faiss").split(".")
    *parents, last = [part.replace("/", ".") for part in parts]
    inner = stored
    for parent in parents:
        inner = inner[int(parent) if isinstance(inner, list) else parent]
    inner[last] = value
    edit_manifest(index, **{key: part for key, part in stored.items() if key != "sha256"})
    with pytest.raises(SearchIndexError, match=rf"is damaged \({field}"):
        read_manifest(index)
