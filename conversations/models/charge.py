"""What calls take of a provider's limits that belong to no conversation, such as those of judges."""

from django.db import models

from .registry import LanguageModel


class Charge(models.Model):
    """Calls of a model that began within the same ten seconds.

    A call under way counts with the most it may cost; at its end what it cost takes the place. One row for
    many calls, so that the sums of a day stay short: a judge makes some hundred thousand.
    """

    model = models.ForeignKey(LanguageModel, models.CASCADE, related_name="charges", db_index=False)
    since = models.DateTimeField()
    calls = models.PositiveIntegerField(default=0)
    tokens = models.PositiveBigIntegerField(default=0)
    cost = models.DecimalField(max_digits=16, decimal_places=6, default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "since"], name="charge_of_ten_seconds")]
        indexes = [models.Index(fields=["since"], name="charge_newest")]

    def __str__(self) -> str:
        return f"charge of model {self.model_id}"
