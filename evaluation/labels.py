"""Words for keys, in bokmål and English. Findings hold keys; whoever shows them asks here."""

from collections.abc import Mapping
from typing import Any, Final

from evaluation.comparing.words import COMPARISONS
from evaluation.estimate_labels import ESTIMATES
from evaluation.questionnaire_words import QUESTIONNAIRES
from evaluation.review.words import REVIEWS

MARK: Final = "@"  # a text in a figure that stands for a label: "@employed"

LABELS: Final[Mapping[str, tuple[str, str]]] = {
    **ESTIMATES,
    # columns
    "variable": ("Kjennetegn", "Characteristic"),
    "outcome": ("Resultat", "Outcome"),
    "month": ("Måneder fra start", "Months from start"),
    "arm": ("Gruppe", "Arm"),
    "mean": ("Gjennomsnitt", "Mean"),
    "n": ("Antall personer", "Persons"),
    "difference": ("Forskjell", "Difference"),
    "effect": ("Effekt", "Effect"),
    "se": ("Standardfeil", "Standard error"),
    "t": ("t", "t"),
    "p": ("p-verdi", "p-value"),
    "adjusted_p": ("Justert p-verdi", "Adjusted p-value"),
    "smd": ("Standardisert forskjell", "Standardised difference"),
    "missing": ("Mangler", "Missing"),
    "ci_low": ("KI fra", "CI from"),
    "ci_high": ("KI til", "CI to"),
    "treated_mean": ("Intervensjonsgruppe", "Intervention"),
    "control_mean": ("Kontrollgruppe", "Control"),
    "unit": ("Enhet", "Unit"),
    "F": ("F", "F"),
    "subgroup": ("Undergruppe", "Subgroup"),
    "level": ("Har kjennetegnet", "Has the characteristic"),
    "interaction_p": ("p for forskjell mellom gruppene", "p of the difference between groups"),
    "reason": ("Hvorfor tall mangler", "Why numbers are missing"),
    # conventions
    "office": ("kontor", "office"),
    "classical": ("klassiske", "classical"),
    "cluster": ("klynget på kontor", "clustered on office"),
    # reasons
    "no_variance": ("ingen forskjeller mellom personene", "nobody differed"),
    "no_contrast": ("ikke begge grupper observert", "not both arms observed"),
    "too_few": ("for få personer", "too few persons"),
    "df1": ("Frihetsgrader 1", "Degrees of freedom 1"),
    "df2": ("Frihetsgrader 2", "Degrees of freedom 2"),
    # arms
    "intervention": ("Intervensjonsgruppe", "Intervention"),
    "control": ("Kontrollgruppe", "Control"),
    "A": ("Gruppe A", "Arm A"),
    "B": ("Gruppe B", "Arm B"),
    # baseline variables
    "age": ("Alder", "Age"),
    "men": ("Menn", "Men"),
    "born_in_norway": ("Født i Norge", "Born in Norway"),
    "married": ("Gift", "Married"),
    "has_children": ("Har barn", "Has children"),
    "completed_upper_secondary": ("Fullført videregående", "Completed upper secondary"),
    "employed_at_start": ("I jobb ved start", "Employed at start"),
    "hours_at_start": ("Timer per uke ved start", "Hours a week at start"),
    "income_at_start": ("Inntekt året før start", "Income the year before"),
    "aap_at_start": ("AAP ved start", "AAP at start"),
    "work_capacity_standard": ("Standard innsats", "Standard effort"),
    "work_capacity_situational": ("Situasjonsbestemt innsats", "Situational effort"),
    "work_capacity_specially_adapted": ("Spesielt tilpasset innsats", "Specially adapted effort"),
    "work_capacity_permanently_adapted": ("Varig tilpasset innsats", "Permanently adapted effort"),
    "work_capacity_unknown": ("Innsatsgruppe ukjent", "Effort group unknown"),
    # outcomes
    "employed": ("I jobb", "Employed"),
    "hours": ("Timer per uke", "Hours a week"),
    "mean_hours_per_week": ("Gjennomsnittlig arbeidstid", "Mean working hours"),
    "total_hours": ("Timer i alt", "Hours in total"),
    "higher_education": ("I høyere utdanning", "In higher education"),
    "employed_or_higher_education": ("I jobb eller høyere utdanning", "Employed or in higher education"),
    "aap": ("AAP", "AAP"),
    "aap_and_employed": ("AAP og jobb", "AAP and employed"),
    "aap_only": ("AAP uten jobb", "AAP only"),
    "disability_benefit": ("Uføretrygd", "Disability benefit"),
    "disability_benefit_and_employed": ("Uføretrygd og jobb", "Disability benefit and employed"),
    "disability_benefit_only": ("Uføretrygd uten jobb", "Disability benefit only"),
    "health_benefit": ("AAP eller uføretrygd", "Health benefit"),
    "health_benefit_and_employed": ("Helseytelse og jobb", "Health benefit and employed"),
    "health_benefit_only": ("Helseytelse uten jobb", "Health benefit only"),
    "employed_only": ("Bare jobb", "Employed only"),
    "any_measure": ("På tiltak", "In a measure"),
    "work_practice": ("Arbeidspraksis", "Work practice"),
    "wage_subsidy": ("Lønnstilskudd", "Wage subsidy"),
    "follow_up": ("Oppfølging", "Follow-up"),
    "training": ("Opplæring", "Training"),
    "clarification": ("Avklaring", "Clarification"),
    "sheltered_work": ("Skjermet arbeid", "Sheltered work"),
    "other_measure": ("Andre tiltak", "Other measures"),
    "reduced_work_capacity": ("Nedsatt arbeidsevne", "Reduced work capacity"),
    "nothing_to_draw": ("Skjult: for få har eller mangler tilstanden", "Hidden: too few have or lack the state"),
    "none_of_these": ("Ingen av delene", "None of these"),
    **COMPARISONS,
    **QUESTIONNAIRES,
    **REVIEWS,
    # units
    "share": ("andel", "share"),
    "percent": ("prosent", "per cent"),
    "percentage_points": ("prosentpoeng", "percentage points"),
    "months": ("måneder", "months"),
    "years": ("år", "years"),
    "hours_per_week": ("timer per uke", "hours a week"),
    "hours_total": ("timer", "hours"),
    "nok": ("kroner", "NOK"),
}

