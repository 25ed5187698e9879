"""Addresses of this room."""

app_name = "allocation"
urlpatterns: list[object] = []
