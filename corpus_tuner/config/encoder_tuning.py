"""How an encoder is tuned."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveInt

Share = Annotated[float, Field(ge=0, le=1)]
Shares = Annotated[tuple[Annotated[float, Field(gt=0, le=1)], ...], Field(min_length=1)]


class EncoderTuningSettings(BaseModel):
    """How an encoder is tuned.

    Attributes
    ----------
    minutes
        How long training takes, about: the pace of the first steps tells how many there are.
    steps
        Updates of the weights; in place of `minutes` where it is given. With 0 there is no
        training, and all that can change is how much tokens weigh.
    token_weights
        How much the tokens of a text weigh in its vector: ``idf`` by how few documents of the
        corpus have them, ``base`` as in the encoder that is tuned. Only where that takes their
        mean.
    batch_size
        Pairs in one step; the others of a batch are what a query must not find.
    topic_size
        Documents of a batch that are of one topic, about, by the index that teaches: these are
        hard to tell apart. 1 draws them by chance.
    mini_batch
        Pairs that are in memory at once (Gao et al., arXiv 2101.06983).
    negatives
        Documents for every query that the index ranks high and that do not answer it; with 0, and
        no `distillation`, no index is built.
    margin
        What a query must not find scores less than its document by at least so much, in the units
        of the index's scores: nearer ones may answer, too.
    distillation
        Weight of learning how the index ranks all passages of a batch.
    memory
        Weight of keeping the vectors that the base gives to passages.
    scale
        What similarities are multiplied by before a softmax.
    learning_rate
        Reached after the warm-up; it falls to nothing by the end.
    warmup
        Share of the steps in which the learning rate rises.
    weight_decay, clip
        As usual; `clip` bounds the norm of a step's gradient.
    method
        ``full`` trains the weights, ``lora`` small matrices beside those of the layers (Hu et al.,
        arXiv 2106.09685), merged in at the end.
    lora_rank
        Of these matrices.
    max_tokens
        Passages and queries are cut to so many while training.
    left_in
        Share of the sentences that ask for a passage which still has them.
    held_out
        Documents that are kept from training, for the verdict and for calibration; at most a
        quarter of them.
    candidates
        Documents among which those held out are to be found.
    kept
        How much of what was learnt the verdict may keep: the shares of the tuned weights, the rest
        being the base's (Wortsman et al., arXiv 2109.01903).
    looks
        How often held-out documents are looked for while training; every look is a checkpoint.
    most_documents
        More are left out, chosen by their contents.
    seed
        Of choices, order and dropout.
    dtype
        Of the arithmetic; weights stay float32. ``auto`` is bfloat16 where that is fast.
    device
        ``auto`` takes a GPU where there is one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    minutes: Annotated[float, Field(gt=0)] = 30
    steps: NonNegativeInt | None = None
    token_weights: Literal["base", "idf"] = "idf"
    batch_size: PositiveInt = 64
    topic_size: PositiveInt = 1
    mini_batch: PositiveInt = 64
    negatives: NonNegativeInt = 0
    margin: NonNegativeFloat = 0.2
    distillation: NonNegativeFloat = 1.0
    memory: NonNegativeFloat = 0.0
    scale: Annotated[float, Field(gt=0)] = 20.0
    learning_rate: Annotated[float, Field(gt=0)] = 1e-4
    warmup: Share = 0.1
    weight_decay: NonNegativeFloat = 0.0
    clip: Annotated[float, Field(gt=0)] = 1.0
    method: Literal["full", "lora"] = "full"
    lora_rank: PositiveInt = 16
    max_tokens: PositiveInt = 64
    left_in: Share = 0.5
    held_out: PositiveInt = 200
    candidates: PositiveInt = 1000
    kept: Shares = (0.25, 0.5, 0.75, 1.0)
    looks: PositiveInt = 4
    most_documents: PositiveInt = 100_000
    seed: NonNegativeInt = 0
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    device: str = "auto"

    @property
    def taught(self) -> bool:
        """Whether an index is asked how it ranks."""
        return self.steps != 0 and (self.negatives > 0 or self.distillation > 0)
