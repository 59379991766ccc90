"""Training rows are tokenised and validated here, and exactly these tokens go to the trainer.

Published preference adapters were trained on prompts that a mixed data format had silently replaced; the rules of
`validate_rows` turn this and similar mistakes into errors.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from codekiln.data import splits
from codekiln.data.folders import Rejected
from codekiln.data.records import Example, Labelled, Message, Pair
from codekiln.errors import InputError
from codekiln.models.chat_tokenizer import ChatTokenizer

# The label that PyTorch's cross-entropy leaves out.
IGNORED = -100
# Share of invalid rows above which the data as a whole is considered wrong.
TOLERATED = 0.1

Row = Example | Pair | Labelled
Tokens = dict[str, Any]


@dataclass(frozen=True)
class ValidatedRows:
    """Rows that can be trained on, as token ids.

    Attributes:
        rows: For an Example ``input_ids`` and ``labels`` (IGNORED on the prompt); for a Pair ``prompt_ids``,
            ``chosen_ids`` and ``rejected_ids``; for a Labelled ``prompt_ids``, ``completion_ids`` and ``label``, which
            is a bool. No row needs truncation.
        groups: The group of each row.
        rejected: The other rows, each with the rule it violates.
    """

    rows: tuple[Tokens, ...]
    groups: tuple[str, ...]
    rejected: tuple[Rejected, ...]


def validate_rows(rows: Sequence[Row], chat: ChatTokenizer, max_length: int, where: str) -> ValidatedRows:
    """Tokenise rows and keep those that satisfy every rule.

    ``wrong-roles``: the prompt ends with a user's turn and each completion is one assistant's turn.
    ``prompt-too-long``: not one completion token would be left of ``max_length``.
    ``too-long``: the end-of-turn token would be cut off.
    ``template-refuses``: the chat template takes the prompt.
    ``instruction-lost``: the decoded prompt tokens contain every message of the prompt.
    ``completion-changed``: the decoded label tokens contain the completion (some tokenizers change text).
    ``no-end-of-turn``, ``end-of-turn-inside``: the end-of-turn token is learned, once, at the end.
    ``chosen-equals-rejected``: a pair is two different completions.

    Args:
        rows: Examples, pairs or labelled replies.
        chat: Tokenizer and template of the model to be trained.
        max_length: Longest row, in tokens.
        where: The file the rows come from, for messages.

    Raises:
        InputError: There are no rows, or more than a tenth of them violates a rule.
    """
    reasons: list[str | None] = [None if _roles_fit(row) else "wrong-roles" for row in rows]
    texts = [_rendered(row, chat) if not reason else None for row, reason in zip(rows, reasons, strict=True)]
    reasons = [reason or (None if text else "template-refuses") for reason, text in zip(reasons, texts, strict=True)]
    whole = [index for index, reason in enumerate(reasons) if not reason]
    prompts = [text for text in texts if text]
    tokens = dict(zip(whole, _tokenise([rows[index] for index in whole], prompts, chat), strict=True))
    for index, ids in tokens.items():
        reasons[index] = _violation(rows[index], *ids, chat, max_length)
    _check_share(reasons, where)
    good = [index for index, reason in enumerate(reasons) if not reason]
    return ValidatedRows(
        rows=tuple(_for_trainer(rows[index], *tokens[index]) for index in good),
        groups=tuple(rows[index].group or rows[index].task_id for index in good),
        rejected=tuple(Rejected(reason, row) for row, reason in zip(rows, reasons, strict=True) if reason),
    )


def split_holdout(groups: Sequence[str], holdout: float, seed: int) -> tuple[list[int], list[int]]:
    """Return the indices of training rows and of held-out rows; no group is in both.

    Raises:
        InputError: A share is to be held out, but there is only one group.
    """
    names = splits.hash_ordered(groups, f"{seed}\n")
    if holdout and len(names) < 2:
        raise InputError(
            "all rows are of one group, so none can be held out",
            where="holdout",
            fix="give rows of several groups, or set holdout = 0",
        )
    held = set(names[: math.ceil(holdout * len(names))])
    indices: tuple[list[int], list[int]] = ([], [])
    for index, name in enumerate(groups):
        indices[name in held].append(index)
    return indices


def _completions(row: Row) -> tuple[tuple[Message, ...], ...]:
    return (row.chosen, row.rejected) if isinstance(row, Pair) else (row.completion,)


def _roles_fit(row: Row) -> bool:
    answers = [[turn.role for turn in answer] for answer in _completions(row)]
    return bool(row.prompt) and row.prompt[-1].role == "user" and all(roles == ["assistant"] for roles in answers)


def _rendered(row: Row, chat: ChatTokenizer) -> str | None:
    try:
        return chat.render(row.prompt)
    except InputError:
        return None


def _tokenise(
    rows: Sequence[Row], prompts: Sequence[str], chat: ChatTokenizer
) -> list[tuple[list[int], list[list[int]]]]:
    """Return the tokens of each row's prompt, which are those of sampling, and of each reply to it."""
    starts = chat.encode(list(prompts))
    asked = [
        ((prompt, start), answer[0].content)
        for row, prompt, start in zip(rows, prompts, starts, strict=True)
        for answer in _completions(row)
    ]
    replies = iter(chat.replies([prompt for prompt, _ in asked], [reply for _, reply in asked]))
    return [(start, [next(replies) for _ in _completions(row)]) for row, start in zip(rows, starts, strict=True)]


def _violation(
    row: Row, prompt: list[int], replies: list[list[int]], chat: ChatTokenizer, max_length: int
) -> str | None:
    if len(prompt) >= max_length:
        return "prompt-too-long"
    decoded = chat.decode(prompt)
    if any(turn.content.strip() not in decoded for turn in row.prompt):
        return "instruction-lost"
    for learned, answer in zip(replies, _completions(row), strict=True):
        if len(prompt) + len(learned) > max_length:
            return "too-long"
        if reason := _completion_violation(learned, answer[0].content, chat):
            return reason
    return "chosen-equals-rejected" if len(replies) == 2 and replies[0] == replies[1] else None


def _completion_violation(learned: list[int], text: str, chat: ChatTokenizer) -> str | None:
    if chat.end_of_turn_id not in learned:
        return "no-end-of-turn"
    end = learned.index(chat.end_of_turn_id)
    if chat.decode(learned[end + 1 :]).strip():
        return "end-of-turn-inside"
    return None if text.strip() and text in chat.decode([chat.end_of_turn_id, *learned[:end]]) else "completion-changed"


def _for_trainer(row: Row, prompt: list[int], replies: list[list[int]]) -> Tokens:
    if isinstance(row, Example):
        return {"input_ids": prompt + replies[0], "labels": [IGNORED] * len(prompt) + replies[0]}
    if isinstance(row, Labelled):
        return {"prompt_ids": prompt, "completion_ids": replies[0], "label": row.label}
    return {"prompt_ids": prompt, "chosen_ids": replies[0], "rejected_ids": replies[1]}


def _check_share(reasons: list[str | None], where: str) -> None:
    counts = Counter(reason for reason in reasons if reason)
    if not reasons:
        raise InputError("there are no rows to train on", where=where, fix="see what the stage before rejected")
    if counts.total() > TOLERATED * len(reasons):
        line, first = next((line, reason) for line, reason in enumerate(reasons, start=1) if reason)
        listed = ", ".join(f"{count} {reason}" for reason, count in counts.most_common())
        raise InputError(
            f"{counts.total()} of {len(reasons)} rows cannot be trained on: {listed}; this one is {first}",
            where=f"{where}:{line}",
            fix="raise max_length for rows that are too long; correct the recipe for others",
        )
