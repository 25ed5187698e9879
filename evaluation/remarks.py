"""What must stand under a finding, as sentences in the reader's language; for pages, reports and files alike."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from evaluation.labels import label, lowered

Facts = Mapping[str, Any]
Say = Callable[[str, str], str]

RULES: Final[Mapping[str, tuple[str, str]]] = {
    "opensafely": (
        "antall til og med 7 skjules, andre rundes til nærmeste 5 (OpenSAFELY)",
        "counts up to 7 are hidden, others rounded to the nearest 5 (OpenSAFELY)",
    ),
    "ssb3": (
        "antall under 3 skjules, andre rundes til nærmeste 3 (SSB)",
        "counts below 3 are hidden, others rounded to the nearest 3 (Statistics Norway)",
    ),
    "strict10": (
        "antall under 10 skjules, andre rundes til nærmeste 10",
        "counts below 10 are hidden, others rounded to the nearest 10",
    ),
}


def remarks(facts: Facts, language: str = "nb") -> list[str]:
    """The sentences that follow from a finding's notes, in a fixed order."""

    def say(nb: str, en: str) -> str:
        return en if language == "en" else nb

    def words(keys: Any) -> str:
        return ", ".join(lowered(label(key, language)) for key in keys)

    parts = (
        _simulated,
        _deviating,
        _joint,
        _method,
        _of_model,
        _of_costs,
        _adjusted,
        _of_months,
        _of_received,
        _of_draw,
        _missing_strata,
        _hidden,
    )
    return [sentence for part in parts for sentence in part(facts, say, words, language)]


def decimal(text: str, language: str) -> str:
    """A number's text with the reader's decimal sign."""
    return text if language == "en" else text.replace(".", ",")


def grouped(number: int) -> str:
    """A whole number with a space between thousands."""
    return f"{number:,}".replace(",", "\u00a0")


def _simulated(facts: Facts, say: Say, _words: Any, _language: str) -> Iterator[str]:
    if facts.get("simulated"):
        trials, persons = facts["simulated"], facts["persons"]
        yield say(
            f"{trials} simulerte forsøk av {persons} personer for hver effekt.",
            f"{trials} simulated trials of {persons} persons for each effect.",
        )


def _deviating(facts: Facts, say: Say, _words: Any, _language: str) -> Iterator[str]:
    if facts.get("exploratory"):
        fields = ", ".join(facts["exploratory"])
        yield say(
            f"Utforskende: avviker fra den låste planen i {fields}.",
            f"Exploratory: departs from the locked plan in {fields}.",
        )


def _joint(facts: Facts, say: Say, _words: Any, language: str) -> Iterator[str]:
    if facts.get("joint_p") is not None:
        df = ", ".join("–" if part is None else str(part) for part in facts["joint_df"])
        f, p = (decimal(text, language) for text in (f"{facts['joint_f']:.2f}", f"{facts['joint_p']:.3f}"))
        yield say(
            f"Samlet F-test av alle kjennetegn: F({df}) = {f}, p = {p}.",
            f"Joint F test of all variables: F({df}) = {f}, p = {p}.",
        )
    elif facts.get("joint_reason"):
        reason = label(facts["joint_reason"], language)
        yield say(f"Ingen samlet F-test: {reason}.", f"No joint F test: {reason}.")


def _method(facts: Facts, say: Say, _words: Any, language: str) -> Iterator[str]:
    if "covariance" in facts:
        kind = label(facts["covariance"], language)
        yield say(f"Standardfeil: {kind}.", f"Standard errors: {kind}.")
    if "strata" in facts:
        strata, level = label(facts["strata"], language), _level(facts, language)
        yield say(
            f"Regresjon med faste effekter av {strata}; {level} % konfidensintervall (KI).",
            f"Regression with {strata} fixed effects; {level}% confidence intervals (CI).",
        )
    if facts.get("weights"):
        yield say(
            "Hver person er vektet med én delt på sannsynligheten for gruppen sin i det låste designet.",
            "Each person is weighted by one over the chance of their arm in the locked design.",
        )
    if facts.get("power"):
        level, power = decimal(facts["level"], language), facts["power"]
        yield say(
            f"Likeverd prøves med to ensidige tester ({level} % KI). Minste påviselige effekt har {power} % styrke.",
            f"Equivalence is tested by two one-sided tests ({level}% CI). The minimal detectable effect has {power}% "
            "power.",
        )


