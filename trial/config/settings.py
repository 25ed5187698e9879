"""The one settings file. Everything that differs between places comes from the environment.

Outside the demonstration (`NAVTRIAL_DEMO=1`) no secret has a default: a missing one is a system check that says which.
"""

import os
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

ROOT = Path(__file__).resolve().parents[2]
LOCAL = Path(os.environ.get("NAVTRIAL_LOCAL", ROOT / ".local"))


def flag(name: str) -> bool:
    return os.environ.get(name, "") == "1"


MISTAKES: list[str] = []  # in the environment; a system check tells them (navtrial.E008), for nothing runs with one


def whole(name: str, default: int) -> int:
    given = os.environ.get(name, "")
    if given and not given.isdecimal():
        MISTAKES.append(f"{name} is no whole number.")
    return int(given) if given.isdecimal() else default


def names(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def secret(name: str) -> str:
    """A secret from the environment, or from the file that `<name>_FILE` names, such as a mounted one."""
    file = os.environ.get(f"{name}_FILE")
    try:
        return Path(file).read_text().strip() if file else os.environ.get(name, "")
    except OSError as error:
        MISTAKES.append(f"{name}_FILE cannot be read ({error.strerror}).")
        return ""


def address(name: str, default: str = "") -> str:
    """The address of a PostgreSQL server."""
    given = os.environ.get(name, default)
    if given and not given.startswith(("postgres://", "postgresql://")):
        MISTAKES.append(f"{name} must look like postgres://account:password@host:5432/database.")
        return default
    return given


DEMO = flag("NAVTRIAL_DEMO")
TESTING = "PYTEST_VERSION" in os.environ
DEBUG = False
RELAXED = DEMO or TESTING  # a local run without TLS, with keys that are nobody's

SECRET_KEY = os.environ.get("SECRET_KEY") or ("demonstration-only" * 4 if RELAXED else "")
IDENTITY_KEY = os.environ.get("IDENTITY_KEY") or ("11" * 32 if RELAXED else "")  # wraps each person's key, 32 bytes hex
IDENTITY_KEYS_RETIRED = names("IDENTITY_KEYS_RETIRED")  # wrapping keys that no longer wrap but still unwrap, hex
IDENTITY_KEY_FILE = os.environ.get("IDENTITY_KEY_FILE", "")  # instead: the wrapping keys in a file (identity_keys)
IDENTITY_KEY_SERVICE = os.environ.get(
    "IDENTITY_KEY_SERVICE", f"trial.identity.keys.{'FileKeys' if IDENTITY_KEY_FILE else 'EnvironmentKeys'}"
)
BLIND_INDEX_KEY = os.environ.get("BLIND_INDEX_KEY") or (
    "22" * 32 if RELAXED else ""
)  # HMAC for duplicates, 32 bytes hex
SEED_KEY = secret("SEED_KEY") or ("33" * 32 if RELAXED else "")  # seals the draw's seeds, 32 bytes hex
OLD_SEED_KEY = secret("OLD_SEED_KEY")  # the one before it, until `manage.py allocation_rotate_key` has run
CHECKPOINT_KEY = secret("CHECKPOINT_KEY") or ("44" * 32 if RELAXED else "")  # Ed25519 private key, 32 bytes hex

CHECKPOINT_WEBHOOK_URL = os.environ.get("CHECKPOINT_WEBHOOK_URL", "")  # optional: told every checkpoint
CHECKPOINT_WEBHOOK_TOKEN = secret("CHECKPOINT_WEBHOOK_TOKEN")
TIMESTAMP_AUTHORITY_URL = os.environ.get("TIMESTAMP_AUTHORITY_URL", "")  # optional: stamps them (RFC 3161)

ALLOWED_HOSTS = names("ALLOWED_HOSTS", "localhost,127.0.0.1,testserver" if RELAXED else "")
CSRF_TRUSTED_ORIGINS = names("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "axes",
    "csp",
    "django_prometheus",
    "trial.config",
    "trial.home",
    "trial.results",
    "trial.monitoring",
    "trial.analyses",
    "trial.registers",
    "trial.surveys",
    "trial.followup",
    "trial.allocation",
    "trial.enrolment",
    "trial.studies",
    "trial.identity",
    "trial.access",
    "trial.audit",
]

MIDDLEWARE = [
    "trial.config.health.middleware",  # before host names are checked: the platform calls by address
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "trial.config.middleware.language",
    "trial.config.middleware.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "trial.config.middleware.headers",
    "trial.config.middleware.token_sign_in",
    "trial.config.sign_in.wonderwall",
    "trial.config.sign_in.session_limits",
    "trial.config.sign_in.group_roles",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "trial.config.admission.AdmissionMiddleware",
    "trial.config.middleware.PlaneMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "trial.config.urls"
WSGI_APPLICATION = "trial.config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "access.User"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "trial.config.context.site",
            ],
            "builtins": ["django.templatetags.i18n", "trial.config.templatetags.look"],
        },
    }
]
FORM_RENDERER = "trial.config.formrendering.AkselRenderer"

