"""Cost of generators behind paid services: an estimate, and what a server counted afterwards."""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.core.counts import format_count
from corpus_tuner.core.documents import Document
from corpus_tuner.generation.generators import PaidGenerator, TokenCount
from corpus_tuner.generation.ledger import Ledger, make_ledger_key
from corpus_tuner.generation.open_recipe import OpenRecipe
from corpus_tuner.generation.prompts import CONTEXT

_SAMPLED = 16
"""Prompts of a chunk of documents whose tokens are counted; of the others characters are."""
_ANSWERS = 200
"""Earlier answers whose tokens are counted."""


class CostEstimate(BaseModel):
    """What the requests of a generator will take, estimated before they are sent.

    Attributes
    ----------
    model
        Name of the model on the server.
    documents, requests
        Numbers of documents, and of requests for which the ledger has no answer.
    input_tokens
        Tokens of the prompts. They are counted by the tokenizer of the encoder in a sample, and
        extrapolated by characters.
    output_tokens
        Tokens of the answers if they are as long as earlier ones in the ledger; ``None`` without.
    most_output_tokens
        Maximum number of tokens of the answers, by ``max_new_tokens``.
    cost, most_cost
        Cost with these numbers of output tokens, ``None`` without prices.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    documents: int
    requests: int
    input_tokens: int
    output_tokens: int | None
    most_output_tokens: int
    cost: float | None
    most_cost: float | None

    def describe(self) -> str:
        """Return the estimate as a sentence."""
        requests = format_count(self.requests, "request")
        about = f"about {self.output_tokens:,} and " if self.output_tokens is not None else ""
        text = (
            f"{requests} to {self.model} for {format_count(self.documents, 'document')}: about "
            f"{self.input_tokens:,} tokens of prompts, {about}at most {self.most_output_tokens:,} "
            "of answers"
        )
        if self.most_cost is None:
            return text
        about = f"about {self.cost:,.4g} and " if self.cost is not None else ""
        return f"{text}, so a cost of {about}at most {self.most_cost:,.4g}"


class CostReport(BaseModel):
    """What the requests of a generator took, as its server counted.

    Attributes
    ----------
    estimate
        The estimate before.
    used
        Numbers of requests and tokens.
    cost
        Cost of these tokens, ``None`` without prices. Discounts for cached tokens are left out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    estimate: CostEstimate
    used: TokenCount
    cost: float | None

    def describe(self) -> str:
        """Return what was used, and estimated, as a sentence."""
        used, estimate = self.used, self.estimate
        cached = f", {used.cached:,} of them cached" if used.cached else ""
        likely = estimate.output_tokens
        about = f"about {likely:,} and " if likely is not None else ""
        text = (
            f"{format_count(used.requests, 'answer')} of {estimate.model}: {used.input:,} tokens "
            f"of prompts{cached} (estimate: {estimate.input_tokens:,}), {used.output:,} of answers "
            f"(estimate: {about}at most {estimate.most_output_tokens:,})"
        )
        if self.cost is None:
            return text
        return f"{text}, cost {self.cost:,.4g} (estimate: at most {estimate.most_cost:,.4g})"


@dataclass
class _Sums:
    documents: int = 0
    requests: int = 0
    characters: int = 0
    sampled_characters: int = 0
    sampled_tokens: int = 0


def list_paid_generators(opened: OpenRecipe) -> list[PaidGenerator]:
    """Return the generators of a recipe whose tokens cost something, each once."""
    used = (one.generator for some in opened.generators.values() for one in some)
    return [one for one in dict.fromkeys(used) if isinstance(one, PaidGenerator)]


def estimate_costs(
    documents: Iterable[Document], opened: OpenRecipe, ledger: Path
) -> list[CostEstimate]:
    """Estimate what the generators of a recipe will request for documents; nothing is sent.

    Parameters
    ----------
    documents
        Documents whose views are to be generated.
    opened
        The recipe with its models.
    ledger
        File of the ledger, whose answers are not requested again; it need not exist.
    """
    generators = list_paid_generators(opened)
    if not generators:
        return []
    sums = [_Sums() for _ in generators]
    with ExitStack() as stack:
        stored = stack.enter_context(Ledger(ledger, read_only=True)) if ledger.is_file() else None
        for chunk in split_into_chunks(documents, opened.recipe.documents_at_once):
            for generator, total in zip(generators, sums, strict=True):
                _add(total, chunk, generator, opened, stored)
        return [
            _estimate(generator, total, opened, stored)
            for generator, total in zip(generators, sums, strict=True)
            if total.requests
        ]


def report_costs(opened: OpenRecipe, estimates: Iterable[CostEstimate]) -> tuple[CostReport, ...]:
    """Return what the generators of a recipe used since it was opened, by their estimates."""
    used = {one.model: one for one in list_paid_generators(opened)}
    return tuple(
        CostReport(estimate=one, used=generator.used, cost=generator.price(generator.used))
        for one in estimates
        if (generator := used[one.model]).used.requests
    )


def _add(
    total: _Sums,
    documents: list[Document],
    generator: PaidGenerator,
    opened: OpenRecipe,
    stored: Ledger | None,
) -> None:
    """Add the requests for documents that the ledger has no answer to."""
    passages: list[list[str]] = [[] for _ in documents]
    if CONTEXT in generator.kinds:
        passages = [[one.text for one in own] for own in opened.reader.split(documents)]
    requests = {
        make_ledger_key(source, instruction, generator.identity): (source, instruction)
        for document, own in zip(documents, passages, strict=True)
        for one in opened.generators[opened.languages.detect(document)]
        if one.generator is generator
        for instruction in one.instructions
        for source in instruction.list_sources(document, own)
    }
    known = stored.get(requests.keys()) if stored else {}
    missing = [request for key, request in requests.items() if key not in known]
    prompts = [generator.make_prompt(*request) for request in missing]
    total.documents += len({document.id for document, _ in missing})
    total.requests += len(prompts)
    total.characters += sum(map(len, prompts))
    sample = prompts[:: len(prompts) // _SAMPLED + 1]
    total.sampled_characters += sum(map(len, sample))
    total.sampled_tokens += sum(opened.encoder.count_tokens(sample))


def _estimate(
    generator: PaidGenerator, total: _Sums, opened: OpenRecipe, stored: Ledger | None
) -> CostEstimate:
    share = total.sampled_tokens / max(1, total.sampled_characters)
    prompts = round(share * total.characters)
    answers = stored.sample(generator.identity, _ANSWERS) if stored else []
    likely = None
    if answers:
        tokens = sum(opened.encoder.count_tokens(answers))
        likely = round(tokens / len(answers) * total.requests)
    most = generator.max_answer_tokens * total.requests
    return CostEstimate(
        model=generator.model,
        documents=total.documents,
        requests=total.requests,
        input_tokens=prompts,
        output_tokens=likely,
        most_output_tokens=most,
        cost=None if likely is None else generator.price(TokenCount(input=prompts, output=likely)),
        most_cost=generator.price(TokenCount(input=prompts, output=most)),
    )
