"""Tuning of the stroke-rate law: experiments through the link, a model, gains, proof on a twin."""
