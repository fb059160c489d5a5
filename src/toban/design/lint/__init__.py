"""Contradictions within the document, found before anything runs."""

from collections.abc import Iterable
from datetime import date

from toban.design.finding import Finding
from toban.design.lint import (
    backup,
    batch,
    capacity,
    cost,
    declared,
    general,
    incident,
    logs,
    monitoring,
    notices,
    objectives,
    release,
    routine,
    security,
)
from toban.design.lint.rule import Inspection, Rule
from toban.design.reader import Design

RULES: tuple[Rule, ...] = (
    objectives.planned_maintenance_exceeds_downtime,
    objectives.downtime_does_not_fit_percentage,
    monitoring.gap_between_normal_and_warning,
    monitoring.warning_not_before_critical,
    monitoring.warning_comes_after_target_is_missed,
    monitoring.interval_cannot_keep_promised_detection,
    monitoring.decided_metrics_are_not_watched,
    monitoring.nothing_measures_it,
    notices.critical_notice_reaches_nobody_on_duty,
    notices.round_the_clock_contact_is_never_told,
    logs.silenced_level_is_to_be_kept,
    logs.logs_go_elsewhere_than_decided,
    backup.logical_dump_cannot_make_increments,
    backup.increments_have_no_restore_procedure,
    backup.interval_alone_cannot_prove_rpo,
    backup.interval_exceeds_rpo,
    backup.generations_contradict_retention,
    backup.decision_promises_another_objective,
    release.release_and_patching_on_one_day,
    batch.failure_action_contradicts_retry_rule,
    batch.delays_do_not_match_attempts,
    incident.rto_contradicts_gravest_level,
    incident.one_outage_exceeds_monthly_downtime,
    security.routine_at_another_frequency,
    capacity.utilisation_does_not_fit_use,
    routine.rare_routine_falls_on_holidays,
    routine.review_at_another_frequency,
    cost.part_of_total_is_unallocated,
    cost.items_exceed_total,
    cost.alert_percent_does_not_fit_amount,
    declared.declaration_is_not_understood,
    declared.declaration_fits_nothing,
    declared.row_is_not_what_is_declared,
    general.work_inside_maintenance_window,
    general.blank_is_left,
    general.value_is_assumed,
    general.row_stands_twice,
    general.table_has_no_rows,
    general.rows_stay_unread,
)
"""Every rule, by its permanent code."""


def inspect(design: Design, today: date, rules: Iterable[Rule] = RULES) -> tuple[Finding, ...]:
    """Return everything that *rules* find in *design*, in document order; dates are counted from *today*."""
    inspection = Inspection(design, today)
    findings = [finding for rule in rules for finding in rule.findings(inspection)]
    return tuple(sorted(findings, key=lambda finding: (finding.origin.line, finding.code)))
