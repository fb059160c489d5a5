"""How far a run of patches is on each host: with this, whoever takes it over repeats nothing."""

from django.db import models


class PatchedHost(models.Model):
    """One host in one run: what was done there, and when."""

    run = models.PositiveBigIntegerField()
    """The number of the run."""
    host = models.CharField(max_length=253)
    group = models.CharField(max_length=200)
    stage = models.CharField(max_length=16)
    """A `Stage`."""
    plan = models.JSONField()
    """See `HostPlan.as_json`."""
    job = models.CharField(max_length=100, blank=True)
    """The name of the upgrade on the host itself; another for each time that it was begun."""
    tries = models.PositiveSmallIntegerField(default=0)
    boot = models.CharField(max_length=100, blank=True)
    """By what it was known before that it had not started anew."""
    began_at = models.DateTimeField(null=True)
    upgraded_at = models.DateTimeField(null=True)
    """When all packages were found in their planned version."""
    needs_reboot = models.BooleanField(default=False)
    restarted_at = models.DateTimeField(null=True)
    """When its restart was ordered."""
    back_at = models.DateTimeField(null=True)
    """When it was seen that it had started anew."""
    healthy_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("run", "host"), name="one_patched_host_per_run"),)

    def __str__(self) -> str:
        return f"{self.run} {self.host}"
