"""The memory of a process and its descendants, sampled while they run."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_EVERY = 0.2  # seconds


class PeakMemory:
    """Peak resident memory in megabytes: of all processes together, of Java, of the largest Python process."""

    def __init__(self) -> None:
        self.total = self.java = self.worker = 0.0

    def look(self) -> None:
        """Take one sample."""
        java, pythons = 0.0, [0.0]
        for pid, (parent, name, megabytes) in (processes := _processes()).items():
            if name == "java":
                java += megabytes
            elif pid != os.getpid() and parent in processes:
                pythons.append(megabytes)
        own = processes[os.getpid()][2]
        self.total = max(self.total, own + java + sum(pythons))
        self.java, self.worker = max(self.java, java), max(self.worker, *pythons)


@contextmanager
def peak_memory() -> Iterator[PeakMemory]:
    """Sample the memory of this process and its descendants until the block ends."""
    peak, ended = PeakMemory(), threading.Event()

    def sample() -> None:
        while not ended.wait(_EVERY):
            peak.look()

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()
        peak.look()


def _processes() -> dict[int, tuple[int, str, float]]:
    """This process and its descendants: parent id, name, megabytes."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:
            continue  # ended meanwhile
        resident = int(fields.get("VmRSS", "0").split()[0]) / 1024
        found[int(fields["Pid"])] = (int(fields["PPid"]), fields["Name"].strip(), resident)
    family, grew = {os.getpid()}, True
    while grew:
        more = {pid for pid, (parent, _, _) in found.items() if parent in family} - family
        family, grew = family | more, bool(more)
    return {pid: found[pid] for pid in family}
