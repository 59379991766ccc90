"""A chat model for ``mlflow.pyfunc`` from a folder with a LoRA adapter; a copy of this file lies in each such folder.

It needs transformers and PEFT, and nothing of codekiln. Conversations become tokens as in training: the folder's chat
template, and no further special tokens. Replies are greedy unless a temperature is asked for.
"""

import time
import uuid
from pathlib import Path
from typing import Any

import torch
import transformers
import yaml
from peft import PeftModel

MAX_TOKENS = 512


class ChatModel:
    """The base model with its adapter; ``predict`` answers conversations in the form of OpenAI's chat completions.

    Args:
        folder: Folder with the adapter.
        base: Folder of the base model, where it is neither in ``folder`` nor on the Hub.
    """

    def __init__(self, folder: Path, base: str) -> None:
        self.about = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))["metadata"]
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
        self.settings = transformers.GenerationConfig.from_pretrained(str(folder))
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model: Any = PeftModel.from_pretrained(self._base(folder, base), str(folder)).to(device).eval()

    def _base(self, folder: Path, base: str) -> Any:
        source = base or (folder / "base" if (folder / "base").is_dir() else self.about["base_model"])
        load: dict[str, Any] = {"dtype": "auto", "trust_remote_code": False}
        load["revision"] = self.about["base_revision"] or "main"
        if mapping := self.about["key_mapping"]:
            load["key_mapping"] = mapping
        return getattr(transformers, self.about["architecture"]).from_pretrained(str(source), **load)

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Answer each row of ``model_input``: its ``messages``, and optionally max_tokens, temperature and top_p.

        Args:
            model_input: A pandas DataFrame, or one or more dictionaries.
            params: Values for the rows that do not give their own.
        """
        if hasattr(model_input, "to_dict"):
            model_input = model_input.to_dict(orient="records")
        rows = [model_input] if isinstance(model_input, dict) else model_input
        return [self._answer({**(params or {}), **{k: v for k, v in row.items() if _is_given(v)}}) for row in rows]

    def _answer(self, row: dict[str, Any]) -> dict[str, Any]:
        turns = [{"role": turn["role"], "content": turn["content"]} for turn in row["messages"]]
        text = self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        asked = self.tokenizer(text, add_special_tokens=False, return_tensors="pt").to(self.model.device)
        wanted: dict[str, Any] = {"max_new_tokens": int(row.get("max_tokens") or MAX_TOKENS)}
        if heat := float(row.get("temperature") or 0):
            wanted |= {"do_sample": True, "temperature": heat, "top_p": float(row.get("top_p") or 1), "top_k": 0}
        with torch.inference_mode():
            found: Any = self.model.generate(**asked, generation_config=self.settings, **wanted)[0]
        written = found[asked["input_ids"].shape[1] :].tolist()
        ended = bool(written) and written[-1] in self.settings.eos_token_id
        reply = str(self.tokenizer.decode(written, skip_special_tokens=True, clean_up_tokenization_spaces=False))
        return self._completion(reply, "stop" if ended else "length", asked["input_ids"].shape[1], len(written))

    def _completion(self, reply: str, reason: str, asked: int, written: int) -> dict[str, Any]:
        message = {"role": "assistant", "content": reply}
        return {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": self.about["name"],
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": {"prompt_tokens": asked, "completion_tokens": written, "total_tokens": asked + written},
        }


def _is_given(value: Any) -> bool:
    """Return whether a cell holds a value; pandas fills the others with NaN, which differs from itself."""
    return value is not None and not (isinstance(value, float) and value != value)


def _load_pyfunc(path: str, model_config: dict[str, Any] | None = None) -> ChatModel:
    """Load the model; MLflow calls this with the folder, and with what its caller gave as ``model_config``."""
    return ChatModel(Path(path), (model_config or {}).get("base_model", ""))
