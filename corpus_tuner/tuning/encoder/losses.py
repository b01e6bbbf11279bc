"""What an encoder learns: to tell documents apart as the index does, and to remember the rest."""

from collections.abc import Iterable
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import (
    CachedMultipleNegativesRankingLoss,
    EmbedDistillLoss,
)
from sentence_transformers.util import cos_sim
from torch.nn.functional import cross_entropy, kl_div

from corpus_tuner.config.encoder_tuning import EncoderTuningSettings
from corpus_tuner.tuning.precision import arithmetic

Features = Iterable[dict[str, torch.Tensor]]


class Objective(CachedMultipleNegativesRankingLoss):  # type: ignore[misc]
    """The loss of a batch.

    Its columns are queries, their passages, negatives, and, where there is a `memory`, other texts.
    A row's label has the scores that the index gives to all passages and then all negatives of the
    batch, and last the vector that the base gives to the other text.

    Sources: Gao et al., arXiv 2101.06983 (batches in pieces); Lin, Yang and Lin, arXiv 2010.11386,
    and Hofstätter et al., arXiv 2104.06967 (a teacher's ranking of the batch).

    Parameters
    ----------
    model
        What learns.
    settings
        The weights of what is learnt.
    temperature
        Divisor of the index's scores in the softmax.
    """

    def __init__(
        self, model: SentenceTransformer, settings: EncoderTuningSettings, temperature: float
    ) -> None:
        super().__init__(model, scale=settings.scale, mini_batch_size=settings.mini_batch)
        self._settings = settings
        self._others = 1 if settings.memory else 0
        self._temperature = temperature
        self._vectors = EmbedDistillLoss(model)

    def forward(self, sentence_features: Features, labels: torch.Tensor) -> torch.Tensor:
        """Return the loss; a batch that is no larger than a mini-batch is read once."""
        columns = list(sentence_features)
        if len(columns[0]["input_ids"]) > self._settings.mini_batch:
            loss: torch.Tensor = self.forward_cached(columns, labels)
            return loss
        whole = len(columns[0]["input_ids"])
        vectors = [[self.embed_minibatch(column, 0, whole, True, False)[0]] for column in columns]
        return self.calculate_loss(vectors, labels)

    def embed_minibatch(self, *batch: Any, **how: Any) -> tuple[torch.Tensor, Any]:
        """Return the vectors of some texts, and what repeats their dropout."""
        with arithmetic(self.model.device, self._settings.dtype):
            vectors, state = super().embed_minibatch(*batch, **how)
        return vectors.float(), state

    def calculate_loss(
        self,
        reps: list[list[torch.Tensor]],
        labels: torch.Tensor,
        *,
        with_backward: bool = False,
    ) -> torch.Tensor:
        """Return the loss of vectors, by column and mini-batch."""
        columns = [torch.cat(column) for column in reps]
        asked = columns[: len(columns) - self._others]
        others = columns[len(asked) :]
        queries, *documents = asked
        found = self._settings.scale * cos_sim(queries, torch.cat(documents))
        own = torch.arange(len(queries), device=found.device)
        if not self._settings.taught:
            loss = cross_entropy(found, own)
        else:
            scores = labels[:, : found.shape[1]]
            loss = cross_entropy(found.masked_fill(self._may_answer(scores), -torch.inf), own)
            taught = scores / self._temperature
            loss = loss + self._settings.distillation * kl_div(
                found.log_softmax(1), taught.log_softmax(1), reduction="batchmean", log_target=True
            )
        if others:
            vectors = labels[:, -others[0].shape[1] :]
            loss = loss + self._settings.memory * self._vectors.compute_loss_from_embeddings(
                others, [vectors]
            )
        if with_backward:
            torch.autograd.backward(loss)
            loss = loss.detach()
        result: torch.Tensor = loss
        return result

    def _may_answer(self, scores: torch.Tensor) -> torch.Tensor:
        """Return which passages, not the one asked for, score almost as it does, or more."""
        near = scores > scores.diagonal()[:, None] - self._settings.margin
        return near.fill_diagonal_(False)

    def get_config_dict(self) -> dict[str, Any]:
        """Return what the library writes into its model card."""
        return self._settings.model_dump(mode="json", include={"scale", "distillation", "memory"})
