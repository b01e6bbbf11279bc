"""Answer requests by beam sampling, with a draft or without."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.instructions.prompting import Prompting
from corpus_tuner.models.speculative.beams import Beams
from corpus_tuner.models.speculative.decoding import Counts, Drafting, sample_beams, speculate
from corpus_tuner.models.speculative.passes import MODEL_TYPES, TreePasses
from corpus_tuner.models.speculative.tree import Tree
from corpus_tuner.models.writing import Decoding, Request


class Draft(NamedTuple):
    """A small model that writes ahead, and how."""

    model: Any
    drafting: Drafting


class BeamSamplingEngine:
    """Samples the beams of every request by itself.

    Parameters
    ----------
    model
        Of transformers.
    draft
        None for plain beam sampling.

    Attributes
    ----------
    counts
        What the requests of the last `write` took, in their order.

    Raises
    ------
    CorpusTunerError
        If a model is of a kind whose positions cannot be set.
    """

    def __init__(self, model: Any, draft: Draft | None = None) -> None:
        for one in (model, draft.model) if draft else (model,):
            if one.config.model_type not in MODEL_TYPES:
                raise CorpusTunerError(
                    f"beam sampling does not run models of type {one.config.model_type!r}, only "
                    f"{', '.join(MODEL_TYPES)}: set generator.decoding=sampling"
                )
        self._model = model
        self._draft = draft
        self.counts: list[Counts] = []

    def write(self, requests: Sequence[Request], decoding: Decoding) -> list[list[list[int]]]:
        """Return the likeliest `outputs` different beams of each request, as token ids.

        There may be fewer: beams that are sampled are often alike.
        """
        self.counts = []
        with torch.inference_mode():
            return [self._answer(request, decoding) for request in requests]

    def _answer(self, request: Request, decoding: Decoding) -> list[list[int]]:
        marks = self._model.generation_config
        ends = marks.eos_token_id
        tree = Tree(
            [marks.decoder_start_token_id, *request.start],
            frozenset(ends if isinstance(ends, list) else [ends]),
        )
        width = max(decoding.beams, decoding.outputs)
        chance = np.random.default_rng(request.seed)
        target = TreePasses(self._model, request.source, decoding)
        common = (tree, width, decoding.max_new_tokens, chance)
        if self._draft is None:
            beams, counts = sample_beams(target, *common)
        else:
            draft = TreePasses(self._draft.model, request.source, decoding)
            beams, counts = speculate(target, draft, self._draft.drafting, *common)
        self.counts.append(counts)
        return [tree.written(node) for node in _likeliest(beams)[: decoding.outputs]]


def check_draft(model: Any, tokenizer: Any, draft: Any, draft_tokenizer: Any) -> None:
    """Refuse a draft that does not speak of the same tokens as a model.

    Raises
    ------
    CorpusTunerError
        If tokens, marks or the place of instructions differ.
    """
    if tokenizer.get_vocab() != draft_tokenizer.get_vocab():
        raise CorpusTunerError(
            "the draft has another vocabulary than the generator: both must have been made with "
            "one tokenizer, as models of one family are"
        )
    for name in ("vocab_size", "decoder_start_token_id", "eos_token_id"):
        own, other = (getattr(one.config, name, None) for one in (model, draft))
        if own != other:
            raise CorpusTunerError(
                f"the draft has another {name} than the generator ({other}, not {own}): take a "
                "smaller model of the same family"
            )
    if Prompting.of(model).where != Prompting.of(draft).where:
        raise CorpusTunerError(
            "the draft takes its instructions elsewhere than the generator (in what it reads, or "
            "in what it writes): take one that was made from the same model"
        )


def _likeliest(beams: Beams) -> list[int]:
    """Return the nodes of beams, the likeliest first."""
    order = sorted(range(len(beams.nodes)), key=lambda row: (-beams.scores[row], row))
    return [beams.nodes[row] for row in order]
