"""On which side of a limit an alert is, and how grave it is."""

import re
from dataclasses import replace
from functools import lru_cache

from toban.design.assumption import Assumption, Meaning, of_word
from toban.design.section import DocumentSection, normalise
from toban.design.shapes.limits import (
    FALLS,
    RISES,
    as_share,
    beside_normal,
    compared,
    read_limit,
    read_normal,
)
from toban.design.shapes.measure import as_subject
from toban.design.shapes.shape import Ambiguous, Cells, NotUnderstood, read_value, unreadable, words
from toban.design.values.duration import Duration, read_length
from toban.design.values.metric import Metric
from toban.design.values.people import Recipient, read_recipients
from toban.design.values.severity import (
    AlertLevel,
    IncidentSeverity,
    is_level,
    may_be_third,
    read_alert_level,
    read_incident_severity,
)
from toban.design.values.threshold import Comparison, Range, Threshold
from toban.message import Message

_ALERTING = words("アラート|発報|通知|警報|alert|alarm|trigger|fires?\\b")
_PRIORITY = words("優先度|priority")
_REQUIREMENTS = words("要件|要求|requirement")
_RISING = frozenset({Comparison.AT_LEAST, Comparison.ABOVE})
_FALLING = frozenset({Comparison.AT_MOST, Comparison.BELOW})
_FINE = words(r"正常|通常時|健全|\bnormal\b|\bhealthy\b|\bok\b")
_GRAVER_WHEN_HIGHER = words(
    "(?:エラー|失敗|異常|障害|不達|欠損|欠測|欠品|拒否|タイムアウト|ロス|遅延|誤り|不良)(?:の)?(?:率|レート|数|件数|回数|時間)"
    r"|\b(?:error|failure|fault|timeout|loss|drop|defect|rejection)s? ?(?:rate|ratio|count|percentage)?$"
)
_GRAVER_WHEN_LOWER = words(
    "(?:成功|可用|稼働|正常|応答|到達|完了|ヒット|充足)率|可用性"
    r"|空き|残量|残高|残り?日数|余裕|有効期限"
    r"|\b(?:success|delivery|completion|hit|fill) ?(?:rate|ratio)|\bavailability|\buptime"
    r"|\b(?:free|available|remaining) |\bremaining$|\bexpiry$"
)
_HIGHER = frozenset(
    {Metric.CPU_USAGE, Metric.MEMORY_USAGE, Metric.DISK_USAGE, Metric.RESPONSE_TIME, Metric.ERROR_RATE}
    | {Metric.REPLICATION_LAG, Metric.BACKUP_AGE}
)
_LOWER = frozenset({Metric.AVAILABILITY, Metric.CERTIFICATE_LIFETIME})
_REMARK = re.compile(r"\s*\([^()]*\)")
_IN_A_ROW = words(r"(?P<times>\d{1,3}) ?(?:回(?:連続)?|(?:consecutive )?(?:periods?|times?|evaluations?))")
_SUMS = frozenset({"sum", "合計", "samplecount"})
_MEANS = frozenset({"average", "avg", "mean", "平均"})
"""What an alarm compares with its limit if it does not say."""
_NAMED = words(
    r"(?:(?<![a-z])[a-z][a-z0-9]*[-_]|\()(?P<level>critical|warning|info)(?![a-z])(?:(?<=\()|(?!\w))"
)
"""How an identifier or a remark names the level of its alarm: db-cpu-critical, to the topic (Critical)."""
_IN_HEADING = words(r"\((?P<level>[^()]+)\)$")
"""A level behind what is watched: CPU使用率 (Critical)."""
_OF_ALERTS = words(
    r"(?P<level>[^\s・/]+?)(?:レベル|level)?の?\s*(?:アラート|アラーム|警報|通知|閾値|しきい値|alerts?|alarms?|thresholds?|conditions?)*"
    r"(?:条件|設定|一覧)?:?"
)
_ALERTS_OF = words(r"の?(?:アラート|アラーム|警報|通知|閾値|しきい値|\b(?:alerts?|alarms?|thresholds?))$")
_ANSWER = words("応答(?:あり|なし)|無応答|(?:no )?(?:response|answer)")
"""What the limit columns of 死活 say in words; no number is meant."""
_EXPECTED = Message("design.expected-threshold")
_PERIOD = Message("design.expected-period")
NO_LEVEL = "レベルなし"
"""The word for a limit without a level, in `[assumptions]`."""
_NO_LEVEL = of_word(
    NO_LEVEL, Meaning.LEVEL, Message("design.assumed-warning"), Message("design.why-no-level")
)


