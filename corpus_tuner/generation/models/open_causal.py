"""Open decoder-only models: choose an engine, and load what it runs."""

from pathlib import Path
from typing import Any, NamedTuple

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generation.models import Source, choose_device, load_model
from corpus_tuner.generation.models.engine import Engine, LanguageModelSettings
from corpus_tuner.generation.models.gguf_files import find_gguf, is_gguf, read_header

_SLACK = 64  # tokens that a prompt may have beyond the longest, where a document was cut


class Opened(NamedTuple):
    """A model that is ready to write.

    Attributes
    ----------
    engine, tokenizer
        Engine of the model, and the tokenizer of the same model.
    identity
        Distinguishes weights and engine from others.
    """

    engine: Engine
    tokenizer: Any
    identity: str


def open_decoder(settings: LanguageModelSettings) -> Opened:
    """Open a model.

    Parameters
    ----------
    settings
        Settings of `corpus_tuner.generation.generators.causal`.

    Raises
    ------
    CorpusTunerError
        If the model cannot be found or loaded, or the engine does not run it as the settings say.
    MissingExtraError
        If a library is not installed.
    """
    if settings.engine == "ctranslate2" and settings.decoding == "sampling":
        raise CorpusTunerError(
            "generator.engine=ctranslate2 does not sample from decoder-only models: set "
            "generator.decoding=beam, or generator.engine=auto"
        )
    return _open_gguf(settings) if is_gguf(settings.model) else _open_transformers(settings)


def _open_transformers(settings: LanguageModelSettings) -> Opened:
    if settings.engine == "llamacpp":
        raise CorpusTunerError(
            "generator.engine=llamacpp runs GGUF files: set generator.model to one, or "
            "generator.engine=auto"
        )
    from corpus_tuner.encoders.model_weights import hash_weights
    from corpus_tuner.generation.models.causal_ctranslate2 import (
        MODEL_TYPES,
        CTranslate2CausalEngine,
        find_end_tokens,
    )
    from corpus_tuner.generation.models.seq2seq_ctranslate2 import convert_cached

    source = Source(settings.model, settings.revision, settings.trust_remote_code)
    device = choose_device(settings.device)
    model, tokenizer = load_model(source, device, settings.dtype, causal=True)
    weights = hash_weights(model)
    name = settings.engine
    if name == "auto":
        fits = model.config.model_type in MODEL_TYPES and _suits_ctranslate2(settings, device)
        name = "ctranslate2" if fits else "transformers"
    identity = f"{weights[:16]} {name}"
    if name == "transformers":
        return Opened(_reference(model, tokenizer), tokenizer, identity)
    folder = convert_cached(model, tokenizer, weights)
    engine = CTranslate2CausalEngine(folder, tokenizer, find_end_tokens(model))
    return Opened(engine, tokenizer, identity)


def _open_gguf(settings: LanguageModelSettings) -> Opened:
    from corpus_tuner.core.files import hash_file
    from corpus_tuner.generation.models.causal_ctranslate2 import CTranslate2CausalEngine
    from corpus_tuner.generation.models.gguf_conversion import (
        convert_gguf,
        is_converted,
        load_gguf,
    )

    path = find_gguf(settings.model, settings.revision)
    digest = hash_file(path)
    device = choose_device(settings.device)
    name, chat = settings.engine, False
    if _suits_ctranslate2(settings, device) and name != "llamacpp" and is_converted(digest):
        name = "ctranslate2" if name == "auto" else name  # without reading the header, 3 s
    else:
        architecture, chat = read_header(path)
        name = _choose_for_gguf(settings, architecture, device)
    identity = f"{digest[:16]} {name}"
    if name == "ctranslate2":
        folder, tokenizer, ends = convert_gguf(path, digest)
        return Opened(CTranslate2CausalEngine(folder, tokenizer, ends), tokenizer, identity)
    if name == "transformers":
        model, tokenizer = load_gguf(path, device, settings.dtype)
        return Opened(_reference(model, tokenizer), tokenizer, identity)
    return _open_llamacpp(settings, path, identity, chat=chat)


def _choose_for_gguf(settings: LanguageModelSettings, architecture: str, device: str) -> str:
    from corpus_tuner.generation.models.gguf_conversion import ARCHITECTURES

    known = architecture in ARCHITECTURES
    if settings.engine == "ctranslate2" and not known:
        raise CorpusTunerError(
            f"generator.engine=ctranslate2 does not run GGUF files of {architecture!r}, only of "
            f"{', '.join(ARCHITECTURES)}: set generator.engine=auto"
        )
    if settings.engine != "auto":
        return settings.engine
    if known and _suits_ctranslate2(settings, device):
        return "ctranslate2"
    return "transformers" if known and device != "cpu" else "llamacpp"


def _suits_ctranslate2(settings: LanguageModelSettings, device: str) -> bool:
    return device == "cpu" and settings.decoding == "beam"


def _reference(model: Any, tokenizer: Any) -> Engine:
    from corpus_tuner.generation.models.causal_transformers import CausalEngine

    return CausalEngine(model, tokenizer)


def _open_llamacpp(
    settings: LanguageModelSettings, path: Path, identity: str, *, chat: bool
) -> Opened:
    import torch

    from corpus_tuner.generation.models.llamacpp import (
        LlamaCppEngine,
        LlamaCppModel,
        LlamaCppTokenizer,
    )

    if settings.beam_width > 1 or settings.no_repeat_ngram:
        raise CorpusTunerError(
            "generator.engine=llamacpp has neither several beams nor no_repeat_ngram: set "
            "generator.decoding=sampling, or generator.beams=1 and generator.outputs=1; and "
            "generator.no_repeat_ngram=0"
        )
    tokens = settings.max_source_tokens + settings.max_new_tokens + _SLACK
    model = LlamaCppModel(path, tokens, torch.get_num_threads())
    return Opened(LlamaCppEngine(model), LlamaCppTokenizer(model, chat=chat), identity)