DATABASE_URL = address("DATABASE_URL", "postgres://navtrial@localhost/navtrial")
WORKER = flag("NAVTRIAL_WORKER")  # this process is the Celery worker: it speaks as `analyst` from its first statement
WORKER_DATABASE_URL = address("WORKER_DATABASE_URL")
DATABASES = {"default": dj_database_url.parse((WORKER and WORKER_DATABASE_URL) or DATABASE_URL, conn_max_age=60)}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"].setdefault("OPTIONS", {}).update(
    application_name="navtrial-worker" if WORKER else "navtrial",
    # A machine that vanishes is noticed within a minute, and with its connection end its locks.
    keepalives_idle=30,
    keepalives_interval=10,
    keepalives_count=3,
    prepare_threshold=5,  # for `trial.audit.rows`; the ORM's cursors bind their values themselves and prepare nothing
    **({"options": "-c role=analyst"} if WORKER else {}),
)
REDIS_URL = os.environ.get("REDIS_URL", "redis://localhost:6379/0")

# Codes that were used, for every process: sign-in must not depend on the broker.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "access_cache"}}

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher"
    if TESTING  # the tests sign in a thousand times; what they test is not the hash
    else "django.contrib.auth.hashers.Argon2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "trial.access.adapters.AccountAdapter"
ACCOUNT_FORMS = {"login": "trial.access.login_form.LoginForm"}
ACCOUNT_SESSION_REMEMBER = False  # offices share machines: closing the browser signs out
ACCOUNT_RATE_LIMITS = False  # django-axes counts failed sign-ins and codes, in the database and for every process
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # before the second factor is changed or its codes are shown
SECOND_FACTOR_REQUIRED = not RELAXED  # of every role
STEP_UP_SECONDS = ACCOUNT_REAUTHENTICATION_TIMEOUT = 10 * 60  # how long a proof lasts for what cannot be undone
MFA_ADAPTER = "trial.access.adapters.MFAAdapter"
MFA_FORMS = {
    "authenticate": "trial.access.code_forms.AuthenticateForm",
    "reauthenticate": "trial.access.code_forms.ReauthenticateForm",
    "activate_totp": "trial.access.code_forms.ActivateTOTPForm",
    "add_webauthn": "trial.access.code_forms.AddWebAuthnForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1  # a code typed as the next one came still counts
MFA_RECOVERY_CODE_DIGITS = 10
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = RELAXED

# Sign-in by an OpenID provider (Entra ID): a button beside the password, where an issuer is named.
OIDC_ISSUER = os.environ.get("OIDC_ISSUER", "")
PROVIDER_REQUIRES_SECOND_FACTOR = flag(
    "PROVIDER_REQUIRES_SECOND_FACTOR"
)  # by its own rules; else claim amr must say so
SOCIALACCOUNT_ADAPTER = "trial.config.sign_in.SocialAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX = ""
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "entra",
                "name": "Entra ID",
                "client_id": os.environ.get("OIDC_CLIENT_ID", ""),
                "secret": os.environ.get("OIDC_CLIENT_SECRET", ""),
                "settings": {"server_url": OIDC_ISSUER},
            }
        ]
        if OIDC_ISSUER
        else [],
    }
}
# Sign-in by the platform's sidecar: where it is, there is no other. The names are those that the platform sets.
WONDERWALL = {
    "issuer": os.environ.get("AZURE_OPENID_CONFIG_ISSUER", ""),
    "audience": os.environ.get("AZURE_APP_CLIENT_ID", ""),
    "jwks_uri": os.environ.get("AZURE_OPENID_CONFIG_JWKS_URI", ""),
}

PROXY_COUNT = whole("PROXY_COUNT", 0 if RELAXED else 1)  # proxies of ours in front, whose X-Forwarded-For is believed
ALLAUTH_TRUSTED_PROXY_COUNT = PROXY_COUNT
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "errors/locked_out.html"
AXES_CLIENT_IP_CALLABLE = "trial.access.visitors.address_of"
AXES_VERBOSE = False

