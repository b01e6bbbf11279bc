"""Open a language model: choose an engine, and load what it runs."""

from typing import Any, NamedTuple

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generation.models import choose_device, load_model
from corpus_tuner.generation.models.engine import Engine, LanguageModelSettings
from corpus_tuner.generation.models.gguf import (
    ADAPTER,
    SMOLLM2,
    find_gguf,
    hash_gguf,
    is_gguf,
    load_gguf,
)


class OpenModel(NamedTuple):
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


def open_model(settings: LanguageModelSettings, *, causal: bool) -> OpenModel:
    """Open a model.

    Parameters
    ----------
    settings
        Settings of the generator.
    causal
        Whether it is a decoder-only model.

    Raises
    ------
    CorpusTunerError
        If the model cannot be found or loaded, or the engine does not run it as the settings say.
    MissingExtraError
        If a library is not installed.
    """
    if causal and settings.engine == "ctranslate2" and settings.decoding == "sampling":
        raise CorpusTunerError(
            "generator.engine=ctranslate2 does not sample from decoder-only models: set "
            "generator.decoding=beam, or generator.engine=auto"
        )
    if settings.decoding == "alternatives" and not causal:
        raise CorpusTunerError(
            "generator.decoding=alternatives is for decoder-only models: set "
            "generator.decoding=sampling or beam"
        )
    from corpus_tuner.encoders.model_weights import hash_weights
    from corpus_tuner.generation.models import ctranslate2_engines as int8
    from corpus_tuner.generation.models import transformers_engines as reference

    device = choose_device(settings.device)
    samples = causal and settings.decoding == "sampling"
    fast = settings.engine == "ctranslate2" or (
        settings.engine == "auto" and device == "cpu" and not samples
    )
    if causal and is_gguf(settings.model):
        path = find_gguf(settings.model, settings.revision)
        digest = hash_gguf(settings.model, path)
        if fast and (converted := int8.find_converted(digest)):
            folder, tokenizer = converted  # without loading the file
            return OpenModel(
                int8.CausalEngine(folder, tokenizer), tokenizer, f"{digest[:16]} ctranslate2"
            )
        adapter = ADAPTER if settings.model == SMOLLM2 else None
        model, tokenizer = load_gguf(path, device, settings.dtype, adapter=adapter)
    else:
        model, tokenizer = load_model(
            settings.model,
            device,
            settings.dtype,
            causal=causal,
            revision=settings.revision,
            trust_remote_code=settings.trust_remote_code,
        )
        digest = hash_weights(model)
    if settings.engine == "auto":
        fast = fast and model.config.model_type in (int8.CAUSAL if causal else int8.SEQ2SEQ)
    engine: Engine
    if fast:
        folder = int8.convert(model, tokenizer, digest)
        engine = (int8.CausalEngine if causal else int8.Seq2SeqEngine)(folder, tokenizer)
    else:
        engine = (reference.CausalEngine if causal else reference.Seq2SeqEngine)(model, tokenizer)
    name = "ctranslate2" if fast else "transformers"
    return OpenModel(engine, tokenizer, f"{digest[:16]} {name}")


def load_base(name: str, device: str = "cpu") -> tuple[Any, Any]:
    """Load a language model of either family, with its tokenizer, to be trained in float32.

    Parameters
    ----------
    name
        Hub name, folder, or GGUF file (`find_gguf`).
    device
        Such as ``cpu`` or ``cuda``.

    Raises
    ------
    CorpusTunerError
        If it cannot be found or loaded.
    """
    if is_gguf(name):
        return load_gguf(find_gguf(name), device, adapter=ADAPTER if name == SMOLLM2 else None)
    return load_model(name, device, causal=None)
