"""Sonic UI: a studio in the browser that turns sound into pictures."""

__version__ = "0.1.0"
