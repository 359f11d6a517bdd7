"""Settings of Prism, from the environment; every name is documented in docs/operations.md."""

import base64
import os
import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from prism.lib.urls import celery_broker_url, database_settings

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("PRISM_VAR", BASE_DIR / "var"))
DEVELOPMENT_SECRET = "development-only-not-a-secret"  # noqa: S105 - production refuses to start with it
DEVELOPMENT_KEY = "ZGV2ZWxvcG1lbnQtb25seS1ub3QtYS1zZWNyZXQtMDA="


def env_flag(name: str, default: bool) -> bool:
    return os.environ.get(name, "1" if default else "0").strip().lower() in {"1", "true", "yes", "on"}


def env_list(name: str) -> list[str]:
    return [item.strip() for item in os.environ.get(name, "").split(",") if item.strip()]


def is_fernet_key(key: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(key)) == 32
    except ValueError:
        return False


PRODUCTION = os.environ.get("PRISM_ENV", "development") == "production"
DEBUG = env_flag("DEBUG", not PRODUCTION)
SECRET_KEY = os.environ.get("SECRET_KEY") or DEVELOPMENT_SECRET
# Newest first: the first key encrypts, all of them decrypt (docs/operations.md, "Rotating keys").
ENCRYPTION_KEYS = env_list("ENCRYPTION_KEYS")
IDENTITY_HASH_KEY = os.environ.get("IDENTITY_HASH_KEY", "")
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS")
PUBLIC_URL = os.environ.get("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
EMAIL_HOST = os.environ.get("EMAIL_HOST", "")


def refuse_unsafe_production() -> None:
    """Raise ImproperlyConfigured that names every setting which makes a production start unsafe."""
    problems = []
    if DEBUG:
        problems.append("DEBUG is on: set DEBUG=0")
    if SECRET_KEY == DEVELOPMENT_SECRET or len(SECRET_KEY) < 50:
        problems.append("SECRET_KEY is missing, the default or short: set 50 random characters or more")
    if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
        problems.append("ALLOWED_HOSTS is missing or '*': name the hosts, separated by commas")
    if not ENCRYPTION_KEYS:
        problems.append("ENCRYPTION_KEYS is missing: run `python manage.py makekeys`")
    if DEVELOPMENT_KEY in ENCRYPTION_KEYS or not all(map(is_fernet_key, ENCRYPTION_KEYS)):
        problems.append("ENCRYPTION_KEYS holds no real key: run `python manage.py makekeys`")
    if len(IDENTITY_HASH_KEY) < 32:
        problems.append("IDENTITY_HASH_KEY is missing or short: run `python manage.py makekeys`")
    if not PUBLIC_URL.startswith("https://"):
        problems.append("PUBLIC_URL is missing or not https: set the address that people open")
    if not EMAIL_HOST:
        problems.append("EMAIL_HOST is missing: nobody could sign in without the codes sent by e-mail")
    for name in ("DATABASE_URL", "REDIS_URL"):
        if not os.environ.get(name):
            problems.append(f"{name} is missing: production never uses the embedded servers")
    if problems:
        raise ImproperlyConfigured("Prism does not start in production:\n- " + "\n- ".join(problems))


if PRODUCTION:
    refuse_unsafe_production()
else:
    ALLOWED_HOSTS = ALLOWED_HOSTS or ["127.0.0.1", "localhost", "[::1]", "testserver"]
    ENCRYPTION_KEYS = ENCRYPTION_KEYS or [DEVELOPMENT_KEY]
    IDENTITY_HASH_KEY = IDENTITY_HASH_KEY or DEVELOPMENT_SECRET

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "accounts",
    "surveys",
    "conversations",
    "annotations",
    "analysis",
]

MIDDLEWARE = [
    "conversations.arena.portal_hosts.PortalHosts",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "prism.lib.headers.SecurityHeadersMiddleware",
    "conversations.arena.embedding.Frames",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "surveys.coordinate.mfa.RequireMfa",
    "surveys.device_cookies.DeviceCookies",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "prism.urls"
ASGI_APPLICATION = "prism.asgi.application"
WEB_THREADS = int(os.environ.get("WEB_THREADS", "3"))  # requests a web process works on at the same time
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# In a command that never talks to the database (check, makemigrations) neither server need be there.
DATABASE_URL = os.environ.get("DATABASE_URL", "postgresql:///prism")
REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
DATABASES = {
    "default": database_settings(
        DATABASE_URL,
        pool={"min_size": 0, "max_size": int(os.environ.get("DATABASE_POOL", "20")), "timeout": 20},
    )
}
SESSION_ENGINE = "prism.lib.sessions"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

CELERY_BROKER_URL = celery_broker_url(REDIS_URL)

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("STATIC_ROOT", BASE_DIR / "staticfiles"))
STATICFILES_DIRS = [BASE_DIR / "static"]
EXPORT_DIR = Path(os.environ.get("EXPORT_DIR", VAR_DIR / "exports"))
IMPORT_MAX_BYTES = int(os.environ.get("IMPORT_MAX_BYTES", "500000000"))
if PRODUCTION:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
# Where nothing is collected a file is looked for when it is asked for, and not with all others at each start.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not PRODUCTION
if not PRODUCTION:  # nothing is collected there, and nothing needs to be
    warnings.filterwarnings("ignore", message="No directory at", module="django.core.handlers.base")

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/coordinate/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION = (
    "none"  # a code sent to the address signs in, so that the address is proven each time
)
# Nobody needs a password here; should one be set all the same, it is a good one.
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 15},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Prism: "
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
MFA_ADAPTER = "accounts.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Prism"
MFA_TOTP_TOLERANCE = 1  # a code that changed while it was typed is taken
MFA_REQUIRED = env_flag("MFA_REQUIRED", PRODUCTION)

DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "Prism <prism@localhost>")
if EMAIL_HOST:
    EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "587"))
    EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
    EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
    EMAIL_USE_TLS = env_flag("EMAIL_USE_TLS", True)
    EMAIL_TIMEOUT = 20
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = VAR_DIR / "mail"

SESSION_COOKIE_AGE = int(timedelta(days=30).total_seconds())
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
DEVICE_COOKIE_PREFIX = "prism-device-"
# Not in a cookie: messages name people who were invited.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_HTTPONLY = False  # fetch() in our pages reads it; the value protects nothing by being secret
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
if PRODUCTION:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = env_flag("SECURE_SSL_REDIRECT", True)
    SECURE_REDIRECT_EXEMPT = [r"^health/$"]
    SECURE_HSTS_SECONDS = int(os.environ.get("SECURE_HSTS_SECONDS", str(365 * 24 * 3600)))
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-prism"
    DEVICE_COOKIE_PREFIX = "__Host-prism-device-"
    CSRF_COOKIE_SECURE = True
    CSRF_COOKIE_NAME = "__Host-csrf"
    CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS") or [
        f"https://{'*' if host.startswith('.') else ''}{host}" for host in ALLOWED_HOSTS
    ]

API_RATE = os.environ.get("API_RATE", "120/min")
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "surveys.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "surveys.api.authentication.HasScope",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "surveys.api.documentation.Described",
    "DEFAULT_THROTTLE_CLASSES": ["surveys.api.throttling.PerCaller"],
    "EXCEPTION_HANDLER": "surveys.api.problems.problem",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Prism",
    "VERSION": "1",
    "DESCRIPTION": "Studies, participants by code, conversations, models, annotations and the leaderboard.",
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {  # names that stay as they are while others are added
        "StudyKind": "surveys.models.Study.Kind",
        "StudyState": "surveys.models.Study.State",
        "ConversationState": "conversations.models.Conversation.State",
        "ResponseState": "conversations.models.Response.State",
        "RatingKind": "conversations.models.Rating.Kind",
        "ReportKind": "conversations.models.Report.Kind",
        "VoteChoice": "conversations.models.Vote.Choice",
        "ModelStatus": "conversations.models.LanguageModel.Status",
        "BatchKind": "annotations.models.Batch.Kind",
        "BatchSource": "annotations.models.Batch.Source",
        "ValueStatus": "annotations.api.task_serializers.STATUS_WORDS",
        "ContestKind": "annotations.models.Contest.Kind",
        "DissectionState": "analysis.models.Dissection.State",
    },
}

# How long a live response may stay silent to us before another worker takes it over (seconds).
LIVE_LEASE_SECONDS = float(os.environ.get("LIVE_LEASE_SECONDS", "8"))
LIVE_SWEEP_SECONDS = float(os.environ.get("LIVE_SWEEP_SECONDS", "3"))
# Whether a provider may stand in a private network, for example a model server next door.
ALLOW_PRIVATE_PROVIDERS = env_flag("ALLOW_PRIVATE_PROVIDERS", not PRODUCTION)
PROLIFIC_URL = os.environ.get("PROLIFIC_URL", "https://api.prolific.com/api/v1/")
PROLIFIC_JWKS_URL = os.environ.get(
    "PROLIFIC_JWKS_URL", "https://api.prolific.com/.well-known/study/jwks.json"
)
# A model that suggests categories for self-descriptions; without both of the first two none is asked.
CODING_MODEL_URL = os.environ.get("CODING_MODEL_URL", "")
CODING_MODEL = os.environ.get("CODING_MODEL", "")
CODING_MODEL_KEY = os.environ.get("CODING_MODEL_KEY", "")
NAME_FINDER = os.environ.get("NAME_FINDER", "")  # path of a function that finds names of people in a text
FAKELLM_URL = os.environ.get("FAKELLM_URL", "http://127.0.0.1:8899/v1")
RATE_LIMITS_ON = env_flag("RATE_LIMITS", True)
CODE_VERSION = os.environ.get("CODE_VERSION", "")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "strip_query": {"()": "prism.lib.accesslog.StripQuery"},
        "forget_rows": {"()": "prism.lib.quietlog.ForgetRows"},
    },
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["strip_query", "forget_rows"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "httpx2": {"level": "WARNING"},
        "openai": {"level": "WARNING"},
        # Two lines for each of thousands of tasks a minute would cost more than they tell.
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
    },
}
