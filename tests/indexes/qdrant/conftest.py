"""Fixtures of tests of Qdrant."""

from collections.abc import Iterator

import pytest

from tests.indexes.qdrant.collections import ENGINES, using


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Let collections be of one engine after the other."""
    with using(request.param):
        yield request.param
