"""The folder that deliveries arrive in: whose they are, and how a whole set of them takes its place at once."""

import hashlib
import json
import os
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sf_spark.demo.files.truth import TRUTH_FILES, read_totals
from sf_spark.demo.files.writing import FileCount
from sf_spark.demo.world.plan import DemoPlan
from sf_spark.errors import ConfigurationError

MARKER = ".generated.json"  # ignored by readers of deliveries, like every name that starts with a dot
_BATCH = re.compile(r"\d{4}(_\d{2})?")


@dataclass(frozen=True)
class LandingZone:
    """A landing folder and the folder of its truth."""

    landing: Path
    truth: Path

    def check(self) -> None:
        """Refuse folders where the truth would leak, or where deliveries of others would be overwritten."""
        landing, truth = self.landing.resolve(), self.truth.resolve()
        if truth == landing or landing in truth.parents:
            raise ConfigurationError(f"demo: the truth must stay out of the landing folder; {truth} is in {landing}")
        foreign = sorted(self._present() - set(self._marker().get("batches", [])))
        if foreign:
            raise ConfigurationError(
                f"demo: {landing} already holds deliveries that this generator did not write ({', '.join(foreign)}); "
                "give an empty landing folder"
            )

    def finished(self, plan: DemoPlan) -> tuple[FileCount, ...] | None:
        """Return what the folder holds if this very plan was generated there to the end, None otherwise."""
        marker = self._marker()
        if marker.get("fingerprint") != fingerprint(plan) or not marker.get("complete"):
            return None
        sizes = {self.landing / name: size for name, size in marker["deliveries"].items()}
        sizes |= {self.truth / name: size for name, size in marker["truth"].items()}
        whole = all(path.is_file() and path.stat().st_size == size for path, size in sizes.items())
        return read_totals(self.truth, marker["deliveries"]) if whole else None

    def sweep(self) -> None:
        """Remove what a killed run left behind."""
        if self.landing.is_dir():
            for leftover in [*self.landing.glob(".writing-*"), *self.landing.glob(".removing-*")]:
                shutil.rmtree(leftover)

    def working_folder(self, batch: str) -> Path:
        """Return an empty folder to write a delivery in; its name is not that of a delivery."""
        return _emptied(self.landing / f".writing-{batch}")

    def working_truth(self) -> Path:
        """Return an empty folder to write the truth in."""
        return _emptied(self.truth / ".writing")

    def publish(self, plan: DemoPlan, batches: tuple[str, ...], counts: tuple[FileCount, ...]) -> None:
        """Put what was written in its place: each delivery appears whole, and a killed run can be started again."""
        former = set(self._marker().get("batches", []))
        self._write_marker({"batches": sorted(former | set(batches)), "complete": False})
        for batch in sorted(former - set(batches)):
            self._remove(batch)
        for batch in batches:
            self._remove(batch)
            (self.landing / f".writing-{batch}").rename(self.landing / batch)
        for name in TRUTH_FILES:
            os.replace(self.truth / ".writing" / name, self.truth / name)
        (self.truth / ".writing").rmdir()
        self._write_marker(
            {
                "batches": sorted(batches),
                "complete": True,
                # Sizes only: how many lines are damaged and what they sum to belongs to the truth.
                "deliveries": {f"{count.batch}/{count.file}": count.bytes for count in counts},
                "fingerprint": fingerprint(plan),
                "plan": asdict(plan),
                "truth": {name: (self.truth / name).stat().st_size for name in TRUTH_FILES},
            }
        )

    def _present(self) -> set[str]:
        if not self.landing.is_dir():
            return set()
        return {path.name for path in self.landing.iterdir() if _BATCH.fullmatch(path.name)}

    def _remove(self, batch: str) -> None:
        """Take a former delivery away: renamed first, so that it never lies there half removed."""
        if (self.landing / batch).exists():
            leaving = _emptied(self.landing / f".removing-{batch}")
            (self.landing / batch).rename(leaving / batch)
            shutil.rmtree(leaving)

    def _marker(self) -> dict[str, Any]:
        path = self.landing / MARKER
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

    def _write_marker(self, content: dict[str, object]) -> None:
        written = self.landing / f"{MARKER}.new"
        written.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        os.replace(written, self.landing / MARKER)


def fingerprint(plan: DemoPlan) -> str:
    """Identify a plan together with the generator's own source: changing either means generating again."""
    digest = hashlib.sha256(json.dumps(asdict(plan), sort_keys=True).encode("utf-8"))
    for module in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(module.read_bytes())
    return digest.hexdigest()


def _emptied(folder: Path) -> Path:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder
