"""Tune an encoder on a corpus, and say whether it is better than before."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from corpus_tuner.config.encoder_tuning import EncoderTuningSettings
from corpus_tuner.config.recipe import Recipe
from corpus_tuner.core.documents import Document, compute_digest
from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.core.languages import Languages
from corpus_tuner.core.progress import print_note, show_activity, track
from corpus_tuner.corpora import Corpus
from corpus_tuner.corpora.open_source import Documents
from corpus_tuner.encoders import AUTO, EncoderSettings, embedded
from corpus_tuner.encoders.tuning_report import (
    REPORT,
    EncoderTuningReport,
    read_report,
)
from corpus_tuner.errors import CorpusTunerError, named
from corpus_tuner.text.language_detection import SAMPLE_DOCUMENTS, detect_languages
from corpus_tuner.text.passages import get_full_text
from corpus_tuner.tuning.encoder.card import write_card
from corpus_tuner.tuning.encoder.synthetic_queries import drawn
from corpus_tuner.tuning.output_lock import alone

LEAST = 50
"""Documents that there must be: fewer teach nothing, and say nothing."""
_RUNNING = {"device", "dtype", "minutes", "steps"}  # what a checkpoint does not depend on
_NEEDS = {
    "build,tune": ("torch", "sentence_transformers"),
    "tune": ("accelerate", "datasets", "peft"),
}
"""What it runs on, by the extras that bring it."""


def tune_encoder(
    sources: Sequence[str | Path | Documents],
    output: str | Path,
    settings: Recipe,
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
    _must_make_sense(how)
    if bool(keep) != bool(how.memory):
        raise CorpusTunerError(
            "texts to keep and encoder_tuning.memory, their weight, go together: give both"
        )
    with show_activity("reading the corpus"):
        documents = drawn(_documents(sources, settings), how.most_documents, how.seed)
        kept = [get_full_text(one) for one in drawn(_documents(keep, settings), 20_000, how.seed)]
    if len(documents) < LEAST:
        raise CorpusTunerError(
            f"{len(documents)} documents are too few to tune on: at least {LEAST} are needed"
        )
    with alone(output):
        key = _key(documents, kept, settings)
        standing = read_report(output)
        if standing is not None:
            if standing.key != key:
                raise CorpusTunerError(
                    f"{output} has another tuning (other documents, base or settings): give "
                    f"another {named('output', '--output')}"
                )
            return standing
        names = [Path(one).name for one in sources if isinstance(one, str | Path)]
        return _tuned(documents, kept, output, settings, key, names)


def with_tuned_encoder(source: str | Path, index: str | Path, settings: Recipe) -> Recipe:
    """Return a recipe with its encoder tuned on a corpus, if the verdict is that this is better.

    The tuned encoder is kept next to the index, as ``INDEX.encoder``. One that is there already, of
    the same base and settings, is taken as it is: a corpus that has changed is no reason to encode
    all of it anew.

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
        As `tune_encoder` does, or if what is there has another base or other settings.
    """
    folder = Path(index).resolve()
    folder = folder.with_name(f"{folder.name}.encoder")
    report = read_report(folder)
    if report is None:
        report = tune_encoder([source], folder, settings)
    elif not _is_asked_for(report, settings):
        raise CorpusTunerError(
            f"{folder} holds an encoder that was tuned from {report.base!r} with other settings "
            "than these: remove it to tune anew, or build with "
            + named(f"encoder={str(folder)!r}", f"--encoder {folder}")
        )
    verdict = report.verdict
    better = "is better than" if verdict.better else "is not better than, and does not replace,"
    print_note(
        f"the tuned encoder {better} {report.base}: {100 * verdict.gain:+.1f} nDCG@10 by "
        f"{verdict.queries:,} queries of held-out documents"
    )
    if not verdict.better:
        return settings
    encoder = settings.encoder.model_copy(update={"name": str(folder), "revision": None})
    return settings.model_copy(update={"encoder": encoder})


def _must_make_sense(how: EncoderTuningSettings) -> None:
    """Refuse settings that cannot be followed, before any work is done."""
    import torch

    if how.steps == 0 and how.token_weights == "base":
        raise CorpusTunerError(
            "encoder_tuning.steps is 0 and token_weights is base: nothing is tuned. Set one of them"
        )
    if how.device.startswith("cuda") and not torch.cuda.is_available():
        raise CorpusTunerError(
            f"encoder_tuning.device is {how.device}, and PyTorch finds no such GPU here: set auto"
        )


def _is_asked_for(report: EncoderTuningReport, settings: Recipe) -> bool:
    """Tell whether an encoder that is there was tuned as a recipe says."""
    how = settings.encoder_tuning
    before = EncoderTuningSettings.model_validate(report.settings)
    was, wanted = (one.model_dump(exclude=_RUNNING) for one in (before, how))
    alike = settings.encoder.name in (AUTO, report.base)
    return alike and was == wanted and (report.steps == 0) == (how.steps == 0)


def _tuned(
    documents: Sequence[Document],
    kept: Sequence[str],
    output: Path,
    settings: Recipe,
    key: str,
    names: Sequence[str],
) -> EncoderTuningReport:
    from corpus_tuner.encoders.sentence_transformer import load_model
    from corpus_tuner.tuning.encoder.fine_tuning import Learnt, fit
    from corpus_tuner.tuning.encoder.held_out import Trial
    from corpus_tuner.tuning.encoder.token_weights import weigh_tokens

    how = settings.encoder_tuning
    languages = Languages((settings.language,))
    if settings.language == "auto":
        languages, _ = detect_languages(documents[:SAMPLE_DOCUMENTS])
    named = embedded.resolve_auto(settings.encoder, languages.codes)
    settings = settings.model_copy(update={"encoder": named})
    held_out = min(how.held_out, len(documents) // 4)
    learnt = documents[held_out:]
    others = learnt[: max(0, how.candidates - held_out)]
    trial = Trial(documents[:held_out], others, languages, settings)
    with show_activity("opening the model"):
        model = load_model(named.model_copy(update={"device": how.device}))
    with show_activity("looking for the held-out documents"):
        before = trial.found(model)
    limit = model.max_seq_length
    model.max_seq_length = min(how.max_tokens, limit or how.max_tokens)
    weighed = False
    if how.token_weights == "idf":
        with show_activity("weighing tokens"):
            weighed = weigh_tokens(model, (get_full_text(one) for one in learnt))
    base = _weights(model)
    curve = []
    if how.steps != 0:
        of = Learnt(documents, held_out, kept, languages)
        curve = fit(model, of, settings, output, lambda: trial.found(model).mean)
    elif not weighed:
        raise CorpusTunerError(
            f"nothing of {named.name!r} can be tuned with encoder_tuning.steps=0: its vectors are "
            "no mean of tokens' states, or tokens are weighed in it already. Give steps or minutes"
        )
    model.eval()
    model.max_seq_length = limit
    with show_activity("judging"):
        shares = [0.0] * weighed + [share for share in how.kept if how.steps != 0]
        verdict = trial.choose(model, base, _weights(model), before, shares, how.seed)
    looks = [row for row in curve if "found" in row]
    best = max(looks, key=lambda row: row["found"], default={"step": 0})
    report = EncoderTuningReport(
        output=str(output),
        base=named.name,
        key=key,
        settings=how.model_dump(mode="json"),
        languages=languages.codes,
        documents=len(learnt),
        held_out=tuple(map(_own_digest, documents[:held_out])),
        weighed=weighed,
        steps=sum("loss" in row for row in curve),
        best_step=int(best["step"]),
        verdict=verdict,
    )
    model.save(str(output), create_model_card=False)
    for file in output.rglob("*.safetensors"):  # which are written for their owner alone
        file.chmod((output / "config.json").stat().st_mode)
    lines = [f"{json.dumps(row, sort_keys=True)}\n" for row in curve]
    (output / "curve.jsonl").write_text("".join(lines), encoding="utf-8")
    write_card(report, names, output / "README.md")
    (output / REPORT).write_text(report.model_dump_json(indent=2), encoding="utf-8")
    _tidy(output)
    return report


def _tidy(output: Path) -> None:
    """Remove what a tuning that is done does not need, several times as large as the model."""
    from corpus_tuner.tuning.encoder.fine_tuning import CHECKPOINTS, TEACHER

    for folder in (CHECKPOINTS, TEACHER):
        shutil.rmtree(output / folder, ignore_errors=True)


def _own_digest(document: Document) -> str:
    """Return the digest that a document has in its own corpus."""
    return compute_digest(replace(document, id=document.id.partition(":")[2]))


def _weights(model: Any) -> dict[str, Any]:
    return {name: weight.detach().clone() for name, weight in model.state_dict().items()}


def _documents(sources: Iterable[str | Path | Documents], settings: Recipe) -> Iterator[Document]:
    """Yield the documents of all corpora, with ids of their own."""
    for number, source in enumerate(sources):
        for document in track(Corpus(source, settings.corpus), "reading the corpus"):
            yield replace(document, id=f"{number}:{document.id}")


def _key(documents: Sequence[Document], kept: Sequence[str], settings: Recipe) -> str:
    how = settings.encoder_tuning.model_dump_json(exclude=_RUNNING)
    encoder: EncoderSettings = settings.encoder
    trained = settings.encoder_tuning.steps != 0
    digest = hashlib.sha256(f"{how} {trained} {encoder.model_dump_json()}".encode())
    for document in documents:
        digest.update(compute_digest(document).encode())
    for text in kept:
        digest.update(text.encode())
    return digest.hexdigest()
