"""What another app says of its engine when it is asked."""

import json
from typing import Annotated, Any

from pydantic import BaseModel, Field, model_validator

from sonic_ui.bundles import BundleInfo, Source

MAX_HELLO_CHARACTERS = 200_000


class Hello(BaseModel):
    """What another app says of its engine, within limits."""

    info: BundleInfo
    sources: Annotated[tuple[Source, ...], Field(max_length=1000)]
    serves: Annotated[tuple[Annotated[str, Field(max_length=100)], ...], Field(max_length=100)]
    location: Annotated[str, Field(max_length=300, alias="place")]

    @model_validator(mode="before")
    @classmethod
    def _check_size(cls, answer: dict[str, Any]) -> dict[str, Any]:
        if len(json.dumps(answer)) > MAX_HELLO_CHARACTERS:
            raise ValueError("too long")
        return answer
