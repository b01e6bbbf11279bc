"""Any encoder-decoder of transformers as a generator: FLAN-T5, mT5, BART and their kin."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generators import Written
from corpus_tuner.instructions import Instruction
from indexes.documents import Document
from indexes.encoders import Encoder
from indexes.registry import PartSettings


class Settings(PartSettings):
    """Which model, and how it writes.

    Attributes
    ----------
    model
        Hub name or folder.
    revision
        Commit, tag or branch on the hub.
    kinds
        Of views, each with an instruction.
    outputs
        Texts for each document and instruction; alike ones count once.
    decoding
        ``sampling`` (with `temperature`, `top_p`, `top_k`) or ``beam`` (with `beams`).
    max_source_tokens
        Longer prompts are cut, and counted.
    max_new_tokens
        Of one text.
    seed
        For sampling.
    batch_size
        Documents in one pass.
    dtype
        ``auto`` is what the weights are stored in on a GPU, float32 elsewhere.
    device
        ``auto`` takes a GPU where there is one.
    trust_remote_code
        Run Python that comes with the model.
    """

    name: Literal["seq2seq"] = "seq2seq"
    model: str
    revision: str | None = None
    kinds: tuple[Literal["question", "keywords", "summary", "title", "claim"], ...] = (
        "question",
        "keywords",
    )
    outputs: PositiveInt = 1
    decoding: Literal["sampling", "beam"] = "sampling"
    temperature: PositiveFloat = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    top_k: NonNegativeInt = 50
    beams: PositiveInt = 4
    max_source_tokens: PositiveInt = 512
    max_new_tokens: PositiveInt = 64
    seed: NonNegativeInt = 0
    batch_size: PositiveInt = 16
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: str = "auto"
    trust_remote_code: bool = False


class Generator:
    """A sequence-to-sequence language model that follows instructions."""

    def __init__(self, settings: Settings, encoder: Encoder) -> None:
        import torch

        from indexes.weights import hash_weights

        self._settings = settings
        self.kinds: tuple[str, ...] = settings.kinds
        self._device = settings.device
        if self._device == "auto":
            self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._model, self._tokenizer = _load(settings, self._device)
        running = {"kinds", "batch_size", "device"}
        self.identity = (
            f"seq2seq {hash_weights(self._model)[:16]} {settings.model_dump_json(exclude=running)}"
        )

    def generate(self, documents: Sequence[Document], instruction: Instruction) -> list[Written]:
        """Write for each document what `instruction` asks, batched by length.

        Sampling depends on the seed, the instruction and the documents of the call, so that a
        build that was killed and goes on writes what it would have written.
        """
        import torch

        prompts = [instruction.prompt(document) for document in documents]
        sources: list[list[int]] = self._tokenizer(prompts, verbose=False)["input_ids"]
        most = self._settings.max_source_tokens
        written: list[Written] = [Written((), ())] * len(documents)
        outputs = self._settings.outputs
        with torch.random.fork_rng(), torch.inference_mode():
            torch.manual_seed(_seed(self._settings.seed, prompts))
            for places in _batches([len(each) for each in sources], self._settings.batch_size):
                texts = self._complete([prompts[place] for place in places])
                for number, place in enumerate(places):
                    own = texts[number * outputs : (number + 1) * outputs]
                    written[place] = _written(own, len(sources[place]) > most)
        return written

    def _complete(self, prompts: list[str]) -> list[str]:
        """Return `outputs` texts for each prompt, one prompt's after the other's."""
        batch = self._tokenizer(
            prompts,
            truncation=True,
            max_length=self._settings.max_source_tokens,
            padding=True,
            return_tensors="pt",
        ).to(self._device)
        tokens = self._model.generate(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            max_new_tokens=self._settings.max_new_tokens,
            num_return_sequences=self._settings.outputs,
            **self._decoding(),
        )
        texts: list[str] = self._tokenizer.batch_decode(tokens, skip_special_tokens=True)
        return texts

    def _decoding(self) -> dict[str, Any]:
        if self._settings.decoding == "beam":
            return {
                "do_sample": False,
                "num_beams": max(self._settings.beams, self._settings.outputs),
            }
        return {
            "do_sample": True,
            "num_beams": 1,
            "temperature": self._settings.temperature,
            "top_p": self._settings.top_p,
            "top_k": self._settings.top_k,
        }


def _load(settings: Settings, device: str) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    dtype: torch.dtype | str = "auto" if device != "cpu" else torch.float32
    if settings.dtype != "auto":
        dtype = getattr(torch, settings.dtype)
    source = {"revision": settings.revision, "trust_remote_code": settings.trust_remote_code}
    try:
        tokenizer = AutoTokenizer.from_pretrained(settings.model, **source)
        model = AutoModelForSeq2SeqLM.from_pretrained(settings.model, dtype=dtype, **source)
        model.to(device).eval()
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        reason = str(error).strip().splitlines()
        raise CorpusTunerError(
            f"cannot load the generator {settings.model!r}: {reason[0] if reason else error!r}. "
            "Give a folder that holds an encoder-decoder of transformers, or the name of one on "
            "the Hugging Face hub, such as google/flan-t5-base (a network is needed the first time)"
        ) from error
    return model, tokenizer


def _seed(seed: int, prompts: list[str]) -> int:
    digest = hashlib.sha256(repr((seed, prompts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def _batches(lengths: list[int], size: int) -> Iterator[list[int]]:
    """Yield places, the longest first, so that texts padded together are of like length."""
    order = sorted(range(len(lengths)), key=lambda place: (-lengths[place], place))
    for start in range(0, len(order), size):
        yield order[start : start + size]


def _written(texts: list[str], cut: bool) -> Written:
    """Tidy what came out: white space, empty texts, repeated ones."""
    tidy = (" ".join(text.split()) for text in texts)
    different = tuple(dict.fromkeys(text for text in tidy if text))
    return Written(different, (None,) * len(different), cut)
