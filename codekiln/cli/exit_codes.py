"""Exit codes of commands. Those of a job's processes are in `codekiln.launch.exit_codes`, and mean other things."""

DONE = 0
# It did not work, or what was checked (programs, files, an export) is not right.
FAILED = 1
# The user has to correct something.
USER_ERROR = 2
# All went well, and the answer is no: the gate did not promote, or a promotion does not hold.
NOT_PROMOTED = 4
