"""Settings of distributed builds."""

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, PositiveFloat, PositiveInt


class RaySettings(BaseModel):
    """Settings of a distributed build. They do not change the rankings of the index.

    Attributes
    ----------
    workers
        Number of worker processes; ``None`` for as many as the cluster has room for now.
    cpus
        Number of CPU cores of each worker.
    gpus
        Number of GPUs of each worker. With a fraction, several workers share one: while one writes
        to the disk, another encodes.
    shard_documents
        Number of documents in a shard, which becomes one segment. ``None`` makes one shard for each
        worker; for large corpora more, up to 64 shards of at least 32,768 documents.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: PositiveInt | None = None
    cpus: PositiveFloat = 1.0
    gpus: NonNegativeFloat = 0.0
    shard_documents: PositiveInt | None = None
