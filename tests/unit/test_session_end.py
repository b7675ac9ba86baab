"""A finished process leaves no Java behind, so its folder can be removed at once."""

import os
import subprocess
import sys

from sf_spark.settings import PROJECT_ROOT

_SESSION = """
from sf_spark.session import build_session, end_session
from sf_spark.settings import load_settings

for name in ("first", "second"):
    spark = build_session(load_settings("test"), name)
    assert spark.range(3).count() == 3
    end_session(spark)
"""


def test_no_process_outlives_the_session_and_another_one_can_follow_it() -> None:
    reader, writer = os.pipe()  # Java inherits the writing end: while it is alive, the reading end sees no end of file
    started = subprocess.Popen([sys.executable, "-c", _SESSION], cwd=PROJECT_ROOT, stdout=writer, stderr=writer)
    os.close(writer)
    assert started.wait(timeout=120) == 0
    os.set_blocking(reader, False)
    while os.read(reader, 65536):  # BlockingIOError: the writing end is still open
        pass
    os.close(reader)
