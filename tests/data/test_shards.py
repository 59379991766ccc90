import json

from hypothesis import given
from hypothesis import strategies as st

from codekiln.data.folders import Dataset, finish_dataset, write_dataset
from codekiln.data.records import Sample
from codekiln.data.shards import Rejected, ShardJournal, cut, write_shard

SAMPLES = [Sample(task_id=f"t{number}", solution=f"print({number})\n") for number in range(5)]


@given(st.lists(st.integers(0, 9), max_size=30), st.integers(1, 12))
def test_shards_hold_every_problem_once_and_no_more_rows_than_are_asked_for(sizes, most):
    ranges = cut(sizes, most)
    assert [number for chosen in ranges for number in chosen] == list(range(len(sizes)))
    for chosen in ranges:
        assert len(chosen) or not sizes
        assert sum(sizes[number] for number in chosen) <= most or len([1 for one in chosen if sizes[one]]) == 1


@given(st.lists(st.integers(1, 9), min_size=2, max_size=30), st.integers(1, 12))
def test_two_shards_that_follow_each_other_would_be_too_large_as_one(sizes, most):
    rows = [sum(sizes[number] for number in chosen) for chosen in cut(sizes, most)]
    firsts = [sizes[chosen[0]] for chosen in cut(sizes, most)]
    assert all(one + first > most for one, first in zip(rows, firsts[1:], strict=False))


def test_shards_read_as_one_data_set(tmp_path):
    shards = [write_shard(tmp_path, SAMPLES[:2], [Rejected("tie", SAMPLES[0])], 0, 2)]
    shards.append(write_shard(tmp_path, SAMPLES[2:], [Rejected("tie", SAMPLES[1]), Rejected("twin", SAMPLES[2])], 1, 2))
    manifest = finish_dataset(tmp_path, Sample, shards)
    data = Dataset(tmp_path, Sample)
    assert (manifest.rows, manifest.rejected) == (5, {"tie": 2, "twin": 1})
    assert data.rows() == list(data) == SAMPLES
    assert len(data) == 5
    assert SAMPLES[4] in data
    assert [path.name for path in data.files()] == ["data-00000-of-00002.jsonl", "data-00001-of-00002.jsonl"]
    assert json.loads((tmp_path / "rejected-00001-of-00002.jsonl").read_text().splitlines()[1])["reason"] == "twin"


def test_the_digest_covers_the_order_and_the_content_of_all_shards(tmp_path):
    def digest(name, *parts):
        shards = [write_shard(tmp_path / name, rows, (), number, len(parts)) for number, rows in enumerate(parts)]
        return finish_dataset(tmp_path / name, Sample, shards).sha256

    whole = write_dataset(tmp_path / "whole", SAMPLES, Sample).sha256
    found = [
        digest("one", SAMPLES),
        digest("two", SAMPLES[:2], SAMPLES[2:]),
        digest("cut", SAMPLES[:3], SAMPLES[3:]),
        digest("swapped", SAMPLES[2:], SAMPLES[:2]),
    ]
    assert found[0] == whole
    assert len(set(found)) == 4


def test_a_journal_knows_the_shards_that_are_whole_until_it_is_cleared(tmp_path):
    journal = ShardJournal(tmp_path, 3)
    assert journal.find(1) is None
    shard = write_shard(tmp_path, SAMPLES, (), 1, 3)
    journal.add(shard)
    assert ShardJournal(tmp_path, 3).find(1) == shard
    # Another number of shards has other problems in each.
    assert ShardJournal(tmp_path, 4).find(1) is None
    journal.clear()
    assert journal.find(1) is None


def test_a_shard_that_was_edited_or_lost_after_it_was_written_is_made_again(tmp_path):
    journal = ShardJournal(tmp_path, 2)
    journal.add(write_shard(tmp_path, SAMPLES, (), 1, 2))
    path = tmp_path / "data-00001-of-00002.jsonl"
    content = path.read_bytes()
    path.write_bytes(content.replace(b"print(3)", b"print(4)"))
    assert journal.find(1) is None
    path.unlink()
    assert journal.find(1) is None
    path.write_bytes(content)
    assert journal.find(1) is not None
    (tmp_path / ".shard-00001-of-00002.json").write_text("{}")
    assert journal.find(1) is None
