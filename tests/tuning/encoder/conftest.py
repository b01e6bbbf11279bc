"""Fixtures for tuning a small real encoder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import make_documents_with_topics, write_jsonl

FAST = {"steps": 6, "batch_size": 8, "learning_rate": 0.003}


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("learnt")
    return write_jsonl(folder / "c.jsonl", make_documents_with_topics(60))


@pytest.fixture
def tune(run: Callable[..., Any], corpus: Path, encoder_folder: Path) -> Callable[..., Any]:
    def tune(output: Path, *more: object, **changes: object) -> Any:
        chosen = {**FAST, **changes}
        options = [f"{name}={value}" for name, value in chosen.items()]
        options += ["generator=null", "language=en", "calibrate=false"]
        recipe = [word for option in options for word in ("--set", option)]
        command = ("tune", "encoder", corpus, "-o", output, "--encoder", encoder_folder)
        return run(*command, *recipe, *more)

    return tune
