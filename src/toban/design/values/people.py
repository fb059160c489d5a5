"""Who to reach, and how: 運用責任者、開発担当者 / Slack、メール / Slack#monitoring / [氏名]."""

import re
from dataclasses import dataclass
from enum import StrEnum

from toban.design.values.normal import plain


class ChannelKind(StrEnum):
    """A way to reach people that documents name: the words that the reader knows."""

    SLACK = "Slack"
    EMAIL = "メール"
    PHONE = "電話"
    SMS = "SMS"
    PAGERDUTY = "PagerDuty"
    OPSGENIE = "Opsgenie"
    TEAMS = "Teams"
    DISCORD = "Discord"
    LINE = "LINE"
    PUSH = "プッシュ通知"
    SNS = "SNS"
    WEBHOOK = "Webhook"
    TICKET = "チケット"
    STATUS_PAGE = "ステータスページ"
    SENTRY = "Sentry"


@dataclass(frozen=True, slots=True)
class ChannelRef:
    """A channel and, if the document names one, its address (`#monitoring`, `a@example.com`, a number)."""

    kind: str
    """A `ChannelKind`, or a word the reader does not know, as written: the bindings may define it."""
    address: str = ""
    word: str = ""
    """The document's word, if the kind has another one: LINE WORKS, 管理者メール."""

    def __str__(self) -> str:
        if self.kind is ChannelKind.EMAIL and self.address:
            return self.address
        return f"{self.kind}{self.address}"


@dataclass(frozen=True, slots=True)
class Role:
    """A role or person the document names (運用責任者); the bindings say who holds it."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A blank that the author meant to fill in: [氏名], 【要確認】, XXX, TBD."""

    text: str

    def __str__(self) -> str:
        return self.text


Recipient = Role | ChannelRef | Placeholder

