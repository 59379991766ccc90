"""A small corpus, written where a test wants it: functions that can be run, and everything that must be left out."""

from pathlib import Path

GOOD = {
    "text/case.py": '''
def initials(name, sep="."):
    """Return the first letters of the words of a name.

    Words are what spaces part. The letters are joined by sep.

    :param name: The name, with spaces between its words.
    :return: The letters, as capitals.
    """
    words = name.split()
    letters = [word[0].upper() for word in words]
    return sep.join(letters)


def swap_ends(text):
    """Return the text with its first and last letters swapped.

    A text of under two letters stays as it is.

    :param text: Any text.
    :return: The text with the two letters in each other's place.
    """
    if len(text) < 2:
        return text
    first, last = text[0], text[-1]
    return last + text[1:-1] + first
''',
    "text/count.py": '''
VOWELS = "aeiou"


def is_vowel(letter):
    return letter.lower() in VOWELS


def count_vowels(text):
    """Return the number of vowels in a text.

    Parameters
    ----------
    text : str
        The text whose letters are counted.

    Returns
    -------
    int
        How many of its letters are vowels.
    """
    total = 0
    for letter in text:
        if is_vowel(letter):
            total += 1
    return total


def longest_word(line):
    """Return the longest word of a line, the first one of several.

    Parameters
    ----------
    line : str
        Words with spaces between them.

    >>> longest_word("an apple a day")
    'apple'
    """
    best = ""
    for word in line.split():
        if len(word) > len(best):
            best = word
    return best
''',
    "numbers/steps.py": '''
def clamp(value: int, low: int = 0, high: int = 10) -> int:
    """Return a value moved into the range from low to high.

    Args:
        value: The number that is moved.
        low: The least number of the range.
        high: The greatest number of the range, 10 unless it is given.

    Raises:
        ValueError: When there is no such range.
    """
    if low > high:
        raise ValueError("empty range")
    if value < low:
        return low
    return high if value > high else value


def digits_of(n: int) -> list[int]:
    """Return the decimal digits of a number, the highest first.

    Args:
        n: The number, whose sign is left out.
    """
    n = abs(n)
    found = []
    while n >= 10:
        found.append(n % 10)
        n = n // 10
    return [n] + found[::-1]
''',
    "numbers/sums.py": '''
from functools import reduce


def product(numbers):
    """Return the product of all numbers of a list.

    Args:
        numbers: The numbers; the product of none is 1.
    """
    if not numbers:
        return 1
    total = reduce(lambda left, right: left * right, numbers)
    return total


def running(values):
    """Yield the sums of the first values, one after the other.

    Args:
        values: The numbers that are added.
    """
    total = 0
    for value in values:
        total += value
        yield total
''',
    "lists/order.py": '''
def rotate(items, steps=1):
    """Return the items moved to the left by a number of steps.

    Args:
        items (list): The items in their order.
        steps (int): How far each item moves; what leaves on the left comes back on the right.
    """
    if not items:
        return items
    steps = steps % len(items)
    return items[steps:] + items[:steps]


def insert_sorted(values, value):
    """Put a value into a sorted list, before those that are equal.

    Args:
        values (list): The list, which is changed.
        value (int): What is put into it.
    """
    index = 0
    while index < len(values) and values[index] < value:
        index += 1
    values.insert(index, value)
''',
    "lists/pairs.py": '''
def chunks(items, size=2):
    """Return the items in lists of a given size, the last one shorter.

    Args:
        items (list): What is divided.
        size (int): Length of each list, at least 1.
    """
    if size < 1:
        raise ValueError("size")
    found = []
    for start in range(0, len(items), size):
        found.append(list(items[start:start + size]))
    return found


def flatten(rows):
    """Return the elements of all rows in one list.

    Args:
        rows (list): Lists of elements; what is no list is an element itself.
    """
    found = []
    for row in rows:
        if isinstance(row, list):
            found.extend(row)
        else:
            found.append(row)
    return found
''',
    "maps/invert.py": '''
def invert(mapping):
    """Return a dictionary from values to sorted lists of keys.

    Args:
        mapping (dict): What is inverted; keys and values become text.
    """
    found = {}
    for key, value in mapping.items():
        found.setdefault(str(value), []).append(str(key))
    return {key: sorted(keys) for key, keys in found.items()}


def pick(mapping, keys):
    """Return the part of a dictionary that has these keys.

    Args:
        mapping (dict): The whole dictionary.
        keys (list): The keys that are kept, where they are there.
    """
    found = {}
    for key in keys:
        if key in mapping:
            found[key] = mapping[key]
    return found
''',
    "maps/merge.py": '''
def merge(first: dict, second: dict) -> dict:
    """Return both dictionaries in one; where keys are equal, numbers are added.

    Args:
        first: One dictionary.
        second: The other, whose values win where they are no numbers.
    """
    found = dict(first)
    for key, value in second.items():
        if key in found and isinstance(value, int):
            found[key] = found[key] + value
        else:
            found[key] = value
    return found


class Scale:
    """Numbers multiplied by a factor."""

    def __init__(self, factor: int = 2):
        self.factor = factor

    def apply(self, value: int) -> int:
        """Return a value times the factor, never below zero.

        Args:
            value: The number that is scaled.
        """
        scaled = value * self.factor
        if scaled < 0:
            return 0
        return scaled
''',
    "codes/shift.py": '''
def shift(text, key=3):
    """Return the text with each small letter moved on by a key.

    The small letters from "a" to "z", 97 to 122 as numbers, are a ring of 26.

    Args:
        text (str): The text.
        key (int): How many letters each one is moved.
    """
    found = []
    for letter in text:
        if "a" <= letter <= "z":
            letter = chr((ord(letter) - 97 + key) % 26 + 97)
        found.append(letter)
    return "".join(found)


def runs(text):
    """Return each letter with how often it comes in a row.

    Args:
        text (str): The letters.
    """
    found = []
    for letter in text:
        if found and found[-1][0] == letter:
            found[-1][1] += 1
        else:
            found.append([letter, 1])
    return found
''',
    "codes/check.py": '''
def is_balanced(text):
    """Return whether each bracket of a text is closed.

    Only the brackets "(" and ")" count.

    Args:
        text (str): The text with the brackets.
    """
    depth = 0
    for letter in text:
        if letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
        if depth < 0:
            return False
    return depth == 0


def parity(data: bytes) -> int:
    """Return the number of set bits of all bytes, modulo four.

    Args:
        data: The bytes whose bits, each "1" of the binary form, are counted.
    """
    total = 0
    for byte in data:
        total += bin(byte).count("1")
    return total % 4
''',
}
BAD = {
    "test_case.py": "def test_x():\n    a = 1\n    b = 2\n    c = 3\n    assert a + b == c\n",
    "tests/helpers.py": "def helper(a):\n    b = a\n    c = b\n    d = c\n    return d\n",
    "_vendor/lib.py": "def vendored(a):\n    b = a\n    c = b\n    d = c\n    return d\n",
    "broken.py": "def broken(:\n    return\n",
    "latin.py": b"def latin():\n    return '\xe9'\n",
    "side_effect.py": "raise SystemExit('this module was imported')\n",
    "more.py": '''
import os
import requests
from . import case


def unfinished(n):
    """Return a number."""
    # TODO: the other case
    if n:
        return n
    return 0


def abstract(n):
    """Return a number that a subclass knows.

    It is never called here.
    """
    raise NotImplementedError


def reads_a_file(path):
    """Return the text of a file."""
    with open(path) as file:
        text = file.read()
    lines = text.split()
    return lines


def asks_the_net(url):
    """Return the text of a page."""
    page = requests.get(url)
    text = page.text
    lines = text.split()
    return lines


def asks_a_neighbour(name):
    """Return the initials of a name, and the name."""
    found = case.initials(name)
    pair = found, name
    text = str(pair)
    return text


def asks_the_machine(name):
    """Return a variable of the environment."""
    found = os.environ.get(name)
    if found is None:
        return ""
    return found


def asks_nobody_knows_whom(n):
    """Return what a helper makes of a number."""
    found = helper_that_is_nowhere(n)
    if found is None:
        return ""
    return found


def always_one(n):
    """Return one, whatever the number is."""
    if n:
        pass
    found = 1
    return found


def always_raises(n):
    """Return nothing, ever."""
    text = str(n)
    if text or not text:
        raise ValueError(text)
    return text


def shift(text, key=3):
    """Return the text with each small letter moved on by a key, once more.

    The small letters from "a" to "z", 97 to 122 as numbers, are a ring of 26.

    Args:
        text (str): The text.
        key (int): How many letters each one is moved.
    """
    found = []
    for letter in text:
        if "a" <= letter <= "z":
            letter = chr((ord(letter) - 97 + key) % 26 + 97)
        found.append(letter)
    return "".join(found)
''',
}


def write(folder: Path, *, bad: bool = False) -> Path:
    """Write the corpus, with what must be left out where ``bad``, and return its folder."""
    for path, text in (GOOD | (BAD if bad else {})).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.lstrip("\n").encode())
    return folder
