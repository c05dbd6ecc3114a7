"""The desk-check: a board and what is wired to it, part by part, before needles come near it."""
