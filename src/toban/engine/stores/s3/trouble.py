"""Errors of a bucket's server as text for operators, without secrets."""

import re

from toban.engine.stores.store import StoreTrouble

_CODE = re.compile(r"<Code>(\w+)</Code>|\(code: (\w+)\)|\((\w+)\) when calling")
_STATUS = re.compile(r"status code: (\d{3})")
_LONGEST = 200

_WORDS = {
    "SignatureDoesNotMatch": "鍵が違います。secret_key (なければ環境の鍵) を確かめてください",
    "InvalidAccessKeyId": "その鍵は知られていません。access_key (なければ環境の鍵) を確かめてください",
    "ExpiredToken": "鍵の期限が切れています",
    "AccessDenied": "権限がありません。バケットのポリシーと、鍵か役割の権限を確かめてください",
    "NoSuchBucket": "バケットがありません。名前と region を確かめるか、作ってください",
    "PermanentRedirect": "バケットは別の region にあります。region を書いてください",
    "RequestTimeTooSkewed": "この機械の時計がずれています",
}
_REFUSED = ("401", "403")


def trouble_of(error: BaseException, place: str, key: str) -> StoreTrouble:
    """Return the `StoreTrouble` for *error*, from obstore or botocore, about *key* at *place*."""
    text = str(error)
    found = _CODE.search(text)
    code = next(filter(None, found.groups()), "") if found else ""
    status = _STATUS.search(text)
    if code in _WORDS:
        return StoreTrouble(f"{place}: {_WORDS[code]} ({code})")
    if status is not None and status[1] in _REFUSED:
        return StoreTrouble(f"{place}: {_WORDS['AccessDenied']} ({code or status[1]})")
    if code == "NoSuchKey" or isinstance(error, FileNotFoundError):
        return StoreTrouble(f"{place}: {key} がありません")
    if status is None and "HTTP error" in text:
        return StoreTrouble(f"{place}: 答えません。{_why_unreached(text)}", passing=True)
    is_passing = status is None or status[1].startswith("5") or status[1] == "429"
    return StoreTrouble(f"{place}: {key} を扱えません: {code or _first_words(text)}", passing=is_passing)


def _why_unreached(text: str) -> str:
    for sign, words in (
        ("Connection refused", "接続を拒まれました"),
        ("dns error", "名前を引けません。endpoint と region を確かめてください"),
        ("certificate", "証明書を信用できません。社内の認証局なら ca_file を書いてください"),
        ("timed out", "時間内に終わりませんでした"),
    ):
        if sign in text:
            return words
    return "通信が切れました"


def _first_words(text: str) -> str:
    first = text.split("\n", 1)[0].split("<?xml", 1)[0]
    return first if len(first) <= _LONGEST else first[:_LONGEST] + "…"
