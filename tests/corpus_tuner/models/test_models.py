"""The built-in model, and the two engines that run models."""

from pathlib import Path
from typing import Any

import pytest
import torch

from corpus_tuner import CorpusTunerError, Document
from corpus_tuner.generators import open_generator
from corpus_tuner.generators.seq2seq import Settings
from corpus_tuner.indexes.encoders import embedded
from corpus_tuner.indexes.encoders.weights import hash_weights
from corpus_tuner.indexes.lexical.words import words_of
from corpus_tuner.instructions import Instruction, load_instructions
from corpus_tuner.instructions.prompting import Prompting
from corpus_tuner.models import UNTAUGHT, Source, load_model, loading, minilm
from corpus_tuner.models.fast import CTranslate2Engine, converted
from corpus_tuner.models.reference import sampling
from corpus_tuner.models.writing import Decoding, Request
from corpus_tuner.reading import Reading

MILL = Document(
    "m",
    "Water mills",
    "A mill wheel turns in the river and drives the stones that grind wheat into flour. Farmers "
    "from the whole valley bring their harvest to the mill in autumn and pay with a share of it.",
)
BEES = Document(
    "b",
    "Swarming bees",
    "In May a colony of honey bees may swarm: the old queen leaves the hive with half of the "
    "workers and settles on a branch, where a beekeeper can shake the cluster into a box.",
)


@pytest.mark.parametrize("fault", [AttributeError, TypeError, NameError, AssertionError])
def test_a_fault_of_a_program_is_not_said_to_be_of_a_model(
    tmp_path: Path, fault: type[Exception]
) -> None:
    with pytest.raises(fault), loading(Source(str(tmp_path)), causal=False):
        raise fault


@pytest.mark.parametrize("error", [OSError("no file"), KeyError("t6"), Exception("bad vocabulary")])
def test_what_libraries_raise_for_a_model_is_said_to_be_of_it(
    tmp_path: Path, error: Exception
) -> None:
    with (
        pytest.raises(CorpusTunerError, match="cannot load the generator"),
        loading(Source(str(tmp_path)), causal=False),
    ):
        raise error


@pytest.mark.slow
def test_the_lower_layers_read_as_the_embedded_encoder_does() -> None:
    from transformers import AutoModel

    model, tokenizer = load_model(Source(UNTAUGHT))
    encoder = AutoModel.from_pretrained(embedded.folder())
    batch = tokenizer([MILL.text, BEES.text], padding=True, return_tensors="pt")
    with torch.inference_mode():
        layers = encoder(**batch, output_hidden_states=True).hidden_states
        read = model.get_encoder()(
            input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]
        ).last_hidden_state
    kept = batch["attention_mask"].bool()
    assert torch.allclose(read[kept], layers[4][kept], atol=5e-3)  # other epsilon


@pytest.mark.slow
def test_the_untaught_model_is_always_the_same() -> None:
    first, second = (hash_weights(load_model(Source(UNTAUGHT))[0]) for _ in range(2))
    assert first == second


@pytest.mark.slow
def test_packing_keeps_what_differs(tmp_path: Path) -> None:
    model, tokenizer = load_model(Source(UNTAUGHT))
    with torch.no_grad():
        model.model.decoder.layers[0].fc1.bias += 1
    model.save_pretrained(tmp_path / "tuned")
    tokenizer.save_pretrained(tmp_path / "tuned")
    packed = minilm.pack(tmp_path / "tuned", tmp_path / "packed")
    from safetensors.torch import load_file

    assert set(load_file(packed)) == {"model.decoder.layers.0.fc1.bias"}
    with torch.no_grad():
        model.model.encoder.layers[0].fc1.bias += 1
    model.save_pretrained(tmp_path / "tuned")
    with pytest.raises(CorpusTunerError, match="more than the decoder"):
        minilm.pack(tmp_path / "tuned", tmp_path / "packed")


@pytest.mark.slow
def test_the_built_in_model_is_small_and_asks_questions(encoder: Any) -> None:
    assert sum(file.stat().st_size for file in minilm.FOLDER.iterdir()) < 20 * 2**20
    generator = open_generator(Settings(decoding="beam", kinds=("question",)), encoder)
    (question,) = load_instructions(("question",), "en")
    (keywords,) = load_instructions(("keywords",), "en")
    for document in (MILL, BEES):
        (own,) = words_of([f"{document.title} {document.text}"], "en")
        for instruction, asks in ((question, True), (keywords, False)):
            (written,) = generator.generate([Reading(document)], instruction)
            assert written.texts[0].endswith("?") == asks
            assert set(words_of(written.texts, "en")[0]) & set(own)


@pytest.mark.slow
def test_engines_write_the_same_by_beam_search(encoder: Any) -> None:
    (instruction,) = load_instructions(("title",), "en")
    fast, reference = (
        open_generator(Settings(decoding="beam", engine=engine), encoder).generate(
            [Reading(MILL), Reading(BEES)], instruction
        )
        for engine in ("ctranslate2", "transformers")
    )
    words = [[set(made.texts[0].split()) for made in written] for written in (fast, reference)]
    for ours, theirs in zip(*words, strict=True):  # int8 moves close decisions
        assert len(ours & theirs) >= 0.5 * max(len(ours), len(theirs))


