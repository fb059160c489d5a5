"""What is recorded about a row, in the reader's language: known sentences are recognised, with their values.

Records are in the document's language, regardless of the reader. An unknown sentence is shown as it is.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _known

from toban.engine.notify.reason import WORDS
from toban.faces.words.verdicts import amount

_LONGEST = 500
"""Characters of a line that is translated: longer lines are what a source answered."""

SENTENCES = (
    _known("この章の実行はまだ接続されていません"),
    _known("この時間帯は通知を控え、終了時に継続中なら通知します"),
    # monitors
    _known("応答あり"),
    _known("応答なし"),
    _known("正常"),
    _known("正常範囲（%(limit)s）"),
    _known("異常 %(limit)s"),
    _known("警告 %(limit)s"),
    _known("最初の測定を待っています"),
    _known("%(normal)sにあります"),
    _known("%(normal)sを外れていますが、警告にも異常にも達していません"),
    _known("しきい値に達しています。「%(limit)s」の条件を満たすのを待っています"),
    _known("%(limit)sに達しています"),
    _known("%(limit)sではなくなりましたが、%(normal)sに戻っていません"),
    _known("改善しました。継続するか確認しています（%(calm)s/%(all)s回）"),
    _known("測定できません: %(note)s"),
    _known("値が届いていません"),
    _known("測定の対象から外れました"),
    _known("対象「%(target)s」の測る場所が %(file)s にありません: %(section)s を書いてください"),
    _known("「%(item)s」を標準で測れる kind はまだありません"),
    _known("「%(item)s」を標準で測れる kind はまだありません: %(kinds)s なら、クエリーを書いて測れます"),
    _known(
        "対象「%(target)s」の測る場所では「%(item)s」を測れません: %(kinds)s を %(file)s に足してください"
    ),
    _known("「%(item)s」を測る方法がまだありません"),
    _known("警告と異常で数える期間が違います（%(names)s）: 行を分けてください"),
    _known("件数を数える期間は1日までです"),
    _known("期間内の回数や平均の条件は、この項目ではまだ測れません"),
    _known("しきい値「%(limit)s」の単位が、測定値の単位と合いません"),
    # objectives
    _known("今月 %(figure)s"),
    _known("エラーバジェット残り %(left)s"),
    _known("測定なし"),
    _known("今日 %(today)s、今年 %(year)s"),
    _known("計画メンテナンスを含めると今月 %(figure)s"),
    _known("%(by)s で測定。今月の %(share)s について分かっています"),
    _known("%(by)s の測定がまだありません"),
    _known("測定履歴を読めません: %(trouble)s"),
    _known("バーンレート %(rate)s 倍: このままなら%(left)sでエラーバジェットを使い切ります"),
    _known("「%(name)s」は測れません: 測れるのは稼働率、レスポンスタイム、エラー率です"),
    _known("%(file)s に %(section)s がありません"),
    _known("%(file)s に %(section)s を書いてください"),
    _known("「%(word)s」が何を指すか分かりません: 文書を直すか、%(file)s に %(section)s を書いてください"),
    _known("応答時間を監視する対象が接続されていないため、測り方が決まりません: %(way_out)s"),
    _known("「%(names)s」のどれで測るかが決まりません: %(way_out)s"),
    _known("バーンレートは範囲内です"),
    _known("今月のエラーバジェットを使い切りました"),
    _known("今月のエラーバジェットが残っています"),
    _known("目標 %(target)s"),
    _known("継続中の障害を解消し、今月の残りの変更を見送るか決めてください"),
    # backups, batches
    _known(
        "「%(subject)s」のバックアップ方法が %(file)s にありません: %(section)s に kind = %(kinds)s "
        "を書いてください"
    ),
    _known(
        "保存先「%(store)s」が %(file)s にありません:"
        " %(section)s を書くか、%(backup)s に %(setting)s を書いてください"
    ),
    _known("方式「%(method)s」の取得方法が分かりません: フルか増分かを文書に書いてください"),
    _known("%(kind)s は「%(method)s」を取れません: 別の kind を書いてください"),
    _known(
        "「%(subject)s」がどのバケットかが %(file)s にありません:"
        " %(section)s に %(setting)s と bucket を書いてください"
    ),
    _known("「%(subject)s」の「%(method)s」を定めた行がもう一つあります: 一つにしてください"),
    _known("取得の日時が文書にありません: 頻度と時刻を書いてください"),
    _known("「%(schedule)s」からは取得の日時が決まりません: 日と時刻を文書に書いてください"),
    _known("バケットが旧版を保持します: 復旧できる時点は書き込みのたびに進みます"),
    _known("「%(subject)s」のバックアップが接続されていません"),
    _known("接続したバックアップがまだありません"),
    _known("「%(key)s」という行がもう一つあります: バッチIDを分けてください"),
    _known("実行するものが %(file)s にありません: %(section)s に %(setting)s を書いてください"),
    _known("depends_on の「%(names)s」が文書か %(file)s にありません"),
    _known("%(file)s の depends_on が循環しています"),
    _known("「%(schedule)s」からは実行の日時が決まりません: 日と時刻を文書に書いてください"),
    _known("接続したバッチがまだありません"),
    # notices, people
    _known("接続済みですが、まだ一度も送信していません"),
    _known("%(count)s/%(all)s 経路"),
    _known("%(clock)s に %(channel)s が受け取りました: %(title)s"),
    _known("%(channel)s に届きませんでした: %(error)s"),
    _known("%(channel)s に再送しています (%(count)s回失敗): %(error)s"),
    _known("%(channel)s への送信を待っています"),
    _known("「%(text)s」を実際の宛先に置き換えてください"),
    _known("%(file)s の %(section)s に、この時刻に当番となる人を書いてください"),
    _known("%(file)s の %(section)s に %(setting)s を書いてください"),
    _known("%(file)s の %(section)s に %(setting)s と %(other)s を書いてください"),
    _known("役割「%(role)s」の担当者が %(file)s にありません: %(section)s を書いてください"),
    _known("%(file)s の %(section)s に email か slack か pagerduty か phone を書いてください"),
    # logs, errors
    _known(
        "ログがまだ届いていません: toban.toml の [senders] に送信元を書いて HTTP、syslog、toban "
        "agent で送るか、[log_sources] に取得元を書いてください"
    ),
    _known(
        "トレースがまだ届いていません: toban.toml の [senders] に送信元を書き、POST /v1/traces "
        "に送ってください"
    ),
    _known("ログの置き場が応答しません: %(reason)s"),
    _known("最古 %(day)s"),
    _known("%(days)s日分 %(rows)s行 (%(size)s)"),
    _known("エラーのイベント %(count)s件 (%(size)s)"),
    _known("エラーの1時間ごとの件数 %(count)s件"),
    _known("保存期間が短くなりました: %(waiting)s の削除は %(way_out)s を待っています"),
    _known("アーカイブできないため削除していません (%(waiting)s): %(trouble)s"),
    _known("%(stored)s。保全中のため削除しません: %(reason)s"),
    _known("%(file)s に [errors.アプリ名] を書き、toban errors dsn が示す DSN を SDK に設定してください"),
    _known("新しいエラー"),
    _known("解決済みエラーの再発"),
    _known("%(what)s（%(level)s、%(count)s件）"),
    _known("%(what)s（%(level)s、%(count)s件、リリース %(release)s）"),
    _known("toban errors show %(number)s、解決したら toban errors resolve %(number)s"),
    _known("イベントなし"),
    _known("最後のイベント %(clock)s"),
    _known(
        "%(names)s: %(days)s日間イベントが届いていません。toban errors dsn の DSN と、"
        "ネットワークの経路を確かめてください"
    ),
    _known("%(names)s から届いています"),
    _known("%(file)s に [errors.アプリ名] を書くと、エラーを収集し、レビューを記録できます"),
    _known("%(day)s からの週をレビューしました"),
    _known("まだレビューされていません。/errors/review/ か toban errors review --done で記録してください"),
    _known(
        "%(clock)s が期限のレビューは、まだ行われていません。"
        "/errors/review/ か toban errors review --done で記録してください"
    ),
    # These may hold any of the others.
    _known("%(figure)s（%(aside)s）"),
    _known("%(why)s: %(recipient)s。%(way_out)s"),
)
"""What `engine.said.recorded` writes; a test compares it with all its callers."""

_DEAD_END = "%(why)s: %(recipient)s。%(way_out)s"
"""It ends in another sentence, and so is tried before all others."""
_ONLY = {"why": "|".join(map(re.escape, WORDS.values()))}
"""The only possible values, by the value's name."""
_VALUE = re.compile(r"%\((\w+)\)s")
_OR = re.compile(r'(?<=") か (?=(?:kind = )?")')


