"""Settings of an evaluation."""

from pathlib import Path

import pytest

from corpus_tuner.config.recipe import load_recipe
from corpus_tuner.encoders import Encoder
from corpus_tuner.errors import CorpusTunerError, EvaluationError
from corpus_tuner.eval.setup import DEPTH, Setup


def test_rankings_are_as_deep_as_the_measures_need(tmp_path: Path, encoder: Encoder) -> None:
    def open_depth(*measures: str, depth: int = DEPTH) -> int:
        return Setup.open(tmp_path / "out", load_recipe(), encoder, measures, depth).depth

    assert open_depth("nDCG@10") == DEPTH
    assert open_depth("nDCG@10", "R@1000") == 1000
    assert open_depth("nDCG@10", depth=20) == 20
    with pytest.raises(EvaluationError, match="fame@10"):
        open_depth("fame@10")


def test_files_are_in_the_folder(tmp_path: Path, encoder: Encoder) -> None:
    setup = Setup.open(tmp_path / "new" / "out", load_recipe(), encoder, ["nDCG@10"], DEPTH)
    assert setup.output.is_dir()
    assert setup.ledger.parent == setup.output


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path, encoder: Encoder) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(CorpusTunerError, match="cannot create the folder"):
        Setup.open(file, load_recipe(), encoder, ["nDCG@10"], DEPTH)


def test_an_encoder_that_was_given_stays(tmp_path: Path, encoder: Encoder) -> None:
    setup = Setup.open(tmp_path, None, encoder, ["nDCG@10"], DEPTH)
    assert setup.encoder is encoder
    # By default it depends on the corpus.
    assert Setup.open(tmp_path, None, None, ["nDCG@10"], DEPTH).encoder is None
