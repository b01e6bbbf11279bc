"""An index whose encoder is a folder of its own."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import make_documents, write_jsonl


class Built:
    """An index, its corpus, and the folder of its encoder, that of nobody else."""

    def __init__(self, folder: Path, encoder: Path, run: Callable[..., Any]) -> None:
        self.encoder = folder / "encoder-of-mine"
        shutil.copytree(encoder, self.encoder)
        self.corpus = write_jsonl(folder / "c.jsonl", make_documents(12))
        self.index = folder / "index"
        recipe = ("generator=null", "views.sentences=0", "language=en")
        self.options = [word for one in recipe for word in ("--set", one)]
        command = ("build", self.corpus, "-o", self.index, "--encoder", self.encoder)
        done = run(*command, *self.options)
        assert done.code == 0, done.err


@pytest.fixture
def built(tmp_path: Path, encoder_folder: Path, run: Callable[..., Any]) -> Built:
    return Built(tmp_path, encoder_folder, run)
