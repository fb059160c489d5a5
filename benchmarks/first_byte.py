"""Time to the first byte of the living page: `python -m benchmarks.first_byte [--requests 200]`.

Runs the demo shop, signs in as its first administrator, and repeatedly requests the whole document over one
connection, as a reader's browser would, while everything else is running. Prints the median, the 95th
percentile and the longest time from the request to the first byte of the answer, and the page's size.
"""

import statistics
import time

import click
import httpx
from benchmarks.figures import state
from tests.e2e.running import Toban, enterable_folder, mail_server, shop_bindings, slack_receiver
from tests.e2e.visitor import first_sign_in


def first_byte(client: httpx.Client) -> float:
    """Return the milliseconds until the first byte of the page's body arrived."""
    began = time.perf_counter()
    with client.stream("GET", "/") as answer:
        next(answer.iter_raw())
        took = (time.perf_counter() - began) * 1000
        if answer.status_code != 200:
            raise click.ClickException(f"the page answered {answer.status_code}")
    return took


@click.command()
@click.option("--requests", type=click.IntRange(20), default=200, show_default=True)
def main(requests: int) -> None:
    """Print how long readers wait for the first byte of the document."""
    with enterable_folder() as folder, slack_receiver() as (_, webhook), mail_server() as (_, port):
        toban = Toban(folder / "home", shop_bindings(folder, smtp_port=port), slack=webhook)
        try:
            toban.start()
            with first_sign_in(toban) as client:
                first = first_byte(client)
                took = [first_byte(client) for _ in range(requests)]
                page = client.get("/")
        finally:
            toban.leave()
    print(f"first request    {first:6.1f} ms")
    print(f"median           {statistics.median(took):6.1f} ms")
    print(f"95th percentile  {statistics.quantiles(took, n=20)[-1]:6.1f} ms")
    print(f"longest          {max(took):6.1f} ms")
    state("95th percentile", statistics.quantiles(took, n=20)[-1], "ms")
    sent = page.num_bytes_downloaded / 1024
    print(f"page             {len(page.content) / 1024:6.1f} KiB, {sent:.1f} KiB of them sent")


if __name__ == "__main__":
    main()
