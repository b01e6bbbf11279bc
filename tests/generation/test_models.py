"""Loading models that generate."""

from pathlib import Path

import pytest

from corpus_tuner import CorpusTunerError
from corpus_tuner.generation.models import load_model


@pytest.mark.parametrize("fault", [AttributeError, TypeError, NameError, AssertionError])
def test_a_fault_of_a_program_is_not_said_to_be_of_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    with pytest.raises(fault):
        _load(tmp_path, monkeypatch, fault())


@pytest.mark.parametrize("error", [OSError("no file"), KeyError("t6"), Exception("bad vocabulary")])
def test_what_libraries_raise_for_a_model_is_said_to_be_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    with pytest.raises(CorpusTunerError, match="cannot load the generator"):
        _load(tmp_path, monkeypatch, error)


def _load(folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("corpus_tuner.generation.models.reach_model", fail)
    load_model(str(folder))


def test_a_model_that_is_nowhere_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CorpusTunerError, match="'nosuch': there is no folder of that name, and"):
        load_model("nosuch")
    assert capfd.readouterr().err == ""
