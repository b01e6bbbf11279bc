"""The command that brings an extra."""

import json
from pathlib import Path

import pytest

from corpus_tuner.core.extras import format_requirement, get_install_command


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ({}, "'corpus-tuner[tune]'"),
        ({"url": "file:///a%20b/clone", "dir_info": {}}, "'/a b/clone[tune]'"),
        (
            {"url": "https://host/x.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "'corpus-tuner[tune] @ git+https://host/x.git@abc'",
        ),
        ({"url": "https://host/x.whl"}, "'corpus-tuner[tune] @ https://host/x.whl'"),
    ],
)
def test_what_pip_must_be_given(tmp_path: Path, origin: dict[str, object], expected: str) -> None:
    assert format_requirement("tune", tmp_path, json.dumps(origin) if origin else "") == expected


def test_a_clone_is_named_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / "setup.cfg").touch()
    assert format_requirement("tune", tmp_path, "") == f"-e '{tmp_path}[tune]'"
    (tmp_path / "constraints.txt").touch()
    pinned = f"-c {tmp_path / 'constraints.txt'}"
    assert format_requirement("tune", tmp_path, "") == f"{pinned} -e '{tmp_path}[tune]'"
    assert get_install_command("tune").startswith("pip install ")
