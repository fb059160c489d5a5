"""What a figure is by its name: whether more of it is better, or less, or whether it is no service level.

Only the head noun decides, i.e. the end of the name: 営業時間内稼働率 is a 稼働率, "Failover Success Rate" a success
rate, and セッションタイムアウト a setting, whatever stands before it. A head that is not known here gives None.
"""

import re
from enum import Enum, auto

from toban.design.values.duration import TimeUnit
from toban.design.values.metric import Metric, read_metric
from toban.design.values.normal import plain
from toban.design.values.quantity import Quantity
from toban.design.values.statistic import read_statistic


class Tendency(Enum):
    """What a figure's name says of it."""

    RISES = auto()
    """More is better (稼働率)."""
    FALLS = auto()
    """Less is better (応答時間)."""
    NO_LEVEL = auto()
    """A setting, a limit that others must keep, or a figure of the business."""


def _ending(ja: str, en: str) -> re.Pattern[str]:
    """Compile *ja* at the end of a name, or *en* as its last whole word."""
    return re.compile(rf"(?:(?:{ja})|(?<![a-z])(?:{en}))$")


_TIMES = frozenset(unit.value for unit in TimeUnit)
_SHORT = frozenset({"ms", "秒"})
_LONG = frozenset({"日", "営業日", "週間", "ヶ月", "年"})
_MEASURE = re.compile(
    "(?:割合|率|件数|個数|時間|秒数|ゲージ|カウンター?|ヒストグラム)"
    "|percentage|percent|count(?:er)?|number|duration|latency|time|(?:milli)?seconds|minutes|rate|ratio|bytes|gauge|histogram"
)
_MONEY = frozenset({"円", "万円", "ドル"})
_RISING = frozenset({Metric.AVAILABILITY, Metric.UP, Metric.CERTIFICATE_LIFETIME})
_UNDIRECTED = frozenset({Metric.CONNECTIONS, Metric.LOG_COUNT})

_REMARK = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\])$")
_AS_TARGET = re.compile(
    r"\s*(?:の?(?:目標|要件|基準|実績)値?|(?<![a-z])(?:targets?|objectives?|goals?|requirements?|sl[ao]s?))$"
)
_COUNTED = re.compile(
    r"(?:の?(?:発生|検出)?(?:率|割合|比率|件数|回数|数)"
    r"|\s*(?:\b(?:rates?|ratio|percentage|share|counts?|number|score)\b|%))$"
)
_COUNT_OF = re.compile(r"(?P<counted>rate|ratio|percentage|share|count|number) of (?P<event>.+)")
_TIME_TO = re.compile(r"(?:mean |average |max(?:imum)? )?time to .+")
_PREPOSITION = re.compile(r"\s(?:of|for|per|in|by|with|under|at|on|after|during|within|from)\s.*")

