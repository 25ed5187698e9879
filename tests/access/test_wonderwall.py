"""Sign-in by the platform's sidecar: a bearer token on every request, of which nothing is believed unchecked."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from pytest_django.fixtures import Settings

from tests.access.devices import by_password
from tests.cast import Cast
from trial.access.models import User

pytestmark = pytest.mark.slow
ISSUER, AUDIENCE, KEY_ID = "https://login.example.no/tenant/v2.0", "navtrial-client", "the-key"
HOME = "/trials/se-klar/"
Token = Callable[..., str]


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def keys_address(key: rsa.RSAPrivateKey) -> Iterator[str]:
    """The provider's keys, on a server of this machine."""
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    body = json.dumps({"keys": [public | {"kid": KEY_ID, "use": "sig", "alg": "RS256"}]}).encode()

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Nothing to tell."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/keys"
    server.shutdown()
    server.server_close()


@pytest.fixture
def sidecar(cast: Cast, settings: Settings, keys_address: str) -> Cast:
    settings.WONDERWALL = {"issuer": ISSUER, "audience": AUDIENCE, "jwks_uri": keys_address}
    settings.SECOND_FACTOR_REQUIRED = True
    for name, ident in (("kari", "Z990001"), ("lead", "Z990002")):
        User.objects.filter(pk=getattr(cast, name).pk).update(nav_ident=ident)
    return cast


@pytest.fixture
def token(key: rsa.RSAPrivateKey) -> Token:
    def make(*, by: rsa.RSAPrivateKey = key, algorithm: str = "RS256", kid: str = KEY_ID, **claims: Any) -> str:
        now = int(time.time())
        told = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 300, "NAVident": "Z990001"}
        told |= {"amr": ["pwd", "mfa"], "auth_time": now} | claims
        return jwt.encode({k: v for k, v in told.items() if v is not None}, by, algorithm, {"kid": kid})

    return make


def asked(token: str, path: str = HOME, client: Client | None = None) -> Any:
    return (client or Client()).get(path, headers={"Authorization": f"Bearer {token}"})


def test_a_valid_token_signs_in_whom_it_names(sidecar: Cast, token: Token) -> None:
    answer = asked(token())
    assert answer.status_code == 200
    assert answer.wsgi_request.user == sidecar.kari


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.example/"},
        {"aud": "another-client"},
        {"aud": None},
        {"iss": None},
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"nbf": int(time.time()) + 86_400},  # told at collection: the test may come much later
        {"kid": "unknown"},
    ],
    ids=lambda wrong: "-".join(map(str, wrong)),
)
def test_a_token_that_is_wrong_in_one_thing_is_none(sidecar: Cast, token: Token, wrong: dict[str, Any]) -> None:
    assert asked(token(**wrong))["Location"].startswith("/account/login/")


def test_a_token_signed_by_somebody_else_is_none(sidecar: Cast, token: Token) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert asked(token(by=stranger)).status_code == 302


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_that_chooses_its_own_way_of_signing_is_none(sidecar: Cast, algorithm: str) -> None:
    now = int(time.time())
    told = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 300, "NAVident": "Z990001"}
    secret = None if algorithm == "none" else "x" * 32
    assert asked(jwt.encode(told, secret, algorithm, {"kid": KEY_ID})).status_code == 302


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "." * 3, "ø.ø.ø", "a." * 5000])
def test_what_is_no_token_is_none(sidecar: Cast, text: str) -> None:
    assert asked(text).status_code == 302


def test_nobody_gets_in_without_an_account(sidecar: Cast, token: Token) -> None:
    answer = asked(token(NAVident="Z999999"))
    assert answer.status_code == 403
    assert "har ingen konto her" in answer.content.decode()


def test_a_second_factor_is_the_providers_and_must_be_told(sidecar: Cast, token: Token) -> None:
    assert asked(token(amr=["pwd"]))["Location"].startswith("/account/second-factor/")


def test_what_is_final_sends_to_a_fresh_sign_in_at_the_provider(sidecar: Cast, token: Token) -> None:
    old = token(NAVident="Z990002", auth_time=int(time.time()) - 601)
    answer = asked(old, "/trials/se-klar/opening/")
    assert answer["Location"] == "/oauth2/login?prompt=login&redirect=%2Ftrials%2Fse-klar%2Fopening%2F"
    assert asked(token(NAVident="Z990002"), "/trials/se-klar/opening/").status_code == 200


def test_where_the_sidecar_is_there_is_no_other_sign_in(sidecar: Cast) -> None:
    browser = by_password(sidecar.kari)
    assert "_auth_user_id" not in browser.session
    assert Client().get("/account/login/?next=/trials/")["Location"] == "/oauth2/login?redirect=%2Ftrials%2F"
    assert Client().get("/account/login/?next=https://evil.example/")["Location"] == "/oauth2/login?redirect=%2F"
    assert Client().post("/account/logout/")["Location"] == "/oauth2/logout"


def test_the_next_person_at_the_browser_gets_a_session_of_their_own(sidecar: Cast, token: Token) -> None:
    browser = Client()
    asked(token(), client=browser)
    session = browser.session
    session["left"] = "behind"
    session.save()
    asked(token(NAVident="Z990002"), client=browser)
    assert "left" not in browser.session


def test_control_without_the_sidecar_a_bearer_token_is_nothing(cast: Cast, token: Token) -> None:
    User.objects.filter(pk=cast.kari.pk).update(nav_ident="Z990001")
    assert asked(token()).status_code == 302
