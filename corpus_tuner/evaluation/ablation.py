"""What each kind of view, each check and tuning bring: rankings by subsets of a document's views.

Views are written, judged and encoded once. Each chunk of documents is a file, so an ablation that
was killed goes on behind the last one. Scores are those of the representations themselves, by
brute force over all documents.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from corpus_tuner.checks import Candidate, Check, Resources, judge, open_checks
from corpus_tuner.corpora import Corpus
from corpus_tuner.corpora.sources import count_records
from corpus_tuner.enrichment import Author, Enrichment
from corpus_tuner.evaluation.kept import make_folders
from corpus_tuner.evaluation.named import open_benchmarks
from corpus_tuner.generators import Generator, open_generator
from corpus_tuner.generators.extractive import Settings as Extractive
from corpus_tuner.instructions import load_instructions
from corpus_tuner.ledger import Ledger
from corpus_tuner.pipeline import LEDGER, PassageFinder, chunked, told_language
from corpus_tuner.progress import track
from corpus_tuner.settings import Settings, load_settings, settings_hash
from corpus_tuner.tuning.generator import tune_generator
from corpus_tuner.tuning.self_instruct import tunable
from corpus_tuner.eval.benchmarks import Benchmark
from corpus_tuner.eval.measures import DEFAULT_MEASURES, deepest, measure_queries
from corpus_tuner.eval.report import Result
from corpus_tuner.eval.report.tables import as_markdown, matrix, write_results, write_text
from corpus_tuner.eval.runs import Leaders, break_ties
from corpus_tuner.indexes.store.documents import Document, View
from corpus_tuner.indexes.encoders import Encoder, Vectors, open_encoder
from corpus_tuner.indexes.encoders.remembering import RememberingEncoder
from corpus_tuner.indexes.registry import PartSettings, read_settings
from corpus_tuner.indexes.representations import SCORE_DECIMALS, Representation, open_representation

FOLDER = "ablation"
_REPRESENTATIONS = ("mean", "views")
_REMEMBERED = 20_000  # queries whose nearest passages are kept
_OWN_KINDS = ("title", "sentence")

Scores = npt.NDArray[np.float64]


class _Chunk(NamedTuple):
    """Some documents' views.

    Attributes
    ----------
    ids
        Of the documents.
    starts
        Where the views of each begin.
    kinds, vectors
        Of each view; the vectors float32, shape (views, dimension).
    members
        Which views belong to which variant: its name to shape (views,). The first view of each
        document, its passage, belongs to all.
    """

    ids: list[str]
    starts: npt.NDArray[np.int64]
    kinds: list[str]
    vectors: Vectors
    members: dict[str, npt.NDArray[np.bool_]]


def evaluate_parts(
    benchmarks: Sequence[str],
    output: str | Path,
    settings: Settings | None = None,
    *,
    encoder: Encoder | None = None,
    split: str = "",
    measures: Sequence[str] = DEFAULT_MEASURES,
    depth: int = 100,
    home: Path | None = None,
    tune: bool = True,
) -> list[Result]:
    """Measure what each part of a recipe brings on each benchmark.

    Parameters
    ----------
    benchmarks, output, settings, encoder, split, measures, depth, home
        As `corpus_tuner.evaluate` takes them; results go to ``ablation.json``, and the first
        measure as a table to ``ablation.md``.
    tune
        Whether to tune the generator on each benchmark's corpus, and compare.

    Raises
    ------
    CorpusTunerError, EvaluationError, SearchIndexError
        If a benchmark cannot be read, or the recipe has nothing to ablate.
    """
    settings = settings or load_settings()
    output = Path(output)
    loaded, _ = open_benchmarks(
        benchmarks, split, home, skip=settings.corpus.on_bad_record == "skip"
    )
    make_folders(output)
    shared = RememberingEncoder(encoder or open_encoder(settings.encoder))
    depth = max(depth, deepest(measures))
    done: list[Result] = []
    for benchmark in loaded:
        done += ablate(benchmark, output, settings, shared, measures, depth, tune=tune)
        write_results(done, output / "ablation.json")
        write_text(as_markdown(matrix(done, measures[0])), output / "ablation.md")
    return done


def ablate(
    benchmark: Benchmark,
    output: Path,
    settings: Settings,
    encoder: RememberingEncoder,
    measures: Sequence[str],
    depth: int,
    *,
    tune: bool = True,
) -> list[Result]:
    """Measure what the parts of a recipe bring on a benchmark.

    Compared are, as ``mean`` and as ``views``: the document's own views; with them the views that
    the extractive generator writes; those that the recipe's generator writes, unchecked, checked,
    and checked without one of the checks; the same after the generator was tuned on what the
    checks accepted; and each kind of view alone, beside the passage.

    Parameters
    ----------
    benchmark
        What to measure with.
    output
        The folder of the evaluation: what is written, judged and tuned goes there.
    settings
        The recipe; its generator must be one that is checked.
    encoder
        Of the recipe.
    measures, depth
        As `corpus_tuner.evaluate` takes them.
    tune
        Whether to tune the generator on the benchmark's corpus.

    Raises
    ------
    CorpusTunerError
        If the recipe has no such generator.
    """
    corpus = Corpus(str(benchmark.corpus), settings.corpus)
    language = told_language(corpus, settings)
    folder = output / FOLDER / benchmark.name
    generators = _generators(
        corpus, output, settings, encoder, language, tune=tune, name=benchmark.name
    )
    folder.mkdir(parents=True, exist_ok=True)
    written = [each.identity for each in generators.values()]
    _claim(folder, settings_hash(settings, language, encoder.fingerprint, *written))
    queries = encoder.encode_queries(list(benchmark.queries.values()))
    systems = _systems(generators, [check.name for check in settings.checks])
    boards: dict[str, list[Leaders]] = {}
    documents = 0
    for chunk in _chunks(corpus, folder, output, language, settings, encoder, generators):
        documents += len(chunk.ids)
        for system, scores in _score(chunk, systems, queries, settings):
            own = boards.setdefault(system, [Leaders(depth) for _ in queries])
            for leaders, row in zip(own, scores, strict=True):
                leaders.add(chunk.ids, row)
    results = []
    for system, own in boards.items():
        run = {
            query: break_ties(leaders.ranking())
            for query, leaders in zip(benchmark.queries, own, strict=True)
        }
        measured = measure_queries(benchmark.qrels, run, measures)
        results.append(
            Result.of(benchmark, system, measured, language=language, documents=documents)
        )
    write_results(results, folder / "metrics.json")
    return results


class _System(NamedTuple):
    """Which views of a document count.

    Attributes
    ----------
    name
        As it is told.
    parts
        Variants of `_Chunk.members`.
    kind
        The one kind that counts; empty for all.
    """

    name: str
    parts: tuple[str, ...]
    kind: str = ""


def _generators(
    corpus: Corpus,
    output: Path,
    settings: Settings,
    encoder: Encoder,
    language: str,
    *,
    tune: bool,
    name: str,
) -> dict[str, Generator]:
    """Open the generators to compare, by the name of what they write."""
    usual = tunable(settings, language)
    generators = {
        "extractive": open_generator(Extractive(), encoder),
        "generated": open_generator(usual, encoder),
    }
    if tune:
        folder = output / "tuned" / name
        tune_generator(corpus.source, usual.model, folder, settings, ledger=output / LEDGER)
        chosen = usual.model_copy(update={"model": str(folder.resolve())})
        generators["tuned"] = open_generator(chosen, encoder)
    return generators


def _authors(
    generators: Mapping[str, Generator], language: str, settings: Settings
) -> list[Author]:
    return [
        Author(each, load_instructions(each.kinds, language, settings.instructions))
        for each in generators.values()
    ]


def _claim(folder: Path, key: str) -> None:
    """Throw away what was made with other settings."""
    note = folder / "key"
    if not note.is_file() or note.read_text(encoding="utf-8") != key:
        for old in folder.glob("*.npz"):
            old.unlink()
        note.write_text(key, encoding="utf-8")


def _chunks(
    corpus: Corpus,
    folder: Path,
    output: Path,
    language: str,
    settings: Settings,
    encoder: RememberingEncoder,
    generators: Mapping[str, Generator],
) -> Iterator[_Chunk]:
    """Yield the views of all documents, made now or before."""
    with (
        closing(Ledger(output / LEDGER)) as ledger,
        closing(PassageFinder(corpus, folder, language, settings, encoder)) as nearest,
    ):
        checks = open_checks(settings.checks, Resources(encoder, _Once(nearest)))
        authors = {
            name: Enrichment(language, settings, encoder, [author], {}, ledger)
            for name, author in zip(
                generators, _authors(generators, language, settings), strict=True
            )
        }
        chunks = chunked(corpus, settings.documents_at_once)
        total = count_records(corpus.source)
        for number, documents in enumerate(track(chunks, "ablating", lambda: total, len)):
            path = folder / f"{number:06}.npz"
            if not path.is_file():
                _save(_make(documents, authors, checks, encoder, language), path)
            yield _load(path)


def _make(
    documents: Sequence[Document],
    authors: Mapping[str, Enrichment],
    checks: Mapping[str, Check],
    encoder: RememberingEncoder,
    language: str,
) -> _Chunk:
    """Let everything be written and judged for some documents."""
    enriched = {name: author.enrich(documents) for name, author in authors.items()}
    own = enriched["extractive"].own
    views: list[list[View]] = [list(each) for each in own]
    labels: list[list[tuple[str, ...]]] = [[("own",)] * len(each) for each in own]
    for name, made in enriched.items():
        candidates = [
            Candidate(document, views_of, view, language)
            for document, views_of, new in zip(documents, own, made.generated, strict=True)
            for view in new
        ]
        encoder.remember_more([each.view.text for each in candidates])
        judged = iter(_variants(name, candidates, checks if name != "extractive" else {}))
        for place, new in enumerate(made.generated):
            views[place] += new
            labels[place] += [next(judged) for _ in new]
    flat = [label for some in labels for label in some]
    counts = [len(each) for each in views]
    texts = [view for each in views for view in each]
    vectors = encoder.encode_documents([view.text for view in texts])
    return _Chunk(
        [document.id for document in documents],
        np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64),
        [view.kind for view in texts],
        vectors,
        {
            name: np.array([name in label for label in flat])
            for name in dict.fromkeys(each for label in flat for each in label)
        },
    )


def _variants(
    name: str, candidates: Sequence[Candidate], checks: Mapping[str, Check]
) -> list[tuple[str, ...]]:
    """Return for each view what it is part of: what was written, and what sets of checks left."""
    parts: list[tuple[str, ...]] = [(name,)] * len(candidates)
    for told, some in _sets(name, checks).items():
        verdicts, _ = judge(candidates, {each: checks[each] for each in some})
        parts = [
            own if verdict.reason else (*own, told)
            for own, verdict in zip(parts, verdicts, strict=True)
        ]
    return parts


def _sets(name: str, checks: Iterable[str]) -> dict[str, list[str]]:
    """Return the sets of checks that what a generator wrote goes through, by variant."""
    names = list(checks)
    if not names:
        return {}
    sets = {f"{name}, checked": names}
    if name == "generated" and len(names) > 1:
        for left_out in names:
            others = [each for each in names if each != left_out]
            sets[f"{name}, checked but for {left_out}"] = others
    return sets


def _systems(generators: Mapping[str, Generator], checks: Sequence[str]) -> list[_System]:
    """Return what is compared."""
    systems = [_System("own", ("own",))]
    alone = [_System(f"only {kind}", ("own",), kind) for kind in _OWN_KINDS]
    for name, generator in generators.items():
        sets = _sets(name, checks if generator.invents else ())
        for part in (name, *sets):
            systems.append(_System(f"own, {part}", ("own", part)))
            if part == f"{name}, checked":
                systems.append(_System(f"own, extractive, {part}", ("own", "extractive", part)))
        last = f"{name}, checked" if sets else name
        alone += [_System(f"only {kind}, {last}", (last,), kind) for kind in generator.kinds]
    return [*systems, *alone]


class _Once:
    """Asks for the nearest passages of a query only once."""

    def __init__(self, nearest: PassageFinder) -> None:
        self._nearest = nearest
        self._known: dict[tuple[str, int], list[str]] = {}

    def __call__(self, queries: Sequence[str], most: int) -> list[list[str]]:
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        new = [each for each in dict.fromkeys(queries) if (each, most) not in self._known]
        if new:
            found = self._nearest(new, most)
            self._known |= {(each, most): ids for each, ids in zip(new, found, strict=True)}
        return [self._known[each, most] for each in queries]


def _save(chunk: _Chunk, path: Path) -> None:
    told = {"ids": chunk.ids, "kinds": chunk.kinds, "members": list(chunk.members)}
    arrays: dict[str, Any] = {
        "told": np.frombuffer(json.dumps(told).encode(), dtype=np.uint8),
        "starts": chunk.starts,
        "vectors": chunk.vectors,
        "members": np.array(list(chunk.members.values())),
    }
    aside = path.with_suffix(".new")
    with aside.open("wb") as file:
        np.savez(file, **arrays)
    aside.replace(path)


def _load(path: Path) -> _Chunk:
    with np.load(path, allow_pickle=False) as stored:
        told = json.loads(stored["told"].tobytes())
        members = dict(zip(told["members"], stored["members"], strict=True))
        return _Chunk(told["ids"], stored["starts"], told["kinds"], stored["vectors"], members)


def _score(
    chunk: _Chunk, systems: Sequence[_System], queries: Vectors, settings: Settings
) -> Iterator[tuple[str, Scores]]:
    """Yield each system with its scores, shape (queries, documents)."""
    vectors = chunk.vectors
    kinds = np.array(chunk.kinds)
    first = np.zeros(len(vectors), dtype=bool)
    first[chunk.starts] = True
    none = np.zeros(len(vectors), dtype=bool)
    yield "passage", (queries @ vectors[first].T).astype(np.float64).round(SCORE_DECIMALS)
    for system in systems:
        kept = np.any([chunk.members.get(part, none) for part in system.parts], axis=0)
        if system.kind:
            kept &= kinds == system.kind
        for name in _REPRESENTATIONS:
            opened = open_representation(_as_configured(name, settings))
            scores = _represented(
                chunk, vectors, kept | first, opened, queries, settings.search.views
            )
            yield f"{name}: {system.name}", scores


def _as_configured(name: str, settings: Settings) -> PartSettings:
    """Return the recipe's settings of a representation, or the usual ones."""
    if settings.representation.name == name:
        return settings.representation
    return read_settings("corpus_tuner.indexes.representations", {"name": name})


def _represented(
    chunk: _Chunk,
    vectors: Vectors,
    kept: npt.NDArray[np.bool_],
    representation: Representation,
    queries: Vectors,
    weight: float,
) -> Scores:
    """Return the scores of documents with some of their views, shape (queries, documents)."""
    said = chunk.members["own"] | chunk.members.get("extractive", kept & False)
    views = [
        View("", kind, "", invented=not own)
        for kind, own in zip(chunk.kinds, said.tolist(), strict=True)
    ]
    parts = []
    for start, end in zip(chunk.starts, [*chunk.starts[1:], len(views)], strict=True):
        places = np.arange(start, end)[kept[start:end]]
        parts.append(representation.rows([views[each] for each in places], vectors[places]).vectors)
    starts = np.cumsum([0, *(len(part) for part in parts[:-1])])
    similarities = queries @ np.concatenate(parts).T
    return np.stack([representation.parts(row, starts).mixed(weight) for row in similarities])
