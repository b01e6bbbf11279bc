"""Settings of fine-tuning an encoder (`configs/encoder-tuning.yaml`)."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveInt


class EncoderTuningSettings(BaseModel):
    """Settings of fine-tuning an encoder.

    Attributes
    ----------
    minutes
        Approximate duration of training; the number of steps follows from the first ones.
    steps
        Number of updates of the weights, instead of `minutes`; 0 for no training, so that only
        the weights of tokens change.
    token_weights
        Weights of tokens in the mean of a text: ``idf`` (inverse document frequency in the
        corpus) or ``base`` (as in the encoder that is fine-tuned).
    batch_size
        Number of pairs in a step; the other pairs of a batch are in-batch negatives.
    mini_batch
        Number of pairs in memory at once (gradient caching; Gao et al., arXiv 2101.06983).
    topic_size
        Approximate number of documents of one topic in a batch, which are hard to tell apart; 1 for
        random batches.
    negatives
        Number of hard negatives of a query, which the teacher index ranks high.
    distillation
        Weight of the distillation loss: how the teacher index ranks all passages of a batch.
    memory
        Weight of the loss that retains the vectors of the documents given by `--keep`.
    learning_rate
        Maximum learning rate, after a linear warm-up and before a linear decay.
    method
        ``full`` trains all weights, ``lora`` low-rank adapters that are merged at the end (Hu et
        al., arXiv 2106.09685).
    lora_rank
        Rank of the adapters.
    max_tokens
        Maximum number of tokens of passages and queries during training.
    held_out
        Number of held-out documents for evaluation and calibration; at most a quarter of them.
    seed
        Random seed of sampling, order and dropout.
    dtype
        Data type of the computation; weights stay float32. ``auto`` is bfloat16 where it is fast.
    device
        Device of PyTorch; ``auto`` takes a GPU if there is one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    minutes: Annotated[float, Field(gt=0)] = 30
    steps: NonNegativeInt | None = None
    token_weights: Literal["base", "idf"] = "idf"
    batch_size: PositiveInt = 64
    mini_batch: PositiveInt = 64
    topic_size: PositiveInt = 1
    negatives: NonNegativeInt = 0
    distillation: NonNegativeFloat = 1.0
    memory: NonNegativeFloat = 0.0
    learning_rate: Annotated[float, Field(gt=0)] = 1e-4
    method: Literal["full", "lora"] = "full"
    lora_rank: PositiveInt = 16
    max_tokens: PositiveInt = 64
    held_out: PositiveInt = 200
    seed: NonNegativeInt = 0
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    device: str = "auto"

    scale: ClassVar[float] = 20.0  # factor on similarities before a softmax
    margin: ClassVar[float] = 0.2  # by which negatives must score less than the document
    warmup: ClassVar[float] = 0.1  # share of the steps
    weight_decay: ClassVar[float] = 0.0
    clip: ClassVar[float] = 1.0  # maximum norm of a gradient
    left_in: ClassVar[float] = 0.5  # share of query sentences that stay in their passage
    candidates: ClassVar[int] = 1000  # documents among which held-out ones are searched
    shares: ClassVar[tuple[float, ...]] = (0.25, 0.5, 0.75, 1.0)
    """Shares of the fine-tuned weights, the rest being the base's (Wortsman et al., arXiv
    2109.01903), of which evaluation chooses one."""
    evaluations: ClassVar[int] = 4  # evaluations and checkpoints during training
    most_documents: ClassVar[int] = 100_000  # more are left out, chosen by their contents

    @property
    def needs_teacher(self) -> bool:
        """Whether training needs a teacher index."""
        return self.steps != 0 and (self.negatives > 0 or self.distillation > 0)
