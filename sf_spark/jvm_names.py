"""Cache the lookups of Java classes that PySpark repeats in every call.

For each ``F.col`` PySpark asks the JVM which class ``functions`` is and whether it has a ``col``. The answer searches
every jar of the class path, package by package: ``F.col("a") + 1`` takes 0.9 ms of CPU-time instead of 0.3, and a panel
is made of thousands. Both stay the same as long as the JVM lives.
"""

from py4j.java_gateway import JavaClass, JavaMember, JVMView

_NAMES = ("functions", "org.apache.spark.sql.functions", "PythonSQLUtils", "PythonUtils")


class _KnownClass(JavaClass):
    """A Java class that remembers its methods."""

    def __getattr__(self, name: str) -> object:
        member = super().__getattr__(name)
        if isinstance(member, JavaMember):  # fields are not cached: they may change
            setattr(self, name, member)
        return member


def remember_names(jvm: JVMView) -> None:
    """Look the classes up, and cache them in this view of the JVM."""
    for name in _NAMES:
        if name not in vars(jvm):
            found = getattr(jvm, name)
            setattr(jvm, name, _KnownClass(found._fqn, found._gateway_client))
