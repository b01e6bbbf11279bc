"""Fixtures: random decoder-only models."""

from pathlib import Path
from typing import Any

import pytest

from tests.generation.decoders import KINDS, make_model


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any) -> dict[str, Path]:
    """A random model of every kind."""
    return {kind: make_model(tmp_path_factory.mktemp(kind), kind, tokenizer) for kind in KINDS}
