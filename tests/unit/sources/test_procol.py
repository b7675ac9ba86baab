"""Labels of proceedings: which token is the action, and what is left is the stage."""

import pytest

from sf_spark.sources.procol import _action_and_stage


@pytest.mark.parametrize(
    ("label", "action", "stage"),
    [
        ("ouverture_redressement", "redressement", "ouverture"),
        ("solde_procedure_liquidation", "liquidation", "solde_procedure"),
        ("sauvegarde", "sauvegarde", None),
        ("plan_continuation", None, None),
        ("", None, None),
    ],
)
def test_a_label_is_an_action_and_a_stage(label: str, action: str | None, stage: str | None) -> None:
    assert _action_and_stage(label) == (action, stage)