UNITS: Final[Mapping[str, str]] = {
    "age": "years",
    "hours_at_start": "hours_per_week",
    "income_at_start": "nok",
    "mean_hours_per_week": "hours_per_week",
    "hours": "hours_per_week",
    "total_hours": "hours_total",
}

LANGUAGES: Final = ("nb", "en")


def label(key: str, language: str = "nb") -> str:
    """The word for a key; a key without one stands for itself.

    Terms of models are put together from their parts: ``education[primary_school]``, ``treated:aap``, ``age + women``;
    so are months: ``6 and 12``.
    """
    if key in LABELS:
        return LABELS[key][LANGUAGES.index(language)]
    for mark, between in ((" + ", ", "), (":", " × ")):
        parts = key.split(mark)
        words = [label(part, language) for part in parts] if len(parts) > 1 else parts
        if words != parts:  # a name that somebody gave may hold the mark, and stands for itself
            return between.join([words[0], *map(lowered, words[1:])] if mark == " + " else words)
    if all(map(str.isdecimal, key.split(" and "))):
        return key if language == "en" else key.replace(" and ", " og ")
    name, bracket, level = key.partition("[")
    if bracket and level.endswith("]") and name in LABELS:
        whole, part = label(name, language), label(level[:-1], language)
        return part if part.startswith(whole) else f"{whole}: {lowered(part)}"
    return key


def lowered(words: str) -> str:
    """A label within a sentence: without its capital, unless it begins with an abbreviation."""
    return words if words[:2].isalpha() and words[:2].isupper() else words[:1].lower() + words[1:]


def both(nb: str, en: str) -> dict[str, str]:
    """A text in both languages."""
    return {"nb": nb, "en": en}


def localise(value: Any, language: str = "nb") -> Any:
    """A figure's specification with every marked text ("@employed") replaced by its word in a language."""
    if isinstance(value, Mapping):
        return {key: localise(part, language) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [localise(part, language) for part in value]
    if isinstance(value, str) and value.startswith(MARK):
        return label(value.removeprefix(MARK), language)
    return value
