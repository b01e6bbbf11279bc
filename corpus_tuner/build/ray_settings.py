"""How a build is spread over a cluster."""

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, PositiveFloat, PositiveInt

from corpus_tuner.build.merge import LARGE

MOST_SHARDS = 64
"""A corpus is cut into as many as there are workers, or up to so many that are `LARGE`."""


class RaySettings(BaseModel):
    """How a build is spread over a cluster. Nothing of it decides what an index says.

    Attributes
    ----------
    workers
        Processes that hold the models; ``None`` for as many as the cluster has room for now.
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

    @staticmethod
    def shard_size(documents: int, workers: int) -> int:
        """Return how many documents a shard has where the settings do not say it.

        Examples
        --------
        >>> RaySettings.shard_size(1_000, 4), RaySettings.shard_size(1_000_000, 4)
        (250, 33334)
        """
        shards = max(workers, min(MOST_SHARDS, documents // LARGE))
        return -(-documents // shards)
