"""Settings of the recipe student."""

from typing import Literal

from pydantic import Field, model_validator

from codekiln.recipes.student.edit_template import EDIT_TEMPLATES
from codekiln.recipes.student.split import HoldOut
from codekiln.recipes.student.templates import TEMPLATES, Template
from codekiln.recipes.student.variants import Variant
from codekiln.recipes.types import RecipeSettings


class StudentSettings(RecipeSettings):
    """Which rows are built from whose work, and how much of it is held out."""

    source: str = Field(
        "embedded",
        description="'embedded' (a synthetic class), a .jsonl file of streams, a file of rows, or a folder",
    )
    problems_file: str = Field(
        "", description="problems with their tests, or a folder of skeletons; empty: problems.json beside the source"
    )
    experiment: Literal[1, 2] = Field(2, description="1: the first, middle or last submission; 2: the next submission")
    context: bool = Field(False, description="show what the student submitted for earlier problems")
    k: int = Field(1, ge=1, description="previous submissions that are shown, in experiment 2")
    past_problems: int = Field(1, ge=1, description="earlier problems in a context, the nearest first")
    feedback: Literal["none", "turns", "history"] = Field(
        "none",
        description="the grader's feedback on each earlier submission: as the turn after it, or in one history; in "
        "experiment 2",
    )
    thinking: bool = Field(
        False,
        description="replies start with what the student thinks: that of the data, or else the teacher's; in "
        "experiment 2",
    )
    reply_form: Literal["program", "edits"] = Field(
        "program", description="a reply is the whole submission, or edits 'line N: new text', for small models"
    )
    markers: Literal["tags", "fence"] = Field(
        "tags", description="around code: <code>...</code> as in the study, or a Markdown fence, which chat models know"
    )
    pairs: bool = Field(
        True, description="also build DPO pairs: the submission over another of that student with another grade"
    )
    students: int = Field(36, ge=4, description="size of the embedded class")
    new_students: float = Field(0.2, ge=0, le=1, description="share of the students that are only evaluated on")
    new_problems: float = Field(0.25, ge=0, le=1, description="share of the problems that are only evaluated on")
    held_out_streams: float = Field(
        0.15, ge=0, le=1, description="share of the old students' streams on old problems that are only evaluated on"
    )
    new_semesters: tuple[str, ...] = Field(
        (), description="semesters whose students are only evaluated on, instead of a share"
    )
    new_problem_names: tuple[str, ...] = Field((), description="problems only evaluated on, instead of a share")
    near_duplicate: float = Field(
        0.8, gt=0, le=1, description="similarity to the code of an evaluation row from which a training row is rejected"
    )
    max_characters: int = Field(
        24_000,
        ge=400,
        description="longest row, prompt and submission; longer ones lose context, then early submissions",
    )
    neighbours: int = Field(5, ge=1, description="k of the k-th nearest real submission, the radius of coverage")
    embedding_model: str = Field(
        "", description="model whose embeddings measure distance: folder, Hub id or name; empty: syntax trees"
    )
    pseudonyms: bool = Field(True, description="replace the students' names of the source by numbers")

    @property
    def variant(self) -> Variant:
        """The variant of the data set that the run trains and evaluates on."""
        return Variant(self.experiment, self.context, self.k if self.experiment == 2 else 1)

    @property
    def template(self) -> Template:
        """How rows become conversations, and replies submissions."""
        return (EDIT_TEMPLATES if self.reply_form == "edits" else TEMPLATES)[self.markers]

    @property
    def history(self) -> bool:
        """Whether earlier submissions and feedback are in one user's turn."""
        return self.feedback == "history"

    @property
    def hold_out(self) -> HoldOut:
        """How much of the data is held out of training."""
        return HoldOut(
            self.new_students, self.new_problems, self.held_out_streams, self.new_semesters, self.new_problem_names
        )

    @model_validator(mode="after")
    def _is_consistent(self) -> "StudentSettings":
        if self.feedback != "none" and self.experiment == 1:
            raise ValueError(
                "feedback follows earlier submissions, and experiment 1 shows none: set experiment = 2, or "
                "feedback = none"
            )
        if self.thinking and self.experiment == 1:
            raise ValueError(
                "a student thinks about an earlier submission, and experiment 1 shows none: set experiment = 2, or "
                "thinking = false"
            )
        if self.feedback == "turns" and self.reply_form == "edits":
            raise ValueError(
                "earlier submissions in turns of their own have no numbered lines to edit: set feedback = history, or "
                "reply_form = program"
            )
        return self
