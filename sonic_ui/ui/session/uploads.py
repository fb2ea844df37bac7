"""Uploads within their quota: a full disk and a body that is too large are sentences, nothing half stays."""

import logging
import re

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sonic_ui.media.temporary import SCRATCH, make_room, not_saved, process_folder

log = logging.getLogger(__name__)

ROUTES = ("/gradio_api/upload", "/gradio_api/component_server")
"""The second takes what is painted."""

BROKEN_OFF_S = 3600.0
FOLDER = re.compile(r"[0-9a-f]{64}")
"""Gradio puts every upload into a folder named by its SHA-256."""

TOO_LARGE = (
    "These files take more than all uploads may take together here, {limit} MB. Send fewer, or smaller ones."
)


class UploadQuota:
    """ASGI middleware: makes room for every upload, oldest first, and cleans up after one that failed.

    max_bytes   all uploads together

    Raises `HTTPException` with a sentence for what does not fit, and for a disk that is full.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._folder = process_folder()
        self._ours = {path.name for path in self._folder.iterdir()}  # the page's own files, which stay
        self._uploading = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope.get("method") != "POST" or not _is_upload(scope):
            return await self._app(scope, receive, send)
        length = _content_length(scope)
        if length > self._max_bytes:
            raise HTTPException(413, TOO_LARGE.format(limit=self._max_bytes // 10**6))
        await anyio.to_thread.run_sync(self._make_room, length)
        self._uploading += 1
        try:
            await self._app(scope, self._counted(receive), send)
        except ClientDisconnect:
            log.info("An upload was broken off")
        except OSError as error:
            log.warning("An upload was not saved: %s", error)
            raise HTTPException(507, not_saved(error)) from error
        finally:
            self._uploading -= 1
            if not self._uploading:
                await anyio.to_thread.run_sync(self._remove_unfinished)

    def _make_room(self, length: int) -> None:
        make_room(
            self._folder,
            max(0, self._max_bytes - length),
            which=lambda name: FOLDER.fullmatch(name) is not None and name not in self._ours,
        )
        make_room(self._folder / SCRATCH, self._max_bytes, max_age_s=BROKEN_OFF_S)

    def _remove_unfinished(self) -> None:
        """Files that lie loose are of uploads that ended before they were whole."""
        for path in self._folder.iterdir():
            if path.name.startswith("tmp") and path.is_file():
                path.unlink(missing_ok=True)

    def _counted(self, receive: Receive) -> Receive:
        passed = 0

        async def counted() -> Message:
            nonlocal passed
            message = await receive()
            passed += len(message.get("body", b""))
            if passed > self._max_bytes:
                raise HTTPException(413, TOO_LARGE.format(limit=self._max_bytes // 10**6))
            return message

        return counted


def _is_upload(scope: Scope) -> bool:
    return str(scope.get("path", "")).rstrip("/").endswith(ROUTES)


def _content_length(scope: Scope) -> int:
    values = [value for name, value in scope["headers"] if name.lower() == b"content-length"]
    return int(values[0]) if values and values[0].isdigit() else 0
