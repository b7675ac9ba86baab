"""A task on a partition that holds one grain only."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sf_spark.signals.expression import Measure, OfSites
from sf_spark.signals.worker import SignalRequest, count_peers, write_part


def test_a_task_that_got_establishments_and_no_company_writes_the_establishments(tmp_path: Path) -> None:
    effectif = Measure("effectif")
    request = SignalRequest(
        signals={
            "siren": [("effectif_max_etablissement", OfSites("max", effectif))],
            "siret": [("effectif", effectif)],
        },
        folders={key: str(tmp_path / key) for key in ("siren", "siret")},
        measures=("effectif",),
        before=24289,
        first=24289,
        last=24289,
    )
    columns = {"id": [100_011], "mois": [24289], "effectif": [12.0]}
    (written,) = write_part([pa.RecordBatch.from_pydict(columns)], request, 0)
    (file,) = written.to_pylist()
    assert (file["key"], file["rows"], file["low"]) == ("siret", 1, "00000000100011")
    rows = pq.read_table(tmp_path / "siret" / file["path"], partitioning=None).to_pylist()
    assert rows == [{"siret": "00000000100011", "effectif": 12.0}]


def test_a_partition_without_rows_writes_and_counts_nothing(tmp_path: Path) -> None:
    request = SignalRequest({"siren": [("effectif", Measure("effectif"))]}, {}, ("effectif",), 24289, 24289, 24289)
    empty = pa.RecordBatch.from_pydict({"id": pa.array([], pa.int64()), "mois": pa.array([], pa.int64())})
    for batches in ([], [empty], [empty, empty]):
        assert list(write_part(batches, request, 0)) == list(count_peers(batches, request)) == []