_SHARE_RISES = _ending(
    "稼働|可用性|成功|完了|達成|遵守|準拠|解決|検知|応答|到達|配信|正答|一致|合格|適用|実施|充足|網羅|復旧|回復|ヒット"
    "|カバレッジ|正確性|精度|満足度|耐久性|信頼性",
    "availability|uptime|success(?:ful)?|completion|completed|compliance|coverage|accuracy|hits?|detection"
    "|prevention|delivery|resolution|adherence|durability|reliability",
)
_PERFORMED = _ending(
    "スループット|処理能力|処理性能|同時(?:接続|アクセス|利用|実行|処理)?(?:可能)?(?:ユーザー?|利用者|者|ジョブ|セッション)?",
    "throughput|concurrent (?:users|players|viewers|clients|visitors|sessions|connections)",
)
_FALLS = _ending(
    "エラー|失敗|タイムアウト|損失|欠損|欠落|ドロップ|遅延|誤検知|誤報|再発|不良|違反|障害|事故|停止|中断|インシデント|滞留|不達|離脱|ミス|放棄|切断|欠航"
    "|(?:cpu|メモリ|ディスク|ストレージ|ヒープ|プール|帯域|回線|リソース)使用",
    "errors?|fail(?:ures?|ed|ing)|timeouts?|loss(?:es)?|lost|dropped|drops|downtime|outages?|incidents?|defects?"
    "|violations?|miss(?:es|ed)?|rejections?|rejected|delays?|delayed|lag|crash(?:es)?|late|usage|utili[sz]ation",
)
_TURNED = re.compile(r"(?:[未不非無誤]|ノン|non-)$")
_SPOILT = re.compile(
    r"失敗|遅延|異常|\b(?:failed|failing|missed|late|delayed|lost|dropped|false|rejected|unsuccessful|incomplete)\b"
)
_BUSINESS = _ending(
    "(?:売上|利益|収益|単価|来店|来場|来客|受注|成約|契約|会員|登録者|予約|宿泊|販売|在庫|コンバージョン|リピート|解約|応募|採用|離職|歩留まり?|顧客維持|来園|入居|購入|勝ち?|ドローダウン|スリッページ)[高額者]?"
    "|(?:客室|病床|ベッド|座席|設備|車両|要員|人員)稼働",
    "revenue|sales|profit|sharpe|drawdown|slippage|leverage|win|pnl|p&l|returns?|roi|conversions?|churn|bookings?|occupancy|sign-?ups?|active users|nps|[dmw]au|pv|cvr",
)
_LIMIT = _ending(
    "上限[値数]?|制限[値数]?|保持|保[持存管](?:数|世代数?)|世代数?|(?:アップロード|添付)(?:ファイル)?(?:サイズ|容量)",
    "limits?|quota|caps?|retention|(?:upload|attachment|payload|request body) size",
)
_ALLOWANCE = re.compile(
    r".*(?:許容|許される).*(?:件数|回数|数)$"
    r"|\b(?:allowed|permitted|tolerated|budgeted|remaining)\b.*\b(?:errors|failures|requests|incidents|events)\b"
)
"""What an objective leaves over for failures follows from it, and is none itself."""
_KEPT = _ending("保[持存管]", "archive|storage|history")

_TIME_RISES = _ending(
    "(?:稼働|連続.{0,4}|駆動|持続|無停止|無故障|無停電|給電)時間|故障間隔",
    "uptime|up time|battery life|mtbf|mttf|time (?:between|to) failures?",
)
_TIME_SET = _ending(
    "期間|期限|間隔|周期|寿命|年数|日数|頻度|時間帯|時刻|タイムアウト(?:時間|値)?|クールダウン|ポーリング|ハートビート"
    "|(?:ロック|ロックアウト|セッション|営業|受付|提供|サポート|サービス|業務|運用|利用|可能|保持|保存|保管|有効|キャッシュ|勤務|就業|開館|診療|取引|窓口)時間",
    "retention|interval|period|lifetime|expiry|expiration|window|frequency|timeout|ttl|age|hours|validity|schedule"
    "|cooldown|polling|heartbeat|backoff|debounce|(?:session|lock|lockout|operating|service|business|idle|cache) time|time to (?:live|idle|expire)",
)
_TIME_FALLS = _ending(
    "(?:応答|レスポンス|処理|復旧|回復|復元|リストア|対応|回答|検知|検出|通知|連絡|表示|描画|読み?込み?|遷移|検索|起動|切替|切り替え"
    "|停止|中断|遅延|待ち|待機|所要|実行|完了|解決|初動|到着|配信|反映|更新|登録|出力|生成|作成|取得|転送|計算|学習|推論|予測|バッチ|クエリ"
    "|ジョブ|バックアップ|デプロイ|ロールバック|移行|修理|修復|許容|ログイン)(?:完了)?時間"
    "|タイム|レイテンシー?|遅延|ラグ|停止|対応|復旧|回復|応答|回答|検知|検出|通知|表示|描画|読み?込み?|遷移|検索|起動|切替|切り替え|フェイルオーバー"
    "|復元|リストア|完了|処理|着手|ログイン|照会",
    "(?<!run )(?<!hold )(?<!standby )(?<!flight )times?|latency|delays?|lag|durations?|downtime|outages?|response"
    "|recovery|detection|resolution|failover|acknowledg(?:e?ment)?|turnaround|mttr|mttd|mtta|ttfb|ttr|lcp|fcp|fid|inp|tti",
)
_SPEED = _ending("性能(?:効率性)?|パフォーマンス|レスポンス", "performance|speed")
# 対応 24時間 may be a time to answer in, or round the clock.
_SERVED = _ending("(?:対応|応答)(?:時間)?", "support|service")
_ALL_DAY = "24時間"


