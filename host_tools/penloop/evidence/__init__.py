"""The evidence of safety: parts that each show some claims, gathered into one report."""
