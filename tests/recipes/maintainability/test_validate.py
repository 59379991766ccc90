"""Published folders of preference pairs are validated from their files alone."""

import json

import pytest

from codekiln.data.replies import extract_code
from codekiln.errors import InputErrors
from codekiln.recipes import publish
from tests.recipes.maintainability.making import built_dataset, recipe


def test_a_published_folder_is_proven_and_what_was_wrong_with_others_is_found(tmp_path):
    folder, one = tmp_path / "dataset", recipe()
    publish.publish(folder, one, built_dataset())
    assert list(one.validate(folder)) == []
    path = folder / "global_dpo_dataset.jsonl"
    first, *rest = [json.loads(line) for line in path.read_text().splitlines()]

    def found(**change):
        path.write_text("".join(json.dumps(row) + "\n" for row in [{**first, **change}, *rest]))
        return [str(error) for error in one.validate(folder)]

    stray = [{"role": "assistant", "content": "python\n" + first["chosen"][0]["content"].replace("```python", "```")}]
    assert first["stratum"] == "quality"
    assert "jsonl:1: prompt, chosen and rejected are not all lists" in found(chosen=first["chosen"][0]["content"])[0]
    assert "chosen and rejected are equal" in found(rejected=first["chosen"])[0]
    assert "the scores are" in found(chosen_score=99.0)[0]
    swapped = {"chosen": first["rejected"], "rejected": first["chosen"]}
    scores = {"chosen_score": first["rejected_score"], "rejected_score": first["chosen_score"]}
    assert "less than the margin" in found(**swapped, **scores)[0]
    assert "are not all lists" in found(prompt=None)[0]
    odd = [{"role": "user", "content": "line\u2028separators"}]
    path.write_text(json.dumps({**first, "prompt": odd}, ensure_ascii=False) + "\n")
    assert list(one.validate(folder)) == []
    assert "is no pair" in found(prompt=[3])[0]
    longer = [{"role": "assistant", "content": "import math\n" + extract_code(first["chosen"][0]["content"])}]
    assert "the scores are" in found(chosen=longer)[0]
    assert found(chosen=stray) == []  # words around the fence are no part of the program
    del first["metric"]
    assert "has the fields" in found()[0]


def test_pairs_that_break_the_rules_are_never_published(tmp_path):
    one, whole = recipe(), built_dataset()
    pair = whole.rows.pairs[0]
    whole.rows.pairs[0] = pair.model_copy(update={"chosen": pair.rejected, "rejected": pair.chosen})
    with pytest.raises(InputErrors, match="the scores are"):
        publish.publish(tmp_path / "dataset", one, whole)
