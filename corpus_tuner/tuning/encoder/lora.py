"""LoRA: small matrices trained beside an encoder's layers (Hu et al., arXiv 2106.09685)."""

from sentence_transformers import SentenceTransformer

from corpus_tuner.core.extras import MissingExtraError

try:
    from peft import LoraConfig
    from peft.tuners.tuners_utils import BaseTunerLayer
except ImportError as error:
    raise MissingExtraError("tuning by LoRA", "tune") from error


def add_lora(model: SentenceTransformer, rank: int) -> None:
    """Add matrices to all linear layers of a model; nothing else is trained."""
    model.add_adapter(LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear"))


def merge_lora(model: SentenceTransformer) -> None:
    """Merge the matrices into the weights of their layers."""
    body = model[0].auto_model
    for parent in list(body.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, BaseTunerLayer):
                layer.merge()
                setattr(parent, name, layer.get_base_layer())
    del body.peft_config
    body._hf_peft_config_loaded = False
