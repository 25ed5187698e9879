"""What takes two persons: the lock of the protocol, and the opening of the trial. And the beacon between them."""

import hashlib
import hmac
import re
from string import ascii_uppercase
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from evaluation.design import DesignError
from trial.access.models import User
from trial.access.permissions import Permission
from trial.access.planes import entered
from trial.access.refusals import Refusal
from trial.allocation import leaves, sealing
from trial.allocation.contributions import SEED_BYTES, commitment_of, new_seed
from trial.allocation.log import LogWriter
from trial.allocation.models import ArmMask, BeaconValue, Opening, Protocol, SealedSeed, StratumState
from trial.allocation.policies import may_lock, may_open, needs_reason, second_person
from trial.allocation.protocols import Document, compose
from trial.allocation.queries import DRAW, locked_protocol
from trial.allocation.report import report_of
from trial.audit import clock
from trial.audit.actions import action, record
from trial.studies.actions import move_trial
from trial.studies.models import Mode, Trial
from trial.studies.permissions import require
from trial.studies.states import TrialState, next_state

HASH = re.compile(r"[0-9a-f]{64}")
BEACON_VALUE = re.compile(r"(?:[0-9a-f]{2}){8,256}")


@action
def propose_protocol(
    *, by: User, trial: Trial, researcher_commitment: str = "", beacon: str = "", reason: str = ""
) -> Protocol:
    """Put the trial's settings into a protocol that another person can lock; an earlier proposal is replaced.

    `researcher_commitment`: of the researcher's key file, in attended mode. `beacon`: the name of a public value that
    does not exist yet. `reason`: why a foreseeable design is chosen nevertheless.

    Raises:
        Refusal: `not_allowed`, `wrong_trial_state`, `malformed_commitment`, `impossible_method`, `reason_missing`,
            `consent_form_missing`.
    """
    require(by, trial, Permission.LOCK_PROTOCOL)
    next_state(trial.state, TrialState.LOCKED)
    commitments = {"server": _seal_new_seed(trial), "researcher": _researcher_commitment(trial, researcher_commitment)}
    text = compose(trial, beacon=beacon.strip(), commitments=commitments)
    report = _report(text, trial)
    needs_reason(report, reason)
    Protocol.objects.filter(trial=trial, approved_at=None).delete()
    protocol = Protocol.objects.create(
        trial=trial,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        report=report,
        reason=reason.strip(),
        proposed_by=by,
        proposed_at=clock.now(),
    )
    record(by=by, verb="protocol_proposed", trial=trial.code, sha256=protocol.sha256)
    return protocol


@action
def approve_protocol(*, by: User, protocol: Protocol) -> Protocol:
    """Lock the protocol: the log begins with its hash, which everyone outside is told before the first draw.

    Raises:
        Refusal: `not_allowed`, `same_person`, `protocol_locked`, `protocol_outdated`, `wrong_trial_state`.
    """
    trial = protocol.trial
    require(by, trial, Permission.LOCK_PROTOCOL)
    second_person(protocol.proposed_by, by)
    trial.refresh_from_db(from_queryset=Trial.objects.select_for_update(no_key=True))  # nobody changes it meanwhile
    document = Document.read(protocol.text)
    content = document.content
    may_lock(trial, protocol, compose(trial, beacon=content["beacon"], commitments=content["commitments"]))
    protocol.changed(approved_by=by, approved_at=clock.now())
    move_trial(by=by, trial=trial, to=TrialState.LOCKED, verb="protocol_locked")
    with entered(DRAW):
        _begin_log(trial, protocol, document)
    record(by=by, verb="protocol_hash_published", trial=trial.code, sha256=protocol.sha256)
    return protocol


@action
def record_beacon(*, by: User, trial: Trial, value: str) -> BeaconValue:
    """Record the public value that the protocol waits for; once, and before the first draw.

    Raises:
        Refusal: `not_allowed`, `no_beacon`, `beacon_known`, `malformed_beacon`, `protocol_missing`.
    """
    require(by, trial, Permission.LOCK_PROTOCOL)
    protocol = locked_protocol(trial)
    if not Document.read(protocol.text).content["beacon"]:
        raise Refusal("no_beacon", _("Protokollen venter ikke på noen offentlig verdi."))
    if BeaconValue.objects.filter(trial=trial).exists():
        raise Refusal("beacon_known", _("Verdien er allerede registrert og kan ikke endres."))
    if not BEACON_VALUE.fullmatch(value.strip().lower()):
        raise Refusal("malformed_beacon", _("Skriv verdien som heksadesimale tegn."), field="value", status=422)
    kept = BeaconValue.objects.create(
        protocol=protocol, trial=trial, value=value.strip().lower(), recorded_by=by, recorded_at=clock.now()
    )
    record(by=by, verb="beacon_recorded", trial=trial.code, value=kept.value)
    return kept