def graveness(severity: str, scale: tuple[str, ...] = ()) -> tuple[bool, tuple[Assumption, ...]]:
    """Say whether the level is critical, and what was assumed for that."""
    if not severity:
        return False, (_NO_LEVEL,)
    level = read_alert_level(severity)
    if level is AlertLevel.INFO:
        raise NotUnderstood(Message("design.not-an-alert-level", words=severity))
    if level is not None:
        return level is AlertLevel.CRITICAL, ()
    grade = read_incident_severity(severity, scale)
    if grade is None:
        raise NotUnderstood(Message("design.not-an-alert-level", words=severity))
    if may_be_third(severity, scale):
        said = Message("design.assumed-second-is-warning", words=severity)
        return False, (of_word(severity, Meaning.LEVEL, said, Message("design.why-second")),)
    return grade in (IncidentSeverity.CRITICAL, IncidentSeverity.HIGH), ()


def graveness_of(cells: Cells) -> tuple[bool, tuple[Assumption, ...]]:
    """Do the same for a row, or by the heading above. The 優先度 of a requirement is that of building it."""
    is_priority = _PRIORITY.fullmatch(normalise(cells.labels.get("severity", ""))) is not None
    is_requirement = is_priority and cells.section.nearness(_REQUIREMENTS) > 0
    if not cells["severity"] and _is_for_information(cells.section):
        raise NotUnderstood(Message("design.not-an-alert-level", words=cells.section.title))
    if is_requirement or is_level(cells["severity"]):
        cells.take("severity")
    said = "" if is_requirement else cells["severity"] or level_above(cells.section) or _level_in(cells)
    return graveness(said, cells.column("severity"))


def _level_in(cells: Cells) -> str:
    """Return the level that a row's identifiers name, if they agree."""
    named = {found["level"] for found in _NAMED.finditer(normalise(cells.place.text))}
    return named.pop() if len(named) == 1 else ""


def level_above(section: DocumentSection) -> str:
    """Return the level that the nearest heading gives to what is below: Critical Alerts, CPU (Critical)."""
    return _level_heading(section) or _level_behind(section)


def is_only_a_level(section: DocumentSection) -> bool:
    """Say whether the nearest heading says how grave the conditions below are, and not of what they are."""
    return bool(_level_heading(section))


def _level_heading(section: DocumentSection) -> str:
    return _level_of(section.words[-1]) if section.words else ""


@lru_cache(maxsize=256)
def _level_of(heading: str) -> str:
    level = _level_named(heading)
    is_level = read_alert_level(level) not in (None, AlertLevel.INFO) or read_incident_severity(level)
    return level if is_level else ""


def _level_behind(section: DocumentSection) -> str:
    behind = _IN_HEADING.search(section.words[-1]) if section.words else None
    is_level = behind is not None and read_alert_level(behind["level"]) not in (None, AlertLevel.INFO)
    return behind["level"] if behind and is_level else ""


def _is_for_information(section: DocumentSection) -> bool:
    """Say whether nobody is alerted by what stands below: Info alerts (low priority)."""
    heading = section.words[-1] if section.words else ""
    return read_alert_level(_level_named(heading)) is AlertLevel.INFO


def _level_named(heading: str) -> str:
    # Sev 1 (High) alerts: a level in two words.
    said = _ALERTS_OF.sub("", heading).strip()
    if said != heading and is_level(said):
        return said
    named = _OF_ALERTS.fullmatch(_REMARK.sub("", heading))
    return named["level"] if named else ""


