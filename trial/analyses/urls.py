"""Addresses of this room."""

app_name = "analyses"
urlpatterns: list[object] = []
