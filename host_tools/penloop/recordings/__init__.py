"""Recordings of pens and simulated traces as files: formats, gaps, names, pictures, comparisons."""
