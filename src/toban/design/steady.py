"""What stays of a text when time passes: its words without dates, times and figures. Pure.

A page of a wiki shows when it was last opened and how often: that is no other text. A figure that a person
has changed is one, but only who says when a text was written can tell the two apart.
"""

import re

_MOVING = re.compile(
    r"(?<![a-z])(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
    r"|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|yesterday|today|tomorrow|just now|ago|an?"
    r"|(?:second|minute|min|hour|day|week|month|year)s?|[ap]\.?m\.?|st|nd|rd|th)(?![a-z])"
    r"|[日月火水木金土]曜日?|[(（][日月火水木金土祝・]{1,3}[)）]"
    r"|昨日|今日|本日|明日|午前|午後|たった今|約|(?:秒|分|時間|日|週間|か月|ヶ月|カ月|年)前|[年月日時分秒]"
    r"|[\d.,:/+-]+",
    re.IGNORECASE,
)


def steady(text: str) -> str:
    """Return the words of *text* that time alone does not change."""
    return " ".join(_MOVING.sub(" ", text).split())
