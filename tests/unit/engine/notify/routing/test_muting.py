from dataclasses import replace

from toban.engine.notify.routing.muting import Causes, OpenAlert
from toban.engine.notify.signal import PROBED_BY, WHOLE_TARGET, Condition
from toban.message import plain


def trouble(
    key: str, target: str, item: str, condition: Condition = Condition.CRITICAL, instance: str = ""
) -> OpenAlert:
    labels = {"instance": instance} if instance else {WHOLE_TARGET: "yes"}
    return OpenAlert(key, plain(f"{target} {item}"), condition, {"target": target, "item": item, **labels})


DOWN = trouble("web/up", "Webサーバー", "up")
SLOW = trouble("web/cpu", "Webサーバー", "cpu", Condition.WARNING)
API_ERRORS = trouble("api/errors", "API", "error-rate")


def test_a_target_that_is_down_inhibits_all_other_alerts_about_it() -> None:
    assert Causes([DOWN, SLOW]).of(SLOW, {}) == DOWN


def test_the_alert_that_the_target_is_down_is_not_inhibited() -> None:
    assert Causes([DOWN, SLOW]).of(DOWN, {}) is None


def test_a_warning_that_a_target_may_be_down_inhibits_nothing() -> None:
    doubtful = trouble("web/up", "Webサーバー", "up", Condition.WARNING)

    assert Causes([doubtful, SLOW]).of(SLOW, {}) is None


def test_an_instance_that_is_down_inhibits_only_alerts_about_itself_and_within_it() -> None:
    down = trouble("web/up/1", "Webサーバー", "up", instance="web-1")
    disk = trouble("web/disk/1", "Webサーバー", "disk", instance="web-1 /var")
    other = trouble("web/disk/10", "Webサーバー", "disk", instance="web-10 /var")
    runs_on = {"API": "Webサーバー"}

    causes = Causes([down, disk, other, API_ERRORS])

    assert causes.of(disk, {}) == down
    assert causes.of(other, {}) is None
    assert causes.of(API_ERRORS, runs_on) is None


def test_a_critical_alert_does_not_inhibit_a_warning_of_another_instance() -> None:
    critical = trouble("web/cpu/1", "Webサーバー", "cpu", instance="web-1")
    warning = trouble("web/cpu/2", "Webサーバー", "cpu", Condition.WARNING, instance="web-2")

    assert Causes([critical, warning]).of(warning, {}) is None


def test_another_target_is_not_inhibited() -> None:
    assert Causes([DOWN]).of(API_ERRORS, {}) is None


def test_alerts_of_services_on_a_target_that_is_down_are_inhibited() -> None:
    api_down = trouble("api/up", "API", "up")
    runs_on = {"API": "APIサーバー", "APIサーバー": "Webサーバー"}

    causes = Causes([DOWN, api_down, API_ERRORS])

    assert causes.of(API_ERRORS, runs_on) == DOWN
    assert causes.of(api_down, runs_on) == DOWN


def test_circular_dependencies_between_targets_do_not_hang() -> None:
    ring = {"API": "Webサーバー", "Webサーバー": "API"}

    assert Causes([DOWN]).of(API_ERRORS, ring) == DOWN


def test_a_critical_alert_inhibits_the_warning_of_another_row_about_the_same_item() -> None:
    critical = trouble("web/cpu/critical", "Webサーバー", "cpu")

    assert Causes([critical, SLOW]).of(SLOW, {}) == critical
    assert Causes([critical, SLOW]).of(critical, {}) is None
    assert Causes([critical]).of(trouble("web/mem", "Webサーバー", "memory", Condition.WARNING), {}) is None


def test_an_alert_without_a_target_is_never_inhibited() -> None:
    assert Causes([DOWN]).of(OpenAlert("batch/B001", plain("バッチ B001"), Condition.CRITICAL), {}) is None


def test_no_sender_can_pose_as_the_cause_of_what_toban_measures() -> None:
    posing = replace(DOWN, key="outside/1", labels={**DOWN.labels, "sender": "prometheus"})
    same = replace(SLOW, key="outside/2", condition=Condition.CRITICAL, labels={**SLOW.labels, "sender": "x"})

    assert Causes([posing, same, SLOW]).of(replace(SLOW, condition=Condition.WARNING), {}) is None


def test_what_a_sender_says_of_something_that_is_down_is_no_news() -> None:
    outside = replace(SLOW, key="outside/1", labels={**SLOW.labels, "sender": "prometheus"})

    assert Causes([DOWN]).of(outside, {}) == DOWN


def test_that_a_place_is_down_inhibits_alerts_about_what_other_targets_have_there() -> None:
    down = trouble("api/up/1", "API", "up", instance="api-1")
    host = trouble("host/cpu/no-data", "APIサーバー", "cpu", Condition.NO_DATA, instance="host-1")
    there = replace(host, labels={**host.labels, PROBED_BY: "api/up/1"})

    assert Causes([down, there]).of(there, {}) == down
    assert Causes([down, host]).of(host, {}) is None
    assert Causes([replace(down, condition=Condition.WARNING), there]).of(there, {}) is None
