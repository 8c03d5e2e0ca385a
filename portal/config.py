"""The settings: read from the environment once, typed, checked, and never changed while the process runs."""

import os
import secrets
from datetime import datetime
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from flask import current_app
from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class ConfigurationError(Exception):
    """The environment does not describe a portal that may run. The message names each variable and its remedy."""


def _variable(name: str, default: Any = ..., **constraints: Any) -> Any:
    """A setting whose environment variable is called exactly `name`, without the `PORTAL_` prefix."""
    field = name.lower()
    return Field(default, validation_alias=AliasChoices(name, field), **constraints)


class Settings(BaseSettings):
    """Every setting of the portal. `docs/operations.md` lists them all; a test keeps the list true."""

    model_config = SettingsConfigDict(env_prefix="PORTAL_", frozen=True, extra="ignore", populate_by_name=True)

    env: Literal["production", "development", "testing"] = "production"
    instance: Path = ROOT / "instance"
    content: Path = ROOT / "content"

    secret_key: SecretStr = _variable("SECRET_KEY", SecretStr(""))
    address_secret: SecretStr = SecretStr("")
    """Keys the hashes of addresses. Unlike SECRET_KEY it can never be changed: who signed would be forgotten."""
    database_url: str = _variable("DATABASE_URL", "")
    base_url: str = "http://127.0.0.1:8000"
    port: int = _variable("PORT", 8000, ge=1, le=65535)
    trusted_proxies: int = Field(0, ge=0, le=5)

    mail_server: str = _variable("MAIL_SERVER", "")
    mail_port: int = _variable("MAIL_PORT", 25, ge=1, le=65535)
    mail_use_tls: bool = _variable("MAIL_USE_TLS", False)
    mail_use_ssl: bool = _variable("MAIL_USE_SSL", False)
    mail_username: str = _variable("MAIL_USERNAME", "")
    mail_password: SecretStr = _variable("MAIL_PASSWORD", SecretStr(""))
    mail_default_sender: str = _variable("MAIL_DEFAULT_SENDER", "")
    mail_timeout: float = Field(30.0, gt=0)
    """Seconds that any one answer of the SMTP server may take."""
    mail_retry_first: int = Field(30, ge=1)
    """Seconds until the second attempt to send a mail; the pause doubles with each further one."""
    mail_retry_longest: int = Field(3600, ge=1)
    """Seconds that no pause exceeds."""
    mail_retry_days: int = Field(5, ge=1)
    """An attempt that comes to nothing so long after the mail was posted is the last one."""
    newsletter_connections: int = Field(4, ge=1, le=32)
    """Connections to the SMTP server that a worker sends campaigns on; its own mails have one more."""
    newsletter_per_second: float = Field(10, ge=0)
    """Letters of campaigns that may go out in a second, by all workers together; 0 is no limit."""
    newsletter_per_hour: float = Field(0, ge=0)
    bounce_address: str = ""
    """Where letters of campaigns come back to, each under an address of its own: `bounces@…` gets `bounces+…@…` too."""
    bounce_imap_host: str = ""
    """The server of the mailbox they come back to, for the worker to fetch them; without it, a pipe hands them in."""
    bounce_imap_port: int = Field(993, ge=1, le=65535)
    """TLS from the first byte (RFC 8314)."""
    bounce_imap_username: str = ""
    bounce_imap_password: SecretStr = SecretStr("")
    bounce_imap_folder: str = "INBOX"
    dkim_key: Path | None = None
    """A file with the private key (PEM) that letters of campaigns are signed with; None leaves that to the server."""
    dkim_selector: str = ""
    dkim_domain: str = ""
    newsletter_four_eyes: bool = True
    """Whether somebody else than who asked for it has to release a newsletter."""
    postfach: bool = False
    """Whether `/postfach` shows what the SMTP catcher caught; set by `make run`, and only used in development."""

    optin_days: int = Field(7, ge=1, le=30)
    optin_reminders: int = Field(0, ge=0, le=2)
    mails_per_address_and_day: int = Field(5, ge=1)
    proof_years: int = Field(3, ge=1)
    appeal_days: int = Field(184, ge=184)
    """Days in which an author may object to a rejection; six months at the least (DSA Art. 20(1)). What came to nothing
    is kept as long."""
    block_years: int = Field(2, ge=1)
    """Years after which a blocked address is forgotten."""
    signing_closes_at: datetime | None = None
    signing_grace_days: int = Field(7, ge=0)

    office_session_hours: int = Field(12, ge=1, le=168)
    """After this long an organiser logs in anew, whatever she is doing."""
    office_idle_minutes: int = Field(60, ge=5)
    """After this long without a page an organiser logs in anew."""
    office_fresh_minutes: int = Field(10, ge=1)
    """Sensitive acts ask for the password again when it was given longer ago."""
    invitation_days: int = Field(7, ge=1, le=30)
    reset_minutes: int = Field(60, ge=5, le=1440)
    audit_years: int = Field(3, ge=1)
    """How long the office's log is kept; the database refuses to remove anything of its last year."""

    rate_limit_storage: str = "memory://"
    rate_limit_suspicious: str = "30 per hour"
    """Sign-ups from one network beyond this are asked for a proof of work or held; nobody is turned away."""
    rate_limit_refused: str = "200 per hour"
    """Form posts from one network beyond this are refused with 429."""
    rate_limit_search: str = "120 per minute"
    """Searches from one network beyond this are refused with 429."""
    allowed_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    """Networks shared by many people, a university's for example, that no limit applies to; in development loopback."""

    @field_validator("allowed_networks", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return value.replace(",", " ").split() if isinstance(value, str) else value

    @field_validator("signing_closes_at")
    @classmethod
    def _needs_an_offset(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("needs an offset, for example 2027-03-31T23:59:59+02:00")
        return value

    @field_validator("base_url")
    @classmethod
    def _bare_origin(cls, value: str) -> str:
        value = value.rstrip("/")
        if not value.startswith(("http://", "https://")) or value.count("/") != 2:
            raise ValueError("must be the site's origin without a path, for example https://erklaerung.example.org")
        return value

    @field_validator("database_url")
    @classmethod
    def _with_driver(cls, value: str) -> str:
        for scheme in ("postgres://", "postgresql://"):
            if value.startswith(scheme):
                return "postgresql+psycopg://" + value.removeprefix(scheme)
        return value

    @field_validator("bounce_address")
    @classmethod
    def _bare_address(cls, value: str) -> str:
        if value and ("@" not in value.strip("@") or value != parseaddr(value)[1] or not value.isascii()):
            raise ValueError("must be a bare address, for example bounces@erklaerung.example.org")
        return value

    @model_validator(mode="after")
    def _bounces_can_be_fetched(self) -> Self:
        access = (self.bounce_address, self.bounce_imap_username, self.bounce_imap_password.get_secret_value())
        if self.bounce_imap_host and not all(access):
            raise ValueError(
                "PORTAL_BOUNCE_IMAP_HOST needs PORTAL_BOUNCE_ADDRESS, PORTAL_BOUNCE_IMAP_USERNAME and"
                " PORTAL_BOUNCE_IMAP_PASSWORD beside it"
            )
        if not self.bounce_imap_folder.isascii() or not self.bounce_imap_folder.isprintable():
            raise ValueError("PORTAL_BOUNCE_IMAP_FOLDER must be a folder's name in ASCII, for example INBOX")
        return self

    @model_validator(mode="after")
    def _dkim_is_complete(self) -> Self:
        if (self.dkim_key is not None) and not (self.dkim_selector and self.dkim_domain):
            raise ValueError("PORTAL_DKIM_KEY needs PORTAL_DKIM_SELECTOR and PORTAL_DKIM_DOMAIN beside it")
        return self

    @model_validator(mode="after")
    def _production_is_complete(self) -> Self:
        if self.mail_use_tls and self.mail_use_ssl:
            raise ValueError("MAIL_USE_TLS and MAIL_USE_SSL exclude each other: STARTTLS or TLS from the first byte")
        if self.env != "production":
            return self
        missing = [
            f"{name}: {remedy}"
            for name, value, remedy in (
                ("SECRET_KEY", self.secret_key.get_secret_value(), "a random text of at least 32 characters"),
                ("PORTAL_ADDRESS_SECRET", self.address_secret.get_secret_value(), "another one, never to be changed"),
                ("DATABASE_URL", self.database_url, "for example postgresql://portal@localhost/portal"),
                ("MAIL_SERVER", self.mail_server, "the host that takes our mail"),
                ("MAIL_DEFAULT_SENDER", self.mail_default_sender, "for example Erklärung <erklaerung@example.org>"),
            )
            if not value
        ]
        for name, secret in (("SECRET_KEY", self.secret_key), ("PORTAL_ADDRESS_SECRET", self.address_secret)):
            if 0 < len(secret.get_secret_value()) < 32:
                missing.append(f"{name}: at least 32 characters, for example from `openssl rand -hex 32`")
        if not self.base_url.startswith("https://") and "base_url" in self.model_fields_set:
            missing.append("PORTAL_BASE_URL: must begin with https:// in production")
        if "base_url" not in self.model_fields_set:
            missing.append("PORTAL_BASE_URL: the site's public origin, for example https://erklaerung.example.org")
        if self.mail_default_sender and "@" not in parseaddr(self.mail_default_sender)[1]:
            missing.append("MAIL_DEFAULT_SENDER: must contain an address")
        if missing:
            raise ValueError("\n".join(missing))
        return self

    @property
    def production(self) -> bool:
        return self.env == "production"

    def flask_config(self) -> dict[str, Any]:
        """What Flask and its extensions want to know, under the names that they give it."""
        return {
            "SECRET_KEY": self.secret_key.get_secret_value(),
            "TESTING": self.env == "testing",
            "SESSION_COOKIE_NAME": "__Host-portal" if self.production else "portal",
            "SESSION_COOKIE_SECURE": self.production,
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "MAX_CONTENT_LENGTH": 256 * 1024,
            "MAX_FORM_MEMORY_SIZE": 256 * 1024,
            # Every message is ours; WTForms' own would be read from disk at each request.
            "WTF_I18N_ENABLED": False,
            "WTF_CSRF_TIME_LIMIT": None,
            # A browser that sends no referrer still has the token and a cookie that only this host can set.
            "WTF_CSRF_SSL_STRICT": False,
            "SQLALCHEMY_DATABASE_URI": self.database_url,
            "MAIL_SERVER": self.mail_server,
            "MAIL_PORT": self.mail_port,
            "MAIL_USE_TLS": self.mail_use_tls,
            "MAIL_USE_SSL": self.mail_use_ssl,
            "MAIL_USERNAME": self.mail_username or None,
            "MAIL_PASSWORD": self.mail_password.get_secret_value() or None,
            "MAIL_DEFAULT_SENDER": self.mail_default_sender,
            "BABEL_DEFAULT_LOCALE": "de",
            "BABEL_DEFAULT_TIMEZONE": "Europe/Berlin",
        }


def load_settings(**overrides: Any) -> Settings:
    """Read the environment, with `overrides` on top, and fill in what a development machine need not be told.

    Raises ConfigurationError, naming every variable that is missing or wrong.
    """
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            variable = "_".join(str(part) for part in problem["loc"]).upper()
            known = variable in os.environ or variable in {"SECRET_KEY", "DATABASE_URL", "PORT"}
            name = variable if known or variable.startswith("MAIL_") else f"PORTAL_{variable}"
            message = problem["msg"].removeprefix("Value error, ")
            lines += [f"{name}: {message}"] if variable else message.splitlines()
        raise ConfigurationError("The portal cannot start:\n  " + "\n  ".join(lines)) from error
    if settings.production:
        return settings
    return settings.model_copy(update=_development_defaults(settings))


def _development_defaults(settings: Settings) -> dict[str, Any]:
    defaults: dict[str, Any] = {}
    for name in ("secret_key", "address_secret"):
        if not getattr(settings, name).get_secret_value():
            defaults[name] = SecretStr(_kept_secret(settings.instance / name))
    if not settings.database_url:
        settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
        defaults["database_url"] = f"sqlite:///{settings.instance / 'portal.db'}"
    if not settings.mail_default_sender:
        defaults["mail_default_sender"] = "Dortmund-Essener Erklärung <erklaerung@portal.invalid>"
    if "allowed_networks" not in settings.model_fields_set:
        defaults["allowed_networks"] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    if "base_url" not in settings.model_fields_set:
        defaults["base_url"] = f"http://127.0.0.1:{settings.port}"
    return defaults


def _kept_secret(path: Path) -> str:
    """The secret in `path`, made on first use, so that web, worker and the next start share it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32))
    return path.read_text()


def current_settings() -> Settings:
    """The settings of the running application."""
    settings: Settings = current_app.extensions["settings"]
    return settings
