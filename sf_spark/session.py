"""The Spark session, built in one place."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import TimeoutExpired

import joblib
import pyspark
from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from sf_spark.environment import login_name, prepare, user_name
from sf_spark.errors import ConfigurationError
from sf_spark.jvm_names import remember_names
from sf_spark.lake.access import access_options
from sf_spark.lake.places import store_of
from sf_spark.lake.stores import VARIABLE, use
from sf_spark.settings import PROJECT_ROOT, Settings

PATIENCE = 60  # seconds that a Java process gets to end by itself
_FEW_ROWS = 50_000
_INTERPRETED = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}
_DELTA_JARS = ("delta-spark", "delta-storage")  # the other 31 dependencies of Delta are part of Spark


def build_session(settings: Settings, name: str) -> SparkSession:
    """Start Spark, or take the session that spark-submit prepared.

    Raises:
        ConfigurationError: If the Delta jars are missing or the master does not answer.
    """
    if submitted():
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # workers need this environment's packages
    else:
        spark_home = Path(pyspark.__file__).parent
        prepare(os.environ, spark_home, workers_are_here=settings.master.startswith("local"))
    # In containers, scikit-learn cannot count physical cores and warns with a stack. With a given number of threads it
    # does not count; joblib knows the limits of a container.
    os.environ.setdefault("OMP_NUM_THREADS", str(joblib.cpu_count()))
    asked = {"spark.app.name": f"sf_spark {name}"}
    if not submitted():
        if settings.master.startswith("local"):
            os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")  # nothing listens outside this machine
        jars = spark_jars(settings)
        log4j = (PROJECT_ROOT / "conf" / "log4j2.properties").as_uri()  # a URI: Java's options end at a blank
        options = f'-Dlog4j2.configurationFile={log4j} "-Duser.home={os.path.expanduser("~")}"'
        asked |= {"spark.master": settings.master, "spark.driver.extraJavaOptions": options}
        if user_name():
            asked["spark.jars"] = ",".join(Path(jar).as_uri() for jar in jars)
        else:  # Spark lists its jars through Hadoop before a login is possible
            asked["spark.driver.extraClassPath"] = os.pathsep.join(jars)
    asked |= {key: str(value) for key, value in settings.spark.items()}
    conf = SparkConf(loadDefaults=False).setAll([*asked.items()])
    if not user_name():
        _log_in(conf)
    spark = SparkSession.builder.config(conf=conf).getOrCreate()
    _check_versions(spark)
    remember_names(spark.sparkContext._jvm)
    if settings.env == "test":
        spark.sparkContext.setLogLevel("ERROR")
    return spark


def _log_in(conf: SparkConf) -> None:
    """Give Hadoop a user name, because the system has none for this id."""
    SparkContext._ensure_initialized(conf=conf)
    users = SparkContext._jvm.org.apache.hadoop.security.UserGroupInformation  # type: ignore[union-attr]
    users.setLoginUser(users.createRemoteUser(login_name()))


def _check_versions(spark: SparkSession) -> None:
    if spark.version != pyspark.__version__:
        where = os.environ.get("SPARK_HOME", "its spark-submit")
        spark.stop()
        raise ConfigurationError(
            f"Spark {spark.version} of {where} runs this, but the packages are made for {pyspark.__version__}: "
            "start jobs by ./spark-submit.sh, or install that Spark"
        )


def reach_stores(settings: Settings, spark: SparkSession | None = None) -> None:
    """Set the options for the stores of lake and landing, for this process and, with Spark, for its workers.

    Without Spark its settings count (``--set spark.hadoop.fs.s3a.endpoint=...``) and the environment; with it all of
    its Hadoop configuration does. Fails as Spark does where a connector is missing.
    """
    places = (settings.lake, settings.landing, settings.truth)
    stores = sorted({store_of(place) for place in places} - {("", "")})

    def said(key: str) -> str | None:
        if spark is None:
            value = settings.spark.get(f"spark.hadoop.{key}")
            return None if value is None else str(value)
        password = spark.sparkContext._jsc.hadoopConfiguration().getPassword(key)
        return None if password is None else "".join(password)

    shared_options = use(
        {f"{scheme}://{authority}": access_options(scheme, authority, said, os.environ) for scheme, authority in stores}
    )
    if spark is None or not stores:
        return
    context = spark.sparkContext
    context.environment[VARIABLE] = shared_options
    for scheme, authority in stores:
        path = context._jvm.org.apache.hadoop.fs.Path(f"{scheme}://{authority}/")  # type: ignore[union-attr]
        path.getFileSystem(context._jsc.hadoopConfiguration())


@contextlib.contextmanager
def interpreted(session: SparkSession, rows: int) -> Iterator[None]:
    """Run plans over few rows as they are: compiling one costs seconds, which only a long run pays back.

    Args:
        session: Whose settings change meanwhile.
        rows: How many the plans read, about.
    """
    if rows > _FEW_ROWS:
        yield
        return
    before = {key: session.conf.get(key, None) for key in _INTERPRETED}
    for key, value in _INTERPRETED.items():
        session.conf.set(key, value)
    try:
        yield
    finally:
        for key, old in before.items():
            if old is None:
                session.conf.unset(key)
            else:
                session.conf.set(key, old)


def end_session(spark: SparkSession) -> None:
    """Stop Spark and wait until its Java process, if we started it, is gone.

    Otherwise it outlives this process by seconds, and keeps open files of a folder or mount that the caller may want to
    remove.
    """
    gateway = SparkContext._gateway
    java = getattr(gateway, "proc", None)
    with contextlib.suppress(Exception):  # the Java process may have died
        spark.stop()
    if gateway is None or java is None:
        return
    with contextlib.suppress(Exception):
        gateway.shutdown()
    with contextlib.suppress(OSError):
        java.stdin.close()  # its signal to end
    SparkContext._gateway = SparkContext._jvm = None  # a later session starts another one
    try:
        java.wait(timeout=PATIENCE)
    except TimeoutExpired:
        java.kill()
        java.wait()


def java_has_died() -> bool:
    """Whether the Java process that we started has ended; it can then answer no call, not even for an error text."""
    java = getattr(SparkContext._gateway, "proc", None)
    if java is None:
        return False
    with contextlib.suppress(TimeoutExpired):
        java.wait(timeout=1)  # a connection ends before its process does
    return java.poll() is not None


def submitted() -> bool:
    """True when spark-submit started this process, and sets master and jars."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def spark_jars(settings: Settings) -> list[str]:
    """The paths of the two Delta jars, resolved by set-up or put into a folder by hand, and of other jars there.

    Other jars are connectors of stores.
    """
    folder = Path(settings.jars)
    folder = folder if folder.is_absolute() else PROJECT_ROOT / folder
    jars = []
    for artifact in _DELTA_JARS:
        found = sorted(folder.glob(f"*{artifact}*.jar"))
        if not found:
            names = ", ".join(sorted(p.name for p in folder.glob("*.jar"))) or "no jar"
            raise ConfigurationError(
                f"the Delta jar {artifact} is not in {folder} (available: {names}): "
                "run 'make setup', or name a folder that holds it with DELTA_JARS=/folder make setup"
            )
        jars.append(str(found[-1]))
    others = [path for path in sorted(folder.glob("*.jar")) if not any(name in path.name for name in _DELTA_JARS)]
    return jars + [str(path) for path in others]
