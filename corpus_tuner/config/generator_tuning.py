"""Settings of fine-tuning a generator (`configs/generator-tuning.yaml`)."""

from typing import Annotated, ClassVar

from pydantic import Field, PositiveInt

from corpus_tuner.config.tuning import TuningSettings

MOST_PASSES = 30
"""Maximum number of epochs: with more of them a generator memorises few pairs."""


class GeneratorTuningSettings(TuningSettings):
    """Settings of fine-tuning a generator.

    Attributes
    ----------
    rounds
        Number of rounds of generating, checking and fine-tuning on a corpus.
    steps
        Maximum number of updates of the weights.
    lora_rank
        Rank of low-rank adapters of all linear layers, which are trained, saved in ``adapter`` and
        merged at the end (Hu et al., arXiv 2106.09685); ``None`` trains all weights.
    max_source_tokens
        Maximum number of tokens of a source; longer ones are truncated.
    max_target_tokens
        Maximum number of tokens of a target; longer ones are truncated.
    """

    rounds: PositiveInt = 1
    steps: PositiveInt = 1000
    learning_rate: Annotated[float, Field(gt=0)] = 3e-4
    lora_rank: PositiveInt | None = None
    max_source_tokens: PositiveInt = 512
    max_target_tokens: PositiveInt = 64

    in_memory: ClassVar[int] = 16  # pairs in memory at once (gradient accumulation)
    dev: ClassVar[int] = 200  # held-out pairs of each instruction and language, at most 5 %
    test: ClassVar[int] = 500
    most_pairs: ClassVar[int] = 500_000  # more are left out

    def limit_steps(self, pairs: int) -> "GeneratorTuningSettings":
        """Return settings with at most as many steps as suit this number of training pairs.

        Examples
        --------
        >>> GeneratorTuningSettings().limit_steps(120).steps
        56
        """
        most = max(1, MOST_PASSES * pairs // self.batch_size)
        return self if self.steps <= most else self.model_copy(update={"steps": most})
