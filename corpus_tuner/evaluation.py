"""Evaluation runs: benchmarks in, measured results and TREC runs out."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from corpus_tuner.ablation import ablate
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.oracle import STEPS, best_weights, draw_pools
from corpus_tuner.pipeline import LEDGER, BuildReport, build
from corpus_tuner.progress import track
from corpus_tuner.sample import LANGUAGES, sample_folder
from corpus_tuner.settings import Settings, load_settings
from eval.benchmarks import Benchmark, load_benchmark, load_catalogue_benchmark
from eval.measures import DEFAULT_MEASURES, measure, parse_measure
from eval.records import BadRecord
from eval.report import Result, matrix, write_markdown, write_results
from eval.runs import Ranking, break_ties, write_run
from indexes.encoders import Encoder, open_encoder
from indexes.encoders.remembering import RememberingEncoder
from indexes.fusion import Mode, SearchSettings
from indexes.searcher import Searcher
from indexes.storage import read_manifest

DEPTH = 100
"""Documents in a run: as many as the default measures look at."""


class System(NamedTuple):
    """One way to search an index."""

    name: str
    representation: str
    mode: Mode | None
    settings: SearchSettings
    uses_labels: bool = False

    def weights(self) -> dict[str, float]:
        """Return the weights that it ranks with."""
        weights = {}
        if self.representation == "views" and self.mode != "lexical":
            weights["views"] = self.settings.views_in(self.mode or "hybrid")
        if self.mode in (None, "hybrid"):
            weights["words"] = self.settings.words
        return weights


class Evaluation:
    """Results on some benchmarks, with what went into them.

    Attributes
    ----------
    results
        One for each benchmark and system.
    builds
        The report of each benchmark's index.
    rejected
        Queries and judgments left out, by benchmark.
    """

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.builds: dict[str, BuildReport] = {}
        self.rejected: dict[str, list[BadRecord]] = {}


def evaluate(
    benchmarks: Sequence[str],
    output: str | Path,
    settings: Settings | None = None,
    *,
    encoder: Encoder | None = None,
    split: str = "test",
    measures: Sequence[str] = DEFAULT_MEASURES,
    depth: int = DEPTH,
) -> Evaluation:
    """Build the index of each benchmark, or reuse it, and measure what it finds.

    Measured are BM25, each representation that the index holds, the hybrid of the configured one
    and BM25 with the usual weights and with those that calibration chose, and last what could be
    reached (`corpus_tuner.oracle`): by the best weight of the words, ``oracle``, and by the best
    weights of words and views, ``oracle-2d``, found with the judgments.

    Parameters
    ----------
    benchmarks
        Folders in BEIR layout, ``ir_datasets:ID``, ``sample-en`` or ``sample-de``.
    output
        Where ``metrics.json``, ``runs/BENCHMARK.SYSTEM.trec`` and the indexes go.
    settings
        The recipe; by default the default one. Its ``corpus.on_bad_record`` is in force for
        queries and judgments, too.
    encoder
        An open encoder; by default the one that the settings name.
    split
        Which judgments.
    measures
        As `eval.measures.measure` takes them.
    depth
        Documents in each ranking; more where a measure looks deeper.

    Raises
    ------
    CorpusTunerError, EvaluationError, SearchIndexError
        If a benchmark cannot be read, its index not built, or a measure is unknown.
    """
    settings = settings or load_settings()
    depth = _depth(measures, depth)
    output = Path(output)
    done = Evaluation()
    loaded = _load_all(benchmarks, split, settings, done)
    _make_folders(output / "runs", output / "indexes")

    encoder = RememberingEncoder(encoder or open_encoder(settings.encoder))
    for benchmark in loaded:
        index = output / "indexes" / benchmark.name
        built = build(benchmark.corpus, index, settings, encoder=encoder, ledger=output / LEDGER)
        done.builds[benchmark.name] = built
        queries = list(benchmark.queries.values())
        encoder.remember_queries(queries)
        for system in _ladder(index, settings, encoder, benchmark, measures[0]):
            with Searcher.open(
                index, encoder=encoder, representation=system.representation
            ) as searcher:
                start = time.perf_counter()
                rankings = _search(searcher, queries, depth, system)
                seconds = time.perf_counter() - start
            run = {
                query: break_ties(ranking)
                for query, ranking in zip(benchmark.queries, rankings, strict=True)
            }
            write_run(run, output / "runs" / f"{benchmark.name}.{system.name}.trec", system.name)
            done.results.append(
                Result(
                    benchmark=benchmark.name,
                    language=built.language,
                    system=system.name,
                    documents=built.documents,
                    queries=len(queries),
                    measures=measure(benchmark.qrels, run, measures),
                    seconds=round(seconds, 3),
                    weights=system.weights(),
                    uses_labels=system.uses_labels,
                )
            )
            write_results(done.results, output / "metrics.json")
    return done


def evaluate_parts(
    benchmarks: Sequence[str],
    output: str | Path,
    settings: Settings | None = None,
    *,
    encoder: Encoder | None = None,
    split: str = "test",
    measures: Sequence[str] = DEFAULT_MEASURES,
    depth: int = DEPTH,
    tune: bool = True,
) -> Evaluation:
    """Measure what each part of a recipe brings on each benchmark.

    Parameters
    ----------
    benchmarks, output, settings, encoder, split, measures, depth
        As `evaluate` takes them; results go to ``ablation.json``, and the first measure as a
        table to ``ablation.md``.
    tune
        Whether to tune the generator on each benchmark's corpus, and compare.

    Raises
    ------
    CorpusTunerError, EvaluationError, SearchIndexError
        If a benchmark cannot be read, or the recipe has nothing to ablate.
    """
    settings = settings or load_settings()
    output = Path(output)
    done = Evaluation()
    loaded = _load_all(benchmarks, split, settings, done)
    _make_folders(output)
    shared = RememberingEncoder(encoder or open_encoder(settings.encoder))
    for benchmark in loaded:
        done.results += ablate(
            benchmark, output, settings, shared, measures, _depth(measures, depth), tune=tune
        )
        write_results(done.results, output / "ablation.json")
        write_markdown(matrix(done.results, measures[0]), output / "ablation.md")
    return done


def _depth(measures: Sequence[str], depth: int) -> int:
    """Return how deep a ranking must be."""
    return max(depth, *(parse_measure(name).params.get("cutoff") or 0 for name in measures))


def _load_all(
    names: Sequence[str], split: str, settings: Settings, done: Evaluation
) -> list[Benchmark]:
    loaded = [_load(each, split, settings, done) for each in names]
    different = sorted(benchmark.name for benchmark in loaded)
    if len(set(different)) < len(different):
        raise CorpusTunerError(f"two benchmarks have the same name: {', '.join(different)}")
    return loaded


def _make_folders(*folders: Path) -> None:
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CorpusTunerError(f"cannot write to {folder}: {error.strerror}") from error


def _ladder(
    index: Path, settings: Settings, encoder: Encoder, benchmark: Benchmark, judged_by: str
) -> Iterator[System]:
    """Yield what is compared, from plain to elaborate."""
    manifest = read_manifest(index)
    configured = manifest.representation
    usual = settings.search
    if manifest.lexical:
        yield System("bm25", configured, "lexical", usual)
    for name in manifest.representations:
        yield System(name, name, "dense", usual)
    if not manifest.lexical:
        return
    yield System("hybrid", configured, "hybrid", usual)
    if manifest.calibration:
        yield System("calibrated", configured, None, manifest.search)
    tried = {"oracle": [manifest.search.hybrid_views]}
    if configured == "views":
        tried["oracle-2d"] = list(STEPS)
    with Searcher.open(index, encoder=encoder) as searcher:
        drawn = draw_pools(searcher, benchmark, manifest.search)
    for name, weights in tried.items():
        best = best_weights(drawn, benchmark, judged_by, manifest.search, weights)
        yield System(name, configured, "hybrid", best, uses_labels=True)


def _search(searcher: Searcher, queries: list[str], depth: int, system: System) -> list[Ranking]:
    batches = [queries[start : start + 64] for start in range(0, len(queries), 64)]
    return [
        ranking
        for batch in track(batches, f"searching ({system.name})", lambda: len(batches))
        for ranking in searcher.rank(batch, depth, system.mode, system.settings)
    ]


def _load(name: str, split: str, settings: Settings, done: Evaluation) -> Benchmark:
    rejected: list[BadRecord] = []
    skip = settings.corpus.on_bad_record == "skip"
    reject: Callable[[BadRecord], None] | None = rejected.append if skip else None
    samples = {f"sample-{language}": language for language in LANGUAGES}
    if name in samples:
        benchmark = load_benchmark(sample_folder(samples[name]), split, name=name)
    elif name.startswith("ir_datasets:"):
        benchmark = load_catalogue_benchmark(name.removeprefix("ir_datasets:"))
    else:
        benchmark = load_benchmark(Path(name), split, reject=reject)
    done.rejected[benchmark.name] = rejected
    return benchmark
