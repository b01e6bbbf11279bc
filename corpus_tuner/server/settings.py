"""What the service allows."""

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, PositiveFloat, PositiveInt

TOKEN_VARIABLE = "CORPUS_TUNER_TOKEN"
"""The environment variable with the bearer token that requests must bring, if there is one."""


class ServerSettings(BaseModel):
    """Limits; a request beyond them gets an answer that says so.

    Attributes
    ----------
    query_characters
        Characters of one query.
    queries
        Queries in one request.
    k
        Documents for one query.
    hits
        Documents for all queries of one request.
    explained_characters
        Characters of a document's text in which `explain` looks for words of the query.
    body_bytes
        Bytes of one request.
    waiting
        Queries that may wait; more requests are told to come again.
    batch
        Queries that are searched at once.
    workers
        Batches that are searched at the same time.
    timeout
        Seconds that a request may take.
    refresh
        Seconds between looks whether the index was built again; 0 for never.
    connections
        Connections at once, if the system lets the process open twice as many files.
    patience
        Seconds that a client has to send a request from its beginning to its end, and to take what
        it is sent.
    hosts
        Names by which the service may be asked for, apart from `localhost` and IP addresses.

    Examples
    --------
    >>> ServerSettings(k=1000).queries
    64
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    query_characters: PositiveInt = 4_000
    queries: PositiveInt = 64
    k: PositiveInt = 100
    hits: PositiveInt = 1_000
    explained_characters: PositiveInt = 20_000
    body_bytes: PositiveInt = 2**20
    waiting: PositiveInt = 256
    batch: PositiveInt = 16
    workers: PositiveInt = 2
    timeout: PositiveFloat = 30.0
    refresh: NonNegativeFloat = 2.0
    connections: PositiveInt = 512
    patience: PositiveFloat = 30.0
    hosts: frozenset[str] = frozenset()
