"""Tuning the encoder of a recipe on a corpus."""

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from corpus_tuner.config.encoder_tuning import EncoderTuningSettings
from corpus_tuner.config.recipe import Recipe
from corpus_tuner.core.documents import Document, compute_digest
from corpus_tuner.core.languages import Languages
from corpus_tuner.core.progress import print_note, show_activity, track
from corpus_tuner.corpora import Corpus
from corpus_tuner.corpora.open_source import Documents
from corpus_tuner.encoders import AUTO, embedded
from corpus_tuner.encoders.tuning_report import REPORT, EncoderTuningReport, read_report
from corpus_tuner.errors import CorpusTunerError, named
from corpus_tuner.text.language_detection import SAMPLE_DOCUMENTS, detect_languages
from corpus_tuner.text.passages import get_full_text
from corpus_tuner.tuning.encoder.report import write_encoder_card
from corpus_tuner.tuning.encoder.synthetic_queries import sample_documents
from corpus_tuner.tuning.output_folder import claim_output, lock_output, write_curve
from corpus_tuner.tuning.required import require_libraries

LEAST_DOCUMENTS = 50
_RUNTIME = {"device", "dtype", "minutes", "steps"}  # settings that a checkpoint is independent of


def tune_encoder(
    sources: Sequence[str | Path | Documents],
    output: str | Path,
    recipe: Recipe,
    settings: EncoderTuningSettings | None = None,
) -> EncoderTuningReport:
    """Fine-tune the encoder of a recipe on corpora, or resume an interrupted tuning.

    Parameters
    ----------
    sources
        Corpora, as `corpus_tuner.build` takes them.
    output
        Folder of the tuned model.
    recipe
        Recipe of the encoder and of the index of the teacher.
    settings
        Settings of the fine-tuning; by default the default ones.

    Raises
    ------
    CorpusTunerError
        If there are too few documents, the base cannot be tuned, or `output` has another tuning.
    MissingExtraError
        If a library for tuning is not installed.
    """
    output = Path(output)
    settings = settings or EncoderTuningSettings()
    require_libraries("tuning an encoder")
    if not sources:
        raise CorpusTunerError("there is nothing to learn from: give a corpus")
    _check_settings(settings)
    with show_activity("reading the corpus"):
        documents = sample_documents(
            _read_documents(sources, recipe), settings.most_documents, settings.seed
        )
    if len(documents) < LEAST_DOCUMENTS:
        raise CorpusTunerError(
            f"too few documents to tune on: {len(documents)}, at least {LEAST_DOCUMENTS} are needed"
        )
    with lock_output(output):
        claim_output(output, _compute_key(documents, recipe, settings))
        names = [Path(one).name for one in sources if isinstance(one, str | Path)]
        return read_report(output) or _tune(documents, output, recipe, settings, names)


def tune_encoder_for_index(source: str | Path, index: str | Path, recipe: Recipe) -> Recipe:
    """Return a recipe with its encoder tuned on a corpus, if the verdict is that it is better.

    The tuned encoder is stored beside the index, as ``INDEX.encoder``. An existing one of the same
    base is used whatever its settings, although the corpus may have changed: a new one would encode
    all documents again.

    Parameters
    ----------
    source
        Corpus.
    index
        Folder of the index that will be built.
    recipe
        Recipe.

    Raises
    ------
    CorpusTunerError, MissingExtraError
        As `tune_encoder` does, or if the existing encoder has another base.
    """
    folder = Path(index).resolve()
    folder = folder.with_name(f"{folder.name}.encoder")
    report = read_report(folder)
    if report is None:
        report = tune_encoder([source], folder, recipe)
    elif recipe.encoder.name not in (AUTO, report.base):
        raise CorpusTunerError(
            f"{folder} holds an encoder that was tuned from {report.base!r} and "
            f"not from {recipe.encoder.name!r}: remove it to tune anew, or build with "
            + named(f"encoder={str(folder)!r}", f"--encoder {folder}")
        )
    verdict = report.verdict
    better = "is better than" if verdict.better else "is not better than, and does not replace,"
    print_note(
        f"the tuned encoder {better} {report.base}: {100 * verdict.gain:+.1f} nDCG@10 by "
        f"{verdict.queries:,} queries of held-out documents"
    )
    if not verdict.better:
        return recipe
    encoder = recipe.encoder.model_copy(update={"name": str(folder), "revision": None})
    return recipe.model_copy(update={"encoder": encoder})


def _check_settings(settings: EncoderTuningSettings) -> None:
    """Refuse settings that cannot be applied, before any work is done."""
    import torch

    if settings.steps == 0 and settings.token_weights == "base":
        raise CorpusTunerError(
            "steps is 0 and token_weights is base: nothing is tuned. Set one of them"
        )
    if settings.device.startswith("cuda") and not torch.cuda.is_available():
        raise CorpusTunerError(
            f"device is {settings.device}, and PyTorch finds no such GPU here: set auto"
        )


