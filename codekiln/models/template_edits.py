"""What codekiln changes of a chat template, written in Jinja: the changed template is asked everywhere.

Training, sampling, judging and whoever loads an exported model render the same text, because all of them render the
same template, without arguments.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

DAY = date(2024, 7, 26)
"""The day that stands in prompts in place of today's; Llama's templates take it where they know no other."""

_MACROS = (
    "{%- macro codekiln_text(content) %}{% if content is string %}{{ content }}{% else %}"
    "{% for part in content %}{{ part['text'] }}{% endfor %}{% endif %}{% endmacro %}"
    "{%- macro codekiln_joined(one, other) %}"
    "{{ codekiln_text(one) + '\\n\\n' + codekiln_text(other) }}{% endmacro %}"
    "{%- set codekiln = namespace(system='', turns=[]) %}"
)
# A system turn waits for the user's turn after it, and is put before its text.
_WAIT = (
    "{%- if turn['role'] == 'system' %}{%- set codekiln.system = codekiln_joined(codekiln.system, turn['content']) "
    "if codekiln.system else codekiln_text(turn['content']) %}{%- else %}"
    "{%- if turn['role'] == 'user' and codekiln.system %}"
    "{%- set turn = {'role': 'user', 'content': codekiln_joined(codekiln.system, turn['content'])} %}"
    "{%- set codekiln.system = '' %}{%- endif %}"
)
_ADD = "{%- set codekiln.turns = codekiln.turns + [turn] %}"
_JOIN = (
    "{%- if turn['role'] == 'user' and codekiln.turns and codekiln.turns[-1]['role'] == 'user' %}"
    "{%- set codekiln.turns = codekiln.turns[:-1] + [{'role': 'user', 'content': "
    "codekiln_joined(codekiln.turns[-1]['content'], turn['content'])}] %}"
    "{%- else %}" + _ADD + "{%- endif %}"
)


@dataclass(frozen=True)
class Edits:
    """Changes of a chat template.

    Attributes:
        arguments: What the template gets as arguments.
        pin_date: Whether ``strftime_now`` gives `DAY`.
        merge_system: Whether the text of a system turn is put before that of the user's turn after it.
        join_users: Whether turns of the user that follow each other become one.
        opening: Text after the prompt for a reply.
    """

    arguments: dict[str, Any] = field(default_factory=dict)
    pin_date: bool = False
    merge_system: bool = False
    join_users: bool = False
    opening: str = ""

    def apply(self, template: str) -> str:
        """Return the changed template."""
        # Jinja reads Python's literals.
        first = "".join(f"{{%- set {name} = {value!r} %}}" for name, value in self.arguments.items())
        first += _pinned_date(template) if self.pin_date else ""
        first += self._turns() if self.merge_system or self.join_users else ""
        # The environment of chat templates drops a line end after a block, so the template starts a line as before.
        before = f"{first}\n" if first else ""
        if not self.opening:
            return before + template
        # Jinja drops one line end at the end of a template, which would be inside of this one.
        after = f"{{{{ {self.opening!r} if add_generation_prompt else '' }}}}"
        return before + template.removesuffix("\n") + after

    def _turns(self) -> str:
        add = _JOIN if self.join_users else _ADD
        wait, end, rest = "", "", ""
        if self.merge_system:
            wait, end = _WAIT, "{%- endif %}"
            # No user's turn came after it.
            turn = "{%- set turn = {'role': 'user', 'content': codekiln.system} %}"
            rest = "{%- if codekiln.system %}" + turn + add + "{%- endif %}"
        loop = "{%- for turn in messages %}" + wait + add + end + "{%- endfor %}"
        return _MACROS + loop + rest + "{%- set messages = codekiln.turns %}"


def _pinned_date(template: str) -> str:
    forms = sorted({match[2] for match in re.finditer(r"strftime_now\(\s*(['\"])(.*?)\1", template)})
    days = {form: DAY.strftime(form) for form in forms}
    usual = DAY.strftime("%d %b %Y")
    return f"{{%- macro strftime_now(form) %}}{{{{ {days!r}.get(form, {usual!r}) }}}}{{% endmacro %}}"
