"""A notification as a mail: plain text, the same as simple HTML, and one thread per alert."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from html import escape

from toban.engine.notify.delivery.notice import Notice
from toban.message import Message


def payload(notice: Notice, sender: Address, recipient: Address) -> EmailMessage:
    """Return the message. Its Message-ID is made from the notice's key: a second attempt is the same mail."""
    message = EmailMessage(policy=SMTP)
    message["Subject"] = " ".join(notice.title.split())
    message["From"] = Address("Toban", addr_spec=sender.addr_spec)
    message["To"] = recipient
    message["Date"] = notice.at
    message["Message-ID"] = message_id(notice.key, sender)
    # All mails of an alert refer to one id that no mail has: they form a thread whichever comes first.
    thread = message_id(f"alert-{notice.alert_key}", sender)
    message["In-Reply-To"] = thread
    message["References"] = thread
    # RFC 3834: auto-responders and mailing lists don't reply to a machine.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_text(notice), cte="base64")
    message.add_alternative(_html(notice), subtype="html", cte="base64")
    # Last: the bodies take over the headers about content that the message has before.
    message["Content-Language"] = notice.language
    return message


def message_id(key: str, sender: Address) -> str:
    """Return the Message-ID of the notification with *key*."""
    return f"<{key}@{sender.domain}>"


def _text(notice: Notice) -> str:
    lines = [notice.title, ""]
    lines += [f"{label}: {value}" for label, value in notice.facts]
    lines += ["", f"{notice.say(Message('notify.fact-basis'))}: {notice.citation}", f"  {notice.clause_text}"]
    if notice.url:
        lines += ["", notice.url]
    return "\n".join(lines) + "\n"


def _html(notice: Notice) -> str:
    rows = "".join(
        f'<tr><th align="left" valign="top">{escape(label)}</th><td>{escape(value)}</td></tr>'
        for label, value in notice.facts
    )
    link = (
        f'<p><a href="{escape(notice.url)}">{escape(notice.say(Message("notify.open")))}</a></p>'
        if notice.url
        else ""
    )
    return (
        f'<!doctype html><html lang="{notice.language}"><meta charset="utf-8"><body>'
        f"<h1>{escape(notice.title)}</h1><table>{rows}</table>"
        f"<p>{escape(notice.citation)}<br><code>{escape(notice.clause_text)}</code></p>{link}</body></html>"
    )
