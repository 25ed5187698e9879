"""The first form of signing in: who somebody is and the password."""

from allauth.account import forms

from trial.access.free_text import no_national_id


class LoginForm(forms.LoginForm):
    """Looks no national id up: a failed attempt is kept with the user name, and that is no place for one."""

    def clean_login(self) -> str:
        name: str = super().clean_login()
        no_national_id(name)
        return name
