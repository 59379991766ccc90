import ast
import calendar
import colorsys
import fnmatch
import inspect
import shlex
import statistics
import textwrap

import pytest

from codekiln import demo, models
from codekiln.code.rewrite.styles import variants
from codekiln.data.prompts import code_turn, messages
from codekiln.data.records import Message
from codekiln.data.replies import extract_code

# Of modules beside the packages of the standard library: the base has read the packages.
UNSEEN = (textwrap.indent, calendar.weekday, colorsys.rgb_to_yiq, fnmatch.filter, shlex.join, statistics.fmean)


@pytest.fixture(scope="module")
def tokenizer():
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(demo.base_path())


@pytest.fixture(scope="module")
def model():
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(demo.base_path())


def turns(*chat: Message) -> list[dict]:
    return [message.model_dump() for message in chat]


def test_weights_are_small_and_safe(model) -> None:
    assert (demo.base_path() / "model.safetensors").stat().st_size <= 16_000_000
    assert model.config.model_type == "qwen3"
    assert model.config.tie_word_embeddings
    assert model.config.max_position_embeddings == 2048
    assert 2_000_000 <= model.num_parameters() == models.get("tiny").params <= 4_000_000


@pytest.mark.parametrize(
    "text",
    [
        "def f(x):\n\tif x:\n            return 'ä \U0001f600'\n\n\n# end\n",
        "  leading and trailing  \n",
        "a = 100  # 1234567\r\n\x00\x7f",
        "```python\nx\n```\n``` `",
        "<end> <|end> \\n",
    ],
)
def test_tokenizer_keeps_any_text(tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_tokenizer_keeps_programs_and_makes_them_short(tokenizer) -> None:
    lengths = []
    for problem in demo.problems("eval", count=40):
        for code in variants(problem.reference).values():
            text = code_turn(code)[0].content
            ids = tokenizer(text)["input_ids"]
            assert tokenizer.decode(ids) == text
            lengths.append(len(ids))
    assert sorted(lengths)[len(lengths) // 2] < 100
    assert len(tokenizer("```python\n")["input_ids"]) == 1
    assert len(tokenizer("\n            ")["input_ids"]) == 1


def test_prompt_is_a_prefix_of_the_whole_conversation(tokenizer) -> None:
    problem = demo.problems("eval", count=1)[0]
    system = Message(role="system", content="  Be brief. ")
    for chat in (messages(problem), (system, *messages(problem))):
        reply = code_turn("    indented = True\n")
        prompt = tokenizer.apply_chat_template(turns(*chat), add_generation_prompt=True)["input_ids"]
        whole = tokenizer.apply_chat_template(turns(*chat, *reply))["input_ids"]
        assert whole[: len(prompt)] == prompt
        assert whole[-1] == tokenizer.eos_token_id
        assert tokenizer.decode(whole[len(prompt) : -1]) == reply[0].content
        assert chat[0].content in tokenizer.decode(whole)


def test_only_the_answer_and_its_end_are_marked_as_generated(tokenizer) -> None:
    chat = turns(*messages(demo.problems("eval", count=1)[0]), *code_turn("x = 1"))
    encoded = tokenizer.apply_chat_template(chat, return_dict=True, return_assistant_tokens_mask=True)
    marked = [token for token, mark in zip(encoded["input_ids"], encoded["assistant_masks"], strict=True) if mark]
    assert tokenizer.decode(marked).removeprefix("<|assistant|>") == code_turn("x = 1")[0].content + "<|end|>"


def test_base_model_writes_programs_that_end(model, tokenizer) -> None:
    import torch

    problems = demo.problems("eval", count=24)
    prompts = [
        tokenizer.apply_chat_template(turns(*messages(p)), add_generation_prompt=True, tokenize=False) for p in problems
    ]
    inputs = tokenizer(prompts, return_tensors="pt", padding=True)
    torch.manual_seed(0)
    ids = model.generate(**inputs, do_sample=True, temperature=0.8, top_k=0, max_new_tokens=256)[
        :, inputs["input_ids"].shape[1] :
    ]
    ended = (ids == model.generation_config.eos_token_id).any(dim=1)
    parsed = sum(
        _defines(extract_code(text), p.entry_point)
        for text, p in zip(tokenizer.batch_decode(ids, skip_special_tokens=True), problems, strict=True)
    )
    assert ended.float().mean() > 0.8
    assert parsed > 0.8 * len(problems)


def test_base_model_finds_and_repeats_a_row_of_code_that_it_has_not_seen(model, tokenizer) -> None:
    right = asked = 0
    for function in UNSEEN:
        code = inspect.getsource(function).strip("\n").split("\n")[:20]
        shown = "\n".join(f"{number}| {row}" for number, row in enumerate(code, 1))
        for wanted in (2, len(code) // 2, len(code)):
            chat = [{"role": "user", "content": f"Give row {wanted} again.\n{shown}"}]
            inputs = tokenizer.apply_chat_template(
                chat, add_generation_prompt=True, return_tensors="pt", return_dict=True
            )
            ids = model.generate(**inputs, do_sample=False, max_new_tokens=64)[0, inputs["input_ids"].shape[1] :]
            right += tokenizer.decode(ids, skip_special_tokens=True) == f"{wanted}| {code[wanted - 1]}"
            asked += 1
    assert right >= asked / 2


def _defines(code: str, name: str) -> bool:
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return False
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body)
