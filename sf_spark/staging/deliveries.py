"""The table ``deliveries``: the outcome of every delivered file."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from sf_spark.domain.calendar import batch_date
from sf_spark.lake.files import is_table, replace_rows, table_at
from sf_spark.lake.tables import literal_list, location
from sf_spark.landing.files import DeliveredFile
from sf_spark.schema import DELIVERIES
from sf_spark.settings import Settings

_LONGEST_MESSAGE = 800
_FEWEST_LINES = 20
DONE, FAILED, UNSUPPORTED = "ok", "failed", "unsupported"
_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("source", "_batch", "_file", "sha256")),
        *((name, pa.int64()) for name in ("bytes", "lines_read", "lines_accepted", "lines_rejected", "lines_skipped")),
        *((name, pa.int64()) for name in ("facts_added", "facts_ended", "facts_held_back")),
        ("money", pa.map_(pa.string(), pa.float64())),
        ("filled", pa.map_(pa.string(), pa.int64())),
        ("ends_open", pa.bool_()),
        *((name, pa.string()) for name in ("delivery", "layout", "status", "message")),
        ("known_on", pa.date32()),
        *((name, pa.timestamp("us", "UTC")) for name in ("started_at", "finished_at")),
    ]
)


@dataclass
class FileAccount:
    """The outcome of one delivered file."""

    file: DeliveredFile
    source: str
    delivery: str = ""
    layout: str = ""
    status: str = DONE
    message: str = ""
    read: int = 0
    accepted: int = 0
    rejected: int = 0
    skipped: int = 0
    added: int = 0
    ended: int = 0
    held_back: int = 0
    doubtful: list[str] = field(default_factory=list)  # columns that may hold another month than they say
    money: dict[str, float] = field(default_factory=dict)
    filled: dict[str, int] = field(default_factory=dict)  # accepted lines with a value, by typed column
    ends_open: bool = False  # the text ends without a line end
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def line(self) -> str:
        """One line for the user."""
        if self.status != DONE:
            return f"{printable(self.file.name)}: {self.status}: {self.message}"
        held_back = f"; {self.held_back} facts held back from ending" if self.held_back else ""
        if self.doubtful:
            held_back += f"; columns in doubt: {printable(', '.join(self.doubtful))}"
        return (
            f"{printable(self.file.name)} -> staged/{self.source}: {self.read} lines = {self.accepted} accepted"
            f" + {self.rejected} rejected + {self.skipped} skipped{held_back}"
        )

    def fail(self, message: str) -> None:
        """Record that the file could not be taken in, and why."""
        self.status, self.message = FAILED, printable(message)
        self.read = self.accepted = self.rejected = self.skipped = 0
        self.added = self.ended = self.held_back = 0
        self.money, self.filled = {}, {}

    def row(self, known_on: date) -> dict[str, Any]:
        """The file's row of ``deliveries``."""
        return {
            "source": self.source,
            "_batch": self.file.batch,
            "_file": self.file.name,
            "sha256": self.file.sha256,
            "bytes": self.file.size,
            "lines_read": self.read,
            "lines_accepted": self.accepted,
            "lines_rejected": self.rejected,
            "lines_skipped": self.skipped,
            "facts_added": self.added,
            "facts_ended": self.ended,
            "facts_held_back": self.held_back,
            "money": list(self.money.items()),
            "filled": list(self.filled.items()),
            "ends_open": self.ends_open,
            "delivery": self.delivery,
            "layout": self.layout,
            "status": self.status,
            "message": self.message,
            "known_on": known_on,
            "started_at": self.started_at,
            "finished_at": datetime.now(UTC),
        }


def taken_in(settings: Settings) -> list[dict[str, Any]]:
    """The rows of ``deliveries`` of the files taken in so far, without failed ones.

    ``filled`` and ``ends_open`` are absent if an older version of the package wrote the table.
    """
    folder = location(settings.lake, DELIVERIES)
    if not is_table(folder):
        return []
    table = table_at(folder)
    wanted = ["source", "_batch", "_file", "sha256", "delivery", "layout", "lines_accepted", "filled", "ends_open"]
    present = {field.name for field in table.schema().fields}
    columns = [name for name in wanted if name in present]
    return table.to_pyarrow_table(columns=columns, filters=[("status", "!=", FAILED)]).to_pylist(
        maps_as_pydicts="lossy"
    )


@dataclass(frozen=True)
class Before:
    """The files of a source in the latest delivery before a batch.

    Attributes:
        rows: Rows of ``deliveries``.
    """

    rows: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def of(cls, history: Sequence[Mapping[str, Any]], source: str, batch: str) -> "Before":
        """The files of the latest batch before this one, if any."""
        rows = [row for row in history if row["source"] == source and row["_batch"] < batch]
        latest = max((row["_batch"] for row in rows), default="")
        return cls([row for row in rows if row["_batch"] == latest])

    @property
    def ends_lines(self) -> bool:
        """Whether all files are known to have ended with a line end."""
        return bool(self.rows) and all(row.get("ends_open") is False for row in self.rows)

    def emptied(self, accounts: Sequence[FileAccount]) -> list[str]:
        """The columns that had a value in at least half of the lines, and have none now.

        Only files of the same layouts, with enough lines, are compared.
        """
        read, were = sum(account.accepted for account in accounts), sum(row["lines_accepted"] for row in self.rows)
        layouts = {account.layout for account in accounts}, {row["layout"] for row in self.rows}
        if min(read, were) < _FEWEST_LINES or layouts[0] != layouts[1]:
            return []
        now, then = Counter[str](), Counter[str]()
        for account in accounts:
            now.update(account.filled)
        for row in self.rows:
            then.update(dict(row.get("filled") or {}))
        return sorted(name for name, count in then.items() if 2 * count >= were and not now[name] and name in now)


def write_accounts(settings: Settings, batch: str, accounts: list[FileAccount]) -> None:
    """Write the rows of these files, replacing those of an earlier run of the batch."""
    if not accounts:
        return
    day = batch_date(batch)  # independent of the cut-off
    rows = pa.Table.from_pylist([account.row(day) for account in accounts], schema=_SCHEMA)
    names = literal_list([account.file.name for account in accounts])
    replace_rows(location(settings.lake, DELIVERIES), rows, f"_batch = '{batch}' and _file in ({names})")


def printable(text: str) -> str:
    """A text as one line: unprintable characters escaped as in Python, and a long text cut."""
    signs = (sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text[:_LONGEST_MESSAGE])
    return "".join(signs)
