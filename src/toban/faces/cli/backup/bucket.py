"""`toban backup fix-bucket`: make a bucket keep former versions as the document says."""

import click

from toban.chapters.backup import upkeep
from toban.chapters.backup.works import Policy
from toban.engine.editions.edition import Edition
from toban.engine.registry.parts import Parts
from toban.engine.stores.store import StoreTrouble
from toban.faces.cli.backup.lacking import tell_missing
from toban.faces.cli.kept import edition_of
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import usable_state
from toban.faces.terminal import confirm, refuse, say
from toban.message import Message, message_of

_REFUSED = 1


@click.command("fix-bucket", epilog="Example: toban backup fix-bucket uploads --dry-run")
@click.argument("subject")
@click.option("--dry-run", is_flag=True, help="Show what would change; change nothing.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.pass_obj
def fix_bucket(parts: Parts, subject: str, dry_run: bool, yes: bool) -> None:
    """Compare SUBJECT's bucket with its row of the document, and set it right.

    Versioning and the retention of old versions are compared with the document. The differences are shown,
    and corrected once you agree. All other rules stay as they are.

    \b
    Exit status:
      0  as the document says, now or already
      1  not confirmed, or the bucket can't be seen or changed
      2  the document or the state database can't be used
    """
    with usable_state():
        edition, policy = _policy(parts, subject)
        tell_missing(subject, (policy.source.config, policy.source.store_config))
        try:
            guarded = upkeep.guarded(policy)
            say(f"{subject} — {policy.row.origin} {policy.row.text}")
            say(f"  {Message('backup.bucket-now', value=guarded.value)}")
            for change in guarded.changes:
                say(f"  {Message('backup.bucket-change', change=change)}")
            if not guarded.changes:
                say(f"  {Message('backup.bucket-conforms')}")
            if dry_run or not guarded.changes:
                return
            if not yes:
                confirm(Message("backup.confirm-bucket"))
            upkeep.mend(policy, by=shell_user(), digest=edition.design.digest)
            say(Message("backup.bucket-changed", value=upkeep.guarded(policy).value))
        except StoreTrouble as error:
            refuse(message_of(error), Message("backup.check-bucket-permissions"))
            raise SystemExit(_REFUSED) from error


def _policy(parts: Parts, subject: str) -> tuple[Edition, Policy]:
    edition = edition_of(parts)
    from toban.chapters.backup.operation import OPERATION  # noqa: PLC0415

    made = edition.plan(OPERATION).backups
    for policy in made.guards:
        if policy.row.subject == subject:
            return edition, policy
    known = [policy.row.subject for policy in made.guards]
    hint = Message("backup.bound-buckets", subjects=known) if known else Message("backup.bind-the-bucket")
    refuse(Message("backup.no-versioning-row", subject=subject), hint)
    raise SystemExit(_REFUSED)