def _tune(
    documents: Sequence[Document],
    output: Path,
    recipe: Recipe,
    settings: EncoderTuningSettings,
    names: Sequence[str],
) -> EncoderTuningReport:
    from corpus_tuner.encoders.sentence_transformer import load_model
    from corpus_tuner.tuning.encoder.fine_tuning import fine_tune
    from corpus_tuner.tuning.encoder.held_out import HeldOutEvaluation
    from corpus_tuner.tuning.encoder.token_weights import weigh_tokens

    languages = Languages((recipe.language,))
    if recipe.language == "auto":
        languages, _ = detect_languages(documents[:SAMPLE_DOCUMENTS])
    encoder = embedded.resolve_auto(recipe.encoder, languages.codes)
    recipe = recipe.model_copy(update={"encoder": encoder})
    held_out = min(settings.held_out, len(documents) // 4)
    trained = documents[held_out:]
    others = trained[: max(0, settings.candidates - held_out)]
    evaluation = HeldOutEvaluation(documents[:held_out], others, languages, recipe, settings.seed)
    with show_activity("opening the model"):
        model = load_model(encoder.model_copy(update={"device": settings.device}))
    with show_activity("searching for the held-out documents"):
        before = evaluation.measure(model)
    limit = model.max_seq_length
    model.max_seq_length = min(settings.max_tokens, limit or settings.max_tokens)
    weighed = False
    if settings.token_weights == "idf":
        with show_activity("weighing tokens"):
            weighed = weigh_tokens(model, (get_full_text(one) for one in trained))
    base = _copy_weights(model)
    curve = []
    if settings.steps != 0:
        curve = fine_tune(
            model, documents, held_out, languages, recipe, settings, output, evaluation
        )
    elif not weighed:
        raise CorpusTunerError(
            f"nothing of {encoder.name!r} can be tuned with steps=0: its vectors "
            "are no mean of tokens' states, or tokens are weighed in it already. Give steps or "
            "minutes"
        )
    model.eval()
    model.max_seq_length = limit
    with show_activity("judging"):
        shares = [0.0] * weighed + [share for share in settings.shares if settings.steps != 0]
        verdict = evaluation.choose_share(
            model, base, _copy_weights(model), before, shares, settings.seed
        )
    evaluations = [row for row in curve if "eval_ndcg" in row]
    best = max(evaluations, key=lambda row: row["eval_ndcg"], default={"step": 0})
    report = EncoderTuningReport(
        output=str(output),
        base=encoder.name,
        settings=settings.model_dump(mode="json"),
        languages=languages.codes,
        documents=len(trained),
        held_out=tuple(map(_compute_own_digest, documents[:held_out])),
        weighed=weighed,
        steps=sum("loss" in row for row in curve),
        best_step=int(best["step"]),
        verdict=verdict,
    )
    model.save(str(output), create_model_card=False)
    for file in output.rglob("*.safetensors"):  # which the library makes readable by the owner only
        file.chmod((output / "config.json").stat().st_mode)
    write_curve(curve, output)
    write_encoder_card(report, names, output)
    (output / REPORT).write_text(report.model_dump_json(indent=2), encoding="utf-8")
    _collect_garbage(output)
    return report


def _collect_garbage(output: Path) -> None:
    """Remove checkpoints and the teacher's index, several times as large as the model."""
    from corpus_tuner.tuning.encoder.fine_tuning import TEACHER
    from corpus_tuner.tuning.training import CHECKPOINTS

    for folder in (CHECKPOINTS, TEACHER):
        shutil.rmtree(output / folder, ignore_errors=True)


def _compute_own_digest(document: Document) -> str:
    """Return the digest of a document in its own corpus."""
    return compute_digest(replace(document, id=document.id.partition(":")[2]))


def _copy_weights(model: Any) -> dict[str, Any]:
    return {name: weight.detach().clone() for name, weight in model.state_dict().items()}


def _read_documents(
    sources: Iterable[str | Path | Documents], recipe: Recipe
) -> Iterator[Document]:
    """Yield the documents of all corpora, with the corpus's number in their ids."""
    for number, source in enumerate(sources):
        for document in track(Corpus(source, recipe.corpus), "reading the corpus"):
            yield replace(document, id=f"{number}:{document.id}")


def _compute_key(
    documents: Sequence[Document], recipe: Recipe, settings: EncoderTuningSettings
) -> str:
    values = settings.model_dump_json(exclude=_RUNTIME)
    trains = settings.steps != 0
    digest = hashlib.sha256(f"{values} {trains} {recipe.encoder.model_dump_json()}".encode())
    for document in documents:
        digest.update(compute_digest(document).encode())
    return digest.hexdigest()
