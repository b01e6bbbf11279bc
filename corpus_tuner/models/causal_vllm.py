"""Run decoder-only models with vLLM, in this process: what many documents are for a GPU.

vLLM schedules by itself: it is handed all requests of a call at once. What prompts begin with in
common, an instruction before its documents, is computed once (prefix caching).
"""

import gc
import os
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from corpus_tuner.errors import CorpusTunerError, MissingExtraError
from corpus_tuner.models import Source, loading
from corpus_tuner.models.writing import Decoding, Request
from corpus_tuner.progress import working

TEMPERATURES = (0.01, 2.0)
"""The lowest and the highest that it samples with."""

_WEIGHTS = "model.safetensors"
_ENVIRONMENT = {
    "VLLM_NO_USAGE_STATS": "1",  # it reports to its makers otherwise
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # a process of its own would run the whole program anew
}
_ON_A_CPU = {
    "enforce_eager": True,  # a compiler would be needed
    "enable_chunked_prefill": False,  # which fails where requests have seeds (vLLM 0.32)
}
_OPEN: WeakValueDictionary[tuple[Source, str, str], Any] = WeakValueDictionary()
"""The model that is open, by where it is, the hash of its weights and the type of its numbers."""


class VLLMCausalEngine:
    """Answers requests by sampling, or with the likeliest tokens.

    Parameters
    ----------
    llm
        A ``vllm.LLM``.
    stop
        An answer ends soon after the first of these.
    read
        Makes of an answer's text what counts of it: what an answer begins with and does not count
        may hold a `stop`.
    """

    def __init__(self, llm: Any, stop: Sequence[str], read: Callable[[str], str]) -> None:
        self._llm = llm
        self._stop = list(stop)
        self._read = read

    def write(self, requests: Sequence[Request], decoding: Decoding) -> list[list[list[int]]]:
        """Return `outputs` answers to each request, as token ids without the request's start."""
        self._must_fit(requests, decoding)
        answers = self._ask(requests, decoding, self._stop)
        early = [number for number, answer in enumerate(answers) if any(map(self._early, answer))]
        if early:  # the same seeds write the same again, and go on
            again = self._ask([requests[number] for number in early], decoding, [])
            for number, answer in zip(early, again, strict=True):
                answers[number] = answer
        return [[list(one.token_ids) for one in answer] for answer in answers]

    def _ask(
        self, requests: Sequence[Request], decoding: Decoding, stop: list[str]
    ) -> list[list[Any]]:
        from vllm import SamplingParams, TokensPrompt

        how: dict[str, Any] = {"temperature": 0.0}
        if not decoding.beams:
            how = {
                "n": decoding.outputs,
                "temperature": decoding.temperature,
                "top_p": decoding.top_p,
                "top_k": decoding.top_k,
            }
        prompts = [TokensPrompt(prompt_token_ids=[*one.source, *one.start]) for one in requests]
        wanted = [
            SamplingParams(
                **how,
                seed=request.seed >> 1,  # the outputs' seeds count up from it, in 63 bits
                max_tokens=decoding.max_new_tokens,
                stop=stop,
                detokenize=bool(stop),
            )
            for request in requests
        ]
        try:
            done = self._llm.generate(prompts, wanted, use_tqdm=False)
        except Exception as error:
            raise CorpusTunerError(
                f"vLLM failed when it was to write: {_problem(error)}. What was written before is "
                "kept; set generator.engine=transformers if it fails again"
            ) from error
        return [list(one.outputs) for one in done]

    def _early(self, answer: Any) -> bool:
        """Tell whether an answer met a `stop` before anything that counts."""
        return isinstance(answer.stop_reason, str) and not self._read(answer.text).strip()

    def _must_fit(self, requests: Sequence[Request], decoding: Decoding) -> None:
        longest = max((len(one.source) + len(one.start) for one in requests), default=0)
        most = self._llm.model_config.max_model_len
        if longest + decoding.max_new_tokens > most:
            raise CorpusTunerError(
                f"a prompt of {longest} tokens and an answer of {decoding.max_new_tokens} are more "
                f"than the {most} that this model takes in the memory that it has: lower "
                "generator.max_source_tokens, or raise generator.gpu_memory"
            )


