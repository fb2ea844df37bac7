"""What the endpoints of the verbs share: one function each, whose signature is its schema.

An endpoint's function takes the settings of its request by name; what defaults to None may be left out by a
program. The components that Gradio needs for a schema follow from the annotations and are never shown.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from types import NoneType
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

import gradio as gr

from sonic_ui.engine import Failure, Result, SoundResult
from sonic_ui.requests import BadInput, MakingRequest
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.session.gradio_state import forget_call

AT_ONCE = 4
"""Calls of one endpoint that are under way at once; the engine works on one at a time."""

Component = Callable[..., gr.components.Component]

FILES: Component = partial(gr.File, file_count="multiple")

SoundFile = Annotated[str | None, partial(gr.Audio, type="filepath")]
PictureFile = Annotated[str | None, partial(gr.File, type="filepath")]

COMPONENTS: dict[Any, Component] = {
    str: gr.Textbox,
    float: gr.Number,
    bool: gr.Checkbox,
    Any: gr.JSON,
}

Parsed = TypeVar("Parsed", bound=MakingRequest)
Made = TypeVar("Made", Result, SoundResult)


def add_endpoint(function: Callable[..., Any], outputs: Mapping[str, Component], description: str) -> None:
    """Add the endpoint that is called as `function` is; `BadInput` and `Failure` reach programs as sentences.

    outputs   what it returns, by name; see `FILES`
    """

    @wraps(function)
    def answer(*values: Any) -> Any:
        try:
            return function(*values)
        except (BadInput, Failure) as problem:
            raise gr.Error(str(problem), print_exception=False) from problem
        finally:
            forget_call()

    with gr.Group(visible=False):
        gr.Button(function.__name__).click(
            answer,
            _inputs(function),
            [component(label=name) for name, component in outputs.items()],
            api_name=function.__name__,
            api_description=description,
            concurrency_limit=AT_ONCE,
        )


def parse_request(kind: type[Parsed], given: Mapping[str, Any], *, own_if_none: Sequence[str] = ()) -> Parsed:
    """The request among the local variables of an endpoint's function. Raises `BadInput`.

    own_if_none   settings for which None stands for the request's own default
    """
    left_out = {name for name in own_if_none if given[name] is None}
    names = [name for name in kind.model_fields if name in given and name not in left_out]
    return kind.from_values({name: given[name] for name in names})


def run_to_result(context: AppContext, request: MakingRequest, kind: type[Made], session: str = "") -> Made:
    """Run a request to its end. Raises `BadInput` and `Failure`."""
    for event in context.studio.run(request, session=session):
        if isinstance(event, kind):
            return event
    what = "sound" if kind is SoundResult else "picture"
    raise Failure(f"The engine ended without a {what}. Try again.")


def _inputs(function: Callable[..., Any]) -> list[gr.components.Component]:
    """A component for each parameter but the `gr.Request` that Gradio itself fills in."""
    hints = get_type_hints(function, include_extras=True)
    return [
        _component(hints[name], name, parameter.default)
        for name, parameter in inspect.signature(function).parameters.items()
        if gr.Request not in get_args(hints[name])
    ]


def _component(hint: Any, name: str, default: Any) -> gr.components.Component:
    if file := getattr(hint, "__metadata__", ()):
        return file[0](label=name)
    kind = next((one for one in get_args(hint) if one is not NoneType), hint)
    return COMPONENTS[kind](default, label=name)