SESSION_IDLE_SECONDS = 30 * 60
SESSION_COOKIE_AGE = 10 * 60 * 60  # a working day, from signing in, however active
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not RELAXED
SESSION_COOKIE_NAME = "sessionid" if RELAXED else "__Host-sessionid"
CSRF_COOKIE_NAME = "csrftoken" if RELAXED else "__Host-csrftoken"
LANGUAGE_COOKIE_SECURE = not RELAXED
SECURE_SSL_REDIRECT = not RELAXED
SECURE_REDIRECT_EXEMPT = [r"^isalive$", r"^isready$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 0 if RELAXED else 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not RELAXED
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # no cookie holds what a page said
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # Aksel draws some icons as data URLs in its style sheet
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = "nb"
LANGUAGES = [("nb", _("Bokmål")), ("en", _("Engelsk"))]
LOCALE_PATHS = [LOCAL / "locale"]
FORMAT_MODULE_PATH = ["trial.config.formats"]  # dates are dd.mm.yyyy in English as well
TIME_ZONE = "Europe/Oslo"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = None if RELAXED else LOCAL / "static"  # collected for production; a local run finds them where they are
STATICFILES_DIRS = [LOCAL / "assets", ROOT / "trial" / "config" / "static"]
WHITENOISE_USE_FINDERS = RELAXED
WHITENOISE_AUTOREFRESH = False
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if RELAXED
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
SNAPSHOT_ROOT = Path(os.environ.get("SNAPSHOT_ROOT", LOCAL / "snapshots"))
SNAPSHOT_STORAGE = os.environ.get("SNAPSHOT_STORAGE", "")  # s3://bucket/prefix instead of the folder
SNAPSHOT_KEY = os.environ.get("SNAPSHOT_KEY", "")  # 32 bytes hex: deliveries and snapshots are encrypted at rest
UPLOAD_ROOT = Path(os.environ.get("UPLOAD_ROOT", LOCAL / "uploads"))  # files that arrive; shared
UPLOAD_DAYS = int(os.environ.get("UPLOAD_DAYS", "7"))  # an upload that nobody goes on with for so long is thrown away
WORK_ROOT = Path(os.environ.get("WORK_ROOT", LOCAL / "work"))  # the worker's scratch: three times the largest file
DROP_ROOT = os.environ.get("DROP_ROOT", "")  # <trial>/ holds files that the secure room's own transfer has put there
# Nav's access service (Tilgangsmaskin), asked before a person is shown; where there is none, nobody is asked.
ACCESS_SERVICE_URL = os.environ.get("ACCESS_SERVICE_URL", "")
ACCESS_SERVICE_TOKEN = os.environ.get("ACCESS_SERVICE_TOKEN", "")
ACCESS_SERVICE_SECONDS = 3.0  # then it counts as silent, and nobody is shown
CEF_ADDRESS = os.environ.get("CEF_ADDRESS", "")  # host:port of the security log that hears of displays of people
# Who was erased, by key: on storage that is not restored together with the database.
ERASURE_REGISTER = Path(os.environ.get("ERASURE_REGISTER", LOCAL / "erasures.jsonl"))
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
UPLOAD_LIMIT_BYTES = 5 * 1024**3

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "trial.access.tokens.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "trial.access.pagination.CursorPages",
    "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "trial.config.renderers.ApiPage",
    ],
    "DEFAULT_PARSER_CLASSES": ["trial.config.parsers.BoundedJSONParser"],
    "PAGE_SIZE": 100,
    "EXCEPTION_HANDLER": "trial.config.problems.problem_response",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Navtrial",
    "DESCRIPTION": "Randomised trials in Nav: enrolment, concealed draws, follow-up, deliveries and results.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "trial.config.openapi.with_problems",
        "trial.config.openapi.by_room",
    ],
    "ENUM_NAME_OVERRIDES": {
        "ParticipantState": "trial.enrolment.states.LABELS.items",
        "RunState": "trial.analyses.states.TRANSITIONS.keys",
        "ReleaseState": "trial.results.states.TRANSITIONS.keys",
        "DeliveryState": "trial.registers.states.TRANSITIONS.keys",
        "WithdrawalMeaning": "trial.enrolment.states.WITHDRAWALS.items",
        "Register": "trial.studies.sources.REGISTERS.keys",
        "ContactKind": "trial.followup.models.ContactKind",
        "FindingKind": "trial.analyses.models.ResultKind",
        "CorrectionReason": "trial.followup.api.CORRECTION_REASONS",
        "TakingBackReason": "trial.followup.api.TAKING_BACK_REASONS",
    },
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True  # what a task finds is stored by its room, in PostgreSQL
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "notices"
CELERY_TASK_ROUTES = {
    "trial.analyses.tasks.*": {"queue": "analyses"},
    "trial.registers.tasks.*": {"queue": "deliveries"},
}
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    # Somebody at a page waits for a message to leave: try again once and at once, then leave it to the worker's round.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
    "global_keyprefix": os.environ.get("REDIS_PREFIX", ""),  # several installations on one Redis
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True

EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
EMAIL_TIMEOUT = 10
SMS_GATEWAY_URL = os.environ.get(
    "SMS_GATEWAY_URL", ""
)  # takes {"to", "text"} as JSON; empty: text messages are printed
SITE_URL = os.environ.get("SITE_URL", "http://localhost:8000" if RELAXED else "")  # what personal links begin with
ACCESSIBILITY_STATEMENT_URL = os.environ.get("ACCESSIBILITY_STATEMENT_URL", "")
LOGGING_CONFIG = None  # `logs.configure` sets logging up, once, for Django and Celery alike
