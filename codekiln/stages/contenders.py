"""Contenders given as files of samples, and what of them can be compared; found out before anything is graded."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from codekiln.code import metrics
from codekiln.data.readers import ProblemNames
from codekiln.data.records import Problem
from codekiln.errors import InputError, InputErrors, did_you_mean
from codekiln.evaluation import measures
from codekiln.recipes.base import Recipe
from codekiln.sandbox.sample_files import numbered_samples

DEFAULT_KS = (1, 10)
_SHOWN = 3
_NAME = re.compile(r"\w[\w.-]*")


@dataclass(frozen=True)
class Contenders:
    """Files of samples by contender, in the order of comparison: the base first, the candidate last.

    Attributes:
        files: Paths of the files or folders of each contender; several are several runs, whose samples are added.
    """

    files: Mapping[str, Sequence[Path]]

    @classmethod
    def named(cls, sources: Sequence[str], base: str = "", candidate: str = "") -> "Contenders":
        """Return the contenders of words such as ``dpo=run1.jsonl``; a name that comes again adds a file.

        Args:
            sources: The words.
            base: Name of the base; default: the first name.
            candidate: Name of the candidate; default: the last name.

        Raises:
            InputError: A word has another form, a file is missing or given twice, or a name is not among the words.
        """
        files: dict[str, list[Path]] = {}
        for word in sources:
            name, path = _named_file(word)
            files.setdefault(name, []).append(path)
        _check_files(files)
        names = list(files)
        first = _chosen(base, names, "--base") or next((name for name in names if name != candidate), candidate)
        others = [name for name in names if name != first] or names
        last = _chosen(candidate, names, "--candidate") or others[-1]
        if first == last:
            what = f"'{first}' cannot be judged against itself" if len(names) > 1 else f"'{first}' has nothing to beat"
            raise InputError(what, where="contenders", fix="give at least two names, such as base=a.jsonl dpo=b.jsonl")
        return cls({name: files[name] for name in (first, *(one for one in names if one not in (first, last)), last)})

    @classmethod
    def by_benchmark(
        cls, sources: Sequence[str], benchmarks: Collection[str], base: str = "", candidate: str = ""
    ) -> "tuple[Contenders, dict[str, Contenders]]":
        """Return the contenders on the main problems and on each benchmark, whose words are as ``dpo@NAME=run.jsonl``.

        Args:
            sources: The words.
            benchmarks: Names of the benchmarks.
            base: Name of the base; default: the first name.
            candidate: Name of the candidate; default: the last name.

        Raises:
            InputError: As `named`; or a benchmark is not known, or lacks a contender or has one more.
        """
        words: dict[str, list[str]] = {name: [] for name in ("", *benchmarks)}
        for word in sources:
            head, equals, path = word.partition("=")
            name, at, benchmark = head.partition("@")
            if at and benchmark not in benchmarks:
                fix = (
                    did_you_mean(benchmark, list(benchmarks)) if benchmarks else f"add --benchmark {benchmark}=PROBLEMS"
                )
                raise InputError(f"no benchmark '{benchmark}'", where=word, fix=fix)
            words[benchmark].append(f"{name}{equals}{path}")
        main = cls.named(words[""], base, candidate)
        further = {}
        for benchmark in benchmarks:
            for name in main.files:
                if not any(word.startswith(f"{name}=") for word in words[benchmark]):
                    fix = f"add {name}@{benchmark}=SAMPLES"
                    raise InputError(f"'{name}' has no samples on it", where=f"benchmark {benchmark}", fix=fix)
            further[benchmark] = cls.named(words[benchmark], main.base, main.candidate)
            if extra := further[benchmark].files.keys() - main.files.keys():
                what = f"'{min(extra)}' has samples on it, and none of the main problems"
                raise InputError(what, where=f"benchmark {benchmark}", fix=f"add {min(extra)}=SAMPLES")
        return main, further

    @property
    def base(self) -> str:
        """The contender that the candidate has to beat."""
        return next(iter(self.files))

    @property
    def candidate(self) -> str:
        """The contender that is judged."""
        return list(self.files)[-1]

    def runs(self) -> Iterator[tuple[str, int, Path]]:
        """Yield name, number of the file among the contender's own, and path."""
        for name, paths in self.files.items():
            for number, path in enumerate(paths, 1):
                yield name, number, path


def _named_file(word: str) -> tuple[str, Path]:
    name, equals, path = word.partition("=")
    if not equals or not path or not _NAME.fullmatch(name):
        raise InputError(
            f"'{word}' is not NAME=SAMPLES", where="contenders",
            fix="for example base=a.jsonl dpo=b.jsonl; a name has letters, digits, '_', '-' and '.'",
        )  # fmt: skip
    return name, Path(path)


def _check_files(files: Mapping[str, Sequence[Path]]) -> None:
    errors = []
    for name, paths in files.items():
        for path, times in Counter(path.absolute() for path in paths).items():
            if not path.exists():
                errors.append(InputError("no such file", where=f"{name}={path}", fix="check the path"))
            elif times > 1:
                fix = "give each run once: samples that are counted twice make intervals too narrow"
                errors.append(InputError("is given twice", where=f"{name}={path}", fix=fix))
    if errors:
        raise errors[0] if len(errors) == 1 else InputErrors(errors)


