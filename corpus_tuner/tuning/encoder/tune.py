"""Tune an encoder on a corpus, and say whether it is better than before."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from corpus_tuner.corpora import Corpus
from corpus_tuner.corpora.memory import Documents
from corpus_tuner.errors import CorpusTunerError, MissingExtraError
from corpus_tuner.indexes.encoders import EncoderSettings, Vectors, embedded, open_encoder
from corpus_tuner.indexes.languages import Languages
from corpus_tuner.indexes.lexical import LexicalSettings
from corpus_tuner.indexes.search.searcher import Searcher
from corpus_tuner.indexes.store.documents import Document, digest_of
from corpus_tuner.language import SAMPLE_DOCUMENTS, found_languages
from corpus_tuner.passages import whole_text
from corpus_tuner.pipeline import build
from corpus_tuner.progress import note, track, working
from corpus_tuner.settings import Settings
from corpus_tuner.tuning.alone import alone
from corpus_tuner.tuning.encoder.examples import examples
from corpus_tuner.tuning.encoder.questions import Asked, drawn
from corpus_tuner.tuning.encoder.report import (
    REPORT,
    EncoderTuningReport,
    read_report,
    write_card,
)
from corpus_tuner.tuning.encoder.settings import EncoderTuningSettings
from corpus_tuner.tuning.encoder.teacher import SHARPNESS, Teacher
from corpus_tuner.tuning.encoder.topics import topics

LEAST = 50
"""Documents that there must be: fewer teach nothing, and say nothing."""
_RUNNING = {"device", "dtype", "minutes", "steps"}  # what a checkpoint does not depend on
_PLAN = "plan.json"
_TEACHER, _CHECKPOINTS = "teacher", "checkpoint"
_NEEDS = {
    "build,tune": ("torch", "sentence_transformers"),
    "tune": ("accelerate", "datasets", "peft"),
}
"""What it runs on, by the extras that bring it."""


def tune_encoder(
    sources: Sequence[str | Path | Documents],
    output: str | Path,
    settings: Settings,
    *,
    keep: Sequence[str | Path | Documents] = (),
) -> EncoderTuningReport:
    """Tune the encoder of a recipe on corpora, or go on with a tuning that was killed.

    Parameters
    ----------
    sources
        Of the corpora, as `corpus_tuner.build` takes them.
    output
        The folder of the model.
    settings
        The recipe: its encoder is tuned, its stage ``encoder_tuning`` says how, and the index that
        teaches is built by the rest.
    keep
        Corpora whose documents' vectors are to stay what they are; needs ``encoder_tuning.memory``.

    Raises
    ------
    CorpusTunerError
        If there are too few documents, the base cannot be tuned, or `output` holds another tuning.
    MissingExtraError
        If a library for tuning is not installed.
    """
    output = Path(output)
    how = settings.encoder_tuning
    for extra, needed in _NEEDS.items():
        if any(find_spec(name) is None for name in needed):
            raise MissingExtraError("tuning an encoder", extra)
    if not sources:
        raise CorpusTunerError("there is nothing to learn from: give a corpus")
    if bool(keep) != bool(how.memory):
        raise CorpusTunerError(
            "texts to keep and encoder_tuning.memory, their weight, go together: give both"
        )
    with working("reading the corpus"):
        documents = drawn(_documents(sources, settings), how.most_documents, how.seed)
        kept = [whole_text(one) for one in drawn(_documents(keep, settings), 20_000, how.seed)]
    if len(documents) < LEAST:
        raise CorpusTunerError(
            f"{len(documents)} documents are too few to tune on: at least {LEAST} are needed"
        )
    output.mkdir(parents=True, exist_ok=True)
    with alone(output):
        key = _key(documents, kept, settings)
        standing = read_report(output)
        if standing is not None:
            if standing.key != key:
                raise CorpusTunerError(
                    f"{output} holds another tuning (other documents, base or settings): give "
                    "another --output"
                )
            return standing
        names = [Path(one).name for one in sources if isinstance(one, str | Path)]
        return _tuned(documents, kept, output, settings, key, names)


def with_tuned_encoder(source: str | Path, index: str | Path, settings: Settings) -> Settings:
    """Return a recipe with its encoder tuned on a corpus, if the verdict is that this is better.

    The tuned encoder is kept next to the index, as ``INDEX.encoder``. One that is there already is
    taken as it is: a corpus that has changed is no reason to encode all of it anew.

    Parameters
    ----------
    source
        Of the corpus.
    index
        The folder of the index that is to be built.
    settings
        The recipe.

    Raises
    ------
    CorpusTunerError, MissingExtraError
        As `tune_encoder` does.
    """
    folder = Path(index).resolve()
    folder = folder.with_name(f"{folder.name}.encoder")
    report = read_report(folder) or tune_encoder([source], folder, settings)
    verdict = report.verdict
    better = "is better than" if verdict.better else "is not better than, and does not replace,"
    note(
        f"the tuned encoder {better} {report.base}: {100 * verdict.gain:+.1f} nDCG@10 by "
        f"{verdict.queries:,} queries of held-out documents"
    )
    if not verdict.better:
        return settings
    encoder = settings.encoder.model_copy(update={"name": str(folder), "revision": None})
    return settings.model_copy(update={"encoder": encoder})


def _tuned(
    documents: Sequence[Document],
    kept: Sequence[str],
    output: Path,
    settings: Settings,
    key: str,
    names: Sequence[str],
) -> EncoderTuningReport:
    from corpus_tuner.indexes.encoders.transformer import load_model
    from corpus_tuner.tuning.encoder.lora import add_matrices, merge_matrices
    from corpus_tuner.tuning.encoder.objective import Objective
    from corpus_tuner.tuning.encoder.training import Trainer, dataset_of, steps_in
    from corpus_tuner.tuning.encoder.verdict import Trial
    from corpus_tuner.tuning.encoder.vocabulary import add_pieces

    how = settings.encoder_tuning
    languages = Languages((settings.language,))
    if settings.language == "auto":
        languages, _ = found_languages(documents[:SAMPLE_DOCUMENTS])
    named = embedded.named(settings.encoder, languages.main)
    settings = settings.model_copy(update={"encoder": named})
    held_out = min(how.held_out, len(documents) // 4)
    learnt = documents[held_out:]
    others = learnt[: max(0, how.candidates - held_out)]
    trial = Trial(documents[:held_out], others, languages, settings)
    with working("opening the model"):
        model = load_model(named.model_copy(update={"device": how.device}))
    with working("looking for the held-out documents"):
        before = trial.found(model)
    limit = model.max_seq_length
    model.max_seq_length = min(how.max_tokens, limit or how.max_tokens)
    old_pieces = len(model[0].auto_model.get_input_embeddings().weight)
    pieces = 0
    if how.pieces:
        with working("learning words"):
            pieces = add_pieces(model, (whole_text(one) for one in learnt), how.pieces)
    base = _weights(model)
    with ExitStack() as opened:
        teacher, asked = None, [Asked(document) for document in learnt]
        alike: Sequence[Sequence[int]] = ()
        if how.taught:
            searcher = opened.enter_context(_teaching(documents, output / _TEACHER, settings))
            asked, ordinals = _asked(searcher, learnt)
            teacher = Teacher(searcher, ordinals, how)
            if how.topic_size > 1:
                alike = topics(searcher.dense.passages(ordinals), how.topic_size, how.seed)
        vectors = _remembered(kept, settings, model.max_seq_length)
        objective = Objective(model, how, teacher.sharpness if teacher else SHARPNESS)
        steps = _planned(output, how)
        if steps is None:
            with working("looking at the pace"):
                rows = examples(asked, languages, how, 1, teacher, vectors, alike)
                steps = steps_in(how.minutes, objective, list(rows))
            (output / _PLAN).write_text(json.dumps({"steps": steps}), encoding="utf-8")
        wanted = steps * how.batch_size
        rows = examples(asked, languages, how, steps, teacher, vectors, alike)
        made = list(track(rows, "asking", lambda: wanted, unit="questions"))
    if how.method == "lora":
        add_matrices(model, how.lora_rank)

    def look() -> float:
        return trial.found(model).mean

    checkpoints = output / _CHECKPOINTS
    trainer = Trainer(model, dataset_of(made), objective, how, steps, old_pieces, checkpoints, look)
    curve = trainer.fit()
    if how.method == "lora":
        merge_matrices(model)
    model.eval()
    model.max_seq_length = limit
    with working("judging"):
        verdict = trial.choose(model, base, _weights(model), before, how.kept, how.seed)
    looks = [row for row in curve if "found" in row]
    report = EncoderTuningReport(
        output=str(output),
        base=named.name,
        key=key,
        settings=how,
        languages=languages.codes,
        documents=len(learnt),
        held_out=tuple(map(_own_digest, documents[:held_out])),
        pieces=pieces,
        steps=steps,
        best_step=int(max(looks, key=lambda row: row["found"])["step"]),
        verdict=verdict,
    )
    model.save(str(output), create_model_card=False)
    lines = [f"{json.dumps(row, sort_keys=True)}\n" for row in curve]
    (output / "curve.jsonl").write_text("".join(lines), encoding="utf-8")
    write_card(report, names, output / "README.md")
    (output / REPORT).write_text(report.model_dump_json(indent=2), encoding="utf-8")
    _tidy(output)
    return report


def _tidy(output: Path) -> None:
    """Remove what a tuning that is done does not need, several times as large as the model."""
    for folder in (_CHECKPOINTS, _TEACHER):
        shutil.rmtree(output / folder, ignore_errors=True)


def _own_digest(document: Document) -> str:
    """Return the digest that a document has in its own corpus."""
    return digest_of(replace(document, id=document.id.partition(":")[2]))


def _weights(model: Any) -> dict[str, Any]:
    return {name: weight.detach().clone() for name, weight in model.state_dict().items()}


def _remembered(
    texts: Sequence[str], settings: Settings, max_tokens: int
) -> list[tuple[str, Vectors]]:
    """Return texts with the vectors that the base gives to what the model reads while training."""
    if not texts:
        return []
    with working("reading what is to be kept"):
        short = settings.encoder.model_copy(update={"max_tokens": max_tokens})
        return list(zip(texts, open_encoder(short).encode_documents(texts), strict=True))


def _documents(sources: Iterable[str | Path | Documents], settings: Settings) -> Iterator[Document]:
    """Yield the documents of all corpora, with ids of their own."""
    for number, source in enumerate(sources):
        for document in track(Corpus(source, settings.corpus), "reading the corpus"):
            yield replace(document, id=f"{number}:{document.id}")


def _teaching(documents: Sequence[Document], index: Path, settings: Settings) -> Searcher:
    """Build the index that teaches, which always has words, and open it."""
    changes = {"baselines": (), "lexical": settings.lexical or LexicalSettings()}
    build(list(documents), index, settings.model_copy(update=changes))
    return Searcher.open(index)


def _asked(searcher: Searcher, documents: Sequence[Document]) -> tuple[list[Asked], Any]:
    """Return documents with the questions that were written for them, and their ordinals."""
    asked, ordinals = [], []
    for document in documents:
        ((ordinal, _),) = searcher.segments.find([document.id]).values()
        views = searcher.segments.views(ordinal)
        asked.append(Asked(document, [one.text for one in views if one.kind == "question"]))
        ordinals.append(ordinal)
    return asked, np.array(ordinals, np.int64)


def _planned(output: Path, how: EncoderTuningSettings) -> int | None:
    """Return the number of steps, where it is known."""
    if how.steps:
        return how.steps
    try:
        plan: Mapping[str, int] = json.loads((output / _PLAN).read_text(encoding="utf-8"))
        return plan["steps"]
    except (FileNotFoundError, ValueError):
        return None


def _key(documents: Sequence[Document], kept: Sequence[str], settings: Settings) -> str:
    how = settings.encoder_tuning.model_dump_json(exclude=_RUNNING)
    encoder: EncoderSettings = settings.encoder
    digest = hashlib.sha256(f"{how} {encoder.model_dump_json()}".encode())
    for document in documents:
        digest.update(digest_of(document).encode())
    for text in kept:
        digest.update(text.encode())
    return digest.hexdigest()
