"""Every figure of the firmware: one look within it, one beyond it.

The firmware's own objects are asked directly, on words that the case sets (or over the link, where
the host sees the answer). What is expected is written down here anew, in floats and units, from
PEN.md and the requirements.
"""
