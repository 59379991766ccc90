"""The lengths of training rows in tokens of a model, to see which of them a training would cut or turn away."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from codekiln import models
from codekiln.data.records import Message
from codekiln.data.training_files.findings import Findings
from codekiln.data.training_files.forms import TrainingRow
from codekiln.errors import InputError
from codekiln.models.chat_tokenizer import ChatTokenizer, load_chat_tokenizer

_BATCH = 256
# Chat templates know three roles; a call of a tool is the assistant's, and what the tool answers stands for the user.
_ROLES: dict[str, Literal["system", "user", "assistant"]] = {
    "system": "system", "user": "user", "assistant": "assistant", "call": "assistant", "tool": "user",
}  # fmt: skip


class TokenLengths:
    """Measures rows as a training sees them, in the model's chat template; those that are too long are findings.

    Args:
        chat: Tokenizer and chat template.
        max_length: Longest row of the training, in tokens, its prompt included.
        findings: Get what is found.

    Attributes:
        longest: Tokens of the longest row, and where it is; 0 before a row was measured.
        beyond: Number of rows longer than ``max_length``.
    """

    def __init__(self, chat: ChatTokenizer, max_length: int, findings: Findings) -> None:
        self.max_length, self.longest, self.beyond = max_length, (0, ""), 0
        self._chat, self._findings = chat, findings
        self._waiting: list[tuple[str, list[str]]] = []

    def see(self, row: TrainingRow, programs: Sequence[str]) -> None:
        """Take a row; tokenizers are faster for many texts at once."""
        prompt = [Message(role=_ROLES[turn.role], content=turn.text) for turn in row.prompt]
        try:
            asked = self._chat.render(prompt)
        except InputError as error:
            self._findings.add("template", row.where, error.what)
            return
        texts = [asked, *(asked + self._chat.reply(reply) for reply in row.replies)]
        self._waiting.append((row.where, texts))
        if len(self._waiting) >= _BATCH:
            self.end()

    def end(self) -> None:
        """Measure the rows that wait."""
        lengths = iter([len(ids) for ids in self._chat.encode([text for _, texts in self._waiting for text in texts])])
        for where, texts in self._waiting:
            prompt, *wholes = (next(lengths) for _ in texts)
            self._judge(where, prompt, max(wholes))
        self._waiting.clear()

    def _judge(self, where: str, prompt: int, whole: int) -> None:
        self.longest = max(self.longest, (whole, where), key=lambda item: item[0])
        if whole <= self.max_length:
            return
        self.beyond += 1
        kind = "prompt-too-long" if prompt >= self.max_length else "too-long"
        self._findings.add(kind, where, f"{whole:,} tokens, {prompt:,} of them the prompt")


def chat_tokenizer(name: str) -> ChatTokenizer:
    """Load a tokenizer by the name of a base model, a Hub id, or a folder that may have nothing else.

    Raises:
        InputError: There is none, the Hub does not let us read it, or it has no chat template that can be used.
    """
    folder = Path(name)
    is_alone = folder.is_dir() and not (folder / "config.json").is_file()
    return load_chat_tokenizer(models.BaseModelSpec(name=name, id=str(folder)) if is_alone else models.get(name))
