"""Colours that what is drawn of sound shares with the page and with what is saved from it."""

ENERGY = "#f28c38"
"""Warm: loudness and energy, wherever they are drawn."""

DARK_GROUND, DARK_TEXT = "#111315", "#ece9e3"
"""Background and text of the page in the dark, and of what is saved from it."""
