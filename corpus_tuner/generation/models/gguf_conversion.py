"""Load GGUF files with transformers, and convert them once for CTranslate2."""

import json
from pathlib import Path
from typing import Any

from corpus_tuner.core.cache import ensure_cached, find_cached
from corpus_tuner.core.progress import show_activity
from corpus_tuner.encoders.ctranslate2_runtime import convert_model, get_cache_name
from corpus_tuner.encoders.model_weights import describe_loading_error
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generation.models.causal_ctranslate2 import find_end_tokens
from corpus_tuner.generation.models.seq2seq_ctranslate2 import COMPUTE

ARCHITECTURES = ("llama", "qwen3")
"""Those that transformers and CTranslate2 both run and the tests convert, as GGUF names them."""
_TOKENIZER = "tokenizer"
_ENDS = "ends.json"


def load_gguf(path: Path, device: str = "cpu", dtype: str = "auto") -> tuple[Any, Any]:
    """Load a GGUF file with transformers; its weights become dense matrices.

    Parameters
    ----------
    path
        The file.
    device, dtype
        As for `corpus_tuner.generation.models.load_model`; ``auto`` is float32, as nothing else is
        stored.

    Raises
    ------
    CorpusTunerError
        If transformers cannot load it.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils import logging

    logging.disable_progress_bar()
    kind = torch.float32 if dtype == "auto" else getattr(torch, dtype)
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # the error below says what its report says
    try:
        tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
        model, report = AutoModelForCausalLM.from_pretrained(
            path.parent,
            gguf_file=path.name,
            dtype=kind,
            quantization_config=GgufConfig(dequantize=True),
            output_loading_info=True,
        )
        if report["missing_keys"]:  # the library draws them at random, with a warning
            raise ValueError(f"it lacks weights: {', '.join(sorted(report['missing_keys'])[:3])}")
        return model.to(device).eval(), tokenizer
    except Exception as error:  # of every kind, by what the file lacks
        raise CorpusTunerError(
            f"transformers cannot load {path}: {describe_loading_error(error)}; set "
            "generator.engine=llamacpp"
        ) from error
    finally:
        logging.set_verbosity(verbosity)


def is_converted(digest: str) -> bool:
    """Tell whether the cache has the file of this SHA-256 converted."""
    return find_cached(_name(digest)) is not None


def convert_gguf(path: Path, digest: str) -> tuple[Path, Any, list[int]]:
    """Return a model in int8 for CTranslate2, its tokenizer, and the tokens that end an answer.

    The cache has the model after the first time.

    Parameters
    ----------
    path
        The file.
    digest
        Its SHA-256.

    Raises
    ------
    CorpusTunerError
        If transformers or CTranslate2 cannot run the model.
    """
    from transformers import AutoTokenizer

    def make(folder: Path) -> None:
        with show_activity("converting the generator"):
            model, tokenizer = load_gguf(path)
            try:
                convert_model(model, tokenizer, folder, COMPUTE)
            except ValueError as error:
                raise CorpusTunerError(
                    f"CTranslate2 cannot run {path} ({error}): set generator.engine=llamacpp"
                ) from error
            tokenizer.save_pretrained(folder / _TOKENIZER)
            ends = json.dumps(find_end_tokens(model))
            (folder / _TOKENIZER / _ENDS).write_text(ends, encoding="utf-8")

    folder = ensure_cached(_name(digest), make)
    tokenizer = AutoTokenizer.from_pretrained(folder / _TOKENIZER)
    ends: list[int] = json.loads((folder / _TOKENIZER / _ENDS).read_text(encoding="utf-8"))
    return folder, tokenizer, ends


def _name(digest: str) -> str:
    return f"gguf-{get_cache_name(digest, COMPUTE)}"
