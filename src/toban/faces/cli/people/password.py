"""`toban password NAME`: a way back in after losing a password or a second factor."""

import click

from toban.engine.clock import system_clock
from toban.engine.people.first import renewed_password
from toban.engine.people.models import Operator
from toban.faces.cli.state import usable_state
from toban.faces.terminal import refuse, say, speak_utf8

_UNKNOWN = 2


@click.command(
    "password",
    epilog="Example: toban password admin",
)
@click.argument("name")
def command(name: str) -> None:
    """Give the account NAME a new one-time password, and let it enrol a new second factor.

    この機械で TOBAN_HOME (か TOBAN_STATE_URL) を開ける人だけが使えます。監査ログに残ります。

    \b
    Exit status:
      0  the new one-time password was printed
      2  there is no such account, or the state database can't be used
    """
    speak_utf8()
    with usable_state():
        _renew(name)


def _renew(name: str) -> None:
    try:
        password = renewed_password(name, system_clock())
    except Operator.DoesNotExist as exc:
        names = "、".join(Operator.objects.order_by("username").values_list("username", flat=True))
        refuse(
            f"{name} というアカウントはありません",
            f"あるのは {names} です" if names else "toban up が作ります",
        )
        raise SystemExit(_UNKNOWN) from exc
    say(
        f"一度だけ使えるパスワード (one-time password): {password}\n"
        "二つ目の要素は、サインインのあとに登録し直します。"
    )
