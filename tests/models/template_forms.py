"""Chat templates of the forms that models have, each small and written for these tests, and what is done about it."""

from collections.abc import Mapping
from dataclasses import dataclass

OPEN = "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"
LOOP = "{%- for m in messages %}{{- '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{%- endfor %}"
CHATML = LOOP + OPEN
NO_SYSTEM = "{%- if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{%- endif %}"
ALTERNATE = (
    "{%- for m in messages %}{%- if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{%- endif %}{%- endfor %}"
)
TAKE_SYSTEM = (
    "{%- set first = '' %}{%- if messages[0]['role'] == 'system' %}{%- set first = messages[0]['content'] + '\n\n' %}"
    "{%- set messages = messages[1:] %}{%- endif %}"
)
GEMMA = (
    "{{ bos_token }}" + TAKE_SYSTEM + ALTERNATE + "{%- for m in messages %}"
    "{{- '<|im_start|>' + ('model' if m['role'] == 'assistant' else m['role']) + '\n' }}"
    "{{- (first if loop.first else '') + m['content'] | trim + '<|im_end|>\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>model\n' }}{%- endif %}"
)
# Each reply without its thought, but for the last, which gets an empty one where it has none.
QWEN3 = (
    "{%- for m in messages %}{%- set text = m['content'] %}{%- if m['role'] == 'assistant' %}"
    "{%- set text = text.split('</think>')[-1].lstrip('\n') %}"
    "{%- if loop.last %}{%- set text = '<think>\n\n</think>\n\n' + text %}{%- endif %}{%- endif %}"
    "{{- '<|im_start|>' + m['role'] + '\n' + text + '<|im_end|>\n' }}{%- endfor %}" + OPEN
)
MISTRAL = (
    "{{- bos_token }}" + TAKE_SYSTEM + ALTERNATE + "{%- for m in messages %}{%- if m['role'] == 'user' %}"
    "{{- '[INST] ' + (first if loop.last else '') + m['content'] + '[/INST]' }}"
    "{%- else %}{{- ' ' + m['content'] + eos_token }}{%- endif %}{%- endfor %}"
)
DATE = "{{- '<|im_start|>system\nToday is ' + strftime_now('%d %B %Y') + '.<|im_end|>\n' }}"
GRANITE = (
    "{%- set day = strftime_now('%B %d, %Y') %}{%- if messages[0]['role'] != 'system' %}"
    "{{- '<|im_start|>system\nToday is ' + day + '. Help.<|im_end|>\n' }}{%- endif %}" + CHATML +
    "{%- if thinking %}{{- '<think>' }}{%- endif %}"
)  # fmt: skip
HARMONY = (
    "{%- macro start(role) %}{{- '<|im_start|>' + role }}{%- endmacro %}"
    "{{- start('system') + '<|message|>Current date: ' + strftime_now('%Y-%m-%d') + '<|im_end|>' }}"
    "{%- for m in messages %}{%- if m['role'] == 'assistant' %}"
    "{{- start('assistant') + '<|channel|>final<|message|>' + m['content'] }}"
    "{{- '<|return|>' if loop.last else '<|im_end|>' }}"
    "{%- elif m['role'] == 'system' %}{{- start('developer') + '<|message|># Instructions\n\n' + m['content'] }}"
    "{{- '<|im_end|>' }}"
    "{%- else %}{{- start('user') + '<|message|>' + m['content'] + '<|im_end|>' }}{%- endif %}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant' }}{%- endif %}"
)
DEFAULT_SYSTEM = (
    "{%- if messages[0]['role'] != 'system' %}{{- '<|im_start|>system\nYou are helpful.<|im_end|>\n' }}{%- endif %}"
)
SMOLLM = (
    "{%- set mode = '/think' if enable_thinking is not defined or enable_thinking else '/no_think' %}"
    "{{- '<|im_start|>system\n' + mode + '\n' }}"
    "{%- if messages[0]['role'] == 'system' %}{{- messages[0]['content'] }}{%- set messages = messages[1:] %}"
    "{%- endif %}{{- '<|im_end|>\n' }}" + CHATML +
    "{%- if add_generation_prompt and mode == '/no_think' %}{{- '<think>\n\n</think>\n' }}{%- endif %}"
)  # fmt: skip
NO_END = LOOP.replace("+ '<|im_end|>\n'", "+ ('' if loop.last and m['role'] == 'assistant' else '<|im_end|>\n')")
SWITCH = OPEN + (
    "{%- if add_generation_prompt and enable_thinking is defined and not enable_thinking %}"
    "{{- '<think>\n\n</think>\n\n' }}{%- endif %}"
)
NO_ANSWER_LAST = (
    "{%- if messages[-1]['role'] != 'user' %}{{ raise_exception('the user speaks last') }}{%- endif %}" + CHATML
)