@action
def request_opening(*, by: User, trial: Trial, researcher_seed: bytes | None = None) -> Opening:
    """Ask another person to end the concealment. The researcher's key comes with this or with the approval.

    Raises:
        Refusal: `not_allowed`, `wrong_trial_state`, `still_waiting`, `already_requested`, `wrong_key`.
    """
    require(by, trial, Permission.OPEN_TRIAL)
    may_open(trial)
    if Opening.objects.filter(trial=trial).exists():
        raise Refusal("already_requested", _("Noen har allerede bedt om at forsøket åpnes."))
    _seal_researcher_seed(trial, researcher_seed)
    opening = Opening.objects.create(trial=trial, requested_by=by, requested_at=clock.now())
    record(by=by, verb="opening_requested", trial=trial.code)
    return opening


@action
def approve_opening(*, by: User, opening: Opening, researcher_seed: bytes | None = None) -> Opening:
    """Open the trial: the log ends with the event, and the bundle with both seeds can be taken out.

    Raises:
        Refusal: `not_allowed`, `same_person`, `wrong_trial_state`, `still_waiting`, `wrong_key`, `key_needed`.
    """
    trial = opening.trial
    require(by, trial, Permission.OPEN_TRIAL)
    second_person(opening.requested_by, by)
    may_open(trial)
    _seal_researcher_seed(trial, researcher_seed)
    _both_seeds_open(trial)
    opening.changed(approved_by=by, approved_at=clock.now())
    move_trial(by=by, trial=trial, to=TrialState.OPENED, verb="trial_opened")
    with entered(DRAW):
        log = LogWriter.locked(trial)
        log.append(leaves.event_leaf, who="", kind="opened", note_sha256=hashlib.sha256(b"").hexdigest())
        log.close()
        log.checkpoint()
    return opening


def _seal_new_seed(trial: Trial) -> str:
    """Make a seed, seal it and give its commitment."""
    seed = new_seed()
    return _seal(trial, seed, commitment_of(trial.code, seed))


def _seal(trial: Trial, seed: bytes, commitment: str) -> str:
    with entered(DRAW):
        sealed = sealing.seal(seed, commitment=commitment)
        SealedSeed.objects.create(trial=trial, commitment=commitment, sealed=sealed, sealed_at=clock.now())
    return commitment


def _researcher_commitment(trial: Trial, given: str) -> str:
    """The commitment of the researcher's key file; in unattended mode that of a second sealed seed."""
    if trial.mode == Mode.UNATTENDED:
        return _seal_new_seed(trial)
    if not HASH.fullmatch(given.strip().lower()):
        raise Refusal(
            "malformed_commitment",
            _("Lim inn forskerens forpliktelse: 64 heksadesimale tegn fra nøkkelfilen."),
            field="researcher_commitment",
            status=422,
        )
    return given.strip().lower()


def _report(text: str, trial: Trial) -> dict[str, Any]:
    try:
        return report_of(Document.read(text), trial)
    except DesignError as problem:
        raise Refusal(
            "impossible_method", _("Metoden passer ikke med gruppene og kontorene. Se på oppsettet igjen.")
        ) from problem


def _begin_log(trial: Trial, protocol: Protocol, document: Document) -> None:
    for stratum in document.content["strata"]:
        StratumState.objects.create(trial=trial, stratum=stratum, state=document.rule(int).start())
    if document.whole_trial:
        StratumState.objects.create(trial=trial, stratum="", state=document.rule(int).start())
    for arm, letter in zip(_in_masked_order(trial), ascii_uppercase, strict=False):
        ArmMask.objects.create(trial=trial, arm=arm, letter=letter)
    log = LogWriter.begin(trial)
    log.append(leaves.protocol_leaf, protocol_sha256=protocol.sha256)
    log.close()
    log.checkpoint()


def _in_masked_order(trial: Trial) -> list[Any]:
    """The arms in an order that only the holder of SEED_KEY can tell, and that stays the same."""
    key = bytes.fromhex(settings.SEED_KEY)
    return sorted(
        trial.arms.all(), key=lambda arm: hmac.digest(key, f"mask {trial.code} {arm.code}".encode(), "sha256")
    )


def _seal_researcher_seed(trial: Trial, seed: bytes | None) -> None:
    if seed is None:
        return
    wanted = Document.read(locked_protocol(trial).text).content["commitments"]["researcher"]
    if len(seed) != SEED_BYTES or commitment_of(trial.code, seed) != wanted:
        raise Refusal("wrong_key", _("Nøkkelfilen hører ikke til dette forsøket."), field="key_file", status=422)
    with entered(DRAW):
        known = SealedSeed.objects.filter(commitment=wanted).exists()
    if not known:
        _seal(trial, seed, wanted)


def _both_seeds_open(trial: Trial) -> None:
    """Refuse to open while a seed is missing: the bundle would prove nothing."""
    commitments = Document.read(locked_protocol(trial).text).content["commitments"].values()
    with entered(DRAW):
        held = SealedSeed.objects.filter(commitment__in=commitments).count()
    if held < len(commitments):
        raise Refusal("key_needed", _("Forskerens nøkkelfil må legges ved."), field="key_file", status=422)
