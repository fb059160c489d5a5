"""`toban usage`."""

import click


@click.command("usage")
def command() -> None:
    """Say a word."""
    click.echo("usage")
