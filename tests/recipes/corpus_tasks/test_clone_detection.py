"""Copies with other names, also inside another function."""

from codekiln.recipes.corpus_tasks.clone_detection import renamed_clones
from codekiln.recipes.corpus_tasks.functions import extract_functions
from codekiln.recipes.corpus_tasks.source import SourceFile

ORIGINAL = '''
def count_vowels(text):
    """Return the number of vowels in a text."""
    total = 0
    for letter in text:
        if is_vowel(letter):
            total += 1
    return total
'''
RENAMED = '''
def sum_of_signs(line: str) -> int:
    """Tell how often a loud sign occurs."""
    amount = 0
    for sign in line:
        if has(sign):
            amount += 1
    return amount
'''
NESTED = """
def wrapper(lines):
    def inner(line):
        amount = 0
        for sign in line:
            if has(sign):
                amount += 1
        return amount
    found = sorted(map(inner, lines), reverse=True)
    return {index: value * 2 for index, value in enumerate(found) if value > 3}
"""
OTHER = """
def longest_word(line):
    best = ""
    for word in line.split():
        if len(word) > len(best):
            best = word
    return best
"""


def functions(*texts):
    return [function for text in texts for function, _ in extract_functions(SourceFile("f.py", text), 1, 60)]


def test_a_copy_with_other_names_is_found_and_another_function_is_not():
    assert list(renamed_clones(functions(ORIGINAL, OTHER, RENAMED), 5)) == [(0, 2)]


def test_a_copy_inside_another_function_is_found_unless_it_is_short():
    assert list(renamed_clones(functions(ORIGINAL, NESTED), 5)) == [(0, 1)]
    assert list(renamed_clones(functions(ORIGINAL, NESTED), 9)) == []
