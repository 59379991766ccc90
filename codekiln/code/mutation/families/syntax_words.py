"""Syntax errors in words: keywords that are misspelt, missing, from other languages, or glued to what follows."""

import ast
import keyword
import tokenize
from collections.abc import Iterator

from codekiln.code.mutation.blocks import headers, short
from codekiln.code.mutation.kinds import Edit, family
from codekiln.code.mutation.source import FUNCTIONS, Source, Token

_TYPOS = {
    "while": ("whlie", "wihle"),
    "else": ("esle", "els"),
    "elif": ("elfi", "elsif"),
    "return": ("retrun", "retun"),
    "def": ("dfe", "de"),
    "for": ("fro", "fr"),
    "if": ("fi", "iff"),
    "in": ("ni", "inn"),
    "and": ("adn", "an"),
    "or": ("ro", "orr"),
    "not": ("nto", "nott"),
    "import": ("improt", "imprt"),
    "from": ("form", "fron"),
    "class": ("calss", "clas"),
    "lambda": ("lamda", "lambada"),
    "try": ("tyr", "tri"),
    "except": ("exept", "expect"),
    "with": ("wiht", "wth"),
    "break": ("brake",),
    "raise": ("rasie",),
    "is": ("si",),
}
_FOREIGN = {"def": "function", "elif": "else if", "and": "&&", "or": "||", "except": "catch", "not": "!", "try": "do"}
_KEYWORD = ("keyword", "misspelt", "misspelled", "spelling", "spelt", "typo", "word")


def keywords(source: Source) -> Iterator[tuple[int, Token]]:
    """Yield the keywords of the program, with a running number."""
    found = (token for token in source.tokens if token.kind == tokenize.NAME and keyword.iskeyword(token.text))
    return enumerate(found)


@family("syntax")
def misspelt_keyword(source: Source) -> Iterator[Edit]:
    """A keyword is misspelt.

    Source: CodeLab; Mueller.
    """
    for turn, token in keywords(source):
        if typos := _TYPOS.get(token.text):
            wrong = typos[turn % len(typos)]
            yield Edit(
                token.start,
                token.end,
                wrong,
                f"the keyword `{wrong}`",
                f"The keyword `{token.text}` is misspelt as `{wrong}`.",
                (*_KEYWORD, token.text, wrong),
            )


@family("syntax")
def capitalised_keyword(source: Source) -> Iterator[Edit]:
    """A keyword is written with a capital letter.

    Source: Mueller.
    """
    for turn, token in keywords(source):
        if token.text.islower():
            wrong = token.text.upper() if turn % 4 == 3 else token.text.capitalize()
            yield Edit(
                token.start,
                token.end,
                wrong,
                f"the keyword `{wrong}`",
                f"The keyword `{token.text}` is written as `{wrong}`, but keywords are written with small letters.",
                ("capital", "capitalised", "capitalized", "case", "lower", "small", *_KEYWORD, token.text),
            )


@family("syntax")
def foreign_keyword(source: Source) -> Iterator[Edit]:
    """A word or sign of another language stands where Python has a keyword: `function`, `else if`, `&&`.

    Source: Altadmri 2015; Alzahrani 2021.
    """
    for _, token in keywords(source):
        if wrong := _FOREIGN.get(token.text):
            yield Edit(
                token.start,
                token.end,
                wrong,
                f"the word `{wrong}`",
                f"Python has no `{wrong}`: the keyword `{token.text}` is needed.",
                ("keyword", token.text, wrong),
            )


@family("syntax")
def missing_keyword(source: Source) -> Iterator[Edit]:
    """The keyword at the start of a header is missing.

    Source: SIDE.
    """
    for header in headers(source):
        after = header.start + len(header.word)
        if header.word in ("def", "for", "while", "if", "elif", "class") and source.text[after : after + 1] == " ":
            yield Edit(
                header.start,
                after + 1,
                "",
                f"the missing `{header.word}`",
                f"The keyword `{header.word}` at the start of the header is missing.",
                ("keyword", "missing", header.word),
            )


@family("syntax")
def missing_in(source: Source) -> Iterator[Edit]:
    """The word `in` of a loop is missing.

    Source: SIDE; CodeLab.
    """
    for node in source.each(ast.Name, ast.Tuple):
        parent = source.parents[node]
        if isinstance(parent, ast.For | ast.comprehension) and node is parent.target:
            start, end = source.operator(node, parent.iter)
            yield Edit(
                start,
                end + 1,
                "",
                f"the loop over `{short(source.code(parent.iter))}`",
                f"The word `in` is missing between `{source.code(node)}` and `{short(source.code(parent.iter))}`.",
                ("in", "keyword", "missing", "loop"),
            )


@family("syntax")
def glued_keyword(source: Source) -> Iterator[Edit]:
    """The space after a keyword is missing.

    Source: CodeLab.
    """
    tokens = source.tokens
    for token, after in zip(tokens, tokens[1:], strict=False):
        words = token.kind == after.kind == tokenize.NAME and keyword.iskeyword(token.text)
        if words and source.text[token.end : after.start] == " ":
            glued = token.text + after.text
            yield Edit(
                token.end,
                after.start,
                "",
                f"the word `{glued}`",
                f"The space after the keyword `{token.text}` is missing, so Python reads the word `{glued}`.",
                ("space", "spaces", "keyword", token.text, glued.lower()),
            )


@family("syntax")
def else_with_condition(source: Source) -> Iterator[Edit]:
    """An `else` has a condition.

    Source: Alzahrani 2021.
    """
    for header in headers(source):
        if header.word == "else" and isinstance(header.node, ast.If):
            code = source.code(header.node.test)
            if "\n" not in code:
                yield Edit(
                    header.start + len("else"),
                    header.start + len("else"),
                    f" not ({code})",
                    "the `else` with a condition",
                    "The `else` has a condition, but only `if` and `elif` can have one.",
                    ("else", "condition", "elif"),
                )


@family("syntax")
def type_before_name(source: Source) -> Iterator[Edit]:
    """A variable or parameter is declared with its type before its name, as in other languages.

    Source: Altadmri 2015.
    """
    for node in source.each(ast.Assign, ast.arg):
        target = node.targets[0] if isinstance(node, ast.Assign) else node
        if isinstance(target, ast.Name | ast.arg):
            name = target.id if isinstance(target, ast.Name) else target.arg
            start = source.span(target)[0]
            wrong = "var" if isinstance(node, ast.Assign) else "int"
            if name not in ("self", "cls"):
                yield Edit(
                    start,
                    start,
                    f"{wrong} ",
                    f"the word `{wrong}` before `{name}`",
                    f"The word `{wrong}` stands before `{name}`, but names have no declared type in Python.",
                    ("type", "declare", "declared", "declaration", wrong),
                )


@family("syntax")
def missing_parameter_brackets(source: Source) -> Iterator[Edit]:
    """The brackets after the name of a function in its definition are missing.

    Source: Altadmri 2015; SIDE.
    """
    for node in source.each(*FUNCTIONS):
        tokens = source.between(source.span(node)[0], source.span(node.body[0])[0])
        if node.args.args or node.args.vararg or node.args.kwonlyargs or node.args.kwarg:
            continue
        place = next(index for index, token in enumerate(tokens) if token.text == "(")
        yield Edit(
            tokens[place].start,
            tokens[place + 1].end,
            "",
            f"the definition of `{node.name}`",
            f"The brackets after the name `{node.name}` in its definition are missing.",
            ("brackets", "parentheses", "bracket", "parameters", "()"),
        )
