"""What the page is to those who do not see it: description, icon, and the card that a shared address shows.

https://ogp.me; the card's picture is served at `CARD_PATH`.
"""

import os
from html import escape
from pathlib import Path

from starlette.responses import FileResponse
from starlette.types import ASGIApp, Receive, Scope, Send

FOLDER = Path(__file__).resolve().parent
ICON = FOLDER / "icon.svg"
CARD = FOLDER / "card.jpg"
CARD_PATH = "/social-card.jpg"
DESCRIPTION = (
    "A studio in the browser that turns sound into pictures, and pictures into sound. Record or drop one, "
    "press Generate, and watch a picture form of what it depicts."
)


def meta_tags() -> str:
    """Elements for the head of the page."""
    named = {"description": DESCRIPTION, "theme-color": "#15181a"}
    return "".join(f'<meta name="{name}" content="{escape(words)}">' for name, words in named.items())


def card_settings() -> dict[str, str]:
    """Settings of Gradio's page that its card is written from.

    On a Space the picture's address has the Space's host, as readers of cards ask for; elsewhere the app does
    not know its own.
    """
    host = os.environ.get("SPACE_HOST", "")
    picture = f"https://{host}{CARD_PATH}" if host else CARD_PATH
    return {"simple_description": DESCRIPTION, "thumbnail": picture}


class SocialCard:
    """Middleware that serves the picture of the card."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == CARD_PATH and scope["method"] in ("GET", "HEAD"):
            headers = {"Cache-Control": "public, max-age=86400"}
            await FileResponse(CARD, headers=headers)(scope, receive, send)
        else:
            await self._app(scope, receive, send)
