"""Settings of fine-tuning a generator (`configs/generator-tuning.yaml`)."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt

MOST_PASSES = 30
"""Maximum number of epochs: with more of them a generator memorises few pairs."""


class GeneratorTuningSettings(BaseModel):
    """Settings of fine-tuning a generator.

    Attributes
    ----------
    rounds
        Number of rounds of generating, checking and fine-tuning on a corpus.
    steps
        Maximum number of updates of the weights.
    batch_size
        Number of pairs in a pass, of similar length.
    accumulate
        Number of passes in a step, drawn from all instructions (gradient accumulation).
    learning_rate
        Learning rate after the warm-up and before the final decay.
    warmup
        Number of steps of the linear warm-up.
    method
        ``full`` trains all weights, ``lora`` low-rank adapters of the attention layers that are
        merged at the end (Hu et al., arXiv 2106.09685).
    lora_rank
        Rank of the adapters.
    max_source_tokens
        Maximum number of tokens of a source; longer ones are truncated.
    max_target_tokens
        Maximum number of tokens of a target; longer ones are truncated.
    evaluate_every
        Number of steps between evaluations on the dev pairs, each of which is a checkpoint.
    patience
        Number of evaluations without a better dev loss after which training stops.
    seed
        Random seed of splits, order and dropout.
    dtype
        Data type of the computation; weights stay float32. ``auto`` is bfloat16 where it is fast.
    device
        Device of PyTorch; ``auto`` takes a GPU if there is one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rounds: PositiveInt = 1
    steps: PositiveInt = 1000
    batch_size: PositiveInt = 16
    accumulate: PositiveInt = 4
    learning_rate: Annotated[float, Field(gt=0)] = 3e-4
    warmup: NonNegativeInt = 100
    method: Literal["full", "lora"] = "full"
    lora_rank: PositiveInt = 16
    max_source_tokens: PositiveInt = 512
    max_target_tokens: PositiveInt = 64
    evaluate_every: PositiveInt = 200
    patience: PositiveInt = 5
    seed: NonNegativeInt = 0
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    device: str = "auto"

    cooldown: ClassVar[float] = 0.3
    """Share of the steps in which the learning rate decays. Until then a training can be
    lengthened: with more `steps` it continues from its checkpoint."""
    weight_decay: ClassVar[float] = 0.01
    label_smoothing: ClassVar[float] = 0.0
    clip: ClassVar[float] = 1.0  # maximum norm of a gradient
    balance: ClassVar[float] = 0.7  # of instructions: 1 by number of pairs, 0 uniform
    dev: ClassVar[int] = 200  # held-out pairs of each instruction and language, at most 5 %
    test: ClassVar[int] = 500
    samples: ClassVar[int] = 16  # dev pairs of each instruction generated for ROUGE-L
    most_pairs: ClassVar[int] = 500_000  # more are left out

    def limit_steps(self, pairs: int) -> "GeneratorTuningSettings":
        """Return settings with at most as many steps as suit this number of training pairs.

        Examples
        --------
        >>> fewer = GeneratorTuningSettings().limit_steps(120)
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
