"""Loss of an encoder: contrastive, distilled from the teacher, and bound to the base's vectors."""

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
from corpus_tuner.tuning.training import use_precision

Features = Iterable[dict[str, torch.Tensor]]


class RankingLoss(CachedMultipleNegativesRankingLoss):  # type: ignore[misc]
    """Loss of a batch.

    The columns of a batch are queries, their passages, negatives, and, with `memory`, other texts.
    The label of a row has the teacher's scores of all passages and all negatives of the batch, and
    last the base's vector of the other text.

    Sources: Gao et al., arXiv 2101.06983 (batches in pieces); Lin, Yang and Lin, arXiv 2010.11386,
    and Hofstätter et al., arXiv 2104.06967 (a teacher's ranking of the batch).

    Parameters
    ----------
    model
        Encoder.
    settings
        Training settings.
    temperature
        Divisor of the teacher's scores in the softmax.
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
        """Return the loss; a batch no larger than a mini-batch needs one forward pass."""
        columns = list(sentence_features)
        if len(columns[0]["input_ids"]) > self._settings.mini_batch:
            loss: torch.Tensor = self.forward_cached(columns, labels)
            return loss
        whole = len(columns[0]["input_ids"])
        vectors = [[self.embed_minibatch(column, 0, whole, True, False)[0]] for column in columns]
        return self.calculate_loss(vectors, labels)

    def embed_minibatch(self, *batch: Any, **how: Any) -> tuple[torch.Tensor, Any]:
        """Return the vectors of some texts, and the random state of their dropout."""
        with use_precision(self.model.device, self._settings.dtype):
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
        others = columns[len(columns) - self._others :]
        queries, *documents = columns[: len(columns) - self._others]
        similarities = self._settings.scale * cos_sim(queries, torch.cat(documents))
        own = torch.arange(len(queries), device=similarities.device)
        if not self._settings.needs_teacher:
            loss = cross_entropy(similarities, own)
        else:
            scores = labels[:, : similarities.shape[1]]
            masked = similarities.masked_fill(self._find_false_negatives(scores), -torch.inf)
            loss = cross_entropy(masked, own)
            loss = loss + self._settings.distillation * kl_div(
                similarities.log_softmax(1),
                (scores / self._temperature).log_softmax(1),
                reduction="batchmean",
                log_target=True,
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

    def _find_false_negatives(self, scores: torch.Tensor) -> torch.Tensor:
        """Return which other passages the teacher scores almost as high as the query's own."""
        near = scores > scores.diagonal()[:, None] - self._settings.margin
        return near.fill_diagonal_(False)

    def get_config_dict(self) -> dict[str, Any]:
        """Return the settings for the library's model card."""
        return self._settings.model_dump(mode="json", include={"distillation", "memory"})
