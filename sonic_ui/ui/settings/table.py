"""A tab's settings in one table: components, the request they make, and where sentences about them stand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import gradio as gr

from sonic_ui.requests import MakingRequest
from sonic_ui.ui.settings.reuse import request_from_settings

Values = dict[str, Any]
RequestT = TypeVar("RequestT", bound=MakingRequest)


@dataclass(frozen=True)
class Row:
    """Components that belong together, by their names on the page.

    message        where a sentence about them stands; None is above the button that generates
    to_request     settings of the request from all values of the page; None takes the components' own values
    from_request   values of the components from a request and the files found for it; None takes the settings
                   of the same names. A component that is left out stays as it is.
    fields         settings of the request whose sentences stand here besides those of the same names
    none_stays     a setting that is None leaves its component as it is
    """

    components: Mapping[str, Any]
    message: gr.HTML | None = None
    to_request: Callable[[Values], Values] | None = None
    from_request: Callable[[Any, Mapping[str, str]], Values] | None = None
    fields: Sequence[str] = ()
    none_stays: bool = False


class SettingsTable(Generic[RequestT]):
    """The rows of a tab, for requests of one kind."""

    def __init__(self, kind: type[RequestT], rows: Sequence[Row]) -> None:
        self._kind = kind
        self._rows = rows
        self.components: dict[str, Any] = {name: one for row in rows for name, one in row.components.items()}
        self.messages: dict[str, gr.HTML] = {
            name: row.message
            for row in rows
            if row.message is not None
            for name in (*row.components, *row.fields)
        }

    def request(self, values: Sequence[Any]) -> RequestT:
        """The request for the page's values, in the order of `components`. Raises `BadInput`."""
        named = dict(zip(self.components, values, strict=True))
        settings: Values = {}
        for row in self._rows:
            settings |= (
                row.to_request(named) if row.to_request else {name: named[name] for name in row.components}
            )
        return self._kind.from_values(settings)

    def values(self, settings: Values, files: Mapping[str, str]) -> Values:
        """Values of the components, by name, for settings that come back. Raises `BadInput`.

        A file that was not found leaves its component as it is; the part chosen in a sound comes back all the
        same, for when it is added again.
        """
        request = request_from_settings(settings, files, self._kind)
        values: Values = {}
        for row in self._rows:
            if row.from_request:
                values |= row.from_request(request, files)
                continue
            for name in row.components:
                if name in (*self._kind.SOUNDS, *self._kind.PICTURES):
                    values |= {name: files[name]} if name in files else {}
                elif not (row.none_stays and getattr(request, name) is None):
                    values[name] = getattr(request, name)
        return values