def open_llm(
    source: Source, device: str, dtype: str, gpu_memory: float
) -> tuple[Any, Any, str, str]:
    """Open a model with vLLM, or take one that is open.

    Parameters
    ----------
    source
        Where it is.
    device
        ``auto``, or the kind that vLLM was built for.
    dtype
        ``auto`` is what the weights are stored in on a GPU, float32 on a CPU.
    gpu_memory
        The share of memory that it takes.

    Returns
    -------
    tuple
        The ``vllm.LLM``, the tokenizer of transformers, the hash of the weights as they are
        stored, and the type that is computed with.

    Raises
    ------
    CorpusTunerError, MissingExtraError
        If it cannot be found, fetched, trusted or run, or vLLM is not installed.
    """
    if find_spec("vllm") is None:
        raise MissingExtraError(
            "generator.engine=vllm, in an environment of its own (docs/generator.md),", "vllm"
        )
    _import()
    device = _device(device)
    config, tokenizer, weights = _look_at(source)
    if dtype == "auto":
        dtype = "float32" if device == "cpu" else str(config.dtype or "auto")
    dtype = dtype.removeprefix("torch.")
    key = (source, weights, dtype)
    llm = _OPEN.get(key)
    if llm is None:
        _must_be_alone(source)
        # Of the commit that was looked at, should a branch go on meanwhile.
        exact = source._replace(revision=getattr(config, "_commit_hash", None) or source.revision)
        llm = _OPEN[key] = _opened(exact, device, dtype, gpu_memory)
    return llm, tokenizer, weights, dtype


def _import() -> None:
    """Import vLLM in a thread of its own.

    It keeps the error of an import that fails (torchcodec, where there is no FFmpeg), and with it
    the frames of all who called, and so what these hold: the model would be in memory for ever.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(import_module, "vllm.entrypoints.llm").result()


def _device(wanted: str) -> str:
    from vllm.platforms import current_platform

    found = str(current_platform.device_type)
    if not found:
        raise CorpusTunerError(
            "generator.engine=vllm finds no GPU that it runs on: set generator.engine=auto"
        )
    if wanted not in ("auto", found):
        raise CorpusTunerError(
            f"generator.engine=vllm runs on {found} here, and not on generator.device={wanted}: "
            "set generator.device=auto (CUDA_VISIBLE_DEVICES chooses among GPUs)"
        )
    return found


def _must_be_alone(source: Source) -> None:
    """Refuse a second model: the first that is closed takes with it what vLLM has but once."""
    gc.collect()
    for other, _, dtype in _OPEN:
        raise CorpusTunerError(
            f"vLLM runs one model at a time, and has {other.name!r} open in {dtype}: set "
            f"generator.engine=transformers for {source.name!r}, or have a server run it "
            "(generator.name=endpoint)"
        )


def _look_at(source: Source) -> tuple[Any, Any, str]:
    """Return a model's configuration, its tokenizer and the hash of its weights."""
    from transformers import AutoConfig, AutoTokenizer

    from corpus_tuner.indexes.encoders.weights import hash_stored

    options = {"revision": source.revision, "trust_remote_code": source.trust_remote_code}
    with loading(source, causal=True):
        tokenizer = AutoTokenizer.from_pretrained(source.name, **options)
        config = AutoConfig.from_pretrained(source.name, **options)
        if getattr(config, "is_encoder_decoder", False):
            raise ValueError("it is an encoder-decoder, which vLLM does not run")
        return config, tokenizer, hash_stored(_stored(source))


def _stored(source: Source) -> list[Path]:
    """Return the files of a model's weights, after fetching them."""
    from transformers.utils.hub import cached_file, get_checkpoint_shard_files

    def find(name: str) -> str | None:
        found: str | None = cached_file(
            source.name,
            name,
            revision=source.revision,
            _raise_exceptions_for_missing_entries=False,
        )
        return found

    if whole := find(_WEIGHTS):
        return [Path(whole)]
    index = find(f"{_WEIGHTS}.index.json")
    if index is None:
        raise OSError(f"it has no {_WEIGHTS}; pickled weights can run code, and are not opened")
    parts, _ = get_checkpoint_shard_files(source.name, index, revision=source.revision)
    return [Path(part) for part in parts]


def _opened(source: Source, device: str, dtype: str, gpu_memory: float) -> Any:
    from vllm import LLM

    from corpus_tuner.indexes.encoders.weights import is_of_loading

    try:
        with warnings.catch_warnings(), working("opening the generator with vLLM"):
            warnings.simplefilter("ignore")
            return LLM(
                source.name,
                runner="generate",
                revision=source.revision,
                tokenizer_revision=source.revision,
                trust_remote_code=source.trust_remote_code,
                dtype=dtype,
                load_format="safetensors",
                max_model_len=-1,  # as long as the memory allows
                gpu_memory_utilization=gpu_memory,
                enable_prefix_caching=True,
                use_tqdm_on_load=False,
                **(_ON_A_CPU if device == "cpu" else {}),
            )
    except Exception as error:
        if not is_of_loading(error):
            raise
        raise CorpusTunerError(
            f"vLLM cannot run the generator {source.name!r}: {_problem(error)}. Set another "
            f"generator.gpu_memory (now {gpu_memory}) if memory is the matter, or "
            "generator.engine=transformers"
        ) from error


def _problem(error: Exception) -> str:
    """Say on one line what vLLM complains of, which pydantic puts below a line of its own."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if len(lines) > 1 and "validation error" in lines[0]:
        lines = lines[1:]
    return lines[0].rstrip(".") if lines else repr(error)
