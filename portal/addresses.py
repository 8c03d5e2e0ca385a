"""Mail addresses: which spellings mean one mailbox, and the keyed hash that stands for it everywhere."""

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass

import idna
from flask import current_app

from portal.config import Settings
from portal.content import AddressRules


@dataclass(frozen=True)
class Address:
    """An address as it was typed, and its key: the same for every spelling that reaches the same mailbox."""

    email: str
    key: str


class AddressBook:
    """Turns what people type into addresses, by the rules in `content/addresses.yaml`."""

    def __init__(self, rules: AddressRules, secret: str) -> None:
        self._providers = {domain: provider for provider in rules.providers for domain in provider.domains}
        self._typos = rules.typos
        self._secret = secret.encode()

    def identify(self, email: str) -> Address:
        """The address for `email`, which must be one (a form has checked its syntax)."""
        return Address(email=email, key=self._key(self.canonical(email)))

    def canonical(self, email: str) -> str:
        """The one spelling that stands for all spellings of a mailbox."""
        local, _, domain = email.strip().rpartition("@")
        local = unicodedata.normalize("NFC", local).casefold()
        domain = idna.encode(domain.lower().rstrip("."), uts46=True).decode()
        provider = self._providers.get(domain)
        if provider is None:
            return f"{local}@{domain}"
        if provider.same_mailbox:
            domain = provider.domains[0]
        if provider.tag_separator:
            local = local.partition(provider.tag_separator)[0] or local
        if provider.ignores_dots:
            local = local.replace(".", "") or local
        return f"{local}@{domain}"

    def suggestion(self, email: str) -> str | None:
        """What was probably meant, if the domain looks like a known mistyping."""
        local, _, domain = email.rpartition("@")
        meant = self._typos.get(domain.lower())
        return f"{local}@{meant}" if meant else None

    def _key(self, canonical: str) -> str:
        return hmac.new(self._secret, canonical.encode(), hashlib.sha256).hexdigest()


def make_address_book(rules: AddressRules, settings: Settings) -> AddressBook:
    """The address book for these rules under the installation's own secret."""
    return AddressBook(rules, settings.address_secret.get_secret_value())


def current_addresses() -> AddressBook:
    """The address book of the running application."""
    book: AddressBook = current_app.extensions["addresses"]
    return book
