from codekiln.training.packing.layout import Parts, pack

PAIR = {"prompt_ids": [1, 2], "chosen_ids": [3, 4], "rejected_ids": [5]}


def test_a_rejected_completion_follows_the_prompt_as_if_the_chosen_one_were_not_there():
    packed = pack([PAIR, {"prompt_ids": [6], "chosen_ids": [7], "rejected_ids": [8, 9]}])
    assert packed.ids.tolist() == [[1, 2, 3, 4, 5, 6, 7, 8, 9]]
    assert packed.positions.tolist() == [[0, 1, 2, 3, 2, 0, 1, 1, 2]]
    assert packed.targets.tolist() == [3, 4, 5, 7, 8, 9]
    assert packed.ids[0, packed.sources].tolist() == [2, 3, 2, 6, 6, 8]
    assert packed.owners.tolist() == [0, 0, 1, 2, 3, 3]


def test_an_example_is_scored_where_it_has_labels():
    packed = pack([{"input_ids": [1, 2, 3], "labels": [-100, 2, 3]}, {"input_ids": [4, 5], "labels": [-100, 5]}])
    assert packed.positions.tolist() == [[0, 1, 2, 0, 1]]
    assert packed.targets.tolist() == [2, 3, 5]
    assert packed.sources.tolist() == [0, 1, 3]
    assert packed.owners.tolist() == [0, 0, 1]


def test_what_a_token_sees():
    assert Parts(2, 2, 1).mask(None).int().tolist() == [
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 1, 1, 0, 0],
        [1, 1, 1, 1, 0],
        [1, 1, 0, 0, 1],
    ]


def test_a_window_counts_positions_and_not_places():
    """The rejected token is at position 2, and sees the prompt's last token at position 1."""
    assert Parts(2, 2, 1).mask(2).int().tolist() == [
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [0, 1, 1, 0, 0],
        [0, 0, 1, 1, 0],
        [0, 1, 0, 0, 1],
    ]
