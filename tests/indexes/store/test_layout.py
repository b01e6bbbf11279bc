"""Names of the files and folders of an index."""

from pathlib import Path

import pytest

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.store.layout import Layout


@pytest.mark.parametrize("name", ["1", "0000001", "../../etc", "", "00000a", "000001\n"])
def test_a_segment_is_named_by_six_digits(tmp_path: Path, name: str) -> None:
    assert Layout(tmp_path).get_segment_folder("000012") == tmp_path / "segments" / "000012"
    with pytest.raises(SearchIndexError, match="names a segment"):
        Layout(tmp_path).get_segment_folder(name)


def test_builds_in_progress_are_listed(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "index")
    assert layout.builds_in_progress == []
    folders = [layout.get_staging_folder("0123456789abcdef0123"), layout.merging]
    for folder in folders:
        folder.mkdir(parents=True)
    (layout.index / "segments").mkdir()
    assert layout.builds_in_progress == folders
    assert folders[0].name == "building-0123456789abcdef"


def test_entries_of_others_are_no_builds_or_segments(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    (tmp_path / "building-x").mkdir()
    (tmp_path / "building-merge").write_text("a file")
    (layout.segments / "@eaDir").mkdir(parents=True)
    (layout.segments / "000001").symlink_to(tmp_path)
    assert layout.builds_in_progress == []
    assert layout.segment_folders == []


@pytest.mark.parametrize(
    "name",
    [
        "writer.lock",
        "ledger.sqlite",
        "ledger.sqlite-wal",
        "parsed.sqlite",
        "segments",
        "segments/000001",
        "encoder",
        "building-merge",
        "building-0123456789abcdef/staging.sqlite",
    ],
)
def test_a_link_in_the_place_of_what_is_written_to_is_found(tmp_path: Path, name: str) -> None:
    layout = Layout(tmp_path / "index")
    link = layout.index / name
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "elsewhere")
    assert layout.find_link() == link
    link.unlink()
    (layout.index / "notes").symlink_to(tmp_path / "elsewhere")  # by a name that is not of an index
    assert layout.find_link() is None


def test_numbers_of_segments_may_outgrow_six_digits(tmp_path: Path) -> None:
    name = f"{1_000_000:06}"
    assert Layout(tmp_path).get_segment_folder(name) == tmp_path / "segments" / "1000000"
