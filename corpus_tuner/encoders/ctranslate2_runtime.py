"""What is common to models that CTranslate2 runs."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ctranslate2
from faiss.loader import supported_instruction_sets

_ISA = "CT2_FORCE_CPU_ISA"
_NO_LONGER_SAID: dict[str, dict[str, Any]] = {
    "bart": {"normalize_before": False, "normalize_embedding": True, "add_final_layer_norm": False},
    **{
        name: {"position_embedding_type": "absolute"}
        for name in ("bert", "camembert", "roberta", "xlm-roberta")
    },
}
"""What the converter asks a configuration for, and newer ones say only if it is not so."""


@contextmanager
def use_fastest_instructions() -> Iterator[None]:
    """Let a model that is loaded meanwhile use AVX512 wherever there is some.

    Left to itself, CTranslate2 takes it on processors of Intel alone; on others, too, it is a fifth
    faster. The variable is read when the first model of a process is loaded.
    """
    if _ISA in os.environ or "AVX512F" not in supported_instruction_sets():
        yield
        return
    os.environ[_ISA] = "AVX512"
    try:
        yield
    finally:
        os.environ.pop(_ISA, None)


def get_cache_name(identity: str, compute: str) -> str:
    """Return the name in the cache of a model, given a hash of all that makes it what it is."""
    return f"{identity[:32]}-{compute}-{ctranslate2.__version__}"


def convert_model(model: Any, tokenizer: Any, folder: Path, compute: str) -> None:
    """Write a model of transformers into an empty folder, as CTranslate2 reads it.

    Parameters
    ----------
    compute
        ``float32``, ``int8`` and what else CTranslate2 has.

    Raises
    ------
    ValueError
        If CTranslate2 cannot run it.
    """
    for name, usual in _NO_LONGER_SAID.get(model.config.model_type, {}).items():
        setattr(model.config, name, getattr(model.config, name, usual))
    from transformers.utils import logging  # what is converted already is run without it

    with tempfile.TemporaryDirectory(dir=folder.parent) as original:
        model.save_pretrained(original)
        tokenizer.save_pretrained(original)
        verbosity = logging.get_verbosity()
        logging.set_verbosity_error()  # of layers that are not needed, such as classifiers
        try:
            converter = ctranslate2.converters.TransformersConverter(original)
            converter.convert(str(folder), quantization=compute, force=True)
        except (AssertionError, AttributeError, KeyError) as error:
            raise ValueError(str(error)) from error
        finally:
            logging.set_verbosity(verbosity)
