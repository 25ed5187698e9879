"""Key files: participant number to national id, for one register owner and nobody else.

The data manager asks, another person approves, and the data manager fetches the file once. It is encrypted to the
owner's age key before it leaves the transaction that reads the names' plane, and never stored: neither the data manager
nor the database ever holds it in clear. The owner opens it with `age -d -i key.txt`.
"""

import csv
import hashlib
import io

import pyrage
from django.utils.translation import gettext_lazy as _

from trial.access import planes
from trial.access.free_text import refuse_national_id
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.planes import DatabaseRole, Plane
from trial.access.refusals import Refusal
from trial.audit import clock
from trial.audit.actions import action, record
from trial.enrolment.models import Participant
from trial.identity.queries import national_ids_of
from trial.registers.models import LinkageRequest
from trial.registers.queries import consented_numbers, registers_of
from trial.studies.models import Trial
from trial.studies.permissions import require

HEADER = ("participant_number", "national_id")
FINGERPRINT = 16  # signs that two people can read to each other on the phone


@action
def request_key_file(*, by: User, trial: Trial, register: str, owner: str, recipient: str) -> LinkageRequest:
    """Ask for a key file. `owner`: who gets it; `recipient`: the owner's age public key (`age1...`).

    Raises:
        Refusal: `not_allowed`, `unknown_register`, `owner_missing`, `not_a_public_key`, `nobody_consents`.
    """
    require(by, trial, Permission.LINK)
    if register not in registers_of(trial):
        raise Refusal("unknown_register", _("Velg hvilket register filen er til."), field="register", status=422)
    if not owner.strip():
        raise Refusal("owner_missing", _("Skriv hvem som skal ha filen."), field="owner", status=422)
    refuse_national_id(owner=owner)
    _recipient(recipient)
    if not consented_numbers(trial, register):
        raise _nobody()
    request = LinkageRequest.objects.create(
        trial=trial,
        register=register,
        owner=owner.strip(),
        recipient=recipient.strip(),
        requested_at=clock.now(),
        requested_by=by,
    )
    record(by=by, verb="key_file_requested", trial=trial.code, subject=str(request.pk), register=register,
           recipient=fingerprint(request.recipient))  # fmt: skip
    return request


@action
def approve_key_file(*, by: User, request: LinkageRequest) -> LinkageRequest:
    """Approve as the second person, who has compared the fingerprint of the key with the owner.

    Raises:
        Refusal: `not_allowed`, `second_person_needed`, `approved_already`.
    """
    require(by, request.trial, Permission.APPROVE_LINKAGE)
    locked = _locked(request)
    if locked.requested_by_id == by.pk:
        raise Refusal("second_person_needed", _("En annen enn den som ba om nøkkelfilen, må godkjenne den."))
    if locked.approved_at:
        raise Refusal("approved_already", _("Nøkkelfilen er allerede godkjent."))
    record(by=by, verb="key_file_approved", trial=locked.trial.code, subject=str(locked.pk))
    return locked.changed(approved_at=clock.now(), approved_by=by)


@action
def hand_out(*, by: User, request: LinkageRequest) -> bytes:
    """Make the approved key file, once, and return it encrypted.

    It names everyone enrolled whose consent in force covers the register when it is made.

    Raises:
        Refusal: `not_allowed`, `not_approved`, `handed_out_already`, `nobody_consents`.
    """
    require(by, request.trial, Permission.LINK)
    locked = _locked(request)
    if not locked.approved_at:
        raise Refusal("not_approved", _("En annen må godkjenne nøkkelfilen først."))
    if locked.handed_out_at:
        raise Refusal("handed_out_already", _("Nøkkelfilen er hentet. Be om en ny hvis den gikk tapt."))
    people, clear = _key_file(locked)
    if not people:
        raise _nobody()
    sealed: bytes = pyrage.encrypt(clear, [_recipient(locked.recipient)])
    sha256 = hashlib.sha256(sealed).hexdigest()
    locked.changed(handed_out_at=clock.now(), handed_out_by=by, people=people, sha256=sha256)
    record(by=by, verb="key_file_handed_out", trial=locked.trial.code, subject=str(locked.pk),
           register=locked.register, people=people, sha256=sha256)  # fmt: skip
    return sealed


def fingerprint(recipient: str) -> str:
    """The beginning of the SHA-256 of a public key, in groups of four."""
    digest = hashlib.sha256(recipient.encode()).hexdigest()[:FINGERPRINT]
    return " ".join(digest[place : place + 4] for place in range(0, FINGERPRINT, 4))


def _key_file(request: LinkageRequest) -> tuple[int, bytes]:
    """How many people, and the file in clear; read on the plane of linkage, which knows no names."""
    with planes.entered(Plane(DatabaseRole.LINKAGE, trials=(request.trial_id,))):
        consented = consented_numbers(request.trial, request.register)
        people = Participant.objects.filter(trial=request.trial, number__in=consented).order_by("number")
        numbers = dict(people.values_list("key", "number"))
        national_ids = national_ids_of(numbers)
    rows = sorted((numbers[key], national_id) for key, national_id in national_ids.items())
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\n").writerows([HEADER, *rows])
    return len(rows), text.getvalue().encode()


def _recipient(text: str) -> pyrage.x25519.Recipient:
    try:
        return pyrage.x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError:
        raise Refusal(
            "not_a_public_key",
            _("Dette er ikke en offentlig age-nøkkel. Den begynner med «age1» og lages av registereieren."),
            field="recipient",
            status=422,
        ) from None


def _locked(request: LinkageRequest) -> LinkageRequest:
    rows = LinkageRequest.objects.select_for_update(of=("self",)).select_related("trial")
    locked: LinkageRequest = rows.get(pk=request.pk)
    return locked


def _nobody() -> Refusal:
    sentence = _("Ingen som er meldt inn, har samtykket til dette registeret.")
    return Refusal("nobody_consents", sentence, field="register")
