"""Forms in which chat models write a program: it defines ``f``, which adds one, or reads a number and prints the next.

Written after replies that public graders and harnesses report as misread: thoughts of reasoning models, fences as
models of several families write them, what stands beside the program, and replies without a fence.
"""

import html
import json

F = "`" * 3
RIGHT = "def f(x):\n    return x + 1\n"
WRONG = "def f(x):\n    return x - 1\n"
HELPED = "def f(x):\n    return step(x)\n"
HELPER = "def step(x):\n    return x + 1\n"
CALLED = json.dumps({"code": RIGHT})
IPYTHON = "In [1]: def f(x):\n   ...:     return x + 1\n   ...:\n\nIn [2]: f(1)\nOut[2]: 2\n"
READS = "print(int(input()) + 1)\n"


def block(code: str, language: str = "python") -> str:
    return f"{F}{language}\n{code.rstrip(chr(10))}\n{F}\n"


def indented(code: str, by: str) -> str:
    return "".join(by + line if line.strip() else line for line in code.splitlines(keepends=True))


THOUGHTS = {
    "closed": f"<think>\nFirst:\n{block(WRONG + 'assert f(1) == 2')}No.\n</think>\n{block(RIGHT)}",
    "without an opening tag": f"First:\n{block(WRONG)}No.\n</think>\n\n{block(RIGHT)}",
    "with an open fence": f"First:\n{F}python\n{WRONG}\nNo.\n</think>\n\n{block(RIGHT)}",
    "empty, before bare code": f"<think></think>{RIGHT}",
    "two": f"<think>\n</think>\n\n<think>again</think>\n{RIGHT}",
    "of another name": f"<thinking>{WRONG}</thinking>{block(RIGHT)}",
    "after a sentence": f"Let me see.\n<think>\n{block(WRONG)}</think>\n{block(RIGHT)}",
    "in upper case": f"<THINK>\n{block(WRONG)}</THINK>\n{block(RIGHT)}",
    "with attributes": f'<think lang="en">\n{block(WRONG)}</think>\n{block(RIGHT)}',
    "between two blocks": f"{block(WRONG)}<think>No.</think>\n{block(RIGHT)}",
    "as a channel": f"<|channel|>analysis<|message|>Perhaps\n{block(WRONG)}<|end|><|start|>assistant<|channel|>final"
    f"<|message|>{block(RIGHT)}",
    "with marks of pipes": f"<|begin_of_thought|>\n{block(WRONG)}<|end_of_thought|>\n{block(RIGHT)}",
    "in brackets": f"[THINK]Perhaps\n{block(WRONG)}[/THINK]{block(RIGHT)}",
    "unclosed with a language after it": f"◁think▷Perhaps\n{block(WRONG)}◁/think▷\n{block(RIGHT)}",
}

