"""Language models: loading and inference."""

from typing import Any

from corpus_tuner.core.network import reach_model
from corpus_tuner.errors import CorpusTunerError

_FAMILIES = (
    ("an encoder-decoder", "google/flan-t5-base"),
    ("a decoder-only model", "Qwen/Qwen3-1.7B"),
)


def choose_device(wanted: str) -> str:
    """Return the device that a recipe means: ``auto`` is a GPU where there is one."""
    import torch

    if wanted != "auto":
        return wanted
    return "cuda" if torch.cuda.is_available() else "cpu"


def load_model(
    name: str,
    device: str = "cpu",
    dtype: str = "auto",
    *,
    causal: bool | None = False,
    revision: str | None = None,
    trust_remote_code: bool = False,
) -> tuple[Any, Any]:
    """Load a model and its tokenizer.

    Parameters
    ----------
    name
        Hub name or folder.
    device
        Such as ``cpu`` or ``cuda``.
    dtype
        ``auto`` is what the weights are stored in on a GPU, float32 elsewhere.
    causal
        Whether it is a decoder-only model; ``None`` for either family.
    revision
        Commit, tag or branch on the hub.
    trust_remote_code
        Whether to run Python that comes with the model.

    Raises
    ------
    CorpusTunerError
        If it cannot be found, fetched or trusted.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    from corpus_tuner.encoders.model_weights import describe_loading_error, is_loading_error

    disable_progress_bar()  # "Loading weights": a moment's work, and not ours to show
    kind: torch.dtype | str = "auto" if device != "cpu" else torch.float32
    if dtype != "auto":
        kind = getattr(torch, dtype)
    options = {"revision": revision, "trust_remote_code": trust_remote_code}
    try:
        reach_model(name, revision)
        if causal is None:
            config = AutoConfig.from_pretrained(name, **options)
            causal = not config.is_encoder_decoder
        tokenizer = AutoTokenizer.from_pretrained(name, **options)
        family = AutoModelForCausalLM if causal else AutoModelForSeq2SeqLM
        model = family.from_pretrained(name, dtype=kind, **options)
        return model.to(device).eval(), tokenizer
    except Exception as error:
        if not is_loading_error(error):
            raise
        what, such_as = _FAMILIES[bool(causal)]
        raise CorpusTunerError(
            f"cannot load the generator {name!r}: {describe_loading_error(error)}. "
            f"Give a folder of {what} of transformers, or the name of one on the "
            f"Hugging Face hub, such as {such_as} (a network is needed the first time)"
        ) from error
