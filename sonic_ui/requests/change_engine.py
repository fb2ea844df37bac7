"""Work with other weights from now on."""

from __future__ import annotations

from sonic_ui.requests.base import Request


class ChangeEngineRequest(Request):
    """engine: the name of one that the app lists."""

    engine: str