def told(cells: Cells) -> tuple[tuple[Recipient, ...], tuple[Assumption, ...]]:
    """Return whom a row names to be notified; words that name nobody are not used, and this is said."""
    text = cells["recipients"]
    recipients = read_recipients(text)
    if recipients is not None or not text:
        return recipients or (), ()
    said = Message("design.recipients-not-used", words=text)
    return (), (Assumption(said, Message("design.why-recipients")),)


def watched_in(cells: Cells) -> str:
    """Return what is watched, by its column or by that of its kind; how it is measured (割合) is neither."""
    of_kind = as_subject(cells["category"])
    cells.take(*(() if of_kind else ("category",)))
    return ("" if _is_goal(cells) else cells["target"]) or of_kind


def aims(cells: Cells) -> tuple[Assumption, ...]:
    """Say that what is to be reached beside the limits of an alarm raises no alert."""
    if not (cells["target"] and _is_goal(cells)):
        return ()
    cells.take("target")
    said = Message("design.aim-not-used", words=cells["target"])
    return (Assumption(said, Message("design.why-aim")),)


def _is_goal(cells: Cells) -> bool:
    """Say whether the column Target holds what is to be reached (99.9%), not what is watched."""
    is_headed = normalise(cells.labels.get("target", "")) == "target"
    return is_headed and any(map(read_limit, (cells["target"], *cells.column("target"))))


def with_condition(cells: Cells, threshold: Threshold | None) -> tuple[Threshold | None, Range | None]:
    """Join 閾値 with アラート条件, where a table has both: 95% | 下回り時, <0.1% | >1%が5分継続.

    Return when the alert is raised, and the normal side if one of the two states that.
    """
    limit, when = cells["condition"], cells["when"]
    if threshold is None or not when:
        return (threshold if limit or not when else cells.read("when", read_limit, _EXPECTED)), None
    for joined in map(read_limit, (limit + when, f"{limit}が{when}", f"{limit} {when}")):
        if joined not in (None, threshold) and joined.limit == threshold.limit:
            cells.take("when")
            return joined, None
    second = read_limit(when)
    if second is not None:
        cells.take("when")
    else:
        return _compared(cells, threshold), None
    is_same = threshold.is_bare or second.is_bare or threshold.comparison is second.comparison
    if is_same and second.limit == threshold.limit:
        return (threshold if second.is_bare else second), None
    is_second = _ALERTING.search(normalise(cells.labels["when"])) is not None
    is_first = _ALERTING.search(normalise(cells.labels["condition"])) is not None
    alert, other = (second, limit) if is_second else (threshold, when)
    normal = read_normal(other)
    if is_first is is_second or normal is None or not _are_opposite(threshold, second):
        raise Ambiguous(Message("design.two-conditions", first=limit, second=when))
    return alert, normal


def in_time(cells: Cells, threshold: Threshold | None) -> Threshold | None:
    """Return the limit with the time that columns of their own give: for how long, or over which window."""
    held = cells.maybe("held", read_length, _PERIOD)
    times = _IN_A_ROW.fullmatch(normalise(cells["window"]))
    if times:
        cells.take("window")
    window = None if times else cells.maybe("window", read_length, _PERIOD)
    if threshold is None:
        return None
    if times:
        threshold = _evaluated(cells, threshold, int(times["times"]))
    for said, column in ((threshold.sustained, held), (threshold.within, window)):
        if said is not None and column is not None and said != column:
            raise NotUnderstood(Message("design.two-hold-times", first=said.message, second=column.message))
    threshold = as_share(threshold)
    return replace(threshold, sustained=threshold.sustained or held, within=threshold.within or window)


def without_answers(cells: Cells) -> Cells:
    """Leave out 応答あり and 応答なし, as if the columns held a dash."""
    spoken = [role for role, text in cells.values.items() if _ANSWER.fullmatch(normalise(text))]
    cells.take(*spoken)
    return replace(cells, values={**cells.values, **dict.fromkeys(spoken, "-")})


def evaluated_every(cells: Cells) -> str:
    """Return the period of an alarm that counts its evaluations (期間: 5分, 評価期間: 2回連続)."""
    is_counted = _IN_A_ROW.fullmatch(normalise(cells["window"])) is not None
    return cells.first("period", "interval") if is_counted else ""