@pytest.mark.slow
def test_sampling_is_the_same_again_and_differs_by_seed(encoder: Any) -> None:
    (instruction,) = load_instructions(("question",), "en")
    made = [
        open_generator(Settings(outputs=4, seed=seed), encoder).generate(
            [Reading(MILL), Reading(BEES)], instruction
        )
        for seed in (1, 1, 2)
    ]
    assert made[0] == made[1] != made[2]
    assert all(1 < len(written.texts) <= 4 for written in made[0])


def test_the_seed_is_the_requests_whatever_the_order_and_the_threads(bart_folder: Path) -> None:
    model, tokenizer = load_model(Source(str(bart_folder)))
    engine = CTranslate2Engine(converted(model, tokenizer, hash_weights(model)), tokenizer)
    source = tokenizer(MILL.text)["input_ids"]
    requests = [Request(source, [], seed) for seed in range(24)]
    decoding = Decoding(
        outputs=1,
        beams=0,
        temperature=1.0,
        top_p=1.0,
        top_k=0,
        no_repeat_ngram=0,
        max_new_tokens=8,
        batch_size=1,
    )
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one_by_one = engine.write(requests, decoding)
        torch.set_num_threads(8)
        assert engine.write(requests[::-1], decoding)[::-1] == one_by_one
    finally:
        torch.set_num_threads(threads)
    assert len({str(answers) for answers in one_by_one}) == len(requests)


@pytest.mark.parametrize(("top_k", "top_p"), [(0, 1.0), (3, 1.0), (0, 0.5)])
def test_noise_samples_what_the_probabilities_say(top_k: int, top_p: float) -> None:
    scores = torch.tensor([[2.0, 1.0, 0.5, 0.0, -1.0]])
    decoding = Decoding(
        outputs=4000,
        beams=0,
        temperature=1.5,
        top_p=top_p,
        top_k=top_k,
        no_repeat_ngram=0,
        max_new_tokens=1,
        batch_size=1,
    )
    steps = sampling([7], decoding, torch.device("cpu"))
    kept = scores
    for step in steps[:-1]:
        kept = step(torch.zeros(1, 1, dtype=torch.long), kept)
    drawn = steps(torch.zeros(4000, 1, dtype=torch.long), scores.repeat(4000, 1)).argmax(dim=1)
    shares = torch.bincount(drawn, minlength=5) / 4000
    assert torch.allclose(shares, kept.softmax(dim=1)[0], atol=0.03)
    assert ((shares > 0) == (kept[0] > -torch.inf)).all()


def test_the_instruction_is_where_the_model_wants_it(bart_folder: Path) -> None:
    builtin, other = (load_model(Source(name))[0] for name in (UNTAUGHT, str(bart_folder)))
    instruction = Instruction("question", "en", "Ask: {text}")
    prompt = Prompting.of(builtin).prompt(MILL, instruction)
    assert prompt.source == f"{MILL.title}\n{MILL.text}"
    assert prompt.start == "question en:"
    asked = Prompting.of(other).prompt(MILL, instruction)
    assert asked == (f"Ask: {MILL.text}", "")
    # A title is to be written, not read.
    titled = Prompting.of(builtin).prompt(MILL, Instruction("title", "en", "{text}"))
    assert titled.source == MILL.text


def test_what_was_not_taught_is_not_asked_for(encoder: Any) -> None:
    generator = open_generator(Settings(kinds=("claim",)), encoder)
    with pytest.raises(
        CorpusTunerError, match="not taught to write claim-en; it knows keywords-en"
    ):
        generator.generate([Reading(MILL)], Instruction("claim", "en", "{text}"))


def test_a_conversion_that_was_spoilt_is_made_again(cache: Path, bart_folder: Path) -> None:
    model, tokenizer = load_model(Source(str(bart_folder)))
    weights = hash_weights(model)
    folder = converted(model, tokenizer, weights)
    assert folder.is_relative_to(cache)
    original = (folder / "model.bin").read_bytes()
    (folder / "model.bin").write_bytes(original[:-1] + b"x")
    assert converted(model, tokenizer, weights) == folder
    assert (folder / "model.bin").read_bytes() == original
    before = (folder / "model.bin").stat().st_mtime_ns
    converted(model, tokenizer, weights)
    assert (folder / "model.bin").stat().st_mtime_ns == before


def test_a_model_that_ctranslate2_does_not_run_is_refused(
    encoder: Any, encoder_folder: Path
) -> None:
    with pytest.raises(CorpusTunerError):
        open_generator(Settings(model=str(encoder_folder), engine="ctranslate2"), encoder)


def test_a_model_that_is_nowhere_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CorpusTunerError, match="'nosuch': there is no folder of that name, and"):
        load_model(Source("nosuch"))
    assert capfd.readouterr().err == ""
