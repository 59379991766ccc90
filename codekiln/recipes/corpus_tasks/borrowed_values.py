"""Values that the doctest examples of a corpus give to a name, such as ``G = nx.path_graph(4)``.

A parameter of that name takes the same values: authors name alike what is alike.
"""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from codekiln.data import normalise
from codekiln.recipes.corpus_tasks.functions import Function
from codekiln.recipes.corpus_tasks.source import Corpus
from codekiln.recipes.corpus_tasks.type_inference import is_certain

_ASSIGNED = re.compile(r"^[ \t]*>>> (\w+) = (\w+\.[\w.]+\([^\n#]{0,60}\))[ \t]*$", re.M)
_IMPORTED = re.compile(r"^[ \t]*(?:>>> )?(import [\w.]+(?: as \w+)?)[ \t]*$", re.M)
_MAX_FILES = 400
_MAX_VALUES = 6


@dataclass(frozen=True)
class BorrowedValues:
    """Values by the name of the parameter, and the import that each module name in them needs."""

    values: Mapping[str, tuple[str, ...]]
    imports: Mapping[str, str]

    def of(self, function: Function) -> dict[str, tuple[str, ...]]:
        """Return the values of a function's parameters whose type nothing else tells."""
        names = [item.name for item in function.parameters if not is_certain(item, function)]
        return {name: self.values[name] for name in names if name in self.values}

    def setup(self, text: str) -> str:
        """Return the imports that a text with such values needs."""
        return "\n".join(line for name, line in self.imports.items() if re.search(rf"(?<![\w.]){name}\.", text))


NOTHING = BorrowedValues({}, {})


def borrow_values(corpus: Corpus) -> BorrowedValues:
    """Return the values in the examples of a corpus, the most frequent ones of each name."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    imports: Counter[str] = Counter()
    for path in corpus.paths()[0][:_MAX_FILES]:
        source = corpus.read(path)
        if isinstance(source, str) or ">>>" not in source.text:
            continue
        imports.update(_IMPORTED.findall(source.text))
        for name, value in _ASSIGNED.findall(source.text):
            found[name][value] += 1
    known: dict[str, str] = {}
    for line, _ in imports.most_common():
        known.setdefault(line.split()[-1].split(".")[0], line)
    values = {
        name: tuple([value for value, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
                     if _stands_alone(value, known)][:_MAX_VALUES])
        for name, counted in found.items()
    }  # fmt: skip
    used = {
        name: line
        for name, line in known.items()
        if any(f"{name}." in text for some in values.values() for text in some)
    }
    return BorrowedValues({name: some for name, some in values.items() if some}, used)


def _stands_alone(value: str, imports: Mapping[str, str]) -> bool:
    """Tell whether an expression reads nothing but modules that can be imported."""
    try:
        tree = normalise.parse(value)
    except SyntaxError:
        return False
    return all(item.id in imports for item in ast.walk(tree) if isinstance(item, ast.Name))
