"""The owner's panel of a page on a cluster: queue, engines, seconds by verb, what was found cached.

Only who may change everybody's engine sees its numbers: behind the password, or at the computer of the page.
The endpoint `cluster` gives them to programs. Ray's own metrics are at each machine's /metrics (README).
"""

from collections.abc import Callable
from typing import Any

import gradio as gr

from sonic_ui.engine.studio import Studio
from sonic_ui.requests import BadInput
from sonic_ui.ui.components.cluster_view import SILENT, cluster_value, cluster_view
from sonic_ui.ui.engine_panel import PANEL, may_change
from sonic_ui.ui.late_loading import ENDPOINT

BUTTON = "Engines"
NOT_YOURS = (
    "These numbers are the owner's: log in with the page's password, or open the page on the computer that "
    "runs it."
)

ClusterStatus = Callable[[], dict[str, Any] | None]


def status_of(studio: Studio) -> ClusterStatus | None:
    """What gives the reports of the studio's cluster; None where it runs on none."""
    found: ClusterStatus | None = getattr(studio, "cluster_status", None)
    return found


def add_cluster_panel(studio: Studio, open_engines: bool) -> None:
    """Lay it out, closed, where the studio runs on a cluster; the header opens it."""
    status = status_of(studio)
    if status is None:
        return

    def check(request: gr.Request) -> None:
        if not may_change(request, open_engines):
            raise BadInput(NOT_YOURS, "engine")

    def refresh(request: gr.Request) -> dict[str, Any]:
        try:
            check(request)
        except BadInput as problem:
            return {"summary": problem.message, "engines": [], "verbs": []}
        return cluster_value(status())

    def report(request: gr.Request) -> dict[str, Any]:
        try:
            check(request)
        except BadInput as problem:
            raise gr.Error(problem.message, print_exception=False) from None
        found = status()
        if found is None:
            raise gr.Error(SILENT, print_exception=False)
        return found

    with gr.Column(elem_id=PANEL, elem_classes="su-panel"):
        view = cluster_view(f"{PANEL}-cluster")
    refreshed: Any = view
    refreshed.refresh(refresh, outputs=[view], queue=False, show_progress="hidden", api_visibility="private")
    with gr.Group(visible=False, elem_classes=ENDPOINT):
        gr.Button("cluster").click(
            report,
            outputs=[gr.JSON(label="cluster")],
            api_name="cluster",
            api_description="For the owner: the engines, what they did, and who waits at each page.",
        )
