"""Workers of a cluster: each loads the models and builds one shard at a time."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from corpus_tuner import __version__
from corpus_tuner.building.segment_builder import open_staging, stage
from corpus_tuner.config.recipe import Recipe
from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.core.documents import Document
from corpus_tuner.core.languages import Languages
from corpus_tuner.core.progress import set_quiet
from corpus_tuner.corpora import Corpus
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generation.enricher import Enricher
from corpus_tuner.generation.open_recipe import OpenRecipe, open_recipe
from corpus_tuner.indexes.store.manifest import SegmentEntry
from corpus_tuner.indexes.store.shards import LEDGER, Shard, Shards
from corpus_tuner.indexes.store.write_lock import explain_disk_errors


@dataclass(frozen=True, slots=True)
class WorkerTask:
    """Description of a build for the workers, with values of JSON types.

    `building` is the working folder of the build, `key` the hash of the recipe and its models, and
    `folder` the directory at which relative paths begin.
    """

    index: str
    building: str
    ledger: str
    recipe: dict[str, Any]
    languages: tuple[str, ...]
    fingerprint: str
    key: str
    folder: str
    version: str = __version__

    @classmethod
    def of(cls, index: Path, building: Path, ledger: Path, opened: OpenRecipe) -> "WorkerTask":
        """Return the task of a build."""
        return cls(
            index=str(index.resolve()),
            building=str(building.resolve()),
            ledger=str(ledger.resolve()),
            recipe=opened.recipe.model_dump(mode="json"),
            languages=opened.languages.codes,
            fingerprint=opened.encoder.fingerprint,
            key=opened.key,
            folder=str(Path.cwd()),
        )


class DocumentCounter:
    """Actor that counts finished documents by shard, so that a restarted shard counts once."""

    def __init__(self) -> None:
        self._done: dict[str, int] = {}

    def report(self, shard: str, documents: int) -> None:
        """Set the number of finished documents of a shard."""
        self._done[shard] = documents

    def sum(self) -> int:
        """Return the number of finished documents of all shards."""
        return sum(self._done.values())


class Worker:
    """Builds shards, as a callable class of `ray.data.Dataset.map`.

    Parameters
    ----------
    task
        Description of the build.
    counter
        Actor of `DocumentCounter`.
    """

    def __init__(self, task: WorkerTask, counter: Any) -> None:
        self._task = task
        self._counter = counter

    def __call__(self, shard: Mapping[str, Any]) -> dict[str, str]:
        """Build a shard, given by the fields of `Shard`.

        Returns
        -------
        The ``entry`` of its segment as JSON, or a ``problem`` that the user can fix.
        """
        set_quiet(True)
        digest, *numbers = (shard[name] for name in Shard._fields)
        try:
            with explain_disk_errors(Path(self._task.index)):
                entry = self._build_shard(Shard(str(digest), *map(int, numbers)))
        except CorpusTunerError as error:
            return {"entry": "", "problem": f"{socket.gethostname()}: {error}"}
        return {"entry": entry.model_dump_json(), "problem": ""}

    def _build_shard(self, shard: Shard) -> SegmentEntry:
        task, opened = self._task, self._opened

        def build(working: Path, documents: Iterator[Document]) -> SegmentEntry:
            done = 0
            earlier = Path(task.ledger)
            with (
                Enricher(Corpus([]), opened, working / LEDGER, earlier=earlier) as enricher,
                closing(open_staging(working, opened)) as staging,
            ):
                for chunk in split_into_chunks(documents, opened.recipe.documents_at_once):
                    stage(staging, chunk, enricher)
                    done += len(chunk)
                    self._counter.report.remote(shard.name, done)
                return staging.write()

        return Shards(Path(task.index), Path(task.building)).make(shard, build)

    @cached_property
    def _opened(self) -> OpenRecipe:
        """Recipe of the task with its models on this machine."""
        task = self._task
        if task.version != __version__:
            raise CorpusTunerError(
                f"corpus-tuner {__version__} is installed there, and {task.version} where "
                "the build was started: install the same"
            )
        with suppress(OSError):  # without this folder, paths are absolute, or not found
            os.chdir(task.folder)
        opened = open_recipe(
            Corpus([]),
            Recipe.model_validate(task.recipe),
            languages=Languages(task.languages),
            fingerprint=task.fingerprint,
        )
        if opened.key != task.key:
            raise CorpusTunerError(
                "a model is another one there than where the build was started, or runs in another "
                "way, such as on a GPU: see that the files are the same, and name what the recipe "
                "leaves open (generator.engine, generator.device)"
            )
        return opened
