"""Tokens of the API, and the answers to requests that may be repeated."""

from django.db import models

from toban.engine.people.models import Operator

LONGEST_NAME = 60


class ApiToken(models.Model):
    """A token with which a program uses the API in an operator's name, until a given time."""

    operator = models.ForeignKey(Operator, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=LONGEST_NAME)
    """What the operator calls it: the program that holds it."""
    digest = models.CharField(max_length=64, unique=True)
    """SHA-256 of the token, in hex: a leaked database does not give access to the API."""
    scopes = models.JSONField()
    """The names of the scopes that it has, such as `read:alerts`."""
    shell_user = models.CharField(max_length=150, blank=True)
    """The user of the operating system, if a command on the server made it: in whose name, they chose."""
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    """Its last use, to the minute."""
    lockouts = models.PositiveIntegerField()
    """The account's `lockouts` when it was made: one more ends it for good, as it ends the sessions."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("operator", "name"), name="api_token_name"),)

    def __str__(self) -> str:
        return f"{self.operator_id} {self.name} {self.ends_at.isoformat()}"


class AnsweredRequest(models.Model):
    """A request with an idempotency key that was carried out, and its answer."""

    token = models.ForeignKey(ApiToken, models.CASCADE, related_name="answered")
    key = models.CharField(max_length=255)
    request = models.CharField(max_length=64)
    """SHA-256 of method, address and body: the same key must come with the same request."""
    answer = models.JSONField(default=dict)
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("token", "key"), name="answered_once"),)

    def __str__(self) -> str:
        return f"{self.token_id} {self.key}"


class SignedRequest(models.Model):
    """A signed request that was carried out or refused: the same one orders nothing again."""

    digest = models.CharField(max_length=64, unique=True)
    """SHA-256 of the signature: a leaked database has none that still counts."""
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.digest
