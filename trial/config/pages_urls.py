"""Addresses of the house itself: health, language, theme, style guide."""

urlpatterns: list[object] = []
