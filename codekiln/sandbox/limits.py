"""Resource limits of one program."""

from pydantic import BaseModel, ConfigDict, Field


class Limits(BaseModel):
    """Limits on one run of one program; a program may have threads, but never a second process."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    cpu_seconds: int = Field(10, ge=1, description="CPU time of all threads together, whole seconds")
    wall_seconds: float = Field(30.0, gt=0, description="real time, for programs that sleep or wait")
    memory_mb: int = Field(1024, ge=64, description="address space in MiB; it bounds the number of threads too")
    file_mb: int = Field(16, ge=1, description="bytes in the private folder, in MiB, and 1000 files")
    output_kb: int = Field(1024, ge=1, description="printed text, and separately all results, in KiB")
