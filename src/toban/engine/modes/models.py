"""What people decided about acts that Toban does by itself."""

from django.db import models

from toban.engine.modes.rules import Mode

_MODES = [(mode.value, mode.value) for mode in Mode]


class ModeSetting(models.Model):
    """The mode that a person gave an act; the evidence holds the earlier ones."""

    subject = models.CharField(max_length=250, primary_key=True)
    """See `AutomaticAct.subject`."""
    mode = models.CharField(max_length=8, choices=_MODES)
    declared = models.CharField(max_length=8, choices=_MODES)
    """What the bindings said then: if they say something else by now, they count."""
    approved = models.TextField(blank=True)
    """What the act did, if the role approved that it is done without asking: see `ModeDecision`."""
    by = models.CharField(max_length=150)
    at = models.DateTimeField()
    reason = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.subject} {self.mode}"
