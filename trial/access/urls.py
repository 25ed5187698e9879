"""Addresses of sign-in: those of allauth that this house needs, and no other (nobody signs up or resets by e-mail)."""

from allauth.account import views as account
from django.urls import include, path

from trial.access import pages

urlpatterns = [
    path("login/", pages.login, name="account_login"),
    path("logout/", pages.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/", account.password_change, name="account_change_password"),
    path("second-factor/", include("allauth.mfa.urls")),
    path("provider/", include("allauth.socialaccount.providers.openid_connect.urls")),
    path("provider/cancelled/", pages.provider_failed, name="socialaccount_login_cancelled"),
    path("provider/error/", pages.provider_failed, name="socialaccount_login_error"),
]
