"""Settings of fine-tuning an encoder (`configs/encoder-tuning.yaml`)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from corpus_tuner.config.tuning import TuningSettings


class EncoderTuningSettings(TuningSettings):
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
    max_tokens
        Maximum number of tokens of passages and queries during training.
    """

    minutes: Annotated[float, Field(gt=0)] = 30
    steps: NonNegativeInt | None = None
    token_weights: Literal["base", "idf"] = "idf"
    max_tokens: PositiveInt = 64

    scale: ClassVar[float] = 20.0  # factor on similarities before a softmax
    margin: ClassVar[float] = 0.2  # by which negatives must score less than the document
    left_in: ClassVar[float] = 0.5  # share of query sentences that stay in their passage
    held_out: ClassVar[int] = 200  # documents for evaluation and calibration, at most a quarter
    candidates: ClassVar[int] = 1000  # documents among which held-out ones are searched
    shares: ClassVar[tuple[float, ...]] = (0.25, 0.5, 0.75, 1.0)
    """Shares of the fine-tuned weights, the rest being the base's (Wortsman et al., arXiv
    2109.01903), of which evaluation chooses one."""
    evaluations: ClassVar[int] = 4
    most_documents: ClassVar[int] = 100_000  # more are left out, chosen by their contents
