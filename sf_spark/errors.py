"""The errors for users. Each carries one line: what was asked, what is missing, what is available."""


class SfSparkError(Exception):
    """A job failed for a reason that its user can act on (exit code 1)."""

    exit_code = 1


class ConfigurationError(SfSparkError):
    """A bad argument, setting or environment (exit code 2)."""

    exit_code = 2


class BrokenFileError(SfSparkError):
    """A delivered file that cannot be read at all: wrong encoding, no header, a required column missing."""


class MissingTableError(SfSparkError):
    """A table that an earlier job writes is not in the lake yet."""


class TooLittleHistoryError(SfSparkError):
    """Too few months or failures to learn a model from, or to judge it by."""


class ConcurrentWriteError(SfSparkError):
    """Another job has changed a table between the moment it was read and the commit."""


class OtherColumnsError(SfSparkError):
    """A table of another version of the package, whose columns cannot hold the rows to write."""


class UnexpectedError(SfSparkError):
    """A failure that no job expects; its text names the cause and a file with the details."""
