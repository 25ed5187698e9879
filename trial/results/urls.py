"""Addresses of this room."""

app_name = "results"
urlpatterns: list[object] = []