def _of_model(facts: Facts, say: Say, words: Any, language: str) -> Iterator[str]:
    if facts.get("effects"):
        *first, last = (lowered(label(name, language)) for name in facts["effects"])
        names = f"{', '.join(first)} {say('og', 'and')} {last}" if first else last
        yield say(f"Faste effekter av {names}.", f"Fixed effects of {names}.")
    fits = {"mean": say("Gjennomsnitt av resultatet", "Mean of the outcome"), "r2": "R²", "pseudo_r2": "McFadden R²"}
    known = [f"{name}: {decimal(f'{facts[key]:.3f}', language)}" for key, name in fits.items() if key in facts]
    if known and facts.get("n"):
        known.append(say(f"{grouped(facts['n'])} personer", f"{grouped(facts['n'])} persons"))
    if known:
        yield "; ".join(known) + "."
    if facts.get("left_out"):
        left = grouped(facts["left_out"])
        yield say(
            f"Uten alle opplysninger, og derfor ikke med: {left} personer.",
            f"Without all the information, and so left out: {left} persons.",
        )
    if facts.get("marks"):
        limits = [decimal(f"{int(mark) / 100:.2f}", language) for mark in facts["marks"].split(", ")]
        yield "; ".join(f"{'*' * place} p < {limit}" for place, limit in enumerate(limits, start=1)) + "."


def _of_costs(facts: Facts, say: Say, _words: Any, language: str) -> Iterator[str]:
    if facts.get("result"):
        result, month, n = lowered(label(facts["result"], language)), facts["month"], grouped(facts["n"])
        yield say(
            f"Resultatet er «{result}» i måned {month}, blant {n} som er fulgt så lenge.",
            f"The result is “{result}” in month {month}, among {n} who are followed so long.",
        )
    if facts.get("samples"):
        samples = grouped(facts["samples"])
        yield say(f"{samples} utvalg med tilbakelegging.", f"{samples} samples with replacement.")


def _adjusted(facts: Facts, say: Say, words: Any, language: str) -> Iterator[str]:
    if facts.get("covariates"):
        names = words(facts["covariates"])
        yield say(f"Justert for {names} (Lin 2013).", f"Adjusted for {names} (Lin 2013).")
    if facts.get("determined"):
        names = words(facts["determined"])
        yield say(
            f"I en av gruppene lar {names} seg ikke skille fra de andre kjennetegnene eller lagene i trekningen.",
            f"In one of the arms, {names} cannot be told apart from the other variables or the strata of the draw.",
        )
    families = [family for family in facts.get("families", {}).values() if len(family) > 1]
    if families and facts.get("multiplicity", "none") != "none":
        method = label(facts["multiplicity"], language)
        told = "; ".join(words(family) for family in families)
        yield say(f"p-verdier justert sammen ({method}): {told}.", f"p-values adjusted together ({method}): {told}.")


def _of_months(facts: Facts, say: Say, _words: Any, language: str) -> Iterator[str]:
    if facts.get("bands"):
        level = _level(facts, language)
        yield say(
            f"Det lyseste båndet dekker hele kurven samtidig med {level} % sikkerhet (sup-t).",
            f"The lightest band holds the whole curve at once with {level}% confidence (sup-t).",
        )
    if facts.get("before"):
        first, last = facts["before"]
        yield say(f"Før start: måned {first} til {last}.", f"Before the start: months {first} to {last}.")


def _of_received(facts: Facts, say: Say, words: Any, _language: str) -> Iterator[str]:
    if facts.get("received"):
        name = words([facts["received"]])
        yield say(
            f"To-trinns minste kvadraters metode: trekningen er instrument for «{name}».",
            f"Two-stage least squares: the draw is the instrument for “{name}”.",
        )


def _of_draw(facts: Facts, say: Say, _words: Any, _language: str) -> Iterator[str]:
    if facts.get("redrawn"):
        yield say(
            "Gruppene er trukket på nytt med forsøkets eget design; p er andelen lister minst like langt ute.",
            "Arms are drawn again with the trial's own design; p is the share of lists at least as far out.",
        )
    if facts.get("unit"):
        yield say(
            "Kontorer ble trukket, ikke personer: hvert tall er beregnet på enhetenes gjennomsnitt.",
            "Offices were drawn, not persons: every number is computed from the means of units.",
        )


def _missing_strata(facts: Facts, say: Say, _words: Any, _language: str) -> Iterator[str]:
    if facts.get("one_arm"):
        names = ", ".join(facts["one_arm"])
        yield say(
            f"Bare én gruppe, og derfor uten bidrag til effekten: {names}.",
            f"One arm only, and so without a part in the effect: {names}.",
        )


def _hidden(facts: Facts, say: Say, _words: Any, language: str) -> Iterator[str]:
    if facts.get("disclosure"):
        rule = RULES[facts["disclosure"]][language == "en"]
        yield say(
            f"Små antall er skjult, resten avrundet: {rule}.", f"Small counts are hidden, the rest rounded: {rule}."
        )
    if facts.get("step"):
        step = decimal(facts["step"], language)
        yield say(
            f"Effekter på andeler går derfor i trinn på {step} prosentpoeng, og intervaller er utvidet til nærmeste "
            "trinn. Hull i kurven er måneder der få personer har eller mangler tilstanden, eller uten estimat.",
            f"Effects on shares therefore go in steps of {step} percentage points, and intervals are widened to the "
            "next step. Gaps in the curve are months in which few persons have or lack the state, or without estimate.",
        )


def _level(facts: Facts, language: str) -> str:
    return decimal(f"{100 * (1 - float(facts['alpha'])):g}", language)
