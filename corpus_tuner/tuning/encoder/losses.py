"""Loss of an encoder: contrastive, and distilled from the teacher."""

from collections.abc import Iterable

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import cos_sim
from torch.nn.functional import cross_entropy, kl_div

from corpus_tuner.config.encoder_tuning import EncoderTuningSettings
from corpus_tuner.tuning.training import uses_bfloat16


class RankingLoss(torch.nn.Module):
    """Loss of a batch of queries and their passages.

    The label of a row has the teacher's scores of all passages of the batch. Sources: Lin, Yang and
    Lin, arXiv 2010.11386, and Hofstätter et al., arXiv 2104.06967 (a teacher's ranking of the
    batch).

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
        super().__init__()
        self.model = model
        self._settings = settings
        self._temperature = temperature

    def forward(
        self, sentence_features: Iterable[dict[str, torch.Tensor]], labels: torch.Tensor
    ) -> torch.Tensor:
        """Return the loss of tokenized queries and passages, a scalar."""
        device = self.model.device
        fast = uses_bfloat16(device, self._settings.dtype)
        with torch.autocast(device.type, torch.bfloat16, enabled=fast):
            columns = [self.model(column)["sentence_embedding"] for column in sentence_features]
        queries, passages = (column.float() for column in columns)
        return self.compare(queries, passages, labels)

    def compare(
        self, queries: torch.Tensor, passages: torch.Tensor, scores: torch.Tensor
    ) -> torch.Tensor:
        """Return the loss of vectors, given the teacher's scores of shape (queries, passages)."""
        similarities = self._settings.scale * cos_sim(queries, passages)
        # Other passages that the teacher scores almost as high as the query's own may be relevant.
        false_negatives = scores > scores.diagonal()[:, None] - self._settings.margin
        masked = similarities.masked_fill(false_negatives.fill_diagonal_(False), -torch.inf)
        own = torch.arange(len(queries), device=similarities.device)
        distillation = kl_div(
            similarities.log_softmax(1),
            (scores / self._temperature).log_softmax(1),
            reduction="batchmean",
            log_target=True,
        )
        return cross_entropy(masked, own) + distillation
