"""The processes that share this state database, each as it last described itself."""

from django.db import models

from toban.engine.nodes.rules import Node


class NodeProcess(models.Model):
    """A worker or a server. It is deleted when it stops as asked; one that broke off stays."""

    host = models.CharField(max_length=253)
    program = models.CharField(max_length=16)
    pid = models.PositiveIntegerField()
    version = models.CharField(max_length=64)
    key = models.CharField(max_length=16, blank=True)
    """The fingerprint of its secret key: a keyed digest, which does not lead back to it. Empty: none."""
    ahead_seconds = models.FloatField(null=True)
    """How far its clock is from the database's; None if the database has no clock of its own."""
    document_digest = models.CharField(max_length=64, blank=True)
    bindings_digest = models.CharField(max_length=64, blank=True)
    edition_since = models.DateTimeField(null=True)
    """Since when this process has had that edition in force."""
    is_left_behind = models.BooleanField(default=False)
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    """By the database's clock: a process whose own clock is wrong is not taken for one that is gone."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("host", "program", "pid"), name="one_row_per_process"),
        )

    def __str__(self) -> str:
        return self.node.name

    @property
    def node(self) -> Node:
        """The same as a value."""
        return Node(
            host=self.host,
            program=self.program,
            pid=self.pid,
            version=self.version,
            key=self.key,
            ahead_seconds=self.ahead_seconds,
            edition=(self.document_digest, self.bindings_digest),
            edition_since=self.edition_since,
            is_left_behind=self.is_left_behind,
            began_at=self.began_at,
            seen_at=self.seen_at,
        )


def all_nodes() -> list[Node]:
    """Return every process that is known, by name."""
    return [each.node for each in NodeProcess.objects.order_by("host", "program", "pid")]
