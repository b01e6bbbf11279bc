"""What runs on the machines of a cluster: it holds the models, and makes one shard at a time."""

import os
import socket
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from corpus_tuner import __version__
from corpus_tuner.building.segment import Indexed, stage
from corpus_tuner.config.recipe import Recipe
from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.core.disk_errors import describe_disk_error
from corpus_tuner.core.documents import Document
from corpus_tuner.core.languages import Languages
from corpus_tuner.core.progress import set_quiet
from corpus_tuner.corpora import Corpus
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generation.checks import Fitted
from corpus_tuner.generation.enricher import Enricher
from corpus_tuner.generation.open_recipe import OpenRecipe, open_recipe
from corpus_tuner.indexes.store.manifest import SegmentEntry
from corpus_tuner.indexes.store.shards import LEDGER, Shard, Shards


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker must know, of values that JSON can hold.

    Attributes
    ----------
    index, building
        The folder of the index, and that in which its build works.
    ledger
        The file of what was generated before.
    settings
        The recipe.
    languages
        Of the corpus, the commonest first.
    fitted
        What was fitted for checks, on a sample of the corpus.
    fingerprint, key
        Of the encoder, and of the whole recipe.
    folder
        From which relative paths begin.
    version
        Of this package.
    """

    index: str
    building: str
    ledger: str
    settings: dict[str, Any]
    languages: tuple[str, ...]
    fitted: dict[str, Any]
    fingerprint: str
    key: str
    folder: str
    version: str = __version__

    @classmethod
    def of(
        cls, index: Path, building: Path, ledger: Path, recipe: OpenRecipe, fitted: Fitted
    ) -> "Order":
        """Return what workers must know of a build."""
        return cls(
            index=str(index.resolve()),
            building=str(building.resolve()),
            ledger=str(ledger.resolve()),
            settings=recipe.recipe.model_dump(mode="json"),
            languages=recipe.languages.codes,
            fitted=dict(fitted),
            fingerprint=recipe.encoder.fingerprint,
            key=recipe.key,
            folder=str(Path.cwd()),
        )


class Tally:
    """Counts the documents that are done, by shard: one that is begun again is not counted twice.

    An actor, that workers tell and the driver asks.
    """

    def __init__(self) -> None:
        self._done: dict[str, int] = {}

    def tell(self, shard: str, documents: int) -> None:
        """Say how many of a shard's documents are done."""
        self._done[shard] = documents

    def total(self) -> int:
        """Return how many are done in all."""
        return sum(self._done.values())


class Worker:
    """Makes shards, as `ray.data.Dataset.map_batches` asks for it.

    Parameters
    ----------
    order
        What is to be done with documents.
    tally
        The actor of `Tally`.
    """

    def __init__(self, order: Order, tally: Any) -> None:
        self._order = order
        self._tally = tally

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[str]]:
        """Make some shards, given by the fields of `Shard`.

        Returns
        -------
        For every one the ``entry`` of its segment as JSON, or a ``problem`` that the user can mend.
        """
        set_quiet(True)
        made: dict[str, list[str]] = {"entry": [], "problem": []}
        for digest, *numbers in zip(*(batch[name] for name in Shard._fields), strict=True):
            entry = problem = ""
            try:
                entry = self._made(Shard(str(digest), *map(int, numbers))).model_dump_json()
            except CorpusTunerError as error:
                problem = str(error)
            except (OSError, sqlite3.Error) as error:
                problem = describe_disk_error(error)
                if not problem:
                    raise
                problem = (
                    f"cannot write to {getattr(error, 'filename', None) or 'a file'}: {problem}"
                )
            made["entry"].append(entry)
            made["problem"].append(f"{socket.gethostname()}: {problem}" if problem else "")
        return made

    def _made(self, shard: Shard) -> SegmentEntry:
        order, settings = self._order, self._settings

        def making(working: Path, documents: Iterator[Document]) -> SegmentEntry:
            opened = self._opened
            indexed = Indexed.by(settings, opened.languages, opened.encoder.dimension)
            done = 0
            with (
                Enricher(
                    *(Corpus([]), opened, working / LEDGER, working, order.fitted),
                    whole=False,
                    earlier=Path(order.ledger),
                ) as enricher,
                closing(indexed.open_staging(working)) as staging,
            ):
                for some in split_into_chunks(documents, settings.documents_at_once):
                    stage(staging, enricher, some)
                    done += len(some)
                    self._tally.tell.remote(shard.name, done)
                return indexed.write(staging)

        return Shards(Path(order.index), Path(order.building)).make(shard, making)

    @cached_property
    def _settings(self) -> Recipe:
        if self._order.version != __version__:
            raise CorpusTunerError(
                f"corpus-tuner {__version__} is installed there, and {self._order.version} where "
                "the build was started: install the same"
            )
        with suppress(OSError):  # where there is no such folder, paths are absolute, or not found
            os.chdir(self._order.folder)
        return Recipe.model_validate(self._order.settings)

    @cached_property
    def _opened(self) -> OpenRecipe:
        order, settings = self._order, self._settings
        opened = open_recipe(
            Corpus([]),
            settings,
            languages=Languages(order.languages),
            fingerprint=order.fingerprint,
        )
        if opened.key != order.key:
            raise CorpusTunerError(
                "a model is another one there than where the build was started, or runs in another "
                "way, such as on a GPU: see that the files are the same, and name what the recipe "
                "leaves open (generator.engine, generator.device)"
            )
        return opened
