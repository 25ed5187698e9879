"""What the gate before the draw asks about someone, in one statement."""

from dataclasses import dataclass
from typing import Self

from trial.audit.rows import Columns, Joined, JoinedAnswer
from trial.enrolment.models import Consent, ConsentForm, EligibilityCheck, Participant

STANDING = Joined(
    [
        Columns(EligibilityCheck, "key factors eligible"),
        Columns(ConsentForm, "id version"),
        Columns(Consent, "id form_id sha256"),
    ],
    """
    SELECT {enrolment_eligibilitycheck}, {enrolment_consentform}, {enrolment_consent}
    FROM enrolment_participant person
    JOIN enrolment_eligibilitycheck ON enrolment_eligibilitycheck.key = person.key
    LEFT JOIN LATERAL (
      SELECT * FROM enrolment_consentform WHERE trial_id = person.trial_id ORDER BY version DESC LIMIT 1
    ) enrolment_consentform ON true
    LEFT JOIN LATERAL (
      SELECT * FROM enrolment_consent WHERE participant_id = person.key AND withdrawn_at IS NULL
      ORDER BY given_at DESC, id DESC LIMIT 1
    ) enrolment_consent ON true
    WHERE person.key = %s
    """,
)


@dataclass(frozen=True)
class Standing:
    """The answers to the questions, the newest consent form of the trial, and the consent in force."""

    check: EligibilityCheck
    form: ConsentForm | None
    consent: Consent | None

    @classmethod
    def asked(cls, participant: Participant) -> JoinedAnswer:
        return STANDING.ask(participant.pk)

    @classmethod
    def taken(cls, answer: JoinedAnswer) -> Self:
        return cls(*answer.take())
