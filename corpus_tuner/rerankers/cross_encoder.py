"""Cross-encoders of sentence-transformers."""

from collections.abc import Sequence

import numpy as np
import torch
from sentence_transformers import CrossEncoder
from transformers.utils.logging import disable_progress_bar

from corpus_tuner.core.network import reach_model
from corpus_tuner.encoders.model_weights import describe_loading_error, is_loading_error
from corpus_tuner.errors import SearchIndexError
from corpus_tuner.rerankers.reranker import RerankerSettings, Scores

_MAX_TOKENS = 512
"""Limit of models that name none."""


class CrossEncoderModel:
    """Cross-encoder that scores a text for a query by one number, the logit.

    A sigmoid would make the scores of all good texts nearly equal.
    """

    def __init__(self, settings: RerankerSettings) -> None:
        self._name = settings.name
        self._model = _load_model(settings)
        if self._model.num_labels != 1:
            raise SearchIndexError(
                f"the reranker {self._name!r} gives a text {self._model.num_labels} scores, a "
                "classifier's: give a cross-encoder that was trained for ranking, with one"
            )
        limit = self._model.max_seq_length
        if limit is None or limit > 1_000_000:  # tokenizers say 1e30 for "no limit"
            self._model.max_seq_length = _MAX_TOKENS

    def score(self, query: str, texts: Sequence[str]) -> Scores:
        """Return the scores of texts for a query."""
        scores = self._model.predict(
            [(query, text) for text in texts],
            activation_fn=torch.nn.Identity(),
            show_progress_bar=False,
        )
        if not np.isfinite(scores).all():
            raise SearchIndexError(f"the reranker {self._name!r} gave scores that are not numbers")
        return np.asarray(scores, np.float64)


def _load_model(settings: RerankerSettings) -> CrossEncoder:
    """Load a cross-encoder in float32; code that comes with it does not run."""
    disable_progress_bar()
    try:
        reach_model(settings.name, settings.revision)
        model = CrossEncoder(
            settings.name,
            revision=settings.revision,
            trust_remote_code=False,
            model_kwargs={"dtype": torch.float32},
        )
    except Exception as error:
        if not is_loading_error(error):
            raise
        raise SearchIndexError(
            f"cannot load the reranker {settings.name!r}: {describe_loading_error(error)}. "
            "Give the folder of a sentence-transformers cross-encoder, or the name of one on the "
            "Hugging Face hub (this needs a network the first time); search.reranker=null searches "
            "without one"
        ) from error
    model.eval()
    return model
