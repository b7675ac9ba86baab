"""Synthetic deliveries: the monthly files of the administrations, and the truth behind them."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sf_spark.demo.blocks import Block, draw_block
from sf_spark.demo.files.landing import LandingZone
from sf_spark.demo.files.layouts import LAYOUTS
from sf_spark.demo.files.truth import TruthFiles, open_truth
from sf_spark.demo.files.writing import DeliveryFile, FileCount
from sf_spark.demo.world.arrays import stream
from sf_spark.demo.world.health import draw_climate
from sf_spark.demo.world.plan import DemoPlan, Timeline
from sf_spark.demo.world.population import BLOCK_SIZE

Report = Callable[[str], None]


@dataclass(frozen=True)
class GenerationSummary:
    """What a landing zone holds after `generate`."""

    files: tuple[FileCount, ...]  # one a delivery and file
    seconds: float
    reused: bool  # the same plan was there already, and nothing was written

    @property
    def bytes(self) -> int:
        """Size of all deliveries."""
        return sum(count.bytes for count in self.files)

    @property
    def data_lines(self) -> int:
        """Data lines of all deliveries."""
        return sum(count.data_lines for count in self.files)


def generate(plan: DemoPlan, landing: Path, truth: Path, report: Report = print) -> GenerationSummary:
    """Write the deliveries of a plan in `landing/AAMM/` and the truth behind them in `truth/`.

    Every delivery is a full snapshot of what is known on the 20th of its month, in the layouts of 2025-12-15 and later.
    The same plan gives the same bytes, so a second run finds its work done (another build of zlib may compress the
    same lines differently). Companies are drawn block by block: memory holds one block, whatever the size of the plan.

    Raises:
        ConfigurationError: The landing folder holds deliveries of others, or would hold the truth.
    """
    started = time.perf_counter()
    zone = LandingZone(landing, truth)
    zone.check()
    counts = zone.finished(plan)
    if counts is not None:
        report(f"demo: {landing} already holds this very plan, nothing to write")
        return GenerationSummary(counts, time.perf_counter() - started, reused=True)
    zone.sweep()
    counts = _write_all(plan, zone, report)
    zone.publish(plan, Timeline.of(plan).batches, counts)
    summary = GenerationSummary(counts, time.perf_counter() - started, reused=False)
    report(
        f"demo: {summary.data_lines} lines, {summary.bytes / 1e6:.1f} MB in {len(counts)} files of {landing}, "
        f"{summary.seconds:.1f} s"
    )
    return summary


def _write_all(plan: DemoPlan, zone: LandingZone, report: Report) -> tuple[FileCount, ...]:
    timeline = Timeline.of(plan)
    climate = draw_climate(plan, timeline)
    blocks = -(-plan.entreprises // BLOCK_SIZE)
    with open_truth(zone.working_truth()) as truth, _open_files(plan, timeline, zone, truth) as files:
        for rank in range(blocks):
            block = draw_block(plan, timeline, climate, rank)
            _append(files, block)
            truth.add_companies(block.population)
            report(f"demo: companies {min((rank + 1) * BLOCK_SIZE, plan.entreprises)} of {plan.entreprises}")
        counts = tuple(file.finish() for delivery in files for file in delivery)
        truth.add_totals(counts)
    return counts


@contextmanager
def _open_files(
    plan: DemoPlan, timeline: Timeline, zone: LandingZone, truth: TruthFiles
) -> Iterator[list[list[DeliveryFile]]]:
    """Open every file of every delivery; they close whatever happens."""
    with ExitStack() as stack:
        deliveries = []
        for rank, batch in enumerate(timeline.batches):
            folder = zone.working_folder(batch)
            delivery = []
            for layout in LAYOUTS:
                # Damage differs from one delivery to the next, as it does in reality.
                rng = stream(plan.seed, rank, f"damage of {layout.name}")
                name, header = layout.file_name(timeline, rank), layout.header(timeline, rank)
                dirty = partial(truth.add_dirty, batch, name)
                file = DeliveryFile(folder, batch, name, layout, header, rng, plan.dirty_share, dirty)
                stack.callback(file.release)
                delivery.append(file)
            deliveries.append(delivery)
        yield deliveries


def _append(files: list[list[DeliveryFile]], block: Block) -> None:
    for rank, delivery in enumerate(files):
        for file in delivery:
            file.append(block.files[file.layout.name].of_batch(rank))
