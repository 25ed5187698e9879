"""A limit on guessing codes: who has tried too many that open nothing waits a quarter of an hour.

Counted in the database, so that every process counts together; the address is kept as a keyed hash for that time only.
"""

from django.db.models import F
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from trial.access.refusals import Refusal
from trial.audit import clock
from trial.audit.actions import action
from trial.surveys.models import Miss

MOST_MISSES = 20
QUARTER_SECONDS = 15 * 60


def may_try(address: str) -> None:
    """Refuse an address from which too many unknown codes came in this quarter of an hour.

    Raises:
        Refusal: `too_many_codes` (429).
    """
    row = Miss.objects.filter(address=_hashed(address), quarter=_quarter()).first()
    if row and row.number >= MOST_MISSES:
        raise Refusal("too_many_codes", _("Du har prøvd for mange koder. Vent et kvarter og prøv igjen."), status=429)


@action
def missed(*, by: None, address: str) -> None:
    """Count a code that opened nothing, and forget the counts of earlier hours."""
    quarter = _quarter()
    Miss.objects.filter(quarter__lt=quarter - 1).delete()
    row, new = Miss.objects.get_or_create(address=_hashed(address), quarter=quarter)
    if not new:
        Miss.objects.filter(pk=row.pk).update(number=F("number") + 1)


def _hashed(address: str) -> str:
    return salted_hmac("trial.surveys.guessing", address, algorithm="sha256").hexdigest()


def _quarter() -> int:
    return int(clock.now().timestamp()) // QUARTER_SECONDS