def _chosen(name: str, names: Sequence[str], option: str) -> str:
    if name and name not in names:
        raise InputError(f"no contender '{name}'", where=option, fix=did_you_mean(name, names))
    return name


class Plan(NamedTuple):
    """What is compared: problems in order, samples of each, and the k of pass@k."""

    tasks: tuple[str, ...]
    samples: int
    ks: tuple[int, ...]


def plan_comparison(
    problems: Sequence[Problem],
    contenders: Contenders,
    metric: str,
    ks: Sequence[int],
    left_out: Collection[str],
    say: Callable[[str], None],
) -> Plan:
    """Return what can be compared: the problems that have samples, and as many samples as every problem has.

    Args:
        problems: All problems.
        contenders: Whose samples are counted.
        metric: The target, which has to have a better direction.
        ks: The k of pass@k that are wanted; empty: the usual ones that there are samples for.
        left_out: Problems that are not graded here.
        say: Gets a line where samples are not used.

    Raises:
        InputError: The target is none, a file cannot be read, contenders have different problems, or too few samples.
    """
    _check_target(metric, ks)
    counts = _counts(problems, contenders, left_out)
    tasks = tuple(row.task_id for row in problems if any(found[row.task_id] for found in counts.values()))
    _check_problems(contenders, counts, tasks)
    every = {name: [found[task] for task in tasks] for name, found in counts.items()}
    samples = min(map(min, every.values()))
    wanted = tuple(sorted({1, *(ks or (k for k in DEFAULT_KS if k <= samples))}))
    if wanted[-1] > samples:
        raise _too_few(contenders, counts, tasks, samples, wanted[-1])
    if len(tasks) < len(problems):
        say(f"{len(tasks)} of {len(problems)} problems have samples")
    if samples < max(map(max, every.values())):
        found = ", ".join(f"{name} {_span(numbers)}" for name, numbers in every.items())
        say(f"samples per problem: {found}; the first {samples} of each problem are compared, the others are not used")
    return Plan(tasks, samples, wanted)


def _check_target(metric: str, ks: Sequence[int]) -> None:
    if metric.startswith(measures.PASS):
        measures.look_up(Recipe, metric)  # which refuses a k that is no number
        k = int(metric.removeprefix(measures.PASS))
        if k not in {*(ks or DEFAULT_KS), 1}:
            raise InputError(f"'{metric}' is not measured", where="--metric", fix=f"add --k {k}")
        return
    if metrics.get(metric).direction == "none":
        known = [name for name in metrics.names() if metrics.get(name).direction != "none"]
        raise InputError(
            f"neither more nor less of '{metric}' is better, so the gate cannot aim at it",
            where="--metric",
            fix=f"choose one of: {', '.join(known)}",
        )


def _counts(problems: Sequence[Problem], contenders: Contenders, left_out: Collection[str]) -> dict[str, Counter[str]]:
    """Return the number of samples by contender and task id; every file is read once, and all bad ones are reported."""
    names = ProblemNames(problems)
    numbers = {row.task_id: number for number, row in enumerate(problems)}
    counts: dict[str, Counter[str]] = {name: Counter() for name in contenders.files}
    errors: list[InputError] = []
    for name, _, path in contenders.runs():
        try:
            for number, _ in numbered_samples(names, numbers, path):
                counts[name][problems[number].task_id] += 1
        except InputErrors as several:
            errors += several.errors
        except InputError as error:
            errors.append(error)
    if errors:
        raise errors[0] if len(errors) == 1 else InputErrors(errors)
    return {
        name: Counter({task: n for task, n in found.items() if task not in left_out}) for name, found in counts.items()
    }


def _check_problems(contenders: Contenders, counts: Mapping[str, Counter[str]], tasks: Sequence[str]) -> None:
    errors = []
    for name, found in counts.items():
        if lacking := [task for task in tasks if not found[task]]:
            other = next(one for one, theirs in counts.items() if theirs[lacking[0]])
            what = f"'{name}' has no samples of {len(lacking)} problems that '{other}' has samples of: {_few(lacking)}"
            fix = "add samples of them, or take their rows out of the other files"
            errors.append(InputError(what, where=_where(contenders, name), fix=fix))
    if not tasks:
        errors.append(InputError("no file has a sample that can be graded", where="contenders", fix="check the files"))
    if errors:
        raise errors[0] if len(errors) == 1 else InputErrors(errors)


def _too_few(
    contenders: Contenders, counts: Mapping[str, Counter[str]], tasks: Sequence[str], samples: int, k: int
) -> InputError:
    name, task = next((name, task) for name, found in counts.items() for task in tasks if found[task] == samples)
    return InputError(
        f"pass@{k} needs {k} samples of each problem, '{name}' has {samples} of {task}",
        where=_where(contenders, name),
        fix=f"add samples, or lower --k to {samples}",
    )


def _where(contenders: Contenders, name: str) -> str:
    return ", ".join(map(str, contenders.files[name]))


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _span(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low}" if low == high else f"{low} to {high}"