FENCES = {
    "plain": block(RIGHT),
    "between sentences": f"Sure.\n{block(RIGHT)}It adds one.",
    "closing fence only": f"{RIGHT}{F}\n",
    "closing fence only, and a sentence": f"{RIGHT}{F}\nThis adds one.\n",
    "closing fence only, and an open block": f"{RIGHT}{F}\nUse it so:\n{F}python\nprint(f(1)\n{F}\n",
    "closing fence only, and a use": f"{RIGHT}{F}\nUse it so:\n{block('print(f(1))')}",
    "language in capitals": block(RIGHT, "Python"),
    "language with a version": block(RIGHT, "python3.11"),
    "language with a title": block(RIGHT, 'py title="f.py"'),
    "language with a file": block(RIGHT, "python:src/f.py"),
    "language with attributes": block(RIGHT, "{.python .numberLines}"),
    "language of R Markdown": block(RIGHT, "{python}"),
    "language between spaces": f"{F} python \n{RIGHT}{F}  \n",
    "no language": block(RIGHT, ""),
    "language on the line after": f"{F}\npython\n{RIGHT}{F}\n",
    "another language": block(RIGHT, "text"),
    "language code": block(RIGHT, "code"),
    "language of notebooks": block(RIGHT, "ipython"),
    "tildes": f"~~~python\n{RIGHT}~~~\n",
    "four back-ticks": f"{F}`python\n{RIGHT}{F}`\n",
    "in a block of Markdown": f"{F}`markdown\nHere:\n{block(RIGHT)}{F}`\n",
    "in a block of Markdown of three": f"{F}markdown\nHere:\n{block(RIGHT)}{F}\n",
    "never closed": f"{F}python\n{RIGHT}",
    "closed on the last line": f"{F}python\n{RIGHT.rstrip()}{F}\n",
    "opened in a sentence": f"Here it is: {F}python\n{RIGHT}{F}\n",
    "text behind the closing fence": f"{F}python\n{RIGHT}{F} This adds one.\nThat is all.\n",
    "end of turn behind the closing fence": f"{F}python\n{RIGHT}{F}<|im_end|>\n",
    "end of sequence behind the closing fence": f"{F}python\n{RIGHT}{F}</s>",
    "end of turn of Gemma": f"{F}python\n{RIGHT}{F}<end_of_turn>\n",
    "another turn": f"{block(RIGHT)}<|im_end|>\n<|im_start|>user\nAnother:\n{block(WRONG)}",
    "quoted": f"> Quoted:\n> {F}python\n> def f(x):\n>     return x + 1\n> {F}\n",
    "on one line": f"{F}python def f(x): return x + 1 {F}\n",
    "on one line in a sentence": "Use `def f(x): return x + 1` for it.\n",
    "in HTML": f'<pre><code class="language-python">{RIGHT}</code></pre>\n',
    "in tags": f"<code>\n{RIGHT}</code>\n",
    "in an answer": f"<answer>\n{block(RIGHT)}</answer>\n",
    "in an answer without a fence": f"<answer>\n{RIGHT}</answer>\n",
    "in brackets": f"[PYTHON]\n{RIGHT}[/PYTHON]\n",
    "in LaTeX": f"\\begin{{code}}\n{RIGHT}\\end{{code}}\n",
}

LISTS = {
    "numbered": f"1. Define it:\n\n{indented(block(RIGHT), '   ')}\n2. Done.\n",
    "on the bullet's line": f"* {F}python\n{indented(RIGHT, '  ')}  {F}\n",
    "behind a tab": f"1. Define it:\n\n{indented(block(RIGHT), chr(9))}",
    "fence indented, code not": f"  {F}python\n{RIGHT}  {F}\n",
    "two blocks": f"1.\n{indented(block('import math'), '   ')}2.\n\n{indented(block(RIGHT, ''), '   ')}",
    "nested": f"- First\n  - Then\n\n{indented(block(RIGHT), '    ')}",
}

BESIDE = {
    "what fails behind it": f"{block(RIGHT)}**Why the naive version fails:**\n\n{block(WRONG)}",
    "what is wrong behind it, by a comment": f"{block(RIGHT)}Compare:\n\n{block('# Incorrect' + chr(10) + WRONG)}",
    "what does not work behind it": f"### Solution\n{block(RIGHT)}The other one doesn't work:\n{block(WRONG)}",
    "a title that names the mistake": f"{block(WRONG)}The fix for the wrong sign:\n{block(RIGHT)}",
    "two that are wrong before it": f"Wrong:\n{block(WRONG)}Buggy:\n{block(WRONG)}Now:\n{block(RIGHT)}",
    "wrong alone": f"This fails for text:\n{block(RIGHT)}",
    "shell": f"{block('pip install x', 'bash')}{block(RIGHT)}",
    "pip without a language": f"{block('pip install x', '')}{block(RIGHT)}",
    "pip as Python": f"{block('!pip install x')}{block(RIGHT)}",
    "output without a language": f"{block(RIGHT)}Output:\n{block('hello', '')}",
    "output that is a number": f"{block(RIGHT)}Output:\n{block('2')}",
    "both without a language": f"{block(RIGHT, '')}Output:\n{block('2 is printed', '')}",
    "signature first": f"The signature is\n{block('def f(x):')}and so\n{block(RIGHT)}",
    "stub first": "The signature is\n" + block("def f(x):\n    ...") + "and so\n" + block(RIGHT),
    "stub last": block(RIGHT) + "as the task says:\n" + block("def f(x):\n    pass"),
    "session after it": block(RIGHT) + "Then\n" + block(">>> f(1)\n2"),
    "session of its own language": block(RIGHT) + "Then\n" + block(">>> f(1)\n2", "pycon"),
    "only a session": block(">>> def f(x):\n...     return x + 1\n...\n>>> f(1)\n2\n"),
    "wrong test": f"{block(RIGHT)}Test it:\n{block('assert f(1) == 3')}",
    "test that imports it": block(RIGHT) + block("from solution import f\nassert f(1) == 2"),
    "unittest": block(RIGHT) + block("import unittest\nfrom mine import f"),
    "use that reads": block(RIGHT) + "Use:\n" + block("n = int(input())\nprint(f(n))"),
    "wrong first": f"At first:\n{block(WRONG)}But that subtracts, so\n{block(RIGHT)}",
    "helper first": f"{block(HELPER)}{block(HELPED)}",
    "helper after it": f"{block(HELPED)}with\n{block(HELPER)}",
    "import first": block("import operator") + block("def f(x):\n    return operator.add(x, 1)"),
    "constant first": block("ONE = 1") + block("def f(x):\n    return x + ONE"),
    "star import first": block("from operator import *") + block("def f(x):\n    return add(x, 1)"),
    "JSON beside it": block('{"x": 1}', "json") + block(RIGHT),
    "another language beside it": f"{block('function f(x) {', 'js')}{block(RIGHT)}",
}

