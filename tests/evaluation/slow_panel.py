"""The panel by brute force: for every person and month, walk through every spell. Slow, and obvious."""

from calendar import monthrange
from datetime import date

import pandas as pd

from evaluation.codes import REDUCED_CAPACITY, measures


def slow_panel(participants: pd.DataFrame, registers: dict[str, pd.DataFrame], months, on, data_to) -> pd.DataFrame:
    rows = []
    for person in participants.to_dict("records"):
        spells = {
            name: frame[frame["participant_number"] == person["participant_number"]].to_dict("records")
            for name, frame in registers.items()
        }
        for month in range(months[0], months[1] + 1):
            first, last = _days(person["start_date"], month)
            row = {"participant_number": person["participant_number"], "month": month}
            rows.append(row | (_states(spells, first, last, on) if data_to is None or last <= data_to else {}))
    return pd.DataFrame(rows)


def _days(start: pd.Timestamp, month: int) -> tuple[date, date]:
    year, place = divmod(start.year * 12 + start.month - 1 + month, 12)
    return date(year, place + 1, 1), date(year, place + 1, monthrange(year, place + 1)[1])


def _in_force(spell: dict, first: date, last: date, on: str) -> bool:
    start = spell["start"].date()
    end = date(9999, 1, 1) if pd.isna(spell["end"]) else spell["end"].date()
    return start <= last <= end if on == "last_day" else start <= last and end >= first and start <= end


def _states(spells: dict, first: date, last: date, on: str) -> dict[str, float]:
    now = {name: [s for s in found if _in_force(s, first, last, on)] for name, found in spells.items()}
    weekly = sum(job["full_time_hours"] * job["position_percent"] / 100 for job in now["employment"])
    employed = weekly >= 4 - 1e-9
    benefits = {s["benefit"] for s in now["benefits"]}
    groups = {measures()[s["measure"]].group for s in now["measures"]}
    studies = any(s["nus_level"] in (6, 7, 8) for s in now["education"])
    health = bool(benefits & {"AAP", "UFORE"})
    supported = bool(benefits or groups)
    states = {
        "employed": employed,
        "hours": weekly if employed else 0,
        "employed_or_higher_education": employed or studies,
        "aap": "AAP" in benefits,
        "aap_and_employed": "AAP" in benefits and employed,
        "disability_benefit_only": "UFORE" in benefits and not employed,
        "health_benefit": health,
        "health_benefit_and_employed": health and employed,
        "any_measure": bool(groups),
        "work_practice": "work_practice" in groups,
        "other_measure": "other_measure" in groups,
        "reduced_work_capacity": any(s["group"] in REDUCED_CAPACITY for s in now["work_capacity"]),
        "employed_only": employed and not supported,
        "none_of_these": not (employed or supported or studies),
    }
    return {name: float(value) for name, value in states.items()}