def as_subject(name: str) -> str:
    """Return *name* as what is measured; nothing if it only says how: Percentage, 件数."""
    return "" if _MEASURE.fullmatch(plain(name).lower()) else name


def is_time(quantity: Quantity) -> bool:
    """Say whether *quantity* is a length of time."""
    return quantity.unit in _TIMES


def fits(metric: Metric, target: Quantity) -> bool:
    """Say whether *target* can be one of *metric*: メモリ 8GB is no share of it."""
    if not target.unit:
        return True
    return is_time(target) if metric.unit in _TIMES else target.unit == (metric.unit or target.unit)


def tendency(name: str, target: Quantity) -> Tendency | None:
    """Return what *name* says of a target of this size and unit; None if its head is not known."""
    metric = read_metric(name)
    if metric is not None and metric not in _UNDIRECTED and fits(metric, target):
        return Tendency.RISES if metric in _RISING else Tendency.FALLS
    head = _head(name)
    if target.unit in _MONEY or _LIMIT.search(head) or _ALLOWANCE.match(head):
        return Tendency.NO_LEVEL
    if not is_time(target):
        return _of_level(head, is_share=target.unit == "%")
    if target.unit in _LONG and _KEPT.search(head):
        return Tendency.NO_LEVEL
    if str(target) == _ALL_DAY and _SERVED.search(head):
        return None
    statistic = read_statistic(name)[0]
    is_latency = statistic is not None and statistic.percentile is not None
    return _of_time(head) or (Tendency.FALLS if is_latency else None)


def tendency_below(heading: str, target: Quantity, *, is_rate: bool) -> Tendency | None:
    """Return what *heading* says of a figure below it: a time below レスポンスタイム, a rate below スループット."""
    head = _head(heading)
    if is_time(target):
        is_speed = target.unit in _SHORT and _SPEED.search(head) is not None
        return Tendency.FALLS if is_speed or _of_time(head) is Tendency.FALLS else None
    return Tendency.RISES if is_rate and _PERFORMED.search(head) else None


def _head(name: str) -> str:
    """Return *name* without remarks, a statistic and words such as 目標値 at its end, in lower case."""
    text = plain(read_statistic(name)[1]).lower().replace("_", " ")
    before = None
    while text != before:
        before, text = text, _AS_TARGET.sub("", _REMARK.sub("", text)).strip(" :-") or text
    return text


def _of_time(head: str) -> Tendency | None:
    if _TIME_RISES.search(head):
        return Tendency.RISES
    if _TIME_SET.search(head):
        return Tendency.NO_LEVEL
    is_passing = _TIME_TO.fullmatch(head) or _TIME_FALLS.search(_PREPOSITION.sub("", head))
    return Tendency.FALLS if is_passing else None


def _of_level(head: str, *, is_share: bool) -> Tendency | None:
    """Return the tendency of a share or a count: that of the event counted (失敗件数, success rate)."""
    counted = _COUNT_OF.fullmatch(head)
    head = f"{counted['event']} {counted['counted']}" if counted else _PREPOSITION.sub("", head)
    event = _COUNTED.sub("", head).strip() or head
    if _BUSINESS.search(event):
        return Tendency.NO_LEVEL
    if _PERFORMED.search(event):
        return Tendency.RISES
    good, bad = _SHARE_RISES.search(event), _FALLS.search(event)
    before = event[: found.start()].rstrip() if (found := bad or good) else ""
    if _TURNED.search(before):
        good, bad = bad, good
    elif good and _SPOILT.search(before):
        return None
    if bad or (not good and event != head and _SPOILT.match(event)):
        return Tendency.FALLS
    return Tendency.RISES if good and is_share else None
