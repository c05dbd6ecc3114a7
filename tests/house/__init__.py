"""The rules of the house as code: each lint reads source text and returns what breaks its rule."""
