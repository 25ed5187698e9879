"""The demonstration: the SE-KLAR trial lived through by the real actions, and a second trial in the middle of it."""
