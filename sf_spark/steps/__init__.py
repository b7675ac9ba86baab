"""The steps of the flow, one module each: read tables, call the pure part, write. A job gives one its arguments."""

from collections.abc import Callable

Report = Callable[[str], None]
