"""The pages of follow-up, by subject."""
