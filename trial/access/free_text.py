"""Free text holds no national id: refused at the field, in pages, API and actions alike."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from evaluation.national_id import find_national_ids
from trial.access.refusals import Refusal

SENTENCE = _("Fødselsnummer kan ikke skrives her. Bruk deltakernummeret.")
CODE = "national_id_in_text"


def no_national_id(text: str) -> None:
    """Validator of form fields, serializer fields and model fields."""
    if find_national_ids(text):
        raise ValidationError(SENTENCE, code=CODE)


def refuse_national_id(**texts: str) -> None:
    """Refuse the first of the named texts that holds a national id; for actions."""
    for field, text in texts.items():
        if find_national_ids(text):
            raise Refusal(CODE, SENTENCE, field=field, status=422)
