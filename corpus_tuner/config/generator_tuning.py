"""How a generator is tuned."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveInt

MOST_PASSES = 30
"""Over all pairs: with more of them a generator learns its few pairs by heart."""


class GeneratorTuningSettings(BaseModel):
    """How a generator is tuned.

    Attributes
    ----------
    rounds
        How often to generate, check and tune on a corpus.
    steps
        Updates of the weights; training may stop earlier (`patience`).
    batch_size
        Pairs in one pass, alike in length.
    accumulate
        Passes in one step. Their pairs are drawn from all instructions.
    learning_rate
        Reached after the warm-up, and kept until the last part of training.
    warmup
        Steps in which the learning rate rises.
    cooldown
        Share of the steps in which it falls to nothing. Until then a training can be lengthened:
        with more `steps` it goes on from its checkpoint.
    weight_decay, label_smoothing, clip
        As usual; `clip` bounds the norm of a step's gradient.
    method
        ``full`` trains the weights, ``lora`` small matrices beside those of the attention (Hu et
        al., arXiv 2106.09685), merged in at the end.
    lora_rank
        Of these matrices.
    max_source_tokens, max_target_tokens
        Longer texts are cut.
    balance
        How instructions share the steps: 1 by their number of pairs, 0 all alike.
    dev, test
        Pairs of each instruction and language that are held out, to stop by and to measure with;
        at most a twentieth of them each.
    evaluate_every
        Steps between looks at the dev pairs; each look is also a checkpoint.
    patience
        Looks without a better dev loss after which training stops.
    samples
        Dev pairs of each instruction that are written at each look, for ROUGE-L.
    most_pairs
        More are left out.
    seed
        Of splits, order and dropout.
    dtype
        Of the arithmetic; weights stay float32. ``auto`` is bfloat16 where that is fast.
    device
        ``auto`` takes a GPU where there is one; of several, the first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rounds: PositiveInt = 1
    steps: PositiveInt = 1000
    batch_size: PositiveInt = 16
    accumulate: PositiveInt = 4
    learning_rate: Annotated[float, Field(gt=0)] = 3e-4
    warmup: NonNegativeInt = 100
    cooldown: Annotated[float, Field(ge=0, le=1)] = 0.3
    weight_decay: NonNegativeFloat = 0.01
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    clip: Annotated[float, Field(gt=0)] = 1.0
    method: Literal["full", "lora"] = "full"
    lora_rank: PositiveInt = 16
    max_source_tokens: PositiveInt = 512
    max_target_tokens: PositiveInt = 64
    balance: Annotated[float, Field(ge=0, le=1)] = 0.7
    dev: PositiveInt = 200
    test: NonNegativeInt = 500
    evaluate_every: PositiveInt = 200
    patience: PositiveInt = 5
    samples: PositiveInt = 16
    most_pairs: PositiveInt = 500_000
    seed: NonNegativeInt = 0
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    device: str = "auto"

    def for_pairs(self, pairs: int) -> "GeneratorTuningSettings":
        """Return settings with no more steps than so many pairs to train on are good for.

        Examples
        --------
        >>> fewer = GeneratorTuningSettings().for_pairs(120)
        >>> fewer.steps, fewer.warmup, fewer.evaluate_every
        (56, 5, 11)
        """
        most = max(1, MOST_PASSES * pairs // (self.batch_size * self.accumulate))
        if self.steps <= most:
            return self
        return self.model_copy(
            update={
                "steps": most,
                "warmup": min(self.warmup, most // 10),
                "evaluate_every": min(self.evaluate_every, max(1, most // 5)),
            }
        )
