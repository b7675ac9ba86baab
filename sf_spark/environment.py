"""Requirements of Spark on the machine: fixed where possible, otherwise reported in one line.

what is found                                   what is done
a Java older than 17, or none                   refused; a bad JAVA_HOME gives way to a java on the PATH
SPARK_HOME of another Spark                     replaced by ours, which fits the packages
PYSPARK_PYTHON of another environment           replaced by ours, if workers run on this machine
LC_ALL=POSIX                                    C.UTF-8: Java would lose the accents of file names
a user id without a name, or without a home     a name made of the id, a home in the temporary folder
"""

import os
import pwd
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, MutableMapping
from importlib.util import find_spec
from pathlib import Path

from sf_spark.errors import ConfigurationError

OLDEST_JAVA = 17
_WHERE_TO_GET = (
    "install it (Debian: apt-get install openjdk-17-jre-headless; Fedora: dnf install java-17-openjdk-headless; "
    "macOS: brew install openjdk@17) or set JAVA_HOME"
)

Environment = MutableMapping[str, str]


def prepare(environment: Environment, spark_home: Path, workers_are_here: bool) -> None:
    """Fix the environment from which Spark starts its Java process.

    Args:
        environment: Variables; changed in place.
        spark_home: Home of the Spark installed beside the package.
        workers_are_here: Whether tasks run on this machine, by the Python that runs this.

    Raises:
        ConfigurationError: When there is no Java that Spark runs on.
    """
    choose_java(environment)
    environment["SPARK_HOME"] = str(spark_home)
    if workers_are_here:
        environment["PYSPARK_PYTHON"] = environment["PYSPARK_DRIVER_PYTHON"] = sys.executable
    environment["PYSPARK_PYTHON"] = environment.get("PYSPARK_PYTHON") or sys.executable  # workers need its packages
    if (environment.get("LC_ALL") or environment.get("LC_CTYPE") or environment.get("LANG") or "C") in ("C", "POSIX"):
        environment["LC_ALL"] = "C.UTF-8"
    if not user_name():
        environment["SPARK_USER"] = login_name()
    if not home_folder():
        environment["HOME"] = _home_of_our_own()  # for files of Java and libraries


def choose_java(environment: Environment) -> None:
    """Keep the Java that Spark would start if it is recent enough; else take the one on the PATH; else refuse.

    Raises:
        ConfigurationError: It names what was found and what is required.
    """
    home = environment.get("JAVA_HOME")
    named = str(Path(home) / "bin" / "java") if home else ""
    found = []
    for java in (named, shutil.which("java", path=environment.get("PATH", "")) or ""):
        if java:
            version = java_version(java)
            if version >= OLDEST_JAVA:
                if java != named:
                    environment.pop("JAVA_HOME", None)  # Spark would start that one
                return
            found.append(f"{java} is {f'Java {version}' if version else 'not a Java that runs'}")
    raise ConfigurationError(
        f"Java {OLDEST_JAVA} or newer is needed, found: {'; '.join(found) or 'none'}: {_WHERE_TO_GET}"
    )


def java_version(java: str) -> int:
    """The major version of a ``java`` command, from its release file if any; 0 if it does not run."""
    note = Path(java).resolve().parent.parent / "release"
    if note.is_file():
        text = note.read_text(encoding="utf-8", errors="replace")
        if os.access(java, os.X_OK) and (version := _major(r'JAVA_VERSION="(\d+)(?:\.(\d+))?', text)):
            return version
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return _major(r'version "(\d+)(?:\.(\d+))?', done.stderr + done.stdout)


def _major(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    if found is None:
        return 0
    return int(found[2] or 0) if found[1] == "1" else int(found[1])  # 1.8 is Java 8


def user_name() -> str:
    """The system's name of this user; '' for an id without a name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return ""


def login_name() -> str:
    """A name for this user: the system's, or one made of the id. Hadoop does not start for a user without a name."""
    return user_name() or f"uid-{os.getuid()}"


def home_folder() -> str:
    """The user's home; '' if it is missing or read-only."""
    home = os.path.expanduser("~")
    return home if os.path.isabs(home) and os.access(home, os.W_OK) else ""


def _home_of_our_own() -> str:
    folder = Path(tempfile.gettempdir()) / f"sf_spark-home-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return str(folder)


def as_shell(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """The shell commands that turn one environment into another."""
    gone = [f"unset {name}" for name in sorted(before.keys() - after.keys())]
    new = [f"export {name}={shlex.quote(after[name])}" for name in sorted(after) if before.get(name) != after[name]]
    return "\n".join([*gone, *new])


if __name__ == "__main__":  # run by spark-submit.sh before it starts Java
    try:
        environment = dict(os.environ)
        prepare(environment, Path(find_spec("pyspark").origin).parent, workers_are_here=False)  # type: ignore
        print(as_shell(os.environ, environment))
    except ConfigurationError as error:
        sys.exit(f"spark-submit.sh: {error}")