@dataclass(frozen=True)
class Form:
    """A template and what is done about it.

    Attributes:
        template: The template, or templates by name.
        says: The notes of `chat_form`, each by words of it, in order.
        ends: How a prompt of the user's "Q" ends.
        end: Token that ends the turn.
        turns: Whether it takes earlier turns.
    """

    template: str | Mapping[str, str]
    says: tuple[str, ...] = ()
    ends: str = "Q<|im_end|>\n<|im_start|>assistant\n"
    end: str = "<|im_end|>"
    turns: bool = True


EMPTY = "<|im_start|>assistant\n<think>\n\n</think>\n\n"
FORMS = {
    "chatml": Form(CHATML),
    "line breaks between blocks": Form(CHATML.replace("{%- ", "\n{%- ") + "\n"),
    "indented": Form("  " + CHATML.replace("{%- ", "\n    {%- ") + "\n"),
    "indented, no system role": Form(
        "    {% set x = 1 %}\n" + NO_SYSTEM + CHATML.replace("{%- ", "\n    {%- ") + "\n", ("no system role",)
    ),
    "raises on a system turn": Form(NO_SYSTEM + CHATML, ("no system role",)),
    "raises, and starts with a line end": Form("\n  " + NO_SYSTEM.replace("{%-", "{%") + CHATML, ("no system role",)),
    "drops a system turn": Form(
        CHATML.replace("for m in messages", "for m in messages if m['role'] != 'system'"), ("no system role",)
    ),
    "drops a system turn of longer talks": Form(
        "{%- if messages | length > 2 %}{%- set messages = messages[1:] if messages[0]['role'] == 'system' "
        "else messages %}{%- endif %}" + CHATML,
        ("no system role",),
    ),
    "requires alternation": Form(ALTERNATE + CHATML, ("no system role", "have to alternate")),
    "puts the system's text into the user's first turn, trims": Form(
        GEMMA, ("have to alternate",), "Q<|im_end|>\n<|im_start|>model\n"
    ),
    "system in the user's last turn, space before a reply": Form(
        MISTRAL, ("have to alternate",), "[INST] Q[/INST]", "<eos>"
    ),
    "a default system turn": Form(DEFAULT_SYSTEM + CHATML, ("You are helpful",)),
    "today's date": Form(DATE + CHATML, ("date is 26 Jul 2024",)),
    "today's date in a default system turn, thinking by argument": Form(
        GRANITE, ("date is 26 Jul 2024", "Today is July 26, 2024. Help")
    ),
    "date asked for where it is defined": Form(
        "{%- if strftime_now is defined %}{%- set day = strftime_now(\"%d %b %Y\") %}{%- else %}{%- set day = '' %}"
        "{%- endif %}{{- '<|im_start|>system\nToday: ' + day + '<|im_end|>\n' }}" + CHATML,
        ("date is 26 Jul 2024",),
    ),
    "channels": Form(
        HARMONY,
        ("date is 26 Jul 2024", "leaves out what starts a reply"),
        "Q<|im_end|><|im_start|>assistant<|channel|>final<|message|>",
        "<|return|>",
    ),
    "opens a thought": Form(
        CHATML.replace("assistant\n", "assistant\n<think>\n"), ("opens a thought, which is closed",), EMPTY
    ),
    "opens a thought without a line end": Form(
        CHATML.replace("assistant\n", "assistant\n<think>"), ("opens a thought, which is closed",), EMPTY
    ),
    "opens a thought in brackets": Form(
        CHATML.replace("assistant\n", "assistant\n[THINK]"),
        ("opens a thought, which is closed",),
        "[THINK]\n\n[/THINK]\n\n",
    ),
    "opens a thought, writes an empty one": Form(
        QWEN3.replace(OPEN, OPEN.replace("assistant\n", "assistant\n<think>\n")),
        ("opens a thought, which is closed",),
        EMPTY,
    ),
    "writes an empty thought in the last turn": Form(QWEN3, ("an empty thought before a reply",), EMPTY),
    "writes an empty thought in every turn": Form(
        QWEN3.replace("{%- if loop.last %}", "{%- if true %}"), ("an empty thought before a reply",), EMPTY
    ),
    "thinking by argument": Form(QWEN3.replace(OPEN, SWITCH), ("thinking is off (enable_thinking=False)",), EMPTY),
    "thinking by argument, in the system turn too": Form(
        SMOLLM,
        ("thinking is off (enable_thinking=False)",),
        "Q<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n",
    ),
    "thinking by a budget": Form(
        CHATML + "{%- if add_generation_prompt and thinking_budget is defined and thinking_budget == 0 %}"
        "{{- '<seed:think>\n</seed:think>' }}{%- endif %}",
        ("thinking is off (thinking_budget=0)",),
        "assistant\n<seed:think>\n</seed:think>",
    ),
    "thinking by another argument": Form(
        CHATML + "{%- if add_generation_prompt %}{{- '</think>' if thinking is defined and not thinking else "
        "'<think>\n' }}{%- endif %}",
        ("thinking is off (thinking=False)",),
        "assistant\n</think>",
    ),
    "drops earlier thoughts": Form(
        CHATML.replace("+ m['content'] +", "+ m['content'].split('</think>')[-1].lstrip() +")
    ),
    "no prompt for a reply": Form(LOOP, ("leaves out what starts a reply",)),
    "a prompt for a reply after every text": Form(LOOP + "{{- '<|im_start|>assistant\n' }}"),
    "asks with another header than it writes": Form(
        LOOP + OPEN.replace("assistant", "bot"), ("asks for a reply with 'bot",), "Q<|im_end|>\n<|im_start|>bot\n"
    ),
    "asks without the line end that it writes": Form(
        LOOP + OPEN.replace("assistant\n", "assistant"), (), "Q<|im_end|>\n<|im_start|>assistant"
    ),
    "several, one of them the default": Form({"tool_use": "{{ tools }}", "default": CHATML}),
    "several, but only one": Form({"chat": CHATML}),
    "generation markers": Form(
        "{%- for m in messages %}{{- '<|im_start|>' + m['role'] + '\n' }}{%- if m['role'] == 'assistant' %}"
        "{% generation %}{{- m['content'] + '<|im_end|>' }}{% endgeneration %}{%- else %}"
        "{{- m['content'] + '<|im_end|>' }}{%- endif %}{{- '\n' }}{%- endfor %}" + OPEN
    ),
    "generation markers, no system role": Form(
        NO_SYSTEM + "{%- for m in messages %}{{- '<|im_start|>' + m['role'] + '\n' }}{%- if m['role'] == 'assistant' %}"
        "{% generation %}{{- m['content'] + '<|im_end|>' }}{% endgeneration %}{%- else %}"
        "{{- m['content'] + '<|im_end|>' }}{%- endif %}{{- '\n' }}{%- endfor %}" + OPEN,
        ("no system role",),
    ),
    "start of text twice": Form("{{- bos_token + bos_token }}" + CHATML, ("begins with <bos> twice",)),
    "an end of the turn that is no token": Form(
        CHATML.replace("im_end", "end_here"),
        ("ends a turn with '<|end_here|>', which is no token here",),
        "Q<|end_here|>\n<|im_start|>assistant\n",
        "<eos>",
    ),
    "no end of the last turn": Form(NO_END + OPEN, ("does not end the last turn",)),
    "no end of any turn": Form(
        "{%- for m in messages %}{{- m['role'] + ': ' + m['content'] + '\n' }}{%- endfor %}"
        "{%- if add_generation_prompt %}{{- 'assistant: ' }}{%- endif %}",
        ("does not end the last turn",),
        "user: Q\nassistant: ",
        "<eos>",
    ),
    "a space before the end of the turn": Form(
        "{%- for m in messages %}{{- '<|im_start|>' + m['role'] + '\n' + m['content'] + ' ' + eos_token + '\n' }}"
        "{%- endfor %}" + OPEN,
        (),
        "Q <eos>\n<|im_start|>assistant\n",
        "<eos>",
    ),
    "trims what the assistant says": Form(CHATML.replace("m['content'] +", "m['content'].strip() +")),
    "the user speaks last": Form(NO_ANSWER_LAST),
    "one question alone": Form(
        "{%- if messages | length > 2 %}{{ raise_exception('one question') }}{%- endif %}" + CHATML,
        ("one question alone",),
        turns=False,
    ),
    "messages cut down by the template": Form(
        "{%- set messages = messages | list %}{%- macro said(m) %}{{- m['content'] }}{%- endmacro %}"
        + NO_SYSTEM
        + CHATML.replace("m['content']", "said(m)"),
        ("no system role",),
    ),
}
"""What is understood, by what is particular."""

REFUSED = {
    "no Jinja": ("{%- if true %}", "is no Jinja in line 1"),
    "unknown block": ("{%- chat %}", "is no Jinja in line 1"),
    "several without a default": ({"a": CHATML, "b": CHATML}, "has several (a, b) and none called default"),
    "none": (None, "has no chat template"),
    "empty": ("", "has no chat template"),
    "refuses everything": ("{{ raise_exception('not for chats') }}", "refuses a plain question: not for chats"),
    "wants an argument": ("{{ documents | length }}" + CHATML, "refuses a plain question: "),
    "wants content in parts": (CHATML.replace("m['content']", "m['content'][0]['text']"), "refuses a plain question"),
    "leaves the question out": (CHATML.replace("m['content']", "'x'"), "does not write what the user asks"),
    "cannot be continued": (
        CHATML.replace("assistant\n", "assistant\n<think>\n") + "{%- set add_generation_prompt = false %}",
        "cannot be continued with",
    ),
    "escapes": ("{{ ''.__class__.__mro__ }}" + CHATML, "refuses a plain question: "),
}
"""What nothing can be done about, and what is said."""
