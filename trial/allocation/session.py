"""The draws of one transaction: asked for in one round trip, decided without a database, written in another."""

from collections.abc import Mapping
from typing import Any, Self

from trial.access.models import User
from trial.allocation import leaves, sealing
from trial.allocation.contributions import party_key
from trial.allocation.drawing import Parties, ShareMissing, draw_one
from trial.allocation.log import LogWriter
from trial.allocation.models import Allocation, Place, SealedSeed
from trial.allocation.policies import drawable
from trial.allocation.protocols import Document
from trial.allocation.queries import beacon_of, in_force
from trial.allocation.readings import ARMS, HEAD, LOCKED_TRIAL, LOCKED_WAITING, PLACES, SEEDS, STATES
from trial.allocation.receipts import receipt
from trial.audit import clock, rows
from trial.audit.actions import post, record
from trial.audit.rows import Answer
from trial.enrolment.actions import mark_allocated
from trial.studies.models import Arm, Trial


def lock_trial(trial: Trial) -> Trial:
    """The trial as it is now, locked against other draws and changes of state, not against rows that refer to it."""
    return Trial.objects.select_for_update(no_key=True).get(pk=trial.pk)


class Session:
    """A trial's locks, and whoever waits in it. `shares`: canonical context -> the researcher's contribution in hex.

    Made while a transaction is `reading`; the answers are taken by `begun`. `asking`: a place whose row is wanted too,
    as it is under the locks.
    """

    def __init__(
        self, by: User | None, trial: Trial, shares: Mapping[str, str], asking: Allocation | None = None
    ) -> None:
        self.by, self.shares = by, shares
        self.asking = asking.pk if asking else None
        named = [self.asking] if self.asking else []
        self._seeds, self._arms = SEEDS.ask(trial.pk), ARMS.ask(trial.pk)
        self._people = LOCKED_WAITING.ask(named, trial.pk)
        self._locked = LOCKED_TRIAL.ask(trial.pk)
        self._head, self._states = HEAD.ask(trial.pk), STATES.ask(trial.pk)
        self._places = self._ask_places(trial, named)

    def begun(self) -> Self:
        """The session with what it has read. Raises Refusal: `protocol_missing`."""
        self.trial, protocol = self._locked.take()
        self.protocol = in_force(protocol)
        self.document = Document.read(self.protocol.text)
        self.seeds = {seed.commitment: seed for seed in self._seeds.all()}
        self.arms = {arm.pk: arm for arm in self._arms.all()}
        self.log = LogWriter.of(self.trial, self._head.first())
        self.states = {state.stratum: state for state in self._states.all()}
        self.people = {person.pk: person for person in self._people.all()}
        self.places = {place.pk: place for place in self._places.all()}
        self.waiting = [each for each in self.places.values() if each.arm_id is None and self._held(each)]
        return self

    def draw(self) -> list[Any]:
        """Draw in the order of enrolment, as far as there are contributions; a later position waits for an earlier."""
        if not self.waiting:
            return []
        drawable(self.trial)
        self._prepare()
        drawn = []
        for place in self.waiting:
            rows.apart()
            if self._draw(place):
                drawn.append(place)
        rows.apart()
        for stratum in self.touched:
            state = self.states[stratum]
            state.changed(state=state.state, drawn=state.drawn)
        if drawn:
            self.log.close()
        return drawn

    def place_asked_for(self) -> Allocation:
        """The place of whoever asked, drawn here or by somebody before."""
        place = self.places[self.asking]
        place.participant = self.people[place.pk]
        place.arm = self.arms[place.arm_id] if place.arm_id else None
        return place

    def _prepare(self) -> None:
        self.parties = self._parties()
        self.codes = {arm.code: arm for arm in self.arms.values()}
        self.enrollers = _usernames({person.enrolled_by_id for person in self.people.values()}, self.by)
        self.touched: set[str] = set()
        self.stopped: set[str] = set()

    def _draw(self, place: Place) -> bool:
        """Draw one arm; False where it waits for a contribution to it, or to one before it."""
        history = self.document.state_key(place.stratum)
        if history in self.stopped:
            return False
        state, where = self.states[history], (place.stratum, place.position)
        try:
            drawn = draw_one(self.document, self.parties, place=where, state=state.state, factors=place.factors)
        except ShareMissing:
            self.stopped.add(history)
            return False
        state.state = drawn.state
        self.states[place.stratum].drawn += 1
        self.touched |= {history, place.stratum}
        self._write(place, self.codes[self.document.content["arms"][drawn.arm][0]], drawn.share)
        return True

    def _write(self, place: Place, arm: Arm, share: bytes) -> None:
        shown = share.hex() if self.document.attended else ""
        entry = self.log.append(leaves.alloc_leaf, who=place.who, arm=arm.code, share=shown)
        paper = receipt(entry.leaf, entry.proof, self.log.signed())
        place.changed(arm=arm, drawn_at=clock.now(), drawn_by=self.by, alloc_seq=entry.seq, receipt=paper)
        self._tell(place, entry.seq)

    def _ask_places(self, trial: Trial, named: list[Any]) -> Answer[Any]:
        """The places that are waiting, in the order in which they were taken, and those named."""
        return PLACES.ask(trial.pk, named)

    def _held(self, place: Any) -> bool:
        """Whether the participant was locked; someone enrolled since then is drawn by another session."""
        return place.pk in self.people

    def _tell(self, place: Any, seq: int) -> None:
        """Carry the person on, write the audit line, and let the office know."""
        person = place.participant = self.people[place.pk]
        person.trial = self.trial
        mark_allocated(by=self.by, participant=person)
        record(by=self.by, verb="arm_drawn", trial=self.trial.code, subject=person.number, seq=seq)
        post(kind="arm_drawn", to=self.enrollers[person.enrolled_by_id], trial=self.trial.code)

    def _parties(self) -> Parties:
        """The server's key, and the researcher's where the server holds that seed too."""
        beacon = beacon_of(self.trial, self.document)
        server = self._key("server", beacon)
        researcher = None if self.document.attended else self._key("researcher", beacon)
        return Parties(self.trial.code, server=server, researcher=researcher, shares=self.shares)

    def _key(self, party: str, beacon: bytes) -> bytes:
        sealed: SealedSeed = self.seeds[self.document.content["commitments"][party]]
        seed = sealing.unseal(bytes(sealed.sealed), commitment=sealed.commitment)
        return party_key(seed, protocol_sha256=self.protocol.sha256, beacon=beacon)


def _usernames(keys: set[Any], known: User | None) -> dict[Any, str]:
    """Key -> name of the account; most often they are all one that is known already."""
    names = {known.pk: known.get_username()} if known else {}
    if unknown := keys - set(names):
        names |= {user.pk: user.get_username() for user in User.objects.filter(pk__in=unknown)}
    return names
