"""Libraries for fine-tuning."""

from importlib.util import find_spec

from corpus_tuner.core.extras import MissingExtraError

_REQUIRED = {
    "build,tune": ("torch", "transformers", "sentence_transformers"),
    "tune": ("accelerate", "datasets", "peft", "rouge_score"),
}
"""Libraries by the extras that install them."""


def require_libraries(what: str) -> None:
    """Check that the libraries are installed; `what` is what needs them.

    Raises
    ------
    MissingExtraError
        If one is missing.
    """
    for extra, libraries in _REQUIRED.items():
        if any(find_spec(name) is None for name in libraries):
            raise MissingExtraError(what, extra)
