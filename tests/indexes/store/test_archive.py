"""An index as one file, with the encoder in it."""

import os
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner import Searcher, check, export_index, import_index
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.generation.generators import Written
from corpus_tuner.generation.ledger import Ledger
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


def make_archive(file: Path, index: Path, extra: tarfile.TarInfo | None = None) -> None:
    """Write an archive of an index with another member."""
    export_index(index, file)
    with tarfile.open(file, "a") as archive:
        if extra:
            archive.addfile(extra)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_an_import_refuses_links_and_devices(built: Built, kind: bytes) -> None:
    file, there = built.index.with_suffix(".tar"), built.index.with_name("there")
    member = tarfile.TarInfo("segments/000001/link")
    member.type, member.linkname = kind, "manifest.json"
    make_archive(file, built.index, member)
    with pytest.raises(SearchIndexError, match="000001/link is not a plain file"):
        import_index(file, there)
    assert not there.exists()


def test_an_import_refuses_sparse_members(built: Built) -> None:
    file = built.index.with_suffix(".tar")
    member = tarfile.TarInfo("segments/000001/large")
    member.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.map": "0,0,1000000000000,0"}
    make_archive(file, built.index, member)
    with pytest.raises(SearchIndexError):
        import_index(file, built.index.with_name("there"))


def test_an_import_leaves_out_what_is_not_of_an_index(built: Built) -> None:
    file, there = built.index.with_suffix(".tar"), built.index.with_name("there")
    make_archive(file, built.index, tarfile.TarInfo("building-merge/x"))
    import_index(file, there)
    assert not (there / "building-merge").exists()


def kill_in(call: str, attribute: str, *paths: Path) -> None:
    """Call a function in a process that is killed when it comes to a function of the archive."""
    code = (
        "import os, signal, corpus_tuner\n"
        "from corpus_tuner.indexes.store import archive\n"
        f"archive.{attribute} = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"corpus_tuner.{call}(*{[str(path) for path in paths]!r})\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.skipif(os.name != "posix", reason="there are no signals")
@pytest.mark.parametrize("step", ["verify", "sync_folder", "_list_contents"])
def test_a_killed_import_is_done_by_the_next(built: Built, step: str) -> None:
    file, there = built.index.with_suffix(".tar"), built.index.with_name("there")
    export_index(built.index, file)
    kill_in("import_index", step, file, there)
    beside = {*built.index.parent.iterdir()}
    if step != "sync_folder":  # by then it is an index
        import_index(file, there)
    assert check(there) == []
    assert {*built.index.parent.iterdir()} == beside
    assert not (there / "building-import").exists()


@pytest.mark.skipif(os.name != "posix", reason="there are no signals")
def test_a_killed_export_leaves_nothing_after_the_next(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Ledger(built.index / "ledger.sqlite").close()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    file = tmp_path / "exported" / "index.tar"
    kill_in("export_index", "_add_file", built.index, file)
    export_index(built.index, file)
    assert [*file.parent.iterdir()] == [file]
    assert [*(tmp_path / "temporary").iterdir()] == []


def test_a_folder_with_a_build_in_progress_is_not_imported_into(built: Built) -> None:
    file, there = built.index.with_suffix(".tar"), built.index.with_name("there")
    export_index(built.index, file)
    there.mkdir()
    Ledger(there / "ledger.sqlite").close()
    with pytest.raises(SearchIndexError, match="exists already"):
        import_index(file, there)
    assert (there / "ledger.sqlite").exists()


def test_a_damaged_ledger_is_not_imported(built: Built) -> None:
    file = built.index.with_suffix(".tar")
    with Ledger(built.index / "ledger.sqlite") as ledger:
        ledger.put({"k": Written(("What does the old mill do?",))}, "question", "a model")
    export_index(built.index, file)
    data = bytearray(file.read_bytes())
    data[data.index(b"What does the old mill do?") + 5] ^= 1
    file.write_bytes(data)
    with pytest.raises(SearchIndexError, match=r"ledger\.sqlite has not the SHA-256"):
        import_index(file, built.index.with_name("there"))
