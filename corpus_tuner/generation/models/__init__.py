"""Models that write: where they come from, and how they run fast."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from corpus_tuner.core.network import reach_model
from corpus_tuner.errors import CorpusTunerError

_FAMILIES = (
    ("an encoder-decoder", "google/flan-t5-base"),
    ("a decoder-only model", "Qwen/Qwen3-1.7B"),
)


class Source(NamedTuple):
    """Where a model is.

    Attributes
    ----------
    name
        Hub name or folder.
    revision
        Commit, tag or branch on the hub.
    trust_remote_code
        Run Python that comes with the model.
    """

    name: str
    revision: str | None = None
    trust_remote_code: bool = False


def choose_device(wanted: str) -> str:
    """Return the device that a recipe means: ``auto`` is a GPU where there is one."""
    import torch

    if wanted != "auto":
        return wanted
    return "cuda" if torch.cuda.is_available() else "cpu"


def load_model(
    source: Source, device: str = "cpu", dtype: str = "auto", *, causal: bool = False
) -> tuple[Any, Any]:
    """Load a model and its tokenizer.

    Parameters
    ----------
    source
        Name or folder of the model.
    device
        Such as ``cpu`` or ``cuda``.
    dtype
        ``auto`` is what the weights are stored in on a GPU, float32 elsewhere.
    causal
        Whether it is a decoder-only model.

    Raises
    ------
    CorpusTunerError
        If it cannot be found, fetched or trusted.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # "Loading weights": a moment's work, and not ours to show
    kind: torch.dtype | str = "auto" if device != "cpu" else torch.float32
    if dtype != "auto":
        kind = getattr(torch, dtype)
    options = {"revision": source.revision, "trust_remote_code": source.trust_remote_code}
    with loading(source, causal=causal):
        tokenizer = AutoTokenizer.from_pretrained(source.name, **options)
        family = AutoModelForCausalLM if causal else AutoModelForSeq2SeqLM
        model = family.from_pretrained(source.name, dtype=kind, **options)
        return model.to(device).eval(), tokenizer


@contextmanager
def loading(source: Source, *, causal: bool) -> Iterator[None]:
    """Make one kind of error, for people, of all that libraries raise when they load a model.

    Parameters
    ----------
    source
        Name or folder of the model, which must be stored here or within reach of the network.
    causal
        Whether it is a decoder-only model.

    Raises
    ------
    CorpusTunerError
        If it cannot be found, fetched or trusted.
    """
    from corpus_tuner.encoders.model_weights import describe_loading_error, is_loading_error

    try:
        reach_model(source.name, source.revision)
        yield
    except Exception as error:
        if not is_loading_error(error):
            raise
        what, such_as = _FAMILIES[causal]
        raise CorpusTunerError(
            f"cannot load the generator {source.name!r}: {describe_loading_error(error)}. "
            f"Give a folder of {what} of transformers, or the name of one on the "
            f"Hugging Face hub, such as {such_as} (a network is needed the first time)"
        ) from error
