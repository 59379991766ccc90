"""Who writes the replies: the mutation engine, or a teacher."""

from codekiln.data.records import Sample


class Teacher:
    name = "endpoint"

    def solve(self, problems):
        return ((problem, [Sample(task_id=problem.task_id, solution="hm")]) for problem in problems)


def test_a_teacher_is_asked_unless_there_is_none(made):
    made_by, sets, _ = made
    assert [samples[0].solution for _, samples in made_by.generate(sets.train, Teacher())] == ["hm"] * len(sets.train)
    reference = type("Reference", (Teacher,), {"name": "reference"})()
    written = [samples[0].solution for _, samples in made_by.generate(sets.train, reference)]
    assert written == [problem.reference for problem in sets.train]
