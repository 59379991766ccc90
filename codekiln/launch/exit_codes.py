"""Exit codes of a job's processes, by which operators and steps tell why a job ended."""

# The user has to correct something: no operator restarts the pod, and no retry of the step repeats the job.
USER_ERROR = 2
# No step waits for the job any more.
ABANDONED = 3
# Stopped by SIGTERM (128 + 15), after a checkpoint.
SIGTERM = 143
