"""Figures: how well pictures follow sounds, and how fast. `python -m sonic_ui.evaluation`."""
