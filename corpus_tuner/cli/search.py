"""``corpus-tuner search``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from corpus_tuner.cli.options import JsonOption, Mode
from corpus_tuner.cli.output import show_hits

if TYPE_CHECKING:
    from indexes.searcher import Hit


def search(
    index: Annotated[Path, typer.Argument(help="The folder of the index.")],
    query: Annotated[str, typer.Argument(help="What to look for.")],
    k: Annotated[int, typer.Option("--k", "-k", min=1, help="How many documents.")] = 10,
    mode: Annotated[
        Optional[Mode],  # noqa: UP045
        typer.Option(help="By vectors, by words or both; by default as calibrated."),
    ] = None,
    filters: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--filter",
            help="Only documents with this metadata, such as year>=2020 or lang=de,en; repeatable.",
        ),
    ] = None,
    representation: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="'passage' is the encoder alone; by default the one configured."),
    ] = None,
    trust_remote_code: Annotated[
        bool, typer.Option(help="Run Python that comes with the index's encoder.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Search an index."""
    from corpus_tuner.progress import working

    with working("opening the index"):
        from indexes.searcher import Searcher

        searcher = Searcher.open(
            index, representation=representation, trust_remote_code=trust_remote_code
        )
    from indexes.filters import parse_filters

    with searcher:
        hits = searcher.search(query, k, mode, filter=parse_filters(filters) if filters else None)
    if json:
        from json import dumps

        found = {"query": query, "hits": [_as_json(hit) for hit in hits]}
        typer.echo(dumps(found, indent=2, ensure_ascii=False))
    else:
        show_hits(query, hits)


def _as_json(hit: "Hit") -> dict[str, Any]:
    return {
        "id": hit.document.id,
        "rank": hit.rank,
        "score": hit.score,
        "dense": hit.dense,
        "words": hit.words,
        "title": hit.document.title,
        "text": hit.document.text,
        "view": {"kind": hit.view.kind, "text": hit.view.text},
    }