_CHANNELS = {
    ChannelKind.SLACK: r"slack(?: ?dm)?",
    ChannelKind.EMAIL: r"e-?mail|mail|(?:管理者)?メール(?:通知)?",
    ChannelKind.PHONE: r"電話|phone|tel|架電|call",
    ChannelKind.SMS: r"sms|ショートメッセージ",
    ChannelKind.PAGERDUTY: r"pagerduty",
    ChannelKind.OPSGENIE: r"ops ?genie",
    ChannelKind.TEAMS: r"(?:microsoft |ms )?teams",
    ChannelKind.DISCORD: r"discord",
    ChannelKind.LINE: r"line(?: ?(?:notify|works))?",
    ChannelKind.PUSH: r"(?:携帯 ?)?(?:push|プッシュ)(?:通知)?|pushover",
    ChannelKind.SNS: r"(?:amazon |aws )?sns(?: ?topic|トピック)?",
    ChannelKind.WEBHOOK: r"web ?hook",
    ChannelKind.TICKET: r"jira|チケット|ticket|github issues?|backlog",
    ChannelKind.STATUS_PAGE: r"ステータスページ|status ?page",
    ChannelKind.SENTRY: r"sentry",
}
_CHANNEL = {
    kind: re.compile(
        rf"(?P<word>{words})(?:通知|連絡)?(?:(?: |: ?)?(?P<address>[#@][\w.-]{{1,80}}))?", re.IGNORECASE
    )
    for kind, words in _CHANNELS.items()
}
_NAMED = re.compile(r"(?P<word>[^#@]+?)(?:(?: |: ?)?(?P<address>[#@][\w.-]{1,80}))?")
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_PHONE = re.compile(
    r"(?<![\dA-Za-z+-])(?:(?:\+\d{1,3}[ -]?\d{1,4}-|\(0\d{1,4}\) ?|0\d{1,4}-)\d{1,4}-?\d{3,4}|0\d{9,10}|\d{3}-\d{3}-\d{4})"
    r"(?![\w-])"
)
_NOBODY = re.compile(
    r"即時|即日|随時|なし|無し|無|不要|該当(?:者)?なし|(?:半)?自動|手動|none|immediate(?:ly)?|asap|automatic(?:ally)?|manual(?:ly)?",
    re.IGNORECASE,
)
_ACTION = re.compile(
    # What is done, when, and on which condition, in the place of who is told and how.
    r"を|しない|ません|不可|禁止|[へに]$|[へに](?:も|は)?(?:通知|連絡|報告|電話|共有|依頼|相談|転送|架電|エスカレ)"
    r"|\d ?(?:回|秒|分(?![隊室科署])|時間|日(?:以|目))"
    r"|(?:即座|直ち|速やか|すみやか|必要|状況)に|すぐ|場合|以内|営業日|時間内|次第|適宜|都度"
    r"|^(?:immediate|within|after|before|during|until|if|when|as|next|same|escalate|notify|inform|track|wait|handle"
    r"|respond|investigate|send|add|no|not)\b"
    r"|^(?:page|call|contact|log|open|post|raise|review|report|fix|monitor|schedule|update|create)\b"
    r"(?! (?:cent(?:er|re)|desk|board|team|group|staff)\b).* ",
    re.IGNORECASE,
)
_DEED = re.compile(
    r"(?:通知|連絡|報告|対応|共有|起票|記録|登録|検討|判断|実施|招集|待機|確認|公開|掲載|会議|朝会|定例|エスカレーション)(?:する|のみ|だけ)?$"
    r"|\b(?:escalation|notification|reports?|reporting|response|backlog|meeting|only|(?:business )?(?:hours?|days?))$",
    re.IGNORECASE,
)
"""Endings of what is done: 定期報告 is nobody, though it may be a way (システム内通知)."""
_OUTSIDER = re.compile(
    r"(?:全|影響(?:を受けた)?|対象|該当|ご)?(?:(?:患者|会員|利用者|入居者|顧客)の?)?(?:ご)?(?:顧客|お客|客|エンドユーザー?|ユーザー?|利用者|会員|患者|取引先|宿泊[者客]|入居者"
    r"|家族|来館者|読者|購入者|保護者|株主|投資家|メディア|報道機関)(?:様|さま|全員|各位|向け)?"
    r"|(?:all |affected |impacted )?(?:customers?|clients?|(?:end[- ])?users?|guests?|patients?|residents?|famil(?:y|ies)"
    r"|members?|subscribers?|tenants?|buyers?|merchants?|patrons?|visitors?|investors?|shareholders?|media|press|public)",
    re.IGNORECASE,
)
"""Whom a service is for: they are informed by people, never paged."""
_ADDRESS = re.compile(rf"{_EMAIL.pattern}|{_PHONE.pattern}")
_BRACKETED_ADDRESS = re.compile(rf"[(] ?({_ADDRESS.pattern}) ?[)]")
_CONDITION = re.compile(
    r"のみ|だけ|限り|限定|除く|以外|場合|\bonly\b|\bexcept\b|\bunless\b|\bif\b", re.IGNORECASE
)
"""Words of a note that must not be dropped: 係（平日のみ）."""
_SLACK_CHANNEL = re.compile(r"(#[\w-]{1,80})(?: (?:slack )?channel)?", re.IGNORECASE)
# An area code in brackets is not a note.
_NOTE = re.compile(r"[(（](?!\d{2,5}[)）] ?\d)[^()（）]*[)）]")
_SEPARATOR = re.compile(
    r"[、,/・;\n]|\+(?!\d{1,3}[ -]?\d)|(?<![A-Z])&|&(?![A-Z])|→|および|及び|と(?=[A-Za-z])| and "
)
_PLACEHOLDER = re.compile(
    r"[(（](?:名前|氏名|担当者?名?|name)[)）]|\[[^\]]*\]|【[^】]*】|<[^<>]*>|\{\{?[^{}]*\}?\}|[x×]{2,}|tbd|tba|todo|(?:replace|change|fill|your|insert)[_-]\w+|n/?a|未定|要確認|要検討|hh:mm|yyyy[-/]mm[-/]dd"
    r"|(?=[^x×]{0,20}[x×]{2})[\dx×+() -]{2,40}|0?[○●◯〇]{2,}.*|…+|\.{3,}|記入(?:して)?ください",
    re.IGNORECASE,
)
_LONGEST_ROLE = 40


_AUTHORITY = re.compile(
    r"(?:最寄り?の?|所轄の?|管轄の?)?(?:警察(?:署|庁)?|消防(?:署)?|救急|海上保安庁|保健所|自治体|(?:市|区)?役所|都道府県"
    r"|監督(?:官庁|当局|機関)|規制当局|所管(?:官庁|省庁)|金融庁|経済産業省|総務省|厚生労働省|個人情報保護委員会|ipa|jpcert(?:/cc)?|nisc|税務署|裁判所"
    r"|(?:local |national )?(?:police|fire (?:brigade|department)|emergency services|law enforcement|regulators?|(?:supervisory |data protection )?authorit(?:y|ies)|ico|cert))"
    r"(?:への?(?:届出|報告|通報|相談))?",
    re.IGNORECASE,
)
"""Whom the law names: they are informed by people, and hold no role of the operations."""


def is_outsider(text: str) -> bool:
    """Say whether *text* names customers or authorities, not somebody of the operations."""
    bare = _NOTE.sub("", plain(text)).strip()
    return _OUTSIDER.fullmatch(bare) is not None or _AUTHORITY.fullmatch(bare) is not None


def is_placeholder(text: str) -> bool:
    """Say whether *text* is nothing but a blank to fill in: [氏名], 090-XXXX-XXXX, TBD."""
    return _PLACEHOLDER.fullmatch(plain(text)) is not None


