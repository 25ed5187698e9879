"""What a person holds: an authenticator app, and a browser that signs in the whole way."""

import base64
import hmac
import struct
import time

from allauth.mfa.models import Authenticator
from django.test import Client

from tests.cast import PASSWORD
from trial.access.adapters import MFAAdapter
from trial.access.models import User

LOGIN, CODE, ACTIVATE = (
    "/account/login/",
    "/account/second-factor/authenticate/",
    "/account/second-factor/totp/activate/",
)


def code_of(secret: str, *, steps: int = 0) -> str:
    """The six digits that an app shows now (RFC 6238), or some half-minutes later."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30 + steps), "sha1")
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset : offset + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


def secret_of(user: User) -> str:
    """What the app of a user keeps."""
    kept = Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP).data["secret"]
    return MFAAdapter().decrypt(kept)


def by_password(user: User, client: Client | None = None) -> Client:
    """A browser in which the user has typed the password, and nothing more."""
    browser = client or Client()
    browser.post(LOGIN, {"login": user.username, "password": PASSWORD})
    return browser


def set_up_app(user: User, client: Client | None = None) -> Client:
    """A browser in which the user has just set an app up."""
    browser = by_password(user, client)
    secret = browser.get(ACTIVATE).context["form"].secret
    browser.post(ACTIVATE, {"code": code_of(secret)})
    return browser


def by_two_factors(user: User, client: Client | None = None) -> Client:
    """A browser in which a user with an app has signed in the whole way."""
    browser = by_password(user, client)
    browser.post(CODE, {"code": code_of(secret_of(user), steps=1)})
    return browser


def age_proofs(browser: Client, seconds: int) -> None:
    """Let time have passed since the person showed who they are."""
    session = browser.session
    for proof in session["account_authentication_methods"]:
        proof["at"] -= seconds
    session.save()
