"""``corpus-tuner index import``."""

from pathlib import Path

from tests.cli.conftest import Run


def test_an_exported_index_is_imported_into_a_new_folder(
    index: Path, run: Run, tmp_path: Path
) -> None:
    file, copy = tmp_path / "index.tar", tmp_path / "copy"
    assert run("index", "export", index, file).code == 0
    imported = run("index", "import", file, copy)
    assert imported.out == f"{copy}: 6 documents, all checksums are right\n"
    assert run("search", copy, "mill").code == 0
    failed = run("index", "import", file, copy)
    assert failed.code == 2
    assert "exists already" in failed.err


def test_what_is_no_exported_index_is_not_imported(run: Run, tmp_path: Path) -> None:
    missing = run("index", "import", tmp_path / "none.tar", tmp_path / "new")
    assert missing.code == 2
    assert "there is no file" in missing.err
    (tmp_path / "notes.tar").write_text("mine", encoding="utf-8")
    failed = run("index", "import", tmp_path / "notes.tar", tmp_path / "new")
    assert failed.code == 2
    assert "notes.tar" in failed.err
    assert not (tmp_path / "new").exists()
