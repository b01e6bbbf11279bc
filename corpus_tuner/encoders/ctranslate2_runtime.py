"""CTranslate2: conversion of models, processor instructions, names in the cache."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ctranslate2
from faiss.loader import supported_instruction_sets

_ISA = "CT2_FORCE_CPU_ISA"
_OMITTED_DEFAULTS: dict[str, dict[str, Any]] = {
    "bart": {"normalize_before": False, "normalize_embedding": True, "add_final_layer_norm": False},
    **{
        name: {"position_embedding_type": "absolute"}
        for name in ("bert", "camembert", "roberta", "xlm-roberta")
    },
}
"""Values that the converter needs, and newer configurations omit if they are the default."""


@contextmanager
def use_fastest_instructions() -> Iterator[None]:
    """Let models loaded in this context use AVX512 if the processor has it.

    By default CTranslate2 uses it on processors of Intel only; others are a fifth faster with it,
    too. The variable is read when the first model of a process is loaded.
    """
    if _ISA in os.environ or "AVX512F" not in supported_instruction_sets():
        yield
        return
    os.environ[_ISA] = "AVX512"
    try:
        yield
    finally:
        os.environ.pop(_ISA, None)


def get_cache_name(identity: str, compute_type: str) -> str:
    """Return the name of a converted model in the cache, given a hash that identifies it."""
    return f"{identity[:32]}-{compute_type}-{ctranslate2.__version__}"


def convert_model(model: Any, tokenizer: Any, folder: Path, compute_type: str) -> None:
    """Write a model of transformers into an empty folder in the format of CTranslate2.

    Raises
    ------
    ValueError
        If CTranslate2 cannot run it.
    """
    for name, usual in _OMITTED_DEFAULTS.get(model.config.model_type, {}).items():
        setattr(model.config, name, getattr(model.config, name, usual))
    from transformers.utils import logging  # not needed to run a converted model

    with tempfile.TemporaryDirectory(dir=folder.parent) as original:
        model.save_pretrained(original)
        tokenizer.save_pretrained(original)
        verbosity = logging.get_verbosity()
        logging.set_verbosity_error()  # of layers that are not needed, such as classifiers
        try:
            converter = ctranslate2.converters.TransformersConverter(original)
            converter.convert(str(folder), quantization=compute_type, force=True)
        except (AssertionError, AttributeError, KeyError) as error:
            raise ValueError(str(error)) from error
        finally:
            logging.set_verbosity(verbosity)
