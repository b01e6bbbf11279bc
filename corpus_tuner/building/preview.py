"""Preview of a build: which documents it would index, and what generators would cost."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from corpus_tuner.building.diff import Changes, CorpusDiff, read_valid_manifest
from corpus_tuner.config.recipe import Recipe, parse_recipe, set_encoder
from corpus_tuner.core.arguments import check_path
from corpus_tuner.core.progress import track
from corpus_tuner.corpora import Corpus
from corpus_tuner.corpora.open_source import Documents
from corpus_tuner.encoders import Encoder
from corpus_tuner.generation.cost import CostEstimate, estimate_costs
from corpus_tuner.generation.open_recipe import OpenRecipe, open_recipe
from corpus_tuner.indexes.store.layout import Layout
from corpus_tuner.indexes.store.manifest import Manifest
from corpus_tuner.indexes.store.segments import Segments


class BuildPreview(BaseModel):
    """What a build would do.

    Attributes
    ----------
    changes
        Numbers of documents that would be added, changed and removed, and of those that stay.
    costs
        Estimates for the generators behind paid services.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    changes: Changes
    costs: tuple[CostEstimate, ...]


def preview_build(
    source: str | Path | Documents,
    output: str | Path,
    recipe: Recipe | Mapping[str, Any] | None = None,
    *,
    encoder: Encoder | str | Path | None = None,
    ledger: str | Path | None = None,
) -> BuildPreview:
    """Return what `corpus_tuner.build` would do with these arguments; nothing is written or sent.

    Raises
    ------
    CorpusTunerError
        If the corpus, the recipe or the ledger cannot be used.

    Examples
    --------
    >>> preview_build(example_corpus, "no-index", example_settings).changes
    Changes(added=3, changed=0, removed=0, unchanged=0)
    """
    recipe, encoder = set_encoder(parse_recipe(recipe), encoder)
    index = check_path(output, "output")
    corpus = Corpus(source, recipe.corpus)
    found = read_valid_manifest(index)
    languages = found.build.known_languages if found else None
    opened = open_recipe(corpus, recipe, encoder=encoder, languages=languages)
    current = found if found and found.build.key == opened.key else None
    return preview_update(index, corpus, opened, current, Path(ledger or Layout(index).ledger))


def preview_update(
    index: Path,
    corpus: Corpus,
    opened: OpenRecipe,
    current: Manifest | None,
    ledger: Path,
    *,
    whole: bool = True,
) -> BuildPreview:
    """Return what an update of an index would do (`corpus_tuner.building.pipeline.update`)."""
    segments = Segments.open(index, current) if current else Segments([], [])
    with closing(segments):
        diff = CorpusDiff(segments, whole=whole)
        chunks = corpus.iterate_chunks(opened.recipe.documents_at_once)
        new = (
            document
            for chunk in track(chunks, "estimating the cost", corpus.count, size=len)
            for document in diff.find_new(chunk)
        )
        costs = estimate_costs(new, opened, ledger)
        for _ in new:  # so that all documents are compared, without such a generator, too
            pass
    return BuildPreview(changes=diff.changes, costs=tuple(costs))
