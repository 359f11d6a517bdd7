"""Providers, language models, the pool of a study and its conversation protocol."""

from django.db import models
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from conversations import protocols
from prism.lib.addresses import Reach
from prism.lib.crypto import decrypt, encrypt
from surveys.models import Study


class Provider(models.Model):
    """An OpenAI-compatible endpoint. Its key is stored encrypted and never shown again."""

    name = models.CharField(max_length=80, unique=True)
    base_url = models.URLField(max_length=300)
    encrypted_key = models.TextField(blank=True)
    is_on = models.BooleanField(default=True)
    is_fake = models.BooleanField(default=False, help_text=_("The local fake provider of demos and tests"))
    max_concurrent = models.PositiveIntegerField(default=0, help_text=_("Calls at once; 0 means no limit"))
    silence_seconds = models.FloatField(
        default=30, help_text=_("Give up after so many seconds without a word")
    )
    daily_budget = models.DecimalField(
        max_digits=12,
        decimal_places=2,
        default=0,
        help_text=_("Of any 24 hours, in the currency of the prices; 0 means no limit"),
    )
    requests_a_minute = models.PositiveIntegerField(default=0, help_text=_("0 means no limit"))
    tokens_a_minute = models.PositiveIntegerField(
        default=0, help_text=_("Read and written together; 0 means no limit")
    )
    zone = models.CharField(
        max_length=3,
        blank=True,
        default="",
        help_text=_("Country of its servers, ISO 3166-1 alpha-3; blank: unknown"),
    )
    check_minutes = models.PositiveSmallIntegerField(
        default=15,
        help_text=_("Try it with a short call when nobody has called it for so long; 0 means never"),
    )
    checked_at = models.DateTimeField(null=True, blank=True)
    open_until = models.DateTimeField(
        null=True, blank=True, help_text=_("Kept out of draws until a check succeeds after this moment")
    )
    open_reason = models.CharField(max_length=30, blank=True)
    open_times = models.PositiveSmallIntegerField(
        default=0, help_text=_("How often in a row it was taken out")
    )
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name

    @property
    def is_limited(self) -> bool:
        return bool(self.daily_budget or self.requests_a_minute or self.tokens_a_minute)

    @property
    def reach(self) -> Reach:
        """Where its address may lead: the fake provider runs on this machine."""
        return Reach(loopback=self.is_fake)

    @property
    def api_key(self) -> str:
        return decrypt(self.encrypted_key) if self.encrypted_key else ""

    def set_api_key(self, key: str) -> None:
        self.encrypted_key = encrypt(key) if key else ""


class LanguageModel(models.Model):
    """A model as researchers name it (`name`) and as its provider wants it called (`identifier`)."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        DISABLED = "disabled", _("off")
        ARCHIVED = "archived", _("archived")

    provider = models.ForeignKey(Provider, models.PROTECT, related_name="models")
    identifier = models.CharField(max_length=200)
    name = models.CharField(max_length=200, unique=True)
    short_name = models.CharField(max_length=80)
    code = models.CharField(max_length=12)
    family = models.CharField(max_length=80, blank=True)
    maker = models.CharField(max_length=80, blank=True, help_text=_("Provider as exports spell it"))
    is_open_access = models.BooleanField(default=False)
    kind = models.CharField(max_length=20, default="Chat")
    link = models.URLField(max_length=300, blank=True)
    billions = models.FloatField(null=True, blank=True, help_text=_("Parameters in billions; blank: unknown"))
    active_billions = models.FloatField(
        null=True, blank=True, help_text=_("Of them used for each token, where fewer are")
    )
    licence = models.CharField(max_length=80, blank=True, default="")
    released_on = models.DateField(null=True, blank=True)
    context_length = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("Tokens that it can read and write in one call; blank: unknown")
    )
    languages = models.JSONField(
        default=list, blank=True, help_text=_("Codes of languages it is made for, for example en, fr, ar")
    )
    about = models.TextField(blank=True, default="", help_text=_("A short description for its card"))
    header = models.TextField(blank=True, help_text=_("System prompt"))
    default_parameters = models.JSONField(default=dict, blank=True)
    parameters = models.JSONField(default=dict, blank=True)
    price_in = models.DecimalField(
        max_digits=10, decimal_places=4, default=0, help_text=_("Per million tokens")
    )
    price_out = models.DecimalField(
        max_digits=10, decimal_places=4, default=0, help_text=_("Per million tokens")
    )
    currency = models.CharField(max_length=3, default="USD", help_text=_("Of the prices: three letters"))
    daily_limit = models.PositiveIntegerField(default=0, help_text=_("Calls a day; 0 means no limit"))
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    status_reason = models.CharField(
        max_length=200, blank=True, help_text=_("Why it is off or archived; shown beside its state")
    )
    tested_at = models.DateTimeField(null=True, blank=True)
    test_result = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(currency__regex="^[A-Z]{3}$"), name="currency_code"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_switched_on(self) -> bool:
        return self.status == self.Status.ACTIVE and self.provider.is_on


class Check(models.Model):
    """A short call that tried a provider, made by the clock."""

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="checks")
    model = models.ForeignKey(LanguageModel, models.CASCADE, related_name="checks")
    made_at = models.DateTimeField(default=timezone.now)
    failure = models.CharField(max_length=30, blank=True)
    total_ms = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["provider", "-made_at"], name="check_newest")]

    def __str__(self) -> str:
        return f"check of provider {self.provider_id}"


class PoolEntry(models.Model):
    """A model that a study may draw."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="pool")
    model = models.ForeignKey(LanguageModel, models.PROTECT, related_name="pools")
    is_on = models.BooleanField(default=True)

    class Meta:
        verbose_name_plural = "pool entries"
        constraints = [models.UniqueConstraint(fields=["study", "model"], name="pool_entry_once")]

    def __str__(self) -> str:
        return f"{self.model_id} in study {self.study_id}"


class Protocol(models.Model):
    """One version of the rules of a study's conversations; the newest version holds for new ones."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="protocols")
    version = models.PositiveIntegerField()
    document = models.TextField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "version"], name="protocol_version"),
        ]

    def __str__(self) -> str:
        return f"protocol v{self.version} of study {self.study_id}"

    def parsed(self) -> protocols.Protocol:
        return protocols.parse(self.document)

    def spoken(self) -> protocols.Protocol:
        """With every text in the language of the page, where it has it in that one."""
        return protocols.spoken(self.document, get_language() or "")
