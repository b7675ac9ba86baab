"""A source added as docs/add-a-source.md says: its code is taken from the page, so the page cannot go stale."""

import importlib.util
from datetime import date
from pathlib import Path

from sf_spark.landing.source import Source

PAGE = Path(__file__).parents[3] / "docs" / "add-a-source.md"
A, B, FICTITIOUS = "01234567800011", "87654321000015", "00000000000000"


def source_of_the_page(folder: Path) -> Source:
    code = PAGE.read_text().split("```python\n")[1].split("```")[0]
    (folder / "embauches.py").write_text(code)
    spec = importlib.util.spec_from_file_location("embauches", folder / "embauches.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.SOURCE


def test_a_source_is_one_file(tmp_path, deliver, ingest, rows) -> None:
    added = (source_of_the_page(tmp_path),)
    deliver(
        "2403",
        "embauches.csv",
        f"mois;siret;embauches\n2024-01-01;{A};3\n2024-01-01;{B};\n01/2024;{A};x\n01/2024;{FICTITIOUS};1\n"
        "2024-01-01;123;1\n",
    )
    deliver("2403", "sigfaible_debits.csv", "x\n")
    done = ingest("2403", added)
    taken = done["embauches.csv"]
    assert (taken.read, taken.accepted, taken.rejected, taken.skipped, taken.layout) == (5, 2, 2, 1, "2024")
    assert done["sigfaible_debits.csv"].status == "unsupported"
    reasons = sorted((row["_line"], reason["code"]) for row in rows("quarantine") for reason in row["reasons"])
    assert reasons == [(4, "bad_date"), (4, "bad_integer"), (6, "bad_key")]

    deliver("2404", "embauches.csv", f"etablissement;mois;dpae\n{A};2024-01-01;4\n")
    assert ingest("2404", added)["embauches.csv"].layout == "2020"
    facts = [
        (row["siret"], row["periode"], row["embauches"], row["known_on"], row["superseded_on"])
        for row in sorted(rows("staged/embauches"), key=lambda row: (row["_batch"], row["_line"]))
    ]
    january, february, april = date(2024, 1, 1), date(2024, 2, 1), date(2024, 4, 20)
    assert facts == [
        (A, january, 3, february, april),  # corrected by the next snapshot
        (B, january, None, february, april),  # withdrawn by it
        (A, january, 4, april, None),
    ]