def read_channels(text: str) -> tuple[ChannelRef, ...] | None:
    """Read the notification channels: Slack、メール; None if any part is not one."""
    channels = [_channel(part) for part in _parts(text)]
    found = tuple(channel for channel in channels if channel is not None)
    return found if found and len(found) == len(channels) else None


def channels_within(text: str) -> tuple[ChannelRef, ...]:
    """Return the channels that *text* names, beside people, blanks and remarks: 山田 090-1234-5678."""
    found = (_channel(part) for line in text.split("\n") for part in _parts(line))
    return tuple(channel for channel in found if channel is not None)


def ways_within(text: str) -> tuple[str, ...]:
    """Return the parts of *text* that are channels, or blanks where one is to be filled in: 090-XXXX-XXXX."""
    parts = (part for line in text.split("\n") for part in _parts(line))
    return tuple(part for part in parts if _channel(part) is not None or is_placeholder(part))


def read_ways(text: str) -> tuple[ChannelRef, ...] | None:
    """Read the channels of a cell that holds nothing else; an unknown name is kept as written.

    None for an empty cell, a sentence, a blank and 即時 or なし.
    """
    found = tuple(_channel(part) or _unknown(part) for part in _parts(text))
    return tuple(way for way in found if way is not None) if found and None not in found else None


def read_noted_channels(text: str) -> tuple[ChannelRef, ...]:
    """Return the channels in brackets behind those who are told: 当番（電話・Slack）."""
    notes = [read_channels(note[1:-1]) for note in _NOTE.findall(plain(text))]
    return tuple(dict.fromkeys(channel for note in notes for channel in note or ()))


def read_recipients(text: str) -> tuple[Recipient, ...] | None:
    """Read the recipients: roles, channels with or without an address, e-mail addresses, blanks.

    A bracketed note (`PagerDuty (P1 / 即時電話)`) is dropped. None for an empty cell, a sentence and anything
    but people of the operations (即時, なし, 定期報告, Escalate within 30 minutes, お客様).
    """
    recipients = tuple(_recipient(part) for part in _parts(text))
    if not recipients or any(recipient is None for recipient in recipients):
        return None
    return tuple(recipient for recipient in recipients if recipient is not None)


def _parts(text: str) -> list[str]:
    text = plain(text)
    if is_placeholder(text):
        return [text]
    text = _BRACKETED_ADDRESS.sub(r" \1", text)
    parts = _SEPARATOR.split(_NOTE.sub(_kept, text) or text)
    return [piece for part in parts for piece in _pieces(part.strip()) if piece not in ("", "-")]


def _kept(note: re.Match[str]) -> str:
    return note[0] if _CONDITION.search(note[0]) else ""


def _pieces(part: str) -> list[str]:
    """Split addresses separated only by a space: a@example.com 090-1234-5678, 山田 090-1234-5678."""
    addresses = [match[0] for match in _ADDRESS.finditer(part)]
    if not addresses or _channel(part) is not None:
        return [part]
    rest = _ADDRESS.sub(" ", part).strip(" :<>")
    named, kinds = _channel(rest), {_kind(address) for address in addresses}
    # 電話 090-1234-5678 is one channel, not two.
    return addresses if named is not None and named.kind in kinds else [rest, *addresses]


def _kind(address: str) -> ChannelKind:
    return ChannelKind.EMAIL if "@" in address else ChannelKind.PHONE


def _channel(part: str) -> ChannelRef | None:
    if _EMAIL.fullmatch(part) or _PHONE.fullmatch(part):
        return ChannelRef(_kind(part), part)
    if slack := _SLACK_CHANNEL.fullmatch(part):
        return ChannelRef(ChannelKind.SLACK, slack[1])
    for kind, pattern in _CHANNEL.items():
        if match := pattern.fullmatch(part):
            word = match["word"]
            return ChannelRef(kind, match["address"] or "", "" if word == kind else word)
    return None


def _unknown(part: str) -> ChannelRef | None:
    named = _NAMED.fullmatch(part)
    if named is None or is_placeholder(part) or not _is_name(part):
        return None
    return ChannelRef(named["word"], named["address"] or "")


def _recipient(part: str) -> Recipient | None:
    if is_placeholder(part):
        return Placeholder(part)
    channel = _channel(part)
    if channel is not None:
        return channel
    is_person = _is_name(part) and not (is_outsider(part) or _DEED.search(part))
    return Role(part) if is_person else None


def _is_name(part: str) -> bool:
    is_short = len(part) <= _LONGEST_ROLE and re.search(r"[。:!?<>=]|^\d", part) is None
    is_short = is_short and not any(map(_CONDITION.search, _NOTE.findall(part)))
    return is_short and not (_NOBODY.fullmatch(part) or _ACTION.search(part))
