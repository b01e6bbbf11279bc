"""Settings of the service."""

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, PositiveFloat, PositiveInt

TOKEN_VARIABLE = "CORPUS_TUNER_TOKEN"
"""Environment variable of the bearer token that requests must have."""


class ServerSettings(BaseModel):
    """Limits on load; a request beyond one gets a response that says so.

    Attributes
    ----------
    max_waiting
        Maximum number of queries that wait.
    timeout
        Maximum time to answer a request, in seconds.
    refresh
        Interval at which the service looks for a changed index, in seconds; 0 for never.
    max_connections
        Maximum number of open connections, if the system allows twice as many open files.
    client_timeout
        Maximum time in which a client sends a whole request, or reads a response, in seconds.
    hosts
        Host names of the service, apart from `localhost` and IP addresses.

    Examples
    --------
    >>> ServerSettings(timeout=60).max_waiting
    256
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_waiting: PositiveInt = 256
    timeout: PositiveFloat = 30.0
    refresh: NonNegativeFloat = 2.0
    max_connections: PositiveInt = 512
    client_timeout: PositiveFloat = 30.0
    hosts: frozenset[str] = frozenset()
