"""A program signs in with a token that opens one trial in one role, until it expires."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from tests.cast import Cast
from trial.access.models import ApiToken
from trial.access.planes import maintenance

pytestmark = pytest.mark.slow


def token_for(username: str, trial: str, role: str, **options: object) -> str:
    out = StringIO()
    call_command("api_token", username, trial, role, stdout=out, **options)
    return out.getvalue().strip()


def asked(path: str, token: str) -> int:
    return Client().get(path, headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_token_opens_what_its_role_may_see_and_nothing_else(cast: Cast) -> None:
    api = f"/api/v1/trials/{cast.trial.code}"
    token = token_for(cast.kari.username, cast.trial.code, "caseworker")
    assert asked(f"{api}/participants/", token) == 200
    assert asked(f"{api}/deliveries/", token) in (403, 404)
    assert asked("/api/v1/trials/another/participants/", token) == 404


def test_an_expired_token_opens_nothing(cast: Cast) -> None:
    token = token_for(cast.kari.username, cast.trial.code, "caseworker")
    with maintenance():
        ApiToken.objects.update(expires_at=ApiToken.objects.get().created_at - timedelta(days=1))
    assert asked(f"/api/v1/trials/{cast.trial.code}/participants/", token) in (401, 403)


def test_an_unknown_token_opens_nothing(cast: Cast) -> None:
    assert asked(f"/api/v1/trials/{cast.trial.code}/participants/", "nt_unknown") in (401, 403)


def test_the_database_keeps_no_token_in_clear(cast: Cast) -> None:
    token = token_for(cast.kari.username, cast.trial.code, "caseworker")
    assert ApiToken.objects.get().digest == ApiToken.digest_of(token)
    assert token not in str(ApiToken.objects.values().get())


@pytest.mark.parametrize(("role", "days"), [("analyst", 90), ("caseworker", 0), ("caseworker", 4000)])
def test_a_token_beyond_the_members_rights_or_without_end_is_refused(cast: Cast, role: str, days: int) -> None:
    with pytest.raises(CommandError):
        token_for(cast.kari.username, cast.trial.code, role, days=days)
