"""Rate limits by network, without keeping an address: only hashes under a key that changes every day."""

import hashlib
import hmac
from ipaddress import ip_address, ip_network

from flask import Flask, request
from flask_limiter import Limiter
from limits import parse

from portal.clock import now
from portal.config import Settings, current_settings


def network_key() -> str:
    """A hash of the visitor's IPv4 /24 or IPv6 /64 under today's key."""
    address = ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104 - no socket is bound here
    network = ip_network((address, 24 if address.version == 4 else 64), strict=False)
    secret = current_settings().secret_key.get_secret_value()
    today = hmac.digest(secret.encode(), f"rate limit {now():%Y-%m-%d}".encode(), hashlib.sha256)
    return hmac.new(today, network.network_address.packed, hashlib.sha256).hexdigest()


def trusted() -> bool:
    """Whether the visitor's network is one of those that no limit applies to."""
    address = ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104 - no socket is bound here
    return any(address in network for network in current_settings().allowed_networks)


limiter = Limiter(network_key, headers_enabled=False)

refuse_floods = limiter.shared_limit(
    lambda: current_settings().rate_limit_refused,
    scope="forms",
    methods=["POST"],
    exempt_when=trusted,
)
"""Decorates a view whose form a machine could post without end; all such views share one count."""

refuse_search_floods = limiter.shared_limit(
    lambda: current_settings().rate_limit_search,
    scope="search",
    exempt_when=lambda: trusted() or not request.args.get("q"),
)
"""Decorates the view that searches: a search costs more than a kept page."""

refuse_export_floods = limiter.shared_limit(
    lambda: current_settings().rate_limit_search,
    scope="search",
    exempt_when=lambda: trusted() or not request.args,
)
"""Decorates a view that writes a long file of what is asked for: without a question it is a kept page."""


def suspiciously_many(*, count: bool) -> bool:
    """Whether more people sign up from this network than one would expect; `count` adds one for this request."""
    limit = parse(current_settings().rate_limit_suspicious)
    ask = limiter.limiter.hit if count else limiter.limiter.test
    return not ask(limit, "sign-ups", network_key())


def init_app(app: Flask, settings: Settings) -> None:
    """Connect the counters: in this process's memory, or in Redis where several processes share them."""
    app.config["RATELIMIT_STORAGE_URI"] = settings.rate_limit_storage
    app.config["RATELIMIT_IN_MEMORY_FALLBACK_ENABLED"] = not settings.rate_limit_storage.startswith("memory")
    app.config["RATELIMIT_IN_MEMORY_FALLBACK"] = [settings.rate_limit_refused]
    limiter.init_app(app)
