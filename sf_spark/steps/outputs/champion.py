"""Who is champion after a training: the gate."""

from sf_spark.ml.gate import Verdict, judge
from sf_spark.ml.records import RunRecord
from sf_spark.ml.registry import ROLLBACK
from sf_spark.steps.inputs.bench import Bench, champion_evaluation, evaluation_of


def put_through_the_gate(
    bench: Bench, name: str, version: str, challenger: RunRecord, rule: RunRecord | None, needs_rule: bool
) -> tuple[str | None, Verdict | None]:
    """Promote the challenger if it passes the gate; returns the champion and the verdict."""
    registry, report, train = bench.registry, bench.report, bench.inputs.train
    now, moves = registry.champion_version(name), registry.promotions(name)
    if now == version:
        if not moves or moves[-1].after != version:  # a kill between alias and log
            registry.promote(name, version, "found in charge: the move had not been logged", "train")
        report(f"champion: version {now}")
        return now, None
    in_charge = f"champion: {'none' if now is None else f'version {now}'}"
    if any(move.after == version for move in moves):
        report(f"{in_charge}; version {version} was champion before, and the alias was moved since")
        return now, None
    champion = None if now is None else champion_evaluation(bench, name, now)
    verdict = judge(
        evaluation_of(challenger),
        champion,
        evaluation_of(rule) if rule else None,
        train.gate,
        train.seed,
        needs_rule,
    )
    registry.tag_version(name, version, "gate", str(verdict))
    unproven = "not yet proven against the rule of 2016" if needs_rule else "no rule speaks of this table"
    registry.tag_version(name, version, "proven", "yes" if verdict.proven else unproven)
    if not verdict.passed:
        report(f"gate: version {version} stays challenger: {verdict.failed}")
        report(in_charge)
        return now, verdict
    report(f"gate passed: {verdict}")
    last = moves[-1] if moves else None
    if last is not None and last.way == ROLLBACK:
        report(
            f"champion: version {now}, put back by {last.who} ({last.why}): version {version} stays challenger; "
            f"jobs/promote.py --version {version} --why '...' puts it in charge"
        )
        return now, verdict
    registry.promote(name, version, f"gate: {verdict}", "train")
    report(f"champion: version {version}{'' if verdict.proven else f', {unproven}'}")
    return version, verdict
