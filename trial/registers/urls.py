"""Addresses of this room."""

app_name = "registers"
urlpatterns: list[object] = []
