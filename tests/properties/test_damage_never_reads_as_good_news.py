"""Random deliveries with random damage: the facts in force are the former ones, or those of the undamaged delivery."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from sf_spark.settings import Settings
from sf_spark.staging import intake
from sf_spark.staging.intake import take_in
from tests.compare_lakes import compare_tables

DEBIT = (
    "Urssaf_gestion;Dep;num_cpte;Siren;Siret;Dt_immat;Etat_cpte;Cd_pro_col;Periode;Num_Ecn;Num_Hist_Ecn;Dt_trt_ecn;"
    "Mt_PO;Mt_PP;Cd_op_ecn;Motif_ecn;Recours_en_cours"
)
PCOLL = "Siret;Siren;Dt_effet;Cat_v2;Lib_actx_stdx"
EFFECTIF = "compte;siret;rais_soc;eff202311;eff202312"


@dataclass(frozen=True)
class Partner:
    """A file whose columns can all be damaged, except free text: how to write a fact as a line, and what to read back.

    Attributes:
        name: Name of the delivered file.
        source: Source of the staged table.
        header: Header of the file.
        line: From an entity, the number of its fact, and a value.
        typed: Positions of the fields in which a letter rejects the line.
        content: Columns that define a fact.
    """

    name: str
    source: str
    header: str
    line: Callable[[str, int, int], str]
    typed: tuple[int, ...]
    content: tuple[str, ...]


def debit(siret: str, number: int, value: int) -> str:
    account = f"{int(siret) * 7919 % 10**18:018d}"
    return f"939;27;{account};{siret[:9]};{siret};20150708;5;0;202411;{number};1;1240120;{value};200;3;74;0"


def pcoll(siret: str, number: int, value: int) -> str:
    return f"{siret};{siret[:9]};0{value % 9 + 1}FEB202{number % 5};LQ;liquidation_ouverture"


def effectif(siret: str, number: int, value: int) -> str:
    return f"{number:018d};{siret};x;{value};{value + 1}"


PARTNERS = (
    Partner(
        *("sigfaible_debits.csv", "debit", DEBIT, debit, (4, 8, 11, 12, 13)),
        ("siret", "numero_ecart_negatif", "part_ouvriere"),
    ),
    Partner("sigfaible_pcoll.csv", "procol", PCOLL, pcoll, (0, 2), ("siret", "date_effet")),
    Partner(
        *("a_effectif_x.csv", "effectif", EFFECTIF, effectif, (1, 3, 4)),
        ("siret", "numero_compte", "periode", "effectif"),
    ),
)
Facts = dict[tuple[str, int], int]


def siret(rng: random.Random) -> str:
    return "".join(rng.choices("0123456789", k=14))


def delivery(rng: random.Random) -> Facts:
    entities = [siret(rng) for _ in range(rng.randint(2, 8))]
    return {(rng.choice(entities), number): rng.randint(1, 99) for number in range(101, 101 + rng.randint(3, 20))}


def next_month(rng: random.Random, facts: Facts) -> Facts:
    """Some facts end, some change, some are new."""
    kept = {key: value for key, value in facts.items() if rng.random() < 0.8}
    changed = {key: rng.randint(1, 99) if rng.random() < 0.2 else value for key, value in kept.items()}
    return changed | {(siret(rng), 900 + rank): rng.randint(1, 99) for rank in range(rng.randint(0, 3))}


def damaged(rng: random.Random, line: str, partner: Partner) -> str:
    """A line that cannot be accepted, after damage to one field or to the whole line."""
    fields = line.split(";")
    kind = rng.choice(("letter", "letter", "empty", "field", "quote", "cut", "bytes", "garbage"))
    if kind == "letter":
        place = rng.choice(partner.typed)
        sign = rng.randrange(len(fields[place]))
        fields[place] = fields[place][:sign] + "x" + fields[place][sign + 1 :]
        # Without this character a headcount is still a number.
        return ";".join(fields) if partner.source != "effectif" or place == 1 else line.replace(fields[1], "x" * 14)
    if kind == "empty":
        fields[partner.typed[0]] = ""
        return ";".join(fields)
    return {
        "field": line + ";1",
        "quote": line[:5] + '"' + line[5:],
        "cut": line[: rng.randrange(1, line.rindex(";") + 1)],
        "bytes": line[:3] + "\udcff" + line[3:],
        "garbage": "?" * rng.randint(1, 30),
    }[kind]


class Lake:
    """A separate lake, filled without Spark: its files are small."""

    def __init__(self, settings: Settings, root: Path, partner: Partner) -> None:
        ingest = settings.ingest.model_copy(update={"invalid_utf8_share": 1.0})
        self.settings = settings.model_copy(
            update={"lake": str(root / "lake"), "landing": str(root / "landing"), "ingest": ingest}
        )
        self.partner = partner

    def take(self, batch: str, lines: list[str]) -> Any:
        folder = Path(self.settings.landing) / batch
        folder.mkdir(parents=True, exist_ok=True)
        text = "\n".join([self.partner.header, *lines]) + "\n"
        (folder / self.partner.name).write_bytes(text.encode("utf-8", "surrogateescape"))
        (account,) = take_in(None, self.settings, batch, lambda line: None)  # type: ignore[arg-type]
        assert account.status == "ok", account.message
        return account

    def in_force(self) -> Counter[tuple[Any, ...]]:
        rows = DeltaTable(f"{self.settings.lake}/staged/{self.partner.source}").to_pyarrow_table().to_pylist()
        return Counter(
            tuple(row[name] for name in self.partner.content) for row in rows if row["superseded_on"] is None
        )


@pytest.mark.parametrize("partner", PARTNERS, ids=lambda partner: partner.source)
@pytest.mark.parametrize("seed", range(12))
def test_fact_by_fact_nothing_but_what_was_or_what_the_undamaged_delivery_says(
    settings: Settings, tmp_path: Path, partner: Partner, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(f"{partner.source} {seed}")
    first = delivery(rng)
    second = next_month(rng, first)
    lines = [[partner.line(*key, value) for key, value in facts.items()] for facts in (first, second)]
    bad = [damaged(rng, line, partner) if rng.random() < 0.3 else line for line in lines[1]] or ["?"]
    rng.shuffle(bad)
    whole, hurt = (Lake(settings, tmp_path / name, partner) for name in ("whole", "hurt"))
    whole.take("2401", lines[0])
    hurt.take("2401", lines[0])
    before = hurt.in_force()
    whole.take("2402", lines[1])
    account = hurt.take("2402", bad)
    after, undamaged = hurt.in_force(), whole.in_force()
    for fact in {*before, *after, *undamaged}:
        assert after[fact] in (before[fact], undamaged[fact]), (fact, bad)
    if account.rejected == 0:
        assert after == undamaged
    # A kill in between, then the corrected file in the same batch: same as a complete delivery.
    with monkeypatch.context() as patched:
        patched.setattr(intake, "write_accounts", _killed)
        with pytest.raises(KeyboardInterrupt):
            hurt.take("2402", lines[1])
    hurt.take("2402", lines[1])
    # In files without repeated lines, the rows do not depend on their place in the damaged file.
    lakes = (Path(lake.settings.lake) for lake in (whole, hurt))
    assert compare_tables(*lakes, f"staged/{partner.source}").findings == []
    assert held_back(hurt) == 0


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def held_back(lake: Lake) -> int:
    folder = f"{lake.settings.lake}/held_back"
    return DeltaTable(folder).to_pyarrow_table().num_rows if DeltaTable.is_deltatable(folder) else 0


def test_damage_is_seen_by_these_tests(settings: Settings, tmp_path: Path) -> None:
    """Without the rule, the debt behind a damaged line would have ended."""
    partner, account = PARTNERS[0], "01234567800011"
    lake = Lake(settings, tmp_path, partner)
    lake.take("2401", [debit(account, 101, 5), debit(account, 102, 6), debit("98765432100010", 101, 7)])
    done = lake.take("2402", [debit(account, 101, 5).replace(";5;", ";x;"), debit(account, 102, 9)])
    assert lake.in_force() == Counter({(account, "101", 5 / 100): 1, (account, "102", 9 / 100): 1})
    assert (done.added, done.ended, done.held_back) == (1, 2, 1)  # 102 is corrected, the other company's debt ended
    rows = DeltaTable(f"{lake.settings.lake}/held_back").to_pyarrow_table().to_pylist()
    assert [(row["key"], row["reason"], row["_fact_batch"], row["_fact_line"]) for row in rows] == [
        (account, "damaged_line", "2401", 2)
    ]
