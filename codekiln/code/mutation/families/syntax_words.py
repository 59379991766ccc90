"""Syntax errors in words: keywords that are misspelt, missing, from other languages, or glued to what follows."""

import ast
import keyword
import tokenize
from collections.abc import Iterator
from itertools import pairwise

from codekiln.code.mutation.blocks import headers, shown_line
from codekiln.code.mutation.kinds import Edits, TextEdit, family
from codekiln.code.mutation.source import SourceCode, Token
from codekiln.code.syntax import FUNCTIONS

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


def _keywords(source: SourceCode) -> Iterator[tuple[int, Token]]:
    """Yield the keywords of the program, with a running number."""
    found = (token for token in source.tokens if token.kind == tokenize.NAME and keyword.iskeyword(token.text))
    return enumerate(found)


@family("syntax", "CodeLab", "Mueller", keywords=_KEYWORD)
def misspelt_keyword(source: SourceCode) -> Edits:
    """A keyword is misspelt."""
    for turn, token in _keywords(source):
        if typos := _TYPOS.get(token.text):
            wrong = typos[turn % len(typos)]
            why = f"The keyword `{token.text}` is misspelt as `{wrong}`."
            yield TextEdit(token.span, wrong, f"the keyword `{wrong}`", why, (token.text, wrong))


@family("syntax", "Mueller", keywords=("capital", "capitalised", "capitalized", "case", "lower", "small", *_KEYWORD))
def capitalised_keyword(source: SourceCode) -> Edits:
    """A keyword is written with a capital letter."""
    for turn, token in _keywords(source):
        if token.text.islower():
            wrong = token.text.upper() if turn % 4 == 3 else token.text.capitalize()
            why = f"The keyword `{token.text}` is written as `{wrong}`, but keywords are written with small letters."
            yield TextEdit(token.span, wrong, f"the keyword `{wrong}`", why, (token.text,))


@family("syntax", "Altadmri 2015", "Alzahrani 2021", keywords=("keyword",))
def foreign_keyword(source: SourceCode) -> Edits:
    """A word or sign of another language stands where Python has a keyword: `function`, `else if`, `&&`."""
    for _, token in _keywords(source):
        if wrong := _FOREIGN.get(token.text):
            why = f"Python has no `{wrong}`: the keyword `{token.text}` is needed."
            yield TextEdit(token.span, wrong, f"the word `{wrong}`", why, (token.text, wrong))


@family("syntax", "SIDE", keywords=("keyword", "missing"))
def missing_keyword(source: SourceCode) -> Edits:
    """The keyword at the start of a header is missing."""
    for header in headers(source):
        word, after = header.word, header.start + len(header.word)
        if word in ("def", "for", "while", "if", "elif", "class") and source.text[after : after + 1] == " ":
            why = f"The keyword `{word}` at the start of the header is missing."
            yield TextEdit((header.start, after + 1), "", f"the missing `{word}`", why, (word,))


@family("syntax", "SIDE", "CodeLab", keywords=("in", "keyword", "missing", "loop"))
def missing_in(source: SourceCode) -> Edits:
    """The word `in` of a loop is missing."""
    for node in source.each(ast.Name, ast.Tuple):
        parent = source.parents[node]
        if isinstance(parent, ast.For | ast.comprehension) and node is parent.target:
            (start, end), values = source.operator(node, parent.iter), shown_line(source.code(parent.iter))
            why = f"The word `in` is missing between `{source.code(node)}` and `{values}`."
            yield TextEdit((start, end + 1), "", f"the loop over `{values}`", why)


@family("syntax", "CodeLab", keywords=("space", "spaces", "keyword"))
def glued_keyword(source: SourceCode) -> Edits:
    """The space after a keyword is missing."""
    for token, after in pairwise(source.tokens):
        words = token.kind == after.kind == tokenize.NAME and keyword.iskeyword(token.text)
        if words and source.text[token.end : after.start] == " ":
            glued = token.text + after.text
            why = f"The space after the keyword `{token.text}` is missing, so Python reads the word `{glued}`."
            yield TextEdit((token.end, after.start), "", f"the word `{glued}`", why, (token.text, glued.lower()))


@family("syntax", "Alzahrani 2021", keywords=("else", "condition", "elif"))
def else_with_condition(source: SourceCode) -> Edits:
    """An `else` has a condition."""
    for header in headers(source):
        if header.word == "else" and isinstance(header.node, ast.If):
            code, end = source.code(header.node.test), header.start + len("else")
            if "\n" not in code:
                why = "The `else` has a condition, but only `if` and `elif` can have one."
                yield TextEdit((end, end), f" not ({code})", "the `else` with a condition", why)


@family("syntax", "Altadmri 2015", keywords=("type", "declare", "declared", "declaration"))
def type_before_name(source: SourceCode) -> Edits:
    """A variable or parameter is declared with its type before its name, as in other languages."""
    for node in source.each(ast.Assign, ast.arg):
        target, word = (node.targets[0], "var") if isinstance(node, ast.Assign) else (node, "int")
        match target:
            case ast.Name(id=name) | ast.arg(arg=name) if name not in ("self", "cls"):
                why = f"The word `{word}` stands before `{name}`, but names have no declared type in Python."
                yield TextEdit(source.before(target), f"{word} ", f"the word `{word}` before `{name}`", why, (word,))


@family("syntax", "Altadmri 2015", "SIDE", keywords=("brackets", "parentheses", "bracket", "parameters", "()"))
def missing_parameter_brackets(source: SourceCode) -> Edits:
    """The brackets after the name of a function in its definition are missing."""
    for node in source.each(*FUNCTIONS):
        own = node.args
        if own.args or own.vararg or own.kwonlyargs or own.kwarg:
            continue
        tokens = source.between(source.start(node), source.start(node.body[0]))
        opening, closing = next(pair for pair in pairwise(tokens) if pair[0].text == "(")
        why = f"The brackets after the name `{node.name}` in its definition are missing."
        yield TextEdit((opening.start, closing.end), "", f"the definition of `{node.name}`", why)
