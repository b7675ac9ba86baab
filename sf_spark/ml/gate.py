"""The gate: the tests that a challenger must pass to replace the champion. Pure.

there is a champion     better than it on the same test rows, better than the rule of 2016, calibrated, alerts within
                        bounds; "better": the lower bound of the paired difference in average precision is above 0
there is none           better than chance, alerts within bounds; it is marked as proven against the rule or not
"""

from dataclasses import dataclass

import numpy as np

from sf_spark.ml.bootstrap import paired_difference
from sf_spark.ml.evaluate import Evaluation
from sf_spark.settings import GateSettings


@dataclass(frozen=True)
class Check:
    """One test of the gate, and its result."""

    name: str
    passed: bool
    finding: str


@dataclass(frozen=True)
class Verdict:
    """All tests of the gate."""

    checks: tuple[Check, ...]
    proven: bool  # against the rule of 2016

    @property
    def passed(self) -> bool:
        """Whether every test passed."""
        return all(check.passed for check in self.checks)

    def __str__(self) -> str:
        return "; ".join(
            f"{check.name}: {'passed' if check.passed else 'FAILED'} ({check.finding})" for check in self.checks
        )

    @property
    def failed(self) -> str:
        """The tests that failed, and why."""
        return "; ".join(f"{check.name}: {check.finding}" for check in self.checks if not check.passed)


def judge(
    challenger: Evaluation,
    champion: Evaluation | None,
    rule: Evaluation | None,
    bounds: GateSettings,
    seed: int,
    needs_rule: bool = True,
) -> Verdict:
    """Run the tests of the gate on a challenger.

    Args:
        challenger: Its evaluation at the outer origins.
        champion: Evaluation of the model in charge at the same origins, on today's data; None where there is none.
        rule: Evaluation of the rule of 2016 at the same origins; None where its signals are missing.
        bounds: Settings of the gate.
        seed: Seed of the draws.
        needs_rule: Whether the challenger must beat the rule; there is no rule for a user's own table.
    """
    beats_rule = better(challenger, rule, "the rule of 2016", bounds, seed)
    alerts = alerts_within_bounds(challenger, bounds)
    if champion is None:
        return Verdict((better_than_chance(challenger), alerts), beats_rule.passed)
    beats_champion = better(challenger, champion, "the champion", bounds, seed)
    checks = (beats_champion, beats_rule, calibrated(challenger, bounds), alerts)
    asked = checks if needs_rule else tuple(check for check in checks if check is not beats_rule)
    return Verdict(asked, beats_rule.passed)


def better(challenger: Evaluation, other: Evaluation | None, name: str, bounds: GateSettings, seed: int) -> Check:
    """Whether it beats another model on the same rows, beyond the uncertainty of resampled companies."""
    title = f"better than {name}"
    if other is None:
        return Check(title, False, "no evaluation of it on these rows")
    same = len(challenger.siren) == len(other.siren) and bool(
        np.all(challenger.siren == other.siren) and np.all(challenger.month == other.month)
    )
    if not same or not np.array_equal(challenger.target, other.target):
        return Check(title, False, "the two were not tested on the same rows")
    found = paired_difference(
        challenger.target,
        challenger.probability,
        other.probability,
        challenger.weight,
        challenger.siren,
        seed,
        bounds.resamples,
    )
    return Check(title, found.low > 0, f"difference in average precision {found}")


def better_than_chance(challenger: Evaluation) -> Check:
    """Whether it ranks better than chance, whose area under the ROC curve is 1/2 whatever the base rate."""
    low = challenger.pooled.get("roc_auc_low", 0.0)
    value = challenger.pooled.get("roc_auc", float("nan"))
    return Check("better than chance", low > 0.5, f"area under the ROC curve {value:.3f}, lower bound {low:.3f}")


def calibrated(challenger: Evaluation, bounds: GateSettings) -> Check:
    """Whether its mean probability agrees with the observed rate."""
    ratio = challenger.pooled.get("calibration_ratio", float("nan"))
    low = challenger.pooled.get("calibration_ratio_low", ratio)
    high = challenger.pooled.get("calibration_ratio_high", ratio)
    holds = low <= bounds.calibration_ratio and high >= 1 / bounds.calibration_ratio
    return Check("calibrated", bool(holds), f"mean probability over rate {ratio:.2f} [{low:.2f} .. {high:.2f}]")


def alerts_within_bounds(challenger: Evaluation, bounds: GateSettings) -> Check:
    """Whether the share of companies that it alerts is within bounds."""
    share = challenger.pooled.get("alert_share_modere", 0.0)
    within = bounds.fewest_alerts <= share <= bounds.most_alerts
    finding = f"{share:.2%} of the companies, bounds {bounds.fewest_alerts:.2%} .. {bounds.most_alerts:.2%}"
    return Check("share of alerts", within, finding)
