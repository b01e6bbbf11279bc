"""Settings of fine-tuning that encoders and generators share."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt


class TuningSettings(BaseModel):
    """Settings of a fine-tuning.

    Attributes
    ----------
    batch_size
        Number of pairs in a step.
    learning_rate
        Maximum learning rate, after a linear warm-up and before a linear decay.
    seed
        Random seed of sampling, order and dropout.
    dtype
        Data type of the computation; weights stay float32. ``auto`` is bfloat16 where it is fast.
    device
        Device of PyTorch; ``auto`` takes a GPU if there is one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch_size: PositiveInt = 64
    learning_rate: Annotated[float, Field(gt=0)] = 1e-4
    seed: NonNegativeInt = 0
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    device: str = "auto"

    warmup: ClassVar[float] = 0.1  # share of the steps
    clip: ClassVar[float] = 1.0  # maximum norm of a gradient
    evaluations: ClassVar[int] = 5  # evaluations and checkpoints during training