def in_readers_language(text: str) -> str:
    """Return the recorded *text* in the active language; line by line, as far as it is known."""
    return _said(text, get_language() or "") if text else ""


@lru_cache(maxsize=4096)
def _said(text: str, language: str) -> str:
    if language.startswith("ja"):
        return text
    return "\n".join(_line(line) for line in text.split("\n"))


def _line(line: str) -> str:
    if not line or len(line) > _LONGEST:
        return line
    parts = line.split("、")
    if len(parts) > 1 and all(_is_known(part) for part in parts):
        return ", ".join(map(_line, parts))
    for sentence, pattern in _PATTERNS:
        found = pattern.fullmatch(line)
        if found is not None:
            return _(sentence) % {name: _line(value) for name, value in found.groupdict().items()}
    return amount(_OR.sub(_(" か "), line))


def _is_known(part: str) -> bool:
    return any(pattern.fullmatch(part) for _sentence, pattern in _PATTERNS)


def _patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    for sentence in (*SENTENCES, *WORDS.values()):
        texts = _VALUE.split(sentence)
        # A value that occurs twice is the same in both places.
        names = [each for place, each in enumerate(texts) if place % 2]
        written = [
            re.escape(each) if place % 2 == 0
            else f"(?P={each})" if each in names[: place // 2]
            else f"(?P<{each}>{_ONLY.get(each, '.+?')})"
            for place, each in enumerate(texts)
        ]  # fmt: skip
        yield sentence, re.compile("".join(written))


# Sentences with the most fixed text come first: shorter ones would match inside longer ones.
_PATTERNS = sorted(_patterns(), key=lambda each: (each[0] != _DEAD_END, -len(_VALUE.sub("", each[0]))))
