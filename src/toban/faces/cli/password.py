"""`toban password NAME`: a way back in for whoever lost their password or their second factor."""

import os

import click

from toban.faces.cli.terminal import refuse, say, speak_utf8

_UNKNOWN = 2


@click.command(
    "password",
    short_help="Renew a lost password (なくしたパスワードを作り直す).",
    epilog="Example: toban password admin",
)
@click.argument("name")
def command(name: str) -> None:
    """Give the account NAME a new one-time password, and let it enrol its second factor anew.

    この機械で TOBAN_HOME (か TOBAN_STATE_URL) を開ける人だけが使えます。監査ログに残ります。

    \b
    Exit status:
      0  the new one-time password was printed
      2  there is no such account
    """
    speak_utf8()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toban.settings")
    # Django wants its settings before anything of it is loaded.
    import django  # noqa: PLC0415

    django.setup()
    from toban.engine.clock import system_clock  # noqa: PLC0415
    from toban.engine.people.first import renewed_password  # noqa: PLC0415
    from toban.engine.people.models import Operator  # noqa: PLC0415

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
