"""How old the last delivery of each source is, against its usual rhythm. Pure."""

from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

from sf_spark.domain.calendar import batch_date, index_of, start_of


def freshness(deliveries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row a source.

        batches of a source      last month of all    months_since   usual_months
        2601 2602 2603           2026-06              3              1
        2501 2601                2026-06              5              12
        2601                     2026-06              5              null

    Args:
        deliveries: Rows of ``deliveries`` that were taken in: ``source, _batch, lines_read, lines_rejected``.

    Returns:
        ``periode`` (month of the last delivery of all), ``source, last_batch, batches, months_since, usual_months``
        (between two deliveries, the median; null for one alone), ``rejected_share`` (of the lines of the last batch).
    """
    batches: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for row in deliveries:
        batches.setdefault(row["source"], {}).setdefault(row["_batch"], []).append(row)
    months = {source: sorted({index_of(batch_date(batch)) for batch in of}) for source, of in batches.items()}
    last = max((each[-1] for each in months.values()), default=0)
    found = []
    for source in sorted(batches):
        latest, delivered = max(batches[source]), months[source]
        gaps = [after - before for before, after in zip(delivered, delivered[1:], strict=False)]
        read, rejected = (
            sum(row[name] for row in batches[source][latest]) for name in ("lines_read", "lines_rejected")
        )
        found.append(
            {
                "periode": start_of(last),
                "source": source,
                "last_batch": latest,
                "batches": len(batches[source]),
                "months_since": last - delivered[-1],
                "usual_months": float(median(gaps)) if gaps else None,
                "rejected_share": rejected / read if read else None,
            }
        )
    return found
