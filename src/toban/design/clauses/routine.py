"""Chapter 10, 定期作業: recurring work by people."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, override

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.section import normalise
from toban.design.shapes.shape import (
    Ambiguous,
    Built,
    Cells,
    ChapterShapes,
    ClausePlace,
    EntryShape,
    NotUnderstood,
    PlacedEntry,
    TableShape,
    words,
)
from toban.design.shapes.timing import (
    beside,
    is_attribute,
    is_time_unread,
    nearest_schedule,
    of_each,
    read_times,
    read_when,
    row_schedules,
    section_schedule,
    speaks_of_time,
)
from toban.design.values.money import read_money
from toban.design.values.people import read_recipients
from toban.design.values.schedule import Cadence, Schedule, join_schedule, read_schedule
from toban.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Routine(Clause):
    """A task, when it is due and who owns it."""

    chapter: ClassVar[Chapter] = Chapter.ROUTINE
    kind: ClassVar[str] = "routine"

    name: str
    schedule: Schedule
    owner: str
    """The person or team; empty where the document only says that it is automatic or done by hand."""
    content: str

    is_automatic: bool = False
    """Whether a machine does it."""

    @property
    @override
    def person(self) -> str:
        return self.owner


def _routine(cells: Cells) -> Built:
    name = cells.first("name", "item", "drill")
    if not name:
        raise NotUnderstood(Message("design.task-without-name"))
    if cells.has("drill") and not cells["frequency"]:
        raise NotUnderstood(Message("design.no-time-in-row-or-heading"))
    if not (cells.has("name") or any(map(cells.has, ("frequency", "clock", "owner")))):
        raise NotUnderstood(Message("design.task-or-report"))
    return _each(cells, name)


def _each(cells: Cells, name: str) -> Built:
    owner, is_automatic = _owner(cells["owner"])
    is_done_by_machine = _owner(cells["automation"])[1]
    cells.take(*(("owner",) if is_automatic else ()), *(("automation",) if is_done_by_machine else ()))
    return of_each(
        _schedules(cells),
        lambda schedule, nth: Routine(
            **cells.stamp(Routine, name, *nth),
            name=name,
            schedule=schedule,
            owner=owner,
            is_automatic=is_automatic or is_done_by_machine,
            content=cells["content"],
        ),
    )


def _schedules(cells: Cells) -> tuple[Schedule, ...]:
    """Return when the task is due; a deadline that does not recur (期限: 2/15) makes it a task done once."""
    deadline = cells["deadline"]
    is_timed = bool(cells.first("frequency", "clock", "start"))
    if not (is_timed or deadline) and _OWN_TIME.search(normalise(cells["content"])):
        raise Ambiguous(Message("design.heading-time-not-read", heading=cells.section.title))
    if is_timed or not deadline:
        return _of_columns(cells)
    when = read_when(deadline)
    if when is None or when.cadence not in _RECURRING:
        raise NotUnderstood(Message("design.task-once", words=deadline))
    return (when,)


def _of_columns(cells: Cells) -> tuple[Schedule, ...]:
    """Read how often, on which day and at what time, which may have a column each: 隔週 | 日曜日 | 03:00."""
    if not cells["start"]:
        return row_schedules(cells)
    if not cells["clock"]:
        return row_schedules(cells, clock="start")
    if not cells["frequency"]:
        return row_schedules(cells, frequency="clock", clock="start")
    day_and_time = f"{cells['clock']} {cells['start']}"
    return row_schedules(replace(cells, values={**cells.values, "clock": day_and_time}))


def _owner(text: str) -> tuple[str, bool]:
    """Return who does it, and whether a machine does: 自動 and 手動 are nobody, 手動（夜勤） is 夜勤."""
    said = _OWNER.fullmatch(text)
    how = [_HOW.fullmatch(normalise(part)) for part in _BETWEEN.split(said["name"])] if said else []
    if said is None or not all(how):
        return text, False
    is_automatic = all(part and part["automatic"] for part in how)
    return "" if is_automatic else said["owner"] or "", is_automatic


def _said_how_often(entry: PlacedEntry, often: Schedule) -> Routine:
    """Read an entry such as Weekly: rotate the duty (Monday 10:00)."""
    said = _OWNER.fullmatch(entry.value)
    remark = said["owner"] if said else None
    schedule = join_schedule(entry.key, remark) if remark else None
    entry.take(entry.key, remark if remark and schedule else "")
    name = said["name"] if said and schedule else entry.value
    return Routine(**entry.stamp(Routine, name), name=name, schedule=schedule or often, owner="", content="")


def _timed(entry: PlacedEntry) -> Built:
    """Read an entry such as ログ確認: 毎日 9:00."""
    often = read_schedule(entry.key) if _HOW_OFTEN.fullmatch(normalise(entry.key)) else None
    if often is not None:
        return _said_how_often(entry, often)
    schedules = read_times(entry.value) if entry.key and not is_attribute(entry) else ()
    if not schedules:
        raise NotUnderstood(Message("design.not-a-task-with-time"))
    return of_each(
        schedules,
        lambda schedule, nth: Routine(
            **entry.stamp(Routine, entry.key, *nth), name=entry.key, schedule=schedule, owner="", content=""
        ),
    )


def _described(cells: Cells) -> Built:
    """Read 担当: …, 所要時間: … below a heading that names the task."""
    name = _WHEN.sub("", cells.section.heading).strip() or cells.section.heading
    if _IS_A_TIME.match(normalise(name)):
        raise NotUnderstood(Message("design.task-without-name"))
    return _each(cells, name)


def _listed(entry: PlacedEntry) -> Routine:
    """Read an entry under 日次作業 or 週次（日曜日 2:00）, where the heading says when."""
    schedule = nearest_schedule(entry.section)
    if schedule is None and entry.checked is not None:
        schedule = section_schedule(entry.section)
    if schedule is None and is_time_unread(entry.section):
        raise Ambiguous(Message("design.heading-time-not-read", heading=entry.section.title))
    if schedule is None or is_attribute(entry):
        raise NotUnderstood(Message("design.no-time-in-row-or-heading"))
    refuse_no_task(entry)
    once = _ONCE.search(normalise(entry.sentence))
    if once is not None:
        raise Ambiguous(Message("design.task-once", words=once.group()))
    due = beside(entry.key, entry.section) if entry.key else None
    if due is not None:
        entry.take(entry.key)
        return Routine(
            **entry.stamp(Routine, entry.value),
            name=entry.value,
            schedule=due,
            owner="",
            content="",
        )
    name = entry.key or entry.sentence
    remark = _OWNER.fullmatch(name)
    is_automatic = remark is not None and _owner(remark["owner"] or "")[1]
    own = beside(remark["owner"], entry.section) if remark and remark["owner"] else None
    if remark and (own is not None or is_automatic):
        entry.take(remark["owner"])
        name, schedule = remark["name"], own or schedule
    return Routine(
        **entry.stamp(Routine, name),
        name=name,
        schedule=schedule,
        owner="",
        content=entry.value if entry.key else "",
        is_automatic=is_automatic or _is_done_by_machine(entry.section.words),
    )


def _is_done_by_machine(headings: Sequence[str]) -> bool:
    """Say whether the nearest heading says so: Daily (Automated)."""
    remark = _OWNER.fullmatch(headings[-1])
    return remark is not None and remark["owner"] is not None and _owner(remark["owner"])[1]


def _is_an_order(entry: PlacedEntry) -> bool:
    """Say whether it tells somebody to do something: Restore the latest backup, Disaster drill."""
    name = normalise(entry.key or entry.sentence)
    # Failing tests are what is counted.
    is_deed = DEED.search(name) is not None and not name.endswith("s")
    return is_deed or _ORDER.search(name) is not None


def refuse_no_task(entry: PlacedEntry) -> None:
    """Raise `NotUnderstood` for what a meeting is about, and for what a check must find."""
    name = normalise(entry.key or entry.sentence)
    above = [_WHEN.sub("", heading).strip() for heading in entry.section.words[-2:]]
    is_figure = bool(entry.key) and read_money(entry.value) is not None
    if is_figure or not re.search(r"[^\W\d_]", name) or _OF_FIGURES.search(above[-1]):
        raise NotUnderstood(Message("design.no-rule"))
    if any(kind.search(name) for kind in (_OWN_TIME, _COUNTED_DOWN)) or _CLOCK.match(name):
        raise Ambiguous(Message("design.heading-time-not-read", heading=entry.section.title))
    is_deed = any(DEED.search(said) or TASK.search(said) for said in (name, normalise(entry.value)))
    if any(map(_TALK.search, above)) and not DEED.search(name):
        raise NotUnderstood(Message("design.topic-not-task", words=entry.sentence))
    if entry.checked is None and not (is_deed or speaks_of_time(name)):
        raise Ambiguous(Message("design.task-by-its-heading", words=entry.sentence))
    if entry.checked is None and _CRITERION.search(_WHEN.sub("", name)):
        raise Ambiguous(Message("design.criterion-not-task", words=entry.sentence))


def _led(entry: PlacedEntry) -> Built:
    """Read 毎週月曜 10:00 週次レビュー（当番）: when, what, and who owns it."""
    said = entry.sentence.split()
    for count in range(min(len(said) - 1, _LONGEST_TIME), 0, -1):
        schedules = () if entry.key else read_times(" ".join(said[:count]))
        if schedules:
            break
    else:
        raise NotUnderstood(Message("design.not-a-task-after-time"))
    rest = " ".join(said[count:])
    if _ZONE.match(rest):
        raise NotUnderstood(Message("design.not-a-task-after-time"))
    work = _OWNER.fullmatch(rest)
    # (grep -c ERROR app.log) is how it is done.
    is_owned = work is not None and read_recipients(work["owner"] or "") and not _FLAG.search(rest)
    name, remark = (work["name"], work["owner"]) if work and is_owned else (rest, "")
    owner, is_automatic = _owner(remark)
    return of_each(
        schedules,
        lambda schedule, nth: Routine(
            **entry.stamp(Routine, name, *nth),
            name=name,
            schedule=schedule,
            owner=owner,
            content="",
            is_automatic=is_automatic,
        ),
    )


def headed_routine(place: ClausePlace, crons: Collection[str] = ()) -> Routine | None:
    """Return the task that a heading names with its time, for a section of only commands or steps.

    A heading without a clock takes the time at which the commands run, if *crons* says one that fits.
    """
    heading = place.section.heading
    if not TASK.search(normalise(heading)) or place.section.captioned("").nearness(_OTHERWISE) == 3:
        return None
    schedule = nearest_schedule(place.section.captioned(""))
    if schedule is not None and crons and not schedule.is_timed:
        exact = [read_schedule(cron) for cron in crons]
        schedule = exact[0] if len(exact) == 1 and exact[0] and exact[0].cadence is schedule.cadence else None
    if schedule is None:
        return None
    name = _WHEN.sub("", heading).strip() or heading
    if not TASK.search(normalise(name)) and read_when(name) is not None:
        return None
    return Routine(**place.stamp(Routine, name), name=name, schedule=schedule, owner="", content="")


_WHEN = re.compile(r"\s*[(（][^()（）]*[)）]|^.*\d[:：]\d\d\s*[:：]\s+(?=\S)")
_IS_A_TIME = words(r"(?:time|when|schedule|日時|時刻|時間帯?|実施時期|スケジュール)\s*[:：]|\d{1,2}[:：]\d\d")
_HOW_OFTEN = words(
    "日次|週次|月次|年次|毎日|毎週|毎月|四半期(?:毎|ごと)?|daily|weekly|monthly|quarterly|annually|yearly"
)
# The longest schedules have this many words (the first business day of every month 10:00).
_LONGEST_TIME = 10
_HOW = words(
    r"(?P<automatic>(?:完全|全)?自動(?:化(?:済み?)?|実行)?|システム|スクリプト|バッチ|ジョブ"
    r"|cron(?: ?jobs?)?|ci|cd|github actions|scheduler|auto(?:matic(?:ally)?|mated)?|scripts?|system)"
    r"|半自動|手動(?:実行)?|手作業|manual(?:ly)?|semi-?auto(?:matic|mated)?|by hand"
)
"""How a task is done, where the person who does it might stand."""
_RECURRING = (Cadence.DAILY, Cadence.WEEKLY, Cadence.MONTHLY, Cadence.QUARTERLY, Cadence.HALF_YEARLY)
_ONCE = words(
    r"(?:期限|期日|締め?切り?|\b(?:due|deadline|by))\W{0,3}\d{1,4}\s?[-/月年]\s?\d*|\b20\d\d(?:[-/]\d{1,2}|年)"
)
"""A date of one year, or by which something must be done."""
_BETWEEN = re.compile(r"\s*[/／・、+＋]\s*")
_OWNER = re.compile(r"(?P<name>.+?)\s*(?:[(（](?P<owner>[^()（）]+)[)）])?")
TASK = words(
    "メンテナンス|作業|チェック|確認|点検|レビュー|レポート|分析|タスク|訓練|棚卸|評価|更新|アップデート"
    "|\\b(?:maintenance|check|review|drill|tests?|report|tasks?)\\b"
)
_FLAG = re.compile(r"\s--?\w|\|")
_CLOCK = re.compile(r"\d{1,2}:\d\d")
_ZONE = re.compile(r"[A-Z]{2,4}T\b")
_TALK = words(
    r"(?:レビュー|会議|会|ミーティング|定例|振り?返り|mtg|共有)$|\b(?:reviews?|meetings?|retrospectives?|retro|sync|stand-?up|call|briefing|adjustments?|planning"
    r"|discussions?|for|on|of|by|include|cover)$"
)
"""Headings of a talk: what stands below is what it is about, unless that is a task itself."""
_ORDER = words(
    "^(?:review|check|verify|update|test|rotate|analy[sz]e|clean|run|confirm|validate|audit|patch|archive|prune"
    "|report|plan|discuss|assess|evaluate|inspect|examine|look|go|identify|compare|document|send|share|ensure"
    "|delete|measure|monitor|track|prioriti[sz]e|triage|close|remove|rebuild|reconcile|renew|replace|retire"
    r"|refresh|reindex|resolve|reset|restore)\b"
)
"""How an entry begins that tells somebody to do something."""
DEED = words(
    "(?:確認|点検|チェック|監査|スキャン|ローテーション|アーカイブ|最適化|圧縮|訓練|演習|リハーサル|復元|再起動|バックアップ"
    "|実施|実行|更新|整理|棚卸し?|分析|評価|レビュー|見直し|作成|報告|共有|送付|削除|適用"
    "|計画|予測|検討|取得|検証|測定|計測|集計|監視|清掃|交換|決定|調整|設定|修正|改訂|廃止|策定|選定|洗い出し|記録|配布"
    "|テスト|[るくすつぬむぐぶう])。?$"
    "|^[a-z]+ (?:the|all|any|each|old|new|our|unused|stale) "
    rf"|{_ORDER.pattern}"
    r"|\b(?:drill|test|testing|review|audit|check|clean-?up|backup|update|rotation|maintenance|scan|training|meeting"
    r"|verification|analysis|tuning|optimi[sz]ation|assessment|patching"
    r"|simulation|exercise|rehearsal|audit|restart|inspection|archival|archiving|replacement|renewal)s?$"
)
"""How an entry begins or ends that is work."""
_OWN_TIME = words(
    r"\d+\s?(?:秒|分|時間)(?:毎|ごと|おき|間隔)|常時|リアルタイム"
    r"|(?:\bpr|\bmain|コミット|マージ|デプロイ|リリース|プッシュ) ?(?:毎|ごと)"
    r"|\bper (?:pr|commit|push|merge|deploy)\b"
    r"|\b(?:every \d+ (?:seconds?|minutes?|hours?)|continuous(?:ly)?|(?:in )?real-?time)\b"
)
"""What is done more often than its heading says."""
_COUNTED_DOWN = words(r"^[td][-−+]\d+")
"""T-2 weeks: a moment of a cycle, which the heading does not give."""
_OF_FIGURES = words(
    "(?:予算|上限|制限|料金|目標|アラート|通知|売上|件数|利用量)$"
    r"|\b(?:budgets?|alerts?|limits?|quotas?|pricing|costs?|targets?|goals?|digest|volume|traffic|usage)$"
)
"""Headings of what is counted by the day or month, and not done: Daily Budget."""
_CRITERION = words(
    r"[るたい]こと$|(?:\d\S*|[がは])(?:未満|以下|以上|以内|なし|ゼロ)$|[がは](?:正常|全て成功|0件)$"
    r"|[<>≤≥]=? ?\d\S*(?: [a-z]+)?$"
    r"|^(?!(?:check|verify|confirm|ensure|make|see|test|review|validate)\b).*"
    r" (?:exists?|pass(?:es)?|succeeds?|is \w+|are \w+)$"
    r"|\b(?:within|below|under|above|less than|more than) \d+ ?\S+$"
)
"""How an entry ends that says what must be the case: 使用率が80%未満であること."""
_REGULAR = words(
    "定期|定常|日次|週次|月次|年次|四半期|半期|日常|毎日|毎朝|毎週|毎月|作業|メンテナンス|デイリー|ウィークリー|マンスリー"
    r"|\b(?:daily|weekly|monthly|quarterly|annual|routine|maintenance|recurring)\b|タスク"
)
_OTHERWISE = words(
    "障害|復旧|緊急|テンプレート|履歴|バッチ|ジョブ|バックアップ|監視項目|リリース|batch|backup|release"
    r"|メンテナンス(?:ウィンドウ|枠|時間帯)|\bmaintenance windows?\b"
    r"|(?:失敗|停止|遅延)(?:した|時|の?場合)?$|(?:できない|しない|止まった)(?:とき|時|場合)?$"
    r"|\b(?:fails?|failed|failing|failures?|missing|stuck|overdue|is down|does not \w+|did not \w+)$"
)
"""Headings of other chapters, and of what to do if the work went wrong."""

SHAPES = ChapterShapes(
    tables=(
        TableShape(
            Routine,
            _routine,
            headings=_REGULAR,
            avoid=words("履歴|changelog|history"),
            columns={
                "name": words(
                    "作業(?:項目|名|内容)?|タスク(?:名)?|(?:チェック|確認|点検)項目|task|activity|work"
                ),
                "item": words("項目|テスト項目|item"),
                "drill": words(
                    "(?:訓練|演習|テスト|試験)(?:の)?(?:種別|種類|名)|レポート(?:名|種別)|会議(?:体|名)|(?:レビュー|検証|監査)(?:名|項目|種別)?|(?:drill|test|exercise|report|meeting)(?:name|type)?"
                ),
                # Days come first: beside a day, the time is the start's.
                "clock": words(
                    "実施(?:日時|日|時期|曜日)|曜日|週|時期|日付|日時|予定日|実施(?:時間|時刻)|時刻|時間(?:帯)?|day|week|weekday|when|date|time"
                ),
                "start": words("(?:実施|作業|開始)?時間帯|(?:実施|開始)?時[間刻]|time(?:window|slot)?"),
                "frequency": words(
                    "(?:実施|実行|確認)?(?:頻度|周期|サイクル)|スケジュール|frequency|schedule|cadence"
                ),
                "owner": words("担当者|担当(?:チーム|部署)?|実施者|役割|owner|assignee|responsible|who"),
                "content": words(
                    "(?:実施|作業|確認)?(?:内容|方法|項目|手順)|実行方法|説明|概要|方法|content|description|details?|how"
                ),
                "automation": words("自動化|実行方式|自動/手動|手動/自動|automation|automated"),
                "deadline": words(
                    "(?:対応|完了|実施)?(?:期限|期日|締め?切り?|納期)|完了予定(?:日)?|due(?:date)?|deadline|eta"
                ),
                "note": words("所要時間|影響|優先度|ダウンタイム|証跡|備考|duration|impact|priority|notes?"),
            },
            needs=("name|item|drill", "clock|frequency|owner|content|note"),
            telling=("name frequency owner", "drill frequency"),
        ),
        TableShape(
            Routine,
            _described,
            headings=_REGULAR,
            avoid=words(_OTHERWISE.pattern + "|レポート|報告|report"),
            columns={
                "clock": words("(?:実施)?(?:時間帯?|日時|時刻|時期|曜日|日)|time|when"),
                "frequency": words("(?:実施|実行)?(?:頻度|周期)|スケジュール|frequency|schedule"),
                "owner": words("担当者|担当(?:チーム)?|実施者|owner|who"),
                "content": words("(?:実施|作業)?内容|作業|概要|content|description|scope"),
                "length": words("所要時間|作業時間|duration"),
            },
            needs=("clock|frequency|owner|content",),
            record="clock frequency owner content length",
            record_only=True,
        ),
    ),
    entries=(
        EntryShape(Routine, _timed, headings=_REGULAR, avoid=_OTHERWISE, within=3),
        EntryShape(Routine, _led, headings=_REGULAR, avoid=_OTHERWISE, within=3),
        EntryShape(
            Routine,
            _listed,
            headings=words(
                "日次|週次|月次|年次|四半期|半期|毎日|毎朝|毎週|毎月|朝|夕|曜日?|月初|月末"
                r"|\b(?:daily|weekly|monthly|quarterly|annual)\b"
            ),
            avoid=words(_OTHERWISE.pattern + "|レポート|報告|指標|項目$|議題|注意|report|agenda|metrics"),
            within=2,
            is_formed=_is_an_order,
        ),
    ),
)
