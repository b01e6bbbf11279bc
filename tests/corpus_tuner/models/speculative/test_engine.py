"""Beam sampling by the generator, with a draft and without."""

from pathlib import Path
from typing import Any

import pytest
import torch

from corpus_tuner import CorpusTunerError, Document
from corpus_tuner.generators import open_generator
from corpus_tuner.generators.seq2seq import Settings
from corpus_tuner.instructions import Instruction
from corpus_tuner.models import UNTAUGHT, Source, load_model
from corpus_tuner.models.speculative.decoding import Drafting
from corpus_tuner.models.speculative.engine import BeamSamplingEngine, Draft
from corpus_tuner.models.writing import Request
from corpus_tuner.reading import Reading
from tests.conftest import Outcome
from tests.corpus_tuner.models.speculative.test_passes import PLAIN

ASK = Instruction("question", "en", "{text}")
DOCUMENTS = [
    Document(str(number), "", "The mill wheel turns in the river and grinds wheat. " * number)
    for number in (1, 2, 2, 3)
]


@pytest.fixture(scope="module", params=["bart", "t5"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A model, and a draft that is not quite like it."""
    large = request.getfixturevalue(f"{request.param}_folder")
    model, tokenizer = load_model(Source(str(large)))
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in model.get_decoder().parameters():
            weight += 0.3 * weight.std(correction=0) * torch.randn_like(weight)
    small = tmp_path_factory.mktemp(f"small-{request.param}")
    model.save_pretrained(small)
    tokenizer.save_pretrained(small)
    return large, small


def settings(large: Path, small: Path | None, **more: Any) -> Settings:
    drafting = {} if small is None else {"draft": str(small)}
    usual = {"decoding": "beam_sampling", "outputs": 2, "max_new_tokens": 8}
    return Settings.model_validate({"model": str(large), **usual, **drafting, **more})


@pytest.mark.parametrize("drafted", [False, True])
def test_what_is_written_for_a_document_depends_on_it_and_the_seed(
    pair: tuple[Path, Path], drafted: bool, encoder: Any
) -> None:
    large, small = pair
    chosen = settings(large, small if drafted else None, temperature=2.0)
    generator = open_generator(chosen, encoder)
    readings = [Reading(document) for document in DOCUMENTS]
    together = generator.generate(readings, ASK)
    assert all(1 <= len(written.texts) <= 2 for written in together)
    assert generator.generate(readings[::-1], ASK) == together[::-1]
    assert open_generator(chosen, encoder).generate(readings[1:2], ASK) == together[1:2]
    other = open_generator(chosen.model_copy(update={"seed": 1}), encoder)
    assert other.generate(readings, ASK) != together
    assert other.identity != generator.identity


def test_a_draft_saves_passes(pair: tuple[Path, Path]) -> None:
    large, small = (load_model(Source(str(folder))) for folder in pair)
    decoding = PLAIN._replace(temperature=0.5, max_new_tokens=16)
    requests = [Request([5, 9, 30, number], [], number) for number in range(5)]
    plain = BeamSamplingEngine(large[0])
    ahead = BeamSamplingEngine(large[0], Draft(large[0], Drafting(2, 3, 0.0)))
    apart = BeamSamplingEngine(large[0], Draft(small[0], Drafting(4, 3, 0.5)))
    for engine in (plain, ahead, apart):
        engine.write(requests, decoding)
    assert all(counts.passes == counts.layers for counts in plain.counts)
    assert all(4 * counts.passes <= counts.layers + 3 for counts in ahead.counts)
    assert all(0 < counts.accepted < counts.tried for counts in apart.counts)


def test_the_draft_is_part_of_what_names_the_texts(pair: tuple[Path, Path], encoder: Any) -> None:
    large, small = pair
    chosen = [settings(large, None), settings(large, small), settings(large, small, draft_depth=1)]
    assert len({open_generator(one, encoder).identity for one in chosen}) == 3
    plain = Settings(model=str(large), engine="transformers")
    assert "draft" not in open_generator(plain, encoder).identity


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"decoding": "sampling"}, "set decoding=beam_sampling"),
        ({"decoding": "beam"}, "set decoding=beam_sampling"),
        ({"decoding": "beam_sampling", "engine": "ctranslate2"}, "CTranslate2 does not sample"),
        ({"decoding": "beam_sampling", "draft_beams": 3}, "draft_beams must be .* 4 or more"),
        ({"decoding": "beam_sampling", "draft_depth": 0}, "draft_depth"),
        ({"decoding": "beam_sampling", "draft_confidence": 1}, "draft_confidence"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings.model_validate({"draft": "builtin", **wrong})


def test_a_draft_of_other_tokens_is_refused(bart_folder: Path, encoder: Any) -> None:
    with pytest.raises(CorpusTunerError, match="the draft has another vocabulary"):
        open_generator(settings(bart_folder, Path(UNTAUGHT)), encoder)


def test_a_draft_of_other_marks_is_refused(
    bart_folder: Path, t5_folder: Path, encoder: Any
) -> None:
    with pytest.raises(CorpusTunerError, match="another decoder_start_token_id"):
        open_generator(settings(bart_folder, t5_folder), encoder)


def test_a_model_of_another_kind_is_refused(tokenizer: Any, tmp_path: Path, encoder: Any) -> None:
    from transformers import PegasusConfig, PegasusForConditionalGeneration

    small = {"encoder_layers": 1, "decoder_layers": 1, "d_model": 8, "encoder_attention_heads": 1}
    more = {"decoder_attention_heads": 1, "encoder_ffn_dim": 8, "decoder_ffn_dim": 8}
    config = PegasusConfig(vocab_size=len(tokenizer), **small, **more)
    PegasusForConditionalGeneration(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(CorpusTunerError, match="does not run models of type 'pegasus'"):
        open_generator(settings(tmp_path, None), encoder)


def test_the_command_says_what_does_not_fit(run: Any, tmp_path: Path) -> None:
    done: Outcome = run(
        *("build", tmp_path, "--output", tmp_path / "index"),
        *("--set", "generator={name: seq2seq, draft: builtin}"),
    )
    assert done.code == 2
    assert "set decoding=beam_sampling" in done.err
