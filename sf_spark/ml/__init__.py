"""Models: their training rows, evaluation, tracking, explanation and use."""

import os

# Read when mlflow is imported, hence here: send no usage statistics, and do not warn about a missing git or slow
# copies.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
# Read when scikit-learn is imported. Threads that spin while waiting starve one another on a machine that is busy with
# other work, such as Spark: one fit took 60 s instead of 5.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
