"""From an outage to its notifications: `python -m benchmarks.latency [--outages 5]`.

Runs the demo shop with real receivers, stops the shop's API repeatedly, and prints how long the Slack message
and the mail took to arrive, and the recovery after the API was started. The interval in the document is 30 s,
and Toban samples four times per interval.
"""

import statistics
import time
from collections.abc import Callable

import click
from benchmarks.figures import state
from tests.e2e.running import (
    Inbox,
    Toban,
    enterable_folder,
    mail_server,
    shop_bindings,
    slack_receiver,
    wait_for,
)

ROW = "API 死活"
"""The row that tells of a stopped API: what follows from it (the error rate) is no message of its own."""

VERDICT = "SELECT verdict FROM evidence_clausestatus WHERE clause_id = 'monitoring/monitor/API/死活'"
LONGEST = 300
"""Seconds after which an outage counts as unnoticed."""


def seconds_until(happened: Callable[[], bool]) -> float:
    """Return how long it took until *happened*."""
    began = time.monotonic()
    wait_for(happened, within=LONGEST)
    return time.monotonic() - began


def outage(toban: Toban, slack: Inbox, mail: Inbox) -> dict[str, float]:
    """Stop the API, wait for both notifications, start it, wait for recovery; return the seconds of each."""
    # A shop that is still starting can break the row by itself: then the outage is no news.
    wait_for(lambda: toban.state(VERDICT) == [("conforming",)], within=LONGEST)
    seen = {"slack": len(slack.with_words("異常", ROW)), "mail": len(mail.with_words("異常", ROW))}
    recovered = len(slack.with_words("復旧", ROW))
    toban.run("processes", "--stop", "shop-api")
    took = {"slack": seconds_until(lambda: len(slack.with_words("異常", ROW)) > seen["slack"])}
    took["mail"] = took["slack"] + seconds_until(lambda: len(mail.with_words("異常", ROW)) > seen["mail"])
    toban.run("processes", "--start", "shop-api")
    took["recovery"] = seconds_until(lambda: len(slack.with_words("復旧", ROW)) > recovered)
    return took


@click.command()
@click.option("--outages", type=click.IntRange(1), default=5, show_default=True)
def main(outages: int) -> None:
    """Print the median and the longest delay of each kind of notice."""
    with enterable_folder() as folder, slack_receiver() as (slack, webhook), mail_server() as (mail, port):
        toban = Toban(folder / "home", shop_bindings(folder, smtp_port=port), slack=webhook)
        try:
            toban.start()
            took = [outage(toban, slack, mail) for _ in range(outages)]
        finally:
            toban.leave()
    for kind in ("slack", "mail", "recovery"):
        delays = [each[kind] for each in took]
        print(f"{kind:<9} median {statistics.median(delays):6.1f} s   longest {max(delays):6.1f} s")
        state(f"{kind}, longest", max(delays), "s")


if __name__ == "__main__":
    main()
