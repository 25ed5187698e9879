"""Addresses of this room."""

app_name = "followup"
urlpatterns: list[object] = []
