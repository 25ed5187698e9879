"""Made-up trials for the tests of the evaluation: small, seeded, and with the untidiness of real ones."""

import numpy as np
import pandas as pd

from evaluation import Plan, seklar_plan

OFFICES = ("Hurum", "Moss", "Rygge", "Røyken")

PLAN = seklar_plan(data_to="2019-12-31")
SHORT = Plan.from_dict(PLAN.to_dict() | {"months": [-3, 6], "total_months": [1, 6]})


def people(rng: np.random.Generator, n: int = 120) -> pd.DataFrame:
    """Participants in four offices, five to three, who started between 2013 and 2016."""
    start = pd.Timestamp("2013-01-15") + pd.to_timedelta(rng.integers(0, 1400, n), unit="D")
    return pd.DataFrame(
        {
            "participant_number": [f"P{i:04d}" for i in range(n)],
            "office": rng.choice(OFFICES, n),
            "arm": np.where(rng.random(n) < 5 / 8, "intervention", "control"),
            "start_date": start,
        }
    )


def spells(rng: np.random.Generator, numbers: pd.Series, count: int) -> pd.DataFrame:
    """Spells between 2010 and 2019, about a fifth of them ongoing."""
    start = pd.Timestamp("2010-01-01") + pd.to_timedelta(rng.integers(0, 3600, count), unit="D")
    end = pd.Series(start + pd.to_timedelta(rng.integers(0, 700, count), unit="D"))
    end[rng.random(count) < 0.2] = pd.NaT
    return pd.DataFrame({"participant_number": rng.choice(numbers, count), "start": start, "end": end})


def registers(rng: np.random.Generator, participants: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The five registers that the panel reads."""
    numbers, n = participants["participant_number"], len(participants)
    jobs = spells(rng, numbers, 3 * n).assign(
        full_time_hours=rng.choice([37.5, 35.5, 40.0], 3 * n),
        position_percent=rng.choice([5, 20, 50, 100, 33.3], 3 * n),
    )
    return {
        "employment": jobs,
        "benefits": spells(rng, numbers, 2 * n).assign(benefit=rng.choice(["AAP", "UFORE", "DAGPENGER"], 2 * n)),
        "measures": spells(rng, numbers, 2 * n).assign(
            measure=rng.choice(["PRAKSORD", "MIDLONTIL", "INDOPPFAG", "ENKELAMO", "AVKLARAG", "VASV", "ETAB"], 2 * n)
        ),
        "education": spells(rng, numbers, n).assign(nus_level=rng.integers(0, 9, n)),
        "work_capacity": spells(rng, numbers, n).assign(group=rng.choice(["BATT", "IKVAL", "VARIG", "BFORM"], n)),
    }


def whole_trial(seed: int = 1, n: int = 268) -> dict[str, pd.DataFrame]:
    """Deliveries of every register that the plan of SE-KLAR asks for."""
    rng = np.random.default_rng(seed)
    participants = people(rng, n).assign(
        sex=rng.choice(["man", "woman"], n),
        birth_year=rng.integers(1955, 1995, n),
        country_group=rng.choice([0.0, 1, 2, 3], n),
        education_level=rng.integers(0, 9, n).astype(float),
        married=(rng.random(n) < 0.2).astype(float),
        has_children=(rng.random(n) < 0.4).astype(float),
    )
    months = pd.date_range("2012-01-01", "2017-12-01", freq="MS")
    income = pd.MultiIndex.from_product([participants["participant_number"], months]).to_frame(index=False)
    income.columns = pd.Index(["participant_number", "month"])
    income["amount"] = rng.integers(0, 40_000, len(income)).astype(float)
    return registers(rng, participants) | {"participants": participants, "income": income}
