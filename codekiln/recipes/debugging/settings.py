"""Settings of the debugging recipe."""

from pydantic import Field, model_validator

from codekiln.recipes.debugging.material import ReplyForm
from codekiln.recipes.debugging.prompts import INSTRUCTIONS
from codekiln.recipes.types import RecipeSettings
from codekiln.sandbox.limits import Limits


class DebuggingSettings(RecipeSettings):
    """Which exercises, how many errors, and which finished examples beside them."""

    content: str = Field("", description="folder of exercises (description, correct program); empty: the shipped ones")
    requests_per_exercise: int = Field(
        3, ge=0, description="rows made of one exercise; a model memorises an exercise that has many"
    )
    least_errors: int = Field(1, ge=1, description="least number of errors in a program")
    most_errors: int = Field(3, ge=1, description="largest number of errors in a program")
    mutations_tried: int = Field(3, ge=1, description="mutations of each class that are proven, per request")
    max_program_characters: int = Field(2000, ge=1, description="exercises with longer programs are rejected")
    examples: str = Field("", description="folder of finished examples (fine-tuning-examples); empty: none")
    number_training_examples: int | None = Field(None, ge=0, description="finished training examples; empty: all")
    number_test_examples: int | None = Field(None, ge=0, description="finished test examples; empty: all")
    reply_form: ReplyForm = Field(
        "program", description="a reply holds the whole program, or edits 'line N: new text', for small models"
    )
    system_prompt: str | None = Field(None, description="the system turn of every row; empty: the reply form's own")
    replies_per_request: int = Field(
        1, ge=1, description="largest number of correct teacher replies that become rows, per request"
    )
    cpu_seconds: int = Field(1, ge=1, description="CPU time of one run of a program; the sandbox's own limit if lower")

    @property
    def instruction(self) -> str:
        """The system turn of every row."""
        return self.system_prompt or INSTRUCTIONS[self.reply_form]

    def limits(self, sandbox: Limits) -> Limits:
        """Return tighter limits than the sandbox's: many mutated programs never end."""
        cpu = min(self.cpu_seconds, sandbox.cpu_seconds)
        return sandbox.model_copy(update={"cpu_seconds": cpu, "wall_seconds": min(8.0 * cpu, sandbox.wall_seconds)})

    @model_validator(mode="after")
    def _is_consistent(self) -> "DebuggingSettings":
        if self.least_errors > self.most_errors:
            raise ValueError(f"least_errors = {self.least_errors} is more than most_errors = {self.most_errors}")
        if not self.requests_per_exercise and not self.examples:
            raise ValueError("requests_per_exercise = 0 leaves nothing to do without a folder of examples")
        if self.system_prompt is not None and not self.system_prompt.strip():
            raise ValueError("system_prompt is blank")
        return self
