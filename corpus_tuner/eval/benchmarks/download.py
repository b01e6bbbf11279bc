"""Fetch benchmarks that are known by name into a folder in BEIR layout."""

import hashlib
import json
import shutil
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from corpus_tuner.core.extras import describe_missing_extra
from corpus_tuner.core.network import get_hub_url, reach
from corpus_tuner.errors import EvaluationError, OutOfReachError
from corpus_tuner.eval.benchmarks.registry import Archive, Entry, Hub

BEIR_ARCHIVES = "https://public.ukp.informatik.tu-darmstadt.de/thakur/BEIR/datasets"
_TIMEOUT = 30  # seconds without an answer, of a host that has answered before
_BLOCK = 2**20
_PARTS = ("corpus.jsonl", "queries.jsonl")

_Item = TypeVar("_Item")


class Track(Protocol):
    """Shows how far a download is."""

    def __call__(
        self, items: Iterable[_Item], what: str, total: int | None, unit: str
    ) -> Iterable[_Item]:
        """Yield the items; `total` is how many there are, where that is known."""


def _untracked(items: Iterable[_Item], what: str, total: int | None, unit: str) -> Iterable[_Item]:
    return items


def fetch(entry: Entry, name: str, folder: Path, track: Track | None = None) -> None:
    """Fetch a benchmark into `folder`, which appears in one step.

    Raises
    ------
    EvaluationError
        If none of its sources can be had; the message has the reason of each.
    OutOfReachError
        If it is the network that is missing.
    """
    track = track or _untracked
    problems: list[EvaluationError | OutOfReachError] = []
    for source in entry.sources:
        try:
            with _aside(folder) as aside:
                if isinstance(source, Archive):
                    _fetch_archive(source, aside, track)
                elif isinstance(source, Hub):
                    _fetch_hub(source, entry.split, aside, track)
                else:
                    continue
        except (EvaluationError, OutOfReachError) as error:
            problems.append(error)
        else:
            return
    what = f"the benchmark {name!r} is not at {folder} and cannot be fetched:"
    remedy = f"ut it there in BEIR layout (corpus.jsonl, queries.jsonl, qrels/{entry.split}.tsv)"
    if problems and all(isinstance(problem, OutOfReachError) for problem in problems):
        tried = "; ".join(map(str, problems))
        raise OutOfReachError(f"{what} {tried}; try again with a network, or p{remedy}")
    tried = "".join(f"\n  {problem}" for problem in problems) or " it has no source"
    raise EvaluationError(f"{what}{tried}\n  P{remedy}")


@contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """Lend an empty folder that becomes `folder` if all goes well and something is in it."""
    aside = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        (aside / "qrels").mkdir(parents=True)
        yield aside
        if (aside / "queries.jsonl").is_file():
            aside.rename(folder)
    except OSError as error:
        raise EvaluationError(f"cannot write to {folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _fetch_archive(source: Archive, folder: Path, track: Track) -> None:
    url = f"{BEIR_ARCHIVES}/{source.beir}.zip"
    path = folder / "archive.zip"
    digest = hashlib.md5(usedforsecurity=False)  # the only sum that its authors publish
    reach(url, url)
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer, path.open("wb") as file:
            size = answer.headers.get("Content-Length")
            blocks = iter(lambda: answer.read(_BLOCK), b"")
            total = -(-int(size) // _BLOCK) if size else None
            for block in track(blocks, source.beir, total, "MiB"):
                digest.update(block)
                file.write(block)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise EvaluationError(f"{url}: {getattr(error, 'reason', error)}") from error
    if digest.hexdigest() != source.md5:
        raise EvaluationError(f"{url}: its MD5 is {digest.hexdigest()}, not {source.md5}")
    unpack(path, folder)
    path.unlink()


def unpack(archive: Path, folder: Path) -> None:
    """Take the files of a benchmark out of a zip, wherever in it they stand, and nothing else.

    Raises
    ------
    EvaluationError
        If it is no zip, or one of the files is missing.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            for member in packed.namelist():
                *above, name = member.split("/")
                qrels = above[-1:] == ["qrels"] and name.endswith(".tsv") and "\\" not in name
                if name not in _PARTS and not qrels:
                    continue
                target = folder / "qrels" / name if qrels else folder / name
                with packed.open(member) as inner, target.open("wb") as file:
                    shutil.copyfileobj(inner, file, _BLOCK)
    except (zipfile.BadZipFile, EOFError) as error:
        raise EvaluationError(f"{archive} is no zip, or damaged: {error}") from error
    describe_missing_extra = [name for name in _PARTS if not (folder / name).is_file()]
    if describe_missing_extra:
        raise EvaluationError(f"{archive} has no {' and no '.join(describe_missing_extra)}")


def _fetch_hub(source: Hub, split: str, folder: Path, track: Track) -> None:
    if not Path(source.hub).exists():
        reach(get_hub_url(), f"hf:{source.hub}")
    try:
        import datasets
    except ImportError:
        raise EvaluationError(describe_missing_extra(f"hf:{source.hub}", "datasets")) from None

    def rows(name: str, part: tuple[str, str]) -> Iterator[dict[str, Any]]:
        configuration, chosen = part
        splits = datasets.load_dataset(name, configuration, streaming=True)
        chosen = chosen if chosen in splits or len(splits) > 1 else next(iter(splits))
        for row in track(splits[chosen], f"{name}, {chosen}", None, "rows"):
            yield dict(row)

    try:
        for name, part in zip(_PARTS, (source.corpus, source.queries), strict=True):
            with (folder / name).open("w", encoding="utf-8") as file:
                for row in rows(source.hub, part):
                    kept = {"_id": row.get("_id", row.get("id"))}
                    kept |= {key: row[key] for key in ("title", "text") if key in row}
                    file.write(json.dumps(kept, ensure_ascii=False) + "\n")
        with (folder / "qrels" / f"{split}.tsv").open("w", encoding="utf-8") as file:
            file.write("query-id\tcorpus-id\tscore\n")
            for row in rows(source.qrels_hub or source.hub, source.qrels):
                # Sets without grades list only what is relevant.
                grade = int(row.get("score", 1))
                file.write(f"{row['query-id']}\t{row['corpus-id']}\t{grade}\n")
    except (
        OSError,
        ValueError,
        KeyError,
        RuntimeError,
        datasets.exceptions.DatasetsError,
    ) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise EvaluationError(f"hf:{source.hub}: {reason}") from error