def _evaluated(cells: Cells, threshold: Threshold, times: int) -> Threshold:
    """Return the limit of such an alarm: reached so often in a row; a sum is one of the period."""
    is_sum = normalise(cells["statistic"]) in _SUMS
    if is_sum or normalise(cells["statistic"]) in _MEANS:
        cells.take("statistic")
    every = evaluated_every(cells)
    period = _period(cells, every) if is_sum else None
    return replace(
        threshold,
        consecutive=threshold.consecutive or (times if times > 1 else None),
        within=threshold.within or period,
    )


def _period(cells: Cells, every: str) -> Duration:
    if not every:
        raise NotUnderstood(Message("design.sum-without-period", column=cells.label("window")))
    return read_value(every, read_length, label=cells.label("period"), expected=_PERIOD)


def _are_opposite(one: Threshold, other: Threshold) -> bool:
    sides = (one.comparison, other.comparison)
    return not (one.is_bare or other.is_bare) and any(
        rising in _RISING and falling in _FALLING for rising, falling in (sides, sides[::-1])
    )


def _compared(cells: Cells, threshold: Threshold) -> Threshold:
    """Apply a comparison in a column of its own: 95% | 下回り時."""
    limit, when = cells["condition"], cells["when"]
    found = [pattern.search(normalise(when)) for pattern in (FALLS, RISES)]
    falls, rises = (each is not None for each in found)
    cells.take_words(*(each.group() for each in found if each))
    if re.search(r"\d", when) or falls is rises:
        raise unreadable(when, label=cells.labels["when"], expected=_EXPECTED)
    if not threshold.is_bare and threshold.comparison in (_RISING if falls else _FALLING):
        raise Ambiguous(Message("design.two-conditions", first=limit, second=when))
    return compared(threshold, when)


def limit_of(cells: Cells, role: str, normal: Range | None) -> Threshold | None:
    """Return the cell's threshold. A span (70-90%) means the end next to the normal range."""
    text = cells[role]
    if not text:
        return None
    refuse_normal_side(text)
    threshold = read_limit(text, cells["item"])
    threshold = threshold or beside_normal(text, normal)
    if threshold is None:
        return cells.read(role, read_limit, _EXPECTED)
    cells.take(role)
    return threshold


def refuse_normal_side(text: str) -> None:
    """Raise `Ambiguous` if a limit's cell says that it is kept while all is well: <0.1%（正常）.

    Nor is +10% a limit: it is a change against the last run, not a share of anything.
    """
    if text.startswith("+"):
        raise Ambiguous(Message("design.not-a-threshold-condition"))
    if _FINE.search(normalise(text)):
        raise Ambiguous(Message("design.normal-side", words=text))


def is_graver_when_lower(name: str, metric: Metric | None) -> bool:
    """Say whether a lower value is the worse one: 稼働率, success rate, 空き容量."""
    return metric in _LOWER or _GRAVER_WHEN_LOWER.search(normalise(name)) is not None


def outward(item: str, metric: Metric | None, normal: Range | None, *thresholds: Threshold | None) -> None:
    """Raise `Ambiguous` if an alert would be raised while all is well: エラー率 < 0.1%, 稼働率 99.9%以上."""
    for threshold in thresholds:
        if threshold is None or threshold.is_bare or threshold.comparison is Comparison.EQUAL:
            continue
        falls = threshold.comparison in _FALLING
        name = normalise(threshold.subject or item)
        if normal is not None:
            is_inward = _covers(threshold, normal)
        elif falls:
            is_inward = metric in _HIGHER or _GRAVER_WHEN_HIGHER.search(name) is not None
        else:
            is_inward = is_graver_when_lower(name, metric)
        if is_inward:
            raise Ambiguous(Message("design.normal-side", words=threshold.message))


def _covers(threshold: Threshold, normal: Range) -> bool:
    """Say whether every value of the normal range reaches the threshold."""
    end = normal.high if threshold.comparison in _FALLING else normal.low
    if end is None or end.unit != threshold.limit.unit:
        return False
    return threshold.comparison.holds(float(end.value), float(threshold.limit.value))
