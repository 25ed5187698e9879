"""The people who run the demonstration trials: one login per role, and one per office where the role is held there."""

from dataclasses import dataclass

from trial.access.models import User
from trial.access.roles import Role

PASSWORD = "demo-forsok-2013"  # noqa: S105 - printed by the demonstration, and refused outside it


@dataclass(frozen=True)
class DemoOffice:
    """A Nav office of the model trial, by its real unit number."""

    number: str
    name: str
    prefix: str

    @property
    def short(self) -> str:
        return self.name.removeprefix("Nav ")


OFFICES = (
    DemoOffice("0628", "Nav Hurum", "HUR"),
    DemoOffice("0136", "Nav Rygge", "RYG"),
    DemoOffice("0627", "Nav Røyken", "ROY"),
    DemoOffice("0104", "Nav Moss", "MOS"),
)


@dataclass(frozen=True)
class Account:
    """A login of the demonstration; `office` is the short name of the office where the role is held."""

    username: str
    name: str
    role: Role
    office: str = ""


ACCOUNTS = (
    Account("leder", "Liv Leder", Role.TRIAL_LEAD),
    Account("medleder", "Mons Medleder", Role.TRIAL_LEAD),
    Account("forsker", "Frida Forsker", Role.RESEARCHER),
    Account("koordinator", "Kari Koordinator", Role.COORDINATOR),
    Account("veileder", "Vera Veileder", Role.CASEWORKER, "Moss"),
    Account("veileder.hurum", "Henrik Veileder", Role.CASEWORKER, "Hurum"),
    Account("veileder.rygge", "Ragnhild Veileder", Role.CASEWORKER, "Rygge"),
    Account("veileder.royken", "Rune Veileder", Role.CASEWORKER, "Røyken"),
    Account("metode", "Mette Metodeveileder", Role.SUPERVISOR, "Moss"),
    Account("metode.hurum", "Hilde Metodeveileder", Role.SUPERVISOR, "Hurum"),
    Account("metode.rygge", "Roar Metodeveileder", Role.SUPERVISOR, "Rygge"),
    Account("metode.royken", "Randi Metodeveileder", Role.SUPERVISOR, "Røyken"),
    Account("jobb", "Jonas Jobbspesialist", Role.SPECIALIST, "Moss"),
    Account("jobb.moss2", "Maria Jobbspesialist", Role.SPECIALIST, "Moss"),
    Account("jobb.hurum1", "Halvor Jobbspesialist", Role.SPECIALIST, "Hurum"),
    Account("jobb.hurum2", "Hedda Jobbspesialist", Role.SPECIALIST, "Hurum"),
    Account("jobb.rygge1", "Rita Jobbspesialist", Role.SPECIALIST, "Rygge"),
    Account("jobb.rygge2", "Reidar Jobbspesialist", Role.SPECIALIST, "Rygge"),
    Account("jobb.royken1", "Ronja Jobbspesialist", Role.SPECIALIST, "Røyken"),
    Account("jobb.royken2", "Robert Jobbspesialist", Role.SPECIALIST, "Røyken"),
    Account("data", "Dag Dataforvalter", Role.DATA_MANAGER),
    Account("analytiker", "Anna Analytiker", Role.ANALYST),
    Account("kontroll", "Kåre Kontrollør", Role.OUTPUT_CHECKER),
    Account("revisor", "Ragna Revisor", Role.AUDITOR),
)


def make_accounts() -> dict[str, User]:
    """Make the logins; the same password is hashed once, since hashing two dozen times is all that would take time."""
    users: dict[str, User] = {}
    hashed = ""
    for account in ACCOUNTS:
        user = User(username=account.username, display_name=account.name)
        if not hashed:
            user.set_password(PASSWORD)
            hashed = user.password
        user.password = hashed
        user.save()
        users[account.username] = user
    return users


def known_accounts() -> dict[str, User]:
    """The logins made."""
    names = [account.username for account in ACCOUNTS]
    return {user.username: user for user in User.objects.filter(username__in=names)}


def by_role(role: Role, office: str = "") -> Account:
    """The first login with a role (at an office)."""
    return next(a for a in ACCOUNTS if a.role == role and (not office or a.office == office))
