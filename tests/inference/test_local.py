import pytest

from codekiln.errors import InputError
from codekiln.inference import Sampling
from tests import toy_models as toy

PROMPTS = [toy.question(number) for number in (1, 10, 100, 1000, 2, 20)]
ARCHITECTURES = ["Qwen3ForCausalLM", "Qwen2ForCausalLM", "Gemma3ForCausalLM"]


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bases")
    return {name: toy.make(folder / name, name) for name in ARCHITECTURES}


@pytest.fixture(scope="module")
def adapter(bases, tmp_path_factory):
    """An adapter with weights large enough to change what is said."""
    import torch
    from peft import LoraConfig, get_peft_model

    from codekiln import models
    from codekiln.models.loading import load_model

    torch.manual_seed(1)
    wrapped = get_peft_model(
        load_model(models.get(str(bases[ARCHITECTURES[0]]))),
        LoraConfig(
            r=4, lora_alpha=8, target_modules=["q_proj", "down_proj"], init_lora_weights=False, task_type="CAUSAL_LM"
        ),
    )
    folder = tmp_path_factory.mktemp("adapter")
    wrapped.save_pretrained(folder)
    return folder


def generator(base, adapter=None, **options):
    from codekiln.inference.local import LocalGenerator

    return LocalGenerator(str(base), adapter, **options)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_greedy_decoding_equals_generate_of_transformers(bases, architecture):
    """Also past the sliding window, across growths of the cache, and in batches of unequal prompts."""
    import torch

    local = generator(bases[architecture], batch_size=4)
    tokenizer = local.chat.tokenizer
    texts = list(local.generate(PROMPTS, Sampling(temperature=0, n=1, max_new_tokens=90)))
    assert len({text for [text] in texts}) > 1
    for prompt, [text] in zip(PROMPTS, texts, strict=True):
        ids = torch.tensor(local.chat.prompts([prompt]))
        written = local.model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            max_new_tokens=90,
            eos_token_id=sorted(local.stop),
            pad_token_id=0,
        )[0, ids.shape[1] :]
        assert text == tokenizer.decode(written, skip_special_tokens=True, clean_up_tokenization_spaces=False)


def test_completions_depend_on_seed_and_prompt_not_on_the_batch(bases):
    sampling = Sampling(temperature=1, top_p=0.9, n=5, max_new_tokens=40, seed=3)
    texts = list(generator(bases["Qwen3ForCausalLM"], batch_size=7).generate(PROMPTS, sampling))
    whole = generator(bases["Qwen3ForCausalLM"], batch_size=512)
    assert list(whole.generate(PROMPTS[::-1], sampling))[::-1] == texts
    assert list(whole.generate(PROMPTS[2:3], sampling)) == texts[2:3]
    assert all(len(set(row)) == 5 for row in texts)
    assert list(whole.generate(PROMPTS, sampling.model_copy(update={"seed": 4}))) != texts


def test_no_special_token_is_left_in_a_text(bases):
    local = generator(bases["Gemma3ForCausalLM"])
    for row in local.generate(PROMPTS, Sampling(temperature=2, top_p=1, n=4, max_new_tokens=60)):
        assert not any(special in text for text in row for special in toy.SPECIAL["gemma"])


def test_an_adapter_changes_the_policy_and_merging_it_does_not(bases, adapter):
    import torch

    from codekiln import models
    from codekiln.models.loading import attach_adapter, load_model

    base = bases["Qwen3ForCausalLM"]
    spec = models.get(str(base))
    merged = generator(base, adapter).model
    beside = attach_adapter(load_model(spec), spec, adapter)
    ids = torch.arange(4, 40)[None]
    with torch.inference_mode():
        want, got, bare = beside(ids).logits, merged(ids).logits, load_model(spec)(ids).logits
    assert torch.allclose(got, want, rtol=1e-4, atol=1e-4)
    assert (want - bare).abs().max() > 0.1


def test_a_bfloat16_adapter_stays_beside_the_weights(bases, adapter):
    from peft import PeftModel

    local = generator(bases["Qwen3ForCausalLM"], adapter, dtype="bfloat16")
    assert isinstance(local.model, PeftModel)
    [row] = local.generate(PROMPTS[:1], Sampling(n=3, max_new_tokens=10))
    assert len(row) == 3


def test_a_folder_that_is_no_adapter_is_refused(bases, tmp_path):
    with pytest.raises(InputError, match="no adapter"):
        generator(bases["Qwen3ForCausalLM"], tmp_path)


def test_no_prompts_give_no_texts(bases):
    assert list(generator(bases["Qwen3ForCausalLM"]).generate([], Sampling())) == []


@pytest.mark.parametrize(("top_p", "temperature"), [(1.0, 1.0), (0.6, 1.0), (0.9, 2.0), (0.05, 1.0)])
def test_tokens_are_drawn_with_the_probabilities_asked_for(top_p, temperature):
    """Against the definition: keep the likeliest tokens until their sum reaches top_p, and renormalise."""
    import torch

    from codekiln.inference import decoding

    torch.manual_seed(0)
    logits = torch.randn(100) * 2
    ranked, order = torch.softmax(logits / temperature, -1).sort(descending=True)
    kept = ranked * ((ranked.cumsum(0) - ranked) < top_p)
    want = torch.zeros(100).scatter(0, order, kept / kept.sum())
    draws = 20_000
    chances = (torch.arange(draws) + 0.5) / draws
    tokens = decoding._draw(logits.expand(draws, 100), Sampling(temperature=temperature, top_p=top_p), chances)
    got = torch.bincount(tokens, minlength=100) / draws
    assert (got - want).abs().max() < 2 / draws + 1e-4


def test_what_memory_does_not_hold_at_once_is_decoded_in_parts_with_the_same_texts(bases, monkeypatch):
    import torch

    from codekiln.inference import local

    whole = list(generator(bases[ARCHITECTURES[0]]).generate(PROMPTS, Sampling(n=3, max_new_tokens=12)))
    decode, sizes = local.decode, []

    def small(model, prompts, seeds, *rest):
        sizes.append(len(prompts) * len(seeds[0]))
        if sizes[-1] > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return decode(model, prompts, seeds, *rest)

    monkeypatch.setattr(local, "decode", small)
    assert list(generator(bases[ARCHITECTURES[0]]).generate(PROMPTS, Sampling(n=3, max_new_tokens=12))) == whole
    assert sizes[0] == 18


def test_memory_that_holds_not_even_one_completion_is_an_error(bases, monkeypatch):
    import torch

    from codekiln.errors import ModelError
    from codekiln.inference import local

    def none(*arguments):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(local, "decode", none)
    with pytest.raises(ModelError, match="does not hold one completion"):
        list(generator(bases[ARCHITECTURES[0]]).generate(PROMPTS[:1], Sampling(n=2)))


def test_rows_follow_free_memory_and_the_models_shape():
    import transformers

    from codekiln.inference.local import rows_that_fit

    shape = {"num_hidden_layers": 48, "num_key_value_heads": 8, "head_dim": 256, "num_attention_heads": 16}
    config = transformers.Gemma3TextConfig(**shape, hidden_size=3840, vocab_size=262208)
    # 393 kB of cache a token: 1,500 tokens are 590 MB, and 100 GiB hold some 140 of them.
    assert rows_that_fit(config, 2, 1500, 100 * 2**30) == pytest.approx(145, rel=0.05)
    assert rows_that_fit(config, 2, 1500, 2**20) == 1
