"""From an unlabelled corpus to a search index that beats its encoder, with proof.

The public names are here, and are loaded when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "BuildReport": "corpus_tuner.building.report",
    "Calibration": "corpus_tuner.indexes.store.search_settings",
    "Corpus": "corpus_tuner.corpora",
    "CorpusTunerError": "corpus_tuner.errors",
    "CorpusTunerWarning": "corpus_tuner.errors",
    "Document": "corpus_tuner.core.documents",
    "EvaluationError": "corpus_tuner.errors",
    "Hit": "corpus_tuner.indexes.search.hits",
    "Result": "corpus_tuner.eval.report",
    "SearchIndexError": "corpus_tuner.errors",
    "SearchSettings": "corpus_tuner.indexes.store.search_settings",
    "Searcher": "corpus_tuner.indexes.searcher",
    "Recipe": "corpus_tuner.config.recipe",
    "View": "corpus_tuner.core.documents",
    "add": "corpus_tuner.building.add",
    "build": "corpus_tuner.building.pipeline",
    "calibrate": "corpus_tuner.calibration.weights",
    "check": "corpus_tuner.building.repair",
    "evaluate": "corpus_tuner.eval.evaluate",
    "export_index": "corpus_tuner.indexes.store.archive",
    "import_index": "corpus_tuner.indexes.store.archive",
    "load_recipe": "corpus_tuner.config.recipe",
    "measure_recall": "corpus_tuner.calibration.ann_recall",
    "merge": "corpus_tuner.building.merge",
    "remove": "corpus_tuner.building.remove",
    "repair": "corpus_tuner.building.repair",
    "sample_folder": "corpus_tuner.corpora.sample",
}
__all__ = sorted(_HOMES)

if TYPE_CHECKING:
    from corpus_tuner.building.add import add as add
    from corpus_tuner.building.merge import merge as merge
    from corpus_tuner.building.pipeline import build as build
    from corpus_tuner.building.remove import remove as remove
    from corpus_tuner.building.repair import check as check
    from corpus_tuner.building.repair import repair as repair
    from corpus_tuner.building.report import BuildReport as BuildReport
    from corpus_tuner.calibration.ann_recall import measure_recall as measure_recall
    from corpus_tuner.calibration.weights import calibrate as calibrate
    from corpus_tuner.config.recipe import Recipe as Recipe
    from corpus_tuner.config.recipe import load_recipe as load_recipe
    from corpus_tuner.core.documents import Document as Document
    from corpus_tuner.core.documents import View as View
    from corpus_tuner.corpora import Corpus as Corpus
    from corpus_tuner.corpora.sample import sample_folder as sample_folder
    from corpus_tuner.errors import CorpusTunerError as CorpusTunerError
    from corpus_tuner.errors import CorpusTunerWarning as CorpusTunerWarning
    from corpus_tuner.errors import EvaluationError as EvaluationError
    from corpus_tuner.errors import SearchIndexError as SearchIndexError
    from corpus_tuner.eval.evaluate import evaluate as evaluate
    from corpus_tuner.eval.report import Result as Result
    from corpus_tuner.indexes.search.hits import Hit as Hit
    from corpus_tuner.indexes.searcher import Searcher as Searcher
    from corpus_tuner.indexes.store.archive import export_index as export_index
    from corpus_tuner.indexes.store.archive import import_index as import_index
    from corpus_tuner.indexes.store.search_settings import Calibration as Calibration
    from corpus_tuner.indexes.store.search_settings import SearchSettings as SearchSettings


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])
