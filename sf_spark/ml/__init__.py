"""Models: what they learn from, how they are judged, tracked, explained and applied."""

import os

# Read when mlflow is imported, hence here: no usage statistics leave the machine, and nothing is said about a missing
# git or the speed of a copy.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
# Read when scikit-learn is imported. Threads that spin while they wait starve one another on a machine that is busy
# with something else, such as Spark itself: one fit took 60 s instead of 5.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
