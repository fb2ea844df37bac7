"""A picture of any result is made larger: what the large view asks for, and its progress."""

import logging
from collections.abc import Iterator

import gradio as gr

from sonic_ui.engine.events import Cancelled, Failure, Progress, UpscaleResult
from sonic_ui.requests import BadInput, UpscaleImageRequest
from sonic_ui.ui.components.base import Value, file_payload, progress_value, run_ended
from sonic_ui.ui.components.gallery import gallery_value
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.widgets.fields import AT_ONCE, FREQUENT
from sonic_ui.ui.widgets.runs import APP_FAILED

TASK = "upscale"
STOPPED = "Stopped. The picture stays as it is."
GIVEN = "() => [window.suUpscale.file, window.suUpscale.factor]"
"""What the script of the gallery hands over: a file that it uploaded, and the factor."""

log = logging.getLogger(__name__)


class Upscaling:
    """The handlers."""

    def __init__(self, context: AppContext) -> None:
        self._context = context

    def upscale(self, request: gr.Request, picture: str | None, factor: float) -> Iterator[Value]:
        """Make a picture larger, as this session's only one: values of the gallery."""
        tasks, session = self._context.tasks, request.session_hash or ""
        number, token = tasks.begin(session, TASK)
        try:
            asked = UpscaleImageRequest.from_values({"picture": picture or "", "factor": factor})
            for event in self._context.studio.run(asked, token, session):
                if isinstance(event, Progress):
                    yield gallery_value(progress_value(number, event))
                elif isinstance(event, UpscaleResult):
                    yield gallery_value(self._done(number, event))
        except BadInput as problem:
            yield gallery_value(run_ended(number, problem.message))
        except Cancelled:
            yield gallery_value(run_ended(number, STOPPED))
        except Failure as problem:
            yield gallery_value(run_ended(number, str(problem)))
        except Exception:
            log.exception("A picture was not made larger")
            yield gallery_value(run_ended(number, APP_FAILED))
        finally:
            tasks.finish(session, TASK, token)

    def _done(self, number: int, result: UpscaleResult) -> Value:
        (path,) = self._context.pictures.write(result.images, result.settings)
        width, height = result.images[0].size
        picture = {"file": file_payload(path), "name": path.name, "width": width, "height": height}
        return {"kind": "done", "run": number, "picture": picture, "settings": result.settings}

    def cancel(self, request: gr.Request) -> None:
        """Stop at the next tile."""
        self._context.tasks.cancel(request.session_hash or "", TASK)


def connect_upscaling(context: AppContext, view: gr.HTML) -> None:
    """Connect the gallery's events `upscale` and `stop_upscaling`."""
    handlers = Upscaling(context)
    file, factor = gr.File(type="filepath", visible=False), gr.Number(2, visible=False)
    view.upscale(handlers.upscale, js=GIVEN, inputs=[file, factor], outputs=[view], **FREQUENT)
    view.stop_upscaling(handlers.cancel, **AT_ONCE)
