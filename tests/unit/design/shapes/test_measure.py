"""Whether more or less is better is known by the head noun of a figure's name, or it is not known."""

import pytest

from toban.design.shapes.measure import Tendency, tendency
from toban.design.values.quantity import read_quantity

RISES, FALLS, NO_LEVEL = Tendency


@pytest.mark.parametrize(
    ("name", "figure", "expected"),
    [
        ("平日日中稼働率", "99.5%", RISES),
        ("予約エンジンの稼働率（月間）", "99.9%", RISES),
        ("障害検知率", "95%", RISES),
        ("障害検知時間", "5分", FALLS),
        ("誤検知率", "5%", FALLS),
        ("未達成率", "3%", FALLS),
        ("決済失敗件数", "5件", FALLS),
        ("無停止稼働時間", "720時間", RISES),
        ("無停電時間", "2時間", RISES),
        ("平均故障間隔", "2,000時間", RISES),
        ("夜間バッチ処理時間", "4時間", FALLS),
        ("注文処理能力", "50件", RISES),
        ("同時接続利用者数", "500人", RISES),
        ("Checkout success rate (EU)", "99%", RISES),
        ("Failure detection rate", "95%", RISES),
        ("Failed payment ratio", "0.1%", FALLS),
        ("Rate of failed logins", "1%", FALLS),
        ("Non-delivery rate", "1%", FALLS),
        ("Packet loss prevention", "99.9%", RISES),
        ("Packet loss", "0.1%", FALLS),
        ("Uptime", "720時間", RISES),
        ("Mean time between failures", "720時間", RISES),
        ("Mean time to restore", "2時間", FALLS),
        ("Order book p95", "20ms", FALLS),
    ],
)
def test_the_head_noun_says_which_way_is_better(name: str, figure: str, expected: Tendency) -> None:
    quantity = read_quantity(figure)

    assert quantity is not None
    assert tendency(name, quantity) is expected


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("セッションタイムアウト", "30分"),
        ("貸出履歴の保存期間", "1年"),
        ("画像保管", "90日"),
        ("死活確認間隔", "10秒"),
        ("送信レート上限", "100件"),
        ("写真アップロードサイズ", "10MB"),
        ("客室稼働率", "80%"),
        ("売上高", "500万円"),
        ("解約率", "2%"),
        ("Time to live", "60秒"),
        ("Replay retention", "30日"),
        ("Rate limit", "100"),
        ("Daily active users", "5000"),
    ],
)
def test_settings_limits_and_business_figures_are_no_service_levels(name: str, figure: str) -> None:
    quantity = read_quantity(figure)

    assert quantity is not None
    assert tendency(name, quantity) is NO_LEVEL


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("問い合わせ件数", "100件"),
        ("検知件数", "10件"),
        ("会員マスタ", "3,000件"),
        ("メモリ", "8GB"),
        ("研修時間", "40時間"),
        ("窓口対応", "24時間"),
        ("失敗配信率", "1%"),
        ("Failed delivery rate", "1%"),
        ("Error budget", "0.1%"),
        ("Run time", "2時間"),
    ],
)
def test_a_head_that_may_mean_either_is_not_decided(name: str, figure: str) -> None:
    quantity = read_quantity(figure)

    assert quantity is not None
    assert tendency(name, quantity) is None
