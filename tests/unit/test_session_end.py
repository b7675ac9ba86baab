"""A process that is done leaves no Java behind: whoever started it may remove its folder at once."""

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
    reader, writer = os.pipe()  # Java inherits the end that writes: as long as it lives, the other end sees no end
    started = subprocess.Popen([sys.executable, "-c", _SESSION], cwd=PROJECT_ROOT, stdout=writer, stderr=writer)
    os.close(writer)
    assert started.wait(timeout=120) == 0
    os.set_blocking(reader, False)
    while os.read(reader, 65536):  # BlockingIOError: somebody still holds it
        pass
    os.close(reader)
