"""A trial whose protocol two persons have locked, with the researcher's key at hand as the researcher holds it."""

from dataclasses import dataclass

from tests import cast as casting
from tests.cast import Cast, acting
from tests.factories import consented
from trial.access.models import User
from trial.allocation.actions import draw_waiting, enrol
from trial.allocation.contributions import Context, commitment_of, contribution, party_key
from trial.allocation.decisions import approve_protocol, propose_protocol
from trial.allocation.models import Allocation, Protocol
from trial.enrolment.models import Participant
from trial.studies.actions import start_recruiting
from trial.studies.models import Office

SEED = bytes(range(32))
REASON = "Kontorene ser få av trekningene og kjenner ikke blokkene."


@dataclass
class DrawCast:
    """The cast of a trial that draws, and the researcher's seed."""

    cast: Cast
    protocol: Protocol
    beacon: bytes = b""

    @property
    def trial(self):
        return self.cast.trial

    def contribute(self, context: Context) -> bytes:
        """What the researcher's machine computes; the seed stays there."""
        return contribution(party_key(SEED, protocol_sha256=self.protocol.sha256, beacon=self.beacon), context)

    def people(self, count: int = 1, *, office: Office | None = None, by: User | None = None, **factors: str):
        return [consented(self.cast, office=office, by=by, **factors) for _ in range(count)]

    def enrol(self, participant: Participant, *, by: User | None = None, key: str = "") -> Allocation:
        caseworker = by or self.cast.kari
        with acting(caseworker):
            return enrol(by=caseworker, participant=participant, idempotency_key=key or f"key-{participant.number}")

    def draw(self) -> list[Allocation]:
        researcher = self.cast.researcher
        with acting(researcher):
            return draw_waiting(by=researcher, trial=self.trial, contribute=self.contribute)


def proposed(cast: Cast, **protocol: str) -> Protocol:
    with acting(cast.lead):
        return propose_protocol(
            by=cast.lead,
            trial=cast.trial,
            **{"researcher_commitment": commitment_of(cast.trial.code, SEED), "reason": REASON} | protocol,
        )


def locked(code: str = "se-klar", *, beacon: str = "", **settings: object) -> DrawCast:
    """Locked by two persons and not yet recruiting."""
    cast = casting.drafted(code, **settings)
    protocol = proposed(cast, beacon=beacon)
    with acting(cast.second_lead):
        approve_protocol(by=cast.second_lead, protocol=protocol)
    cast.trial.refresh_from_db()
    return DrawCast(cast, protocol)


def drawing(code: str = "se-klar", **settings: object) -> DrawCast:
    """Recruiting under a locked protocol."""
    made = locked(code, **settings)
    with acting(made.cast.lead):
        start_recruiting(by=made.cast.lead, trial=made.trial)
    return made
