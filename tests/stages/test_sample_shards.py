from hypothesis import given
from hypothesis import strategies as st

from codekiln.data.folders import Dataset, write_dataset
from codekiln.data.records import Problem, Sample
from codekiln.stages.sample_shards import cut_samples

PROBLEMS = [Problem(task_id=f"t{number}", prompt="Write f.") for number in range(6)]


def sample(task, place):
    return Sample(task_id=f"t{task}", solution=f"# {place} \u2028 \u00e9\n")


@given(st.permutations(range(6)), st.lists(st.integers(0, 7), max_size=30), st.integers(1, 12))
def test_every_sample_is_in_one_shard_with_all_of_its_problem(tmp_path_factory, order, tasks, most):
    """Whatever the order of the samples; ``t6`` and ``t7`` are of other problems."""
    problems = [PROBLEMS[number] for number in order]
    folder = tmp_path_factory.mktemp("samples")
    written = {"a": [sample(task, place) for place, task in enumerate(tasks)], "b": [sample(2, "b")]}
    for name, rows in written.items():
        write_dataset(folder / name, rows, Sample)
    data = {name: Dataset(folder / name, Sample) for name in written}
    shards = cut_samples(problems, data, most, others=True)
    assert [number for shard in shards for number in shard.problems] == list(range(6))
    assert [(shard.number, shard.of) for shard in shards] == [(number, len(shards)) for number in range(len(shards))]
    for name, rows in written.items():
        found = [shard.samples(name) for shard in shards]
        for shard, chosen in zip(shards, found, strict=True):
            assert {row.task_id for row in chosen} <= {problems[number].task_id for number in shard.problems}
        known = {problem.task_id for problem in problems}
        for task in known:
            mine = [row for rows in found for row in rows if row.task_id == task]
            assert mine == [row for row in rows if row.task_id == task]
    assert all(shard.rows == len(shard.samples("a")) + len(shard.samples("b")) for shard in shards)
