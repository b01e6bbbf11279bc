"""Folder of a tuned model."""

import json
from pathlib import Path

import pytest

from corpus_tuner.errors import CorpusTunerError, SearchIndexError
from corpus_tuner.tuning.output_folder import (
    claim_output,
    create_tuning_folder,
    lock_output,
    write_card,
    write_curve,
)


def test_a_folder_is_locked_while_it_is_written(tmp_path: Path) -> None:
    output = tmp_path / "tuned"
    with lock_output(output):
        (output / "model.bin").touch()
        with (
            pytest.raises(CorpusTunerError, match="another process tunes into"),
            lock_output(output),
        ):
            pass
    with lock_output(output):  # it is free again, and known as the folder of a tuning
        assert (output / "model.bin").is_file()


def test_only_an_empty_folder_is_removed_after_an_error(tmp_path: Path) -> None:
    for files in ([], ["curve.jsonl"]):
        output = tmp_path / f"tuned{len(files)}"
        with pytest.raises(CorpusTunerError, match="too few"), lock_output(output):
            claim_output(output, "abc")
            for file in files:
                (output / file).touch()
            raise CorpusTunerError("too few documents")
        assert output.exists() == bool(files)


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").touch()
    with pytest.raises(SearchIndexError, match="other contents than a tuning"):
        create_tuning_folder(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["letter.txt"]


def test_a_tuning_of_other_inputs_is_refused(tmp_path: Path) -> None:
    for _ in range(2):
        claim_output(tmp_path, "abc")
    with pytest.raises(CorpusTunerError, match=r"other documents or pairs, base or settings"):
        claim_output(tmp_path, "other")


def test_a_curve_has_one_object_per_line(tmp_path: Path) -> None:
    rows = [{"step": 1, "loss": 0.5}, {"step": 2, "eval_ndcg": 0.25}]
    write_curve(rows, tmp_path)
    lines = (tmp_path / "curve.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == rows


def test_a_card_has_metadata_and_settings_as_yaml(tmp_path: Path) -> None:
    import yaml

    write_card(tmp_path, ["tags: [a, b]"], ["# Title", ""], {"steps": None, "seed": 3})
    _, metadata, body = (tmp_path / "README.md").read_text(encoding="utf-8").split("---\n")
    assert yaml.safe_load(metadata) == {"tags": ["a", "b"]}
    assert body.startswith("# Title\n")
    assert yaml.safe_load(body.split("```yaml\n")[1].removesuffix("```\n")) == {
        "steps": None,
        "seed": 3,
    }
