"""The card of an adapter's folder: what it is, its base and licence, and code that runs as printed."""

from dataclasses import dataclass

from codekiln.evaluation.report.card import front_matter
from codekiln.evaluation.report.render import templates

VLLM_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM takes as ``--max-lora-rank`` (vllm.config.lora)."""


@dataclass(frozen=True)
class VersionCard:
    """What the card says.

    Attributes:
        name: Stage that made the adapter.
        registered: Name under which the run registers adapters.
        base: Base model: Hub id, ``tiny``, or the name of the user's own folder.
        kind: ``hub``, ``included`` where it lies in ``base/``, or ``folder`` where nobody else has it.
        revision: Commit of the base on the Hub.
        digest: Digest of the base where it is the user's own folder.
        licence: Licence of the base; empty where it is not known.
        loading: Python expression that loads the base from within the folder.
        rank: Largest rank of the adapter's matrices.
    """

    name: str
    registered: str
    base: str
    kind: str
    revision: str | None
    digest: str | None
    licence: str
    loading: str
    rank: int


def version_card(card: VersionCard) -> str:
    """Return the card as Markdown with the front matter that the Hugging Face Hub reads."""
    # A base that nobody else can get is no link on the Hub.
    front = front_matter(card.base if card.kind == "hub" else None, card.licence, [card.name])
    loader = card.loading.partition(".")[0]
    imports = ", ".join(sorted({loader, "AutoTokenizer", "GenerationConfig"}))
    rank = next((allowed for allowed in VLLM_RANKS if allowed >= card.rank), VLLM_RANKS[-1])
    return templates().get_template("version_card.md").render(card=card, front=front, imports=imports, rank=rank)


@dataclass(frozen=True)
class MergedCard:
    """What the card of merged weights says.

    Attributes:
        stage: Stage or version that made the adapter.
        registered: Name under which it is registered.
        adapter: The adapter that was merged, as it was called.
        base: Base model: Hub id, ``tiny``, or the name of the user's own folder.
        kind: ``hub`` where others can get the base there.
        revision: Commit of the base on the Hub.
        licence: Licence of the base; empty where it is not known.
        dtype: Of the weights.
        prompts: Prompts that were compared with base and adapter.
        different: How many of them were answered otherwise.
    """

    stage: str
    registered: str
    adapter: str
    base: str
    kind: str
    revision: str | None
    licence: str
    dtype: str
    prompts: int
    different: int


def merged_card(card: MergedCard) -> str:
    """Return the card of merged weights as Markdown with the front matter that the Hugging Face Hub reads."""
    front = front_matter(card.base if card.kind == "hub" else None, card.licence, [card.stage], merged=True)
    return templates().get_template("merged_card.md").render(card=card, front=front)
