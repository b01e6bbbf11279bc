"""How a build is spread over a cluster."""

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, PositiveFloat, PositiveInt


class RaySettings(BaseModel):
    """How a build is spread over a cluster. Nothing of it decides what an index says.

    Attributes
    ----------
    workers
        Number of worker processes; ``None`` for as many as the cluster has room for now.
    cpus, gpus
        Of every worker. Part of a GPU lets several workers share one: while one writes to the disk,
        another encodes.
    shard_documents
        A shard, which becomes one segment. ``None`` gives every worker one, of large corpora more:
        up to 64 shards of 32,768 documents or more.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: PositiveInt | None = None
    cpus: PositiveFloat = 1.0
    gpus: NonNegativeFloat = 0.0
    shard_documents: PositiveInt | None = None
