"""Trials that draw offices: each office takes a place and is drawn once; people who are enrolled there follow it."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from evaluation.canonical import sha256_of
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.refusals import Refusal
from trial.allocation import leaves
from trial.allocation.log import LogWriter
from trial.allocation.models import Allocation, Cluster, StratumState
from trial.allocation.notices import tell_researchers
from trial.allocation.policies import recruiting
from trial.allocation.positions import next_position
from trial.allocation.protocols import Document
from trial.allocation.queries import locked_protocol
from trial.allocation.readings import as_draw
from trial.allocation.receipts import receipt
from trial.allocation.session import Session, lock_trial
from trial.audit import clock
from trial.audit.actions import record
from trial.audit.rows import Answer, Rows
from trial.enrolment.actions import mark_allocated, mark_enrolled
from trial.enrolment.models import Consent, Participant
from trial.studies.models import Office, Trial
from trial.studies.permissions import require
from trial.studies.strata import ALL

OFFICE_PLACES = Rows(
    Cluster,
    "SELECT {columns} FROM allocation_cluster WHERE trial_id = %s AND arm_id IS NULL ORDER BY enrol_seq",
)


def enrol_offices(*, by: User, trial: Trial) -> list[Cluster]:
    """Give every office that has none a place in the draw, by unit number. No arm exists yet.

    Raises:
        Refusal: `not_allowed`, `no_clusters`, `protocol_missing`, `wrong_trial_state`, `list_exhausted`.
    """
    require(by, trial, Permission.MANAGE_TRIAL)
    return _enrol_offices(by=by, trial=trial)


def follow(by: User, person: Participant, consent: Consent) -> Allocation:
    """A participant's place in the arm of the office. The log is told that someone joined, with a hash of who.

    Raises:
        Refusal: `office_not_drawn`.
    """
    cluster = Cluster.objects.filter(office=person.office, arm__isnull=False).select_related("arm").first()
    if cluster is None:
        raise Refusal("office_not_drawn", _("Kontoret er ikke trukket ennå. Vent til forskeren har trukket."))
    who, log = leaves.new_who(), LogWriter.locked(person.trial)
    note = sha256_of([who, consent.sha256])
    entry = log.append(leaves.event_leaf, who=cluster.who, kind="joined", note_sha256=note)
    paper = receipt(entry.leaf, entry.proof, log.signed()) | {"cluster": cluster.receipt}
    log.close()
    mark_enrolled(by=by, participant=person)
    mark_allocated(by=by, participant=person)
    record(by=by, verb="cluster_joined", trial=person.trial.code, subject=person.number, seq=entry.seq)
    drawn = {"arm": cluster.arm, "drawn_at": clock.now(), "drawn_by": by, "receipt": paper}
    return Allocation.objects.create(
        participant=person,
        trial=person.trial,
        office=person.office,
        who=who,
        stratum=cluster.stratum,
        factors=person.factors,
        enrolled_at=person.enrolled_at or clock.now(),
        enrol_seq=entry.seq,
        alloc_seq=entry.seq,
        cluster=cluster,
        **drawn,
    )


def clusters_of(trial: Trial) -> list[Cluster]:
    """The offices' places as far as the asking plane reaches, for a page that was reached by the right to see."""
    rows = Cluster.objects.filter(trial=trial).select_related("office__nav_office", "arm")
    return list(rows.order_by("enrol_seq"))


class OfficeSession(Session):
    """Draws for offices: nobody is carried on, and whoever is enrolled later follows."""

    def _ask_places(self, trial: Trial, named: list[Any]) -> Answer[Any]:
        return OFFICE_PLACES.ask(trial.pk)

    def _held(self, place: Any) -> bool:
        return True

    def _tell(self, place: Any, seq: int) -> None:
        number = place.office.nav_office.number
        record(by=self.by, verb="arm_drawn", trial=self.trial.code, subject=number, seq=seq)


@as_draw
def _enrol_offices(*, by: User, trial: Trial) -> list[Cluster]:
    trial = lock_trial(trial)
    document = Document.read(locked_protocol(trial).text)
    if not document.clusters:
        raise Refusal("no_clusters", _("I dette forsøket trekkes det for hver deltaker."))
    recruiting(trial)
    log = LogWriter.locked(trial)
    rows = Office.objects.filter(trial=trial, recruits=True, cluster=None).select_related("nav_office")
    made = [_office_place(by, document, log, office) for office in rows.order_by("nav_office__number")]
    log.close()
    if made and document.attended:
        tell_researchers(trial)
    return made


def _office_place(by: User, document: Document, log: LogWriter, office: Office) -> Cluster:
    state = StratumState.objects.get(trial=log.trial, stratum=ALL)
    position = next_position(document, state, ALL, {})
    place = {"who": leaves.new_who(), "stratum": ALL, "position": position, "factors": {}}
    entry = log.append(leaves.enrol_leaf, **place, consent="")
    record(by=by, verb="place_taken", trial=log.trial.code, subject=office.nav_office.number, seq=entry.seq)
    times = {"enrolled_at": clock.now(), "enrol_seq": entry.seq}
    return Cluster.objects.create(office=office, trial=log.trial, **times, **place)
