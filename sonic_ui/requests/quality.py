"""How much work a picture is worth: all of the bundle's steps, or the few of its student."""

from typing import Annotated, Literal

from sonic_ui.requests.fields import OneOf

QualityName = Literal["fine", "draft"]
FINE: QualityName = "fine"
DRAFT: QualityName = "draft"

Quality = Annotated[
    QualityName, OneOf("The quality is {given}; it takes one of {known}. Choose one of these.", empty=FINE)
]
"""draft: a few steps without guidance by weights that were trained for that; their number is the bundle's."""
