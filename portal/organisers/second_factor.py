"""The second factor: one-time codes (RFC 6238), passkeys (WebAuthn), and recovery codes for when both are lost."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

import pyotp
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from portal.config import Settings
from portal.organisers.models import Organiser, OrganiserSession, Passkey, RecoveryCode

STEP_SECONDS = 30
DRIFT = 1
"""So many steps a phone's clock may be ahead or behind."""
RECOVERY_CODES = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""No letter that looks like a digit."""
_CODE_LENGTH = 16
"""Some 79 bits: too many to try, so that a keyed hash needs no salt."""
PROJECT = "Dortmund-Essener Erklärung"


class Refused(Exception):
    """A passkey's answer does not hold."""


def new_secret() -> str:
    """A secret for one-time codes, in base 32."""
    return pyotp.random_base32()


def address_of(secret: str, organiser: Organiser) -> str:
    """What the QR code says (`otpauth://`)."""
    return pyotp.TOTP(secret).provisioning_uri(name=organiser.email or organiser.name, issuer_name=PROJECT)


def step_of(secret: str, code: str, now: datetime, after: int | None = None) -> int | None:
    """The step that a code belongs to, now or a step beside; None if it is wrong, or not later than `after`."""
    typed = re.sub(r"\s", "", code)
    if not re.fullmatch(r"[0-9]{6}", typed):
        return None
    totp, present = pyotp.TOTP(secret), int(now.timestamp()) // STEP_SECONDS
    for step in range(present - DRIFT, present + DRIFT + 1):
        if hmac.compare_digest(totp.generate_otp(step), typed) and (after is None or step > after):
            return step
    return None


def set_totp(session: Session, settings: Settings, organiser: Organiser, secret: str, step: int) -> None:
    """Keep a secret whose first code, of `step`, has been shown to be right."""
    organiser.totp_secret = encrypted(settings, secret)
    organiser.totp_step = step
    session.flush()


def encrypted(settings: Settings, secret: str) -> bytes:
    """A secret as it is kept."""
    return _cipher(settings).encrypt(secret.encode())


def use_code(session: Session, settings: Settings, organiser: Organiser, code: str, now: datetime) -> bool:
    """Whether a one-time code is right; it and earlier ones are not good again, also where two use it at once."""
    if organiser.totp_secret is None:
        return False
    try:
        secret = _cipher(settings).decrypt(organiser.totp_secret).decode()
    except InvalidToken:  # PORTAL_ADDRESS_SECRET is another one
        return False
    step = step_of(secret, code, now, after=organiser.totp_step)
    if step is None:
        return False
    unused = (Organiser.id == organiser.id, (Organiser.totp_step.is_(None)) | (Organiser.totp_step < step))
    return session.scalar(update(Organiser).where(*unused).values(totp_step=step).returning(Organiser.id)) is not None


def new_recovery_codes(session: Session, settings: Settings, organiser: Organiser) -> list[str]:
    """Fresh codes to write down; earlier ones are void. Only their hashes are kept."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.organiser_id == organiser.id))
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH)) for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(organiser_id=organiser.id, code_hash=_code_hash(settings, code)) for code in codes)
    session.flush()
    return ["-".join(re.findall("....", code)) for code in codes]


def use_recovery_code(session: Session, settings: Settings, organiser: Organiser, code: str) -> bool:
    """Whether a recovery code is right; it is gone afterwards."""
    typed = re.sub(r"[^a-z0-9]", "", code.casefold())
    mine = (RecoveryCode.organiser_id == organiser.id, RecoveryCode.code_hash == _code_hash(settings, typed))
    used = delete(RecoveryCode).where(*mine).returning(RecoveryCode.code_hash)
    return session.scalar(used, execution_options={"synchronize_session": False}) is not None


def recovery_codes_left(session: Session, organiser: Organiser) -> int:
    """How many recovery codes have not been used."""
    mine = RecoveryCode.organiser_id == organiser.id
    return session.scalar(select(func.count()).select_from(RecoveryCode).where(mine)) or 0


def passkeys_possible(settings: Settings) -> bool:
    """Whether browsers make passkeys for this site: they want a host name, not an IP address."""
    try:
        ip_address(_host(settings))
    except ValueError:
        return True
    return False


def registration_options(settings: Settings, row: OrganiserSession) -> str:
    """What a browser needs to make a passkey, as JSON; the challenge is kept with the session."""
    organiser = row.organiser
    row.challenge = secrets.token_bytes(32)
    options = generate_registration_options(
        rp_id=_host(settings),
        rp_name=PROJECT,
        user_id=str(organiser.id).encode(),
        user_name=organiser.email or organiser.name,
        user_display_name=organiser.name,
        challenge=row.challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=_descriptors(organiser.passkeys),
    )
    return options_to_json(options)


def add_passkey(
    session: Session, settings: Settings, row: OrganiserSession, credential: str, label: str, now: datetime
) -> Passkey:
    """Keep the passkey that a browser has made. Raises Refused."""
    challenge, row.challenge = row.challenge, None
    if challenge is None:
        raise Refused
    try:
        made = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=_host(settings),
            expected_origin=settings.base_url,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise Refused from error
    if session.scalar(select(Passkey.id).where(Passkey.credential_id == made.credential_id)) is not None:
        raise Refused
    passkey = Passkey(
        organiser_id=row.organiser_id,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        label=label,
        added_at=now,
    )
    row.organiser.passkeys.append(passkey)
    session.flush()
    return passkey


def authentication_options(settings: Settings, row: OrganiserSession) -> str:
    """What a browser needs to use one of the passkeys, as JSON; the challenge is kept with the session."""
    row.challenge = secrets.token_bytes(32)
    options = generate_authentication_options(
        rp_id=_host(settings),
        challenge=row.challenge,
        allow_credentials=_descriptors(row.organiser.passkeys),
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return options_to_json(options)


def use_passkey(session: Session, settings: Settings, row: OrganiserSession, credential: str) -> bool:
    """Whether one of the organiser's passkeys has signed the session's challenge; a challenge is good once."""
    challenge, row.challenge = row.challenge, None
    session.flush()
    if challenge is None:
        return False
    try:
        answer = parse_authentication_credential_json(credential)
        passkey = next(one for one in row.organiser.passkeys if one.credential_id == answer.raw_id)
        proved = verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=_host(settings),
            expected_origin=settings.base_url,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
        )
    except (WebAuthnException, StopIteration, ValueError, TypeError, KeyError):
        return False
    passkey.sign_count = proved.new_sign_count
    session.flush()
    return True


def remove_all(session: Session, organiser: Organiser) -> None:
    """Take every second factor away, recovery codes too."""
    organiser.totp_step = None
    organiser.totp_secret = None
    organiser.passkeys.clear()
    session.execute(delete(RecoveryCode).where(RecoveryCode.organiser_id == organiser.id))
    session.flush()


def _descriptors(passkeys: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in passkeys]


def _host(settings: Settings) -> str:
    return urlsplit(settings.base_url).hostname or ""


def _cipher(settings: Settings) -> Fernet:
    """Keyed by the secret that is never changed: another one would lock every organiser out."""
    return Fernet(base64.urlsafe_b64encode(_subkey(settings, "one-time codes")))


def _code_hash(settings: Settings, code: str) -> str:
    return hmac.new(_subkey(settings, "recovery codes"), code.encode(), hashlib.sha256).hexdigest()


def _subkey(settings: Settings, purpose: str) -> bytes:
    secret = settings.address_secret.get_secret_value().encode()
    return hmac.digest(secret, f"organisers: {purpose}".encode(), hashlib.sha256)
