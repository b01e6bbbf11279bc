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
