"""Changing the key that seals the seeds. Draws go on meanwhile: both keys open until the old one is taken away."""

from trial.access.planes import entered
from trial.allocation import sealing
from trial.allocation.models import SealedSeed
from trial.allocation.queries import DRAW
from trial.audit.actions import action, record


def rotate_seed_key() -> int:
    """Seal every seed with SEED_KEY that OLD_SEED_KEY still seals, all or none; answers how many.

    Raises:
        sealing.UnsealError: a seed opens with neither key; nothing is changed.
    """
    with entered(DRAW):
        return _rotate(by=None)


def unopened() -> list[str]:
    """The commitments of seeds that open with neither key: draws of their trials would fail."""
    with entered(DRAW):
        return [seed.commitment for seed in SealedSeed.objects.order_by("pk") if not _opens(seed)]


@action
def _rotate(*, by: None) -> int:
    seeds = SealedSeed.objects.select_for_update(of=("self",)).select_related("trial").order_by("pk")
    sealed_before = [seed for seed in seeds if not sealing.is_current(bytes(seed.sealed), commitment=seed.commitment)]
    for seed in sealed_before:
        opened = sealing.unseal(bytes(seed.sealed), commitment=seed.commitment)
        seed.changed(sealed=sealing.seal(opened, commitment=seed.commitment))
        record(by=by, verb="seed_key_changed", trial=seed.trial.code, commitment=seed.commitment)
    return len(sealed_before)


def _opens(seed: SealedSeed) -> bool:
    try:
        sealing.unseal(bytes(seed.sealed), commitment=seed.commitment)
    except sealing.UnsealError:
        return False
    return True