BARE = {
    "alone": RIGHT,
    "after a sentence": f"Here is the function:\n\n{RIGHT}\nThis adds one to x.\n",
    "before sentences": f"{RIGHT}\nNote that it adds one.\n- It is short.\n",
    "with a text of its own": f'Here it is:\n\nFIX = """\nAdd.\n"""\n\n{RIGHT}\nThis adds one.\n',
    "between bold titles": f"**Solution**\n\n{RIGHT}\n**Explanation**: It adds one.\n",
    "before an explanation": f"{RIGHT}\nExplanation: this adds one.\n",
    "before a question": f"{RIGHT}\nIs there anything else?\n",
    "after a short word": f"Sure!\n\n{RIGHT}",
    "after the word python": f"python\n{RIGHT}",
    "indented as Markdown's code": f"Here it is:\n\n{indented(RIGHT, '    ')}\nDone.\n",
    "indented alone": indented(RIGHT, "    "),
    "with an end of turn": f"{RIGHT.rstrip()}<|im_end|>",
    "with an end of text": f"{RIGHT}<|endoftext|>",
    "session": ">>> def f(x):\n...     return x + 1\n...\n>>> f(1)\n2\n",
    "with a heading": f"### Solution\n\n{RIGHT}",
    "with a use": f"{RIGHT}\nprint(f(1))\n",
    "in another script": f"以下是代码:\n\n{RIGHT}\n这个函数加一。\n",
}

CUT_OFF = {
    "block behind a whole one": f"{block(RIGHT)}Again:\n{F}python\ndef f(x):\n    return",
    "use in its block": f"{F}python\n{RIGHT}\n# Example\nprint(f(1",
    "main guard in its block": f'{F}python\n{RIGHT}\nif __name__ == "__main__":\n    for x in ran',
    "function behind it": f'{RIGHT}\n\ndef g(y):\n    """ You are given a list of',
    "decorated function behind it": f"{RIGHT}\n@cache\ndef g(y, ",
    "itself again": f'{RIGHT}\n\ndef f(x):\n    """Add',
}

TRIED_OUT = {
    "on the input": block(f'{RIGHT}\n# Read a number.\nn = int(input("Enter a number: "))\nprint("It is", f(n))'),
    "on the input, in a loop": block(f"{RIGHT}\nwhile True:\n    n = input()\n    print(f(int(n)))"),
    "on the input, in a function": block(f"{RIGHT}\ndef main():\n    print(f(int(input())))\n\nmain()"),
    "on the input, without a fence": f"{RIGHT}\nn = int(input())\nprint(f(n))\n",
    "by a wrong test": block(f"{RIGHT}\nassert f(1) == 3\nprint('passed')"),
    "by wrong tests in a loop": block(f"{RIGHT}\nfor x, y in [(1, 3)]:\n    assert f(x) == y"),
    "by unittest": block(f"import unittest\n{RIGHT}\nclass T(unittest.TestCase):\n    pass\n\nunittest.main()"),
    "by the call of an agent": f"Thought: I define it.\n<code>\n{RIGHT}\nfinal_answer(f(1))\n</code>",
    "and needing a name": block("ONE = 1\ndef f(x):\n    return x + ONE\n\nn = int(input())\nassert f(n)"),
}

