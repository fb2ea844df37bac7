"""Aspects of pictures: width to height."""

from typing import Annotated, Literal, get_args

from sonic_ui.requests.fields import OneOf

AspectName = Literal["1:1", "4:3", "3:2", "16:9", "3:4", "2:3", "9:16"]
ASPECTS: tuple[AspectName, ...] = get_args(AspectName)
SQUARE: AspectName = "1:1"

Aspect = Annotated[AspectName, OneOf("The aspect is {given}; it takes one of {known}.", empty=SQUARE)]
"""One of `ASPECTS`; empty is the square."""
