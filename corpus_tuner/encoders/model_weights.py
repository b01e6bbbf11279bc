"""Hashes of model weights, errors of loading models, and support for bfloat16."""

import hashlib
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError

_OF_LOADING = (
    OSError,
    ValueError,
    KeyError,
    RuntimeError,
    ImportError,
    EOFError,
    SafetensorError,
    UnpicklingError,
)


def hash_weights(model: torch.nn.Module) -> str:
    """Return the SHA-256 of a model's weights: names, shapes, types and values, in hexadecimal."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def is_loading_error(error: Exception) -> bool:
    """Tell whether an error is one that libraries raise for a model that cannot be loaded.

    Others are faults of a program, which must not be reported as those of a model. Rust libraries
    such as tokenizers raise bare exceptions.
    """
    return isinstance(error, _OF_LOADING) or type(error) is Exception


def describe_loading_error(error: Exception) -> str:
    """Say on one line why a model cannot be loaded; libraries let many kinds of errors out."""
    if isinstance(error, UnpicklingError):
        return (
            "its weights are pickled, and are damaged or not only weights. A pickle can run code, "
            "so it is not opened: get the model with safetensors"
        )
    lines = str(error).strip().splitlines()
    if lines and isinstance(error, OSError | ValueError | RuntimeError | ImportError):
        return lines[0]
    return f"its files are damaged or of another kind ({error!r})"


def has_fast_bfloat16(device: torch.device) -> bool:
    """Tell whether a device has instructions for bfloat16."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    has = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return any(bool(has.get(name)) for name in ("avx512_bf16", "amx_bf16", "arm_bf16", "bf16"))