MARKS = {
    "thought of gpt-oss without its tokens": f"analysisWe could\n{block(WRONG)}No.assistantfinal{RIGHT}",
    "thoughts of gpt-oss without its tokens": f"analysisHm.assistantanalysis{block(WRONG)}assistantfinal{block(RIGHT)}",
    "steps of an agent": f"Thought: I need code.\nAction: python_repl\nAction Input: {RIGHT}\nObservation: fine\n"
    f"Final Answer: {RIGHT}",
    "title of a page's block": f"Here it is:\n\npython\nCopy\nEdit\n{RIGHT}\nThis adds one.",
    "title of a page's block alone": f"pythonCopy code\n{RIGHT}",
    "call with a here document": json.dumps({"command": f"cat > f.py <<'EOF'\n{RIGHT}EOF\npython f.py"}),
    "thought of Seed": f"<seed:think>\nAdd one.\n</seed:think>{RIGHT}",
    "thought of Cohere": f"<|START_THINKING|>Add.<|END_THINKING|><|START_RESPONSE|>{RIGHT}<|END_RESPONSE|>",
    "thought of Gemma 4": f"<|channel>thought\nMaybe\n{block(WRONG)}No.\n<channel|>{RIGHT}<turn|>",
    "thought of Apriel": f"We could\n{block(WRONG)}[BEGIN FINAL RESPONSE]\n{RIGHT}[END FINAL RESPONSE]\n",
    "solution of Sky": f"<|begin_of_thought|>Hm.<|end_of_thought|>\n<|begin_of_solution|>{RIGHT}<|end_of_solution|>",
    "box of GLM": f"The function:\n<|begin_of_box|>{RIGHT}<|end_of_box|>",
    "tag of Llama's tools": f"<|python_tag|>{RIGHT}<|eom_id|>",
    "header of a turn": f"<|start_header_id|>assistant<|end_header_id|>\n\n{RIGHT}<|eot_id|>",
    "few shots of MBPP": f"[BEGIN]\n{RIGHT}[DONE]\n\nHere is your task: Subtract.\n[BEGIN]\n{WRONG}[DONE]\n",
    "next instruction": f"{block(RIGHT)}</s>[INST] Subtract. [/INST]\n{block(WRONG)}",
    "tag in capitals": f"Sure.\n<CODE>\n{RIGHT}</CODE>\n",
    "tag of an artifact": f'Done:\n<antArtifact type="ant.code" title="f">\n{RIGHT}</antArtifact>\nBye.',
    "tags side by side": f"<reply><about>It adds.</about><source><![CDATA[\n{RIGHT}]]></source></reply>",
    "JSON in a fence": block(json.dumps({"language": "python", "solution": RIGHT}), "json"),
    "JSON with a fence inside": json.dumps({"answer": f"So:\n{block(RIGHT)}"}),
    "JSON with line ends in texts": f'{{"code": "{RIGHT}",}}',
    "line ends escaped": block(RIGHT).replace("\n", "\\n"),
    "quotes for back-ticks": f"Here you go:\n'''python\n{RIGHT}'''\nIt adds one.",
    "label before the code": f"Answer: {RIGHT}",
    "thought of Granite": f"Here is my thought process:\n{block(WRONG)}\nHere is my response:\n{RIGHT}",
    "thought of Open WebUI": f'<details type="reasoning" done="true">\n> {block(WRONG)}</details>\n{RIGHT}',
    "prompt of Alpaca": f"{block(RIGHT)}\n### Instruction:\nSubtract.\n\n### Response:\n{block(WRONG)}",
    "turn of Vicuna": f"{RIGHT}\nHuman: Subtract.\nAssistant:\n{block(WRONG)}",
    "title before it": f"## Final solution\n{block(RIGHT)}## Tests\n{block('assert f(1) == 2')}",
    "edit": block(f"<<<<<<< SEARCH\n=======\n{RIGHT}>>>>>>> REPLACE\n"),
    "patch": block("--- /dev/null\n+++ b/f.py\n@@ -0,0 +1,2 @@\n" + indented(RIGHT, "+"), "diff"),
    "line numbers": block("1  def f(x):\n2      return x + 1\n"),
    "line numbers and bars": block("1 | def f(x):\n2 |     return x + 1\n", ""),
    "block of YAML": block("code: |\n" + indented(RIGHT, "  "), "yaml"),
    "cell of a notebook": block(json.dumps({"cells": [{"source": RIGHT.splitlines(keepends=True)}]}), "json"),
    "here document": block(f"cat > f.py << 'EOF'\n{RIGHT}EOF\npython f.py", "bash"),
    "magic of a cell": block(f"%%writefile f.py\n{RIGHT}"),
    "call of a tool": f"<tool_call>\n{json.dumps({'name': 'python', 'arguments': {'code': RIGHT}})}\n</tool_call>",
    "call of GLM": f"<tool_call>python\n<arg_key>code</arg_key>\n<arg_value>{RIGHT}</arg_value>\n</tool_call>",
    "call of Qwen": f"<tool_call>\n<function=python>\n<parameter=code>\n{RIGHT}</parameter>\n</function>\n</tool_call>",
    "call of Kimi": f"<|tool_call_begin|>functions.python:0<|tool_call_argument_begin|>{CALLED}<|tool_call_end|>",
    "call of Mistral": f"[TOOL_CALLS]python[ARGS]{CALLED}",
    "session of IPython": block(IPYTHON),
    "next file of a repository": f"{RIGHT}<file_sep>test_f.py\nfrom f import f\nprint(f(2))\n",
    "markup of a wiki": f"It adds one:\n\n{{code:python}}\n{RIGHT}{{code}}\n\nIt is simple.",
    "block of Org": f"It adds one:\n\n#+begin_src python :results output\n{RIGHT}#+end_src\n",
    "block of reStructuredText": f"It adds:\n\n.. code-block:: python\n\n{indented(RIGHT, '   ')}\nThat is it.",
    "patch of Codex": f"*** Begin Patch\n*** Add File: f.py\n{indented(RIGHT, '+')}*** Add File: test_f.py\n"
    "+from f import f\n*** End Patch",
    "blanks of a page": block(RIGHT.replace("    ", "\u00a0" * 4)),
    "blanks of a page without a fence": f"It adds one:\n\n{RIGHT.replace('    ', chr(0xA0) * 4)}\nThat is it.",
    "entities of a page": block(html.escape('def f(x):\n    if x > -1 and "a" < "b":\n        return x + 1\n')),
    "entities that are Python": block("def f(x):\n    return x + (0 &lt; 1)\n"),
    "entities in a text": block("def f(x):\n    return x + len('&lt;') - 3\n"),
    "mark inside the fence": block("\ufeff" + RIGHT),
}

READING = {
    "plain": block(READS),
    "input and output beside it": f"{block(READS)}Input:\n{block('3', '')}Output:\n{block('4', '')}",
    "wrong first": f"{block('print(int(input()))')}Better:\n{block(READS)}",
    "an example of its parts": f"Reading:\n{block('x = int(input())')}In all:\n{block(READS)}",
    "imports apart": f"{block('import sys')}{block('print(int(sys.stdin.readline()) + 1)')}",
    "bare": f"Here it is:\n\n{READS}",
    "main guard": block("def main():\n    print(int(input()) + 1)\n\n\nif __name__ == '__main__':\n    main()\n"),
}

DEFINING = {
    f"{kind}: {name}": text
    for kind, forms in (
        ("thought", THOUGHTS), ("fence", FENCES), ("list", LISTS), ("beside", BESIDE), ("bare", BARE),
        ("mark", MARKS), ("cut off", CUT_OFF), ("tried out", TRIED_OUT),
    )
    for name, text in forms.items()
}  # fmt: skip
