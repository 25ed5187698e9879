"""The next position of a stratum: taken once, whoever it is for."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from trial.access.refusals import Refusal
from trial.allocation.models import StratumState
from trial.allocation.policies import can_be_drawn
from trial.allocation.protocols import Document


def next_position(document: Document, state: StratumState | None, stratum: str, factors: Mapping[str, str]) -> int:
    """Take the next position of a stratum, whose state was read under the lock of the trial's row.

    Raises:
        Refusal: `unknown_stratum`, `factor_missing`, `list_exhausted`.
    """
    can_be_drawn(document, stratum, factors)
    if state is None:
        raise StratumState.DoesNotExist(stratum)
    capacity = document.rule(int).capacity()
    if capacity is not None and state.enrolled >= capacity:
        raise Refusal("list_exhausted", _("Alle plassene i loddtrekningen er brukt. Kontakt forsøkslederen."))
    position: int = state.enrolled
    state.changed(enrolled=position + 1)
    return position
