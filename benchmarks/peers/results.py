"""Results of the comparison with other libraries: benchmarks/results/peers.json."""

from pathlib import Path

from pydantic import BaseModel

from corpus_tuner.core.files import write_atomically

RESULTS = Path(__file__).parent.parent / "results" / "peers.json"


class Quality(BaseModel):
    """Measures, as fractions, of a system on a collection that was searched for so many hits."""

    collection: str
    library: str
    system: str
    hits: int
    measures: dict[str, float]


class Cost(BaseModel):
    """What a system takes. Seconds are of the processor, memory is the peak of a process.

    The first search counts from the start of its process, with the imports and the model.
    """

    collection: str
    library: str
    system: str
    index_seconds: float
    index_mib: float
    index_memory_mib: float
    first_search_seconds: float
    search_milliseconds: float
    search_memory_mib: float


class Results(BaseModel):
    """All results; those of a library on a collection are replaced when it is measured again."""

    qualities: list[Quality] = []
    costs: list[Cost] = []

    @classmethod
    def read(cls, path: Path = RESULTS) -> "Results":
        """Return the results of a file; none if there is no file."""
        return cls.model_validate_json(path.read_text("utf-8")) if path.exists() else cls()

    def add(self, qualities: list[Quality], costs: list[Cost]) -> None:
        """Add results, and remove those of the same library and collection."""
        for new in qualities:
            self.qualities = [old for old in self.qualities if not _replaces(new, old)]
        for cost in costs:
            self.costs = [old for old in self.costs if not _replaces(cost, old)]
        self.qualities += qualities
        self.costs += costs

    def write(self, path: Path = RESULTS) -> None:
        """Write all results, in an order that does not depend on that of the runs."""
        self.qualities.sort(key=lambda one: (one.collection, one.library, one.system, one.hits))
        self.costs.sort(key=lambda one: (one.collection, one.library, one.system))
        with write_atomically(path) as file:
            file.write(f"{self.model_dump_json(indent=1)}\n".encode())


def _replaces(new: Quality | Cost, old: Quality | Cost) -> bool:
    return (new.collection, new.library) == (old.collection, old.library)
