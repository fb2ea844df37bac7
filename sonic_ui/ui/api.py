"""Endpoints for programs: one for each verb, made from its request's model, whose signature is its schema.

Every setting of the request is a parameter of the same name; one that defaults to None may be left out. The
components that Gradio needs for a schema follow from the settings' types and are never shown.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import gradio as gr

from sonic_ui.engine.events import (
    AnyResult,
    Cancelled,
    CancelToken,
    Failure,
    Result,
    UpscaleResult,
)
from sonic_ui.requests import VERBS, BadInput, MakingRequest, Range, Request
from sonic_ui.requests.fields import FilePath, Numbers
from sonic_ui.ui.late_loading import ENDPOINT
from sonic_ui.ui.session.calls import run_call
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.session.limits import concurrent_of, forget_call, is_without_session

CONCURRENT_CALLS = 4
"""Calls of one endpoint that are under way at once; the engine works on one at a time."""

Component = Callable[..., gr.components.Component]

FILES: Component = partial(gr.File, file_count="multiple")

ORDER = {
    "sound_to_image": "sound prompt negative_prompt strength guidance_scale steps seed count",
    "edit_image": "picture sound mode prompt negative_prompt strength strengths tau_attn tau_feature layers "
    "mask source_prompt variation guidance_scale steps seed",
    "interpolate": "sound_a sound_b method frames spacing positions prompt negative_prompt strength "
    "guidance_scale steps seed room lufs_a lufs_b loop smoothing film_s start_a_s end_a_s start_b_s end_b_s "
    "continuity aspect",
    "volume_sweep": "sound gains_db scales prompt negative_prompt strength guidance_scale steps seed room "
    "loop smoothing film_s start_s end_s aspect",
    "image_to_sound": "picture curve moments mode source prompt negative_prompt takes loudness_lufs "
    "energy_strength control guidance_scale steps seed",
}
"""The first parameters of verbs that programs call by position since their release; the rest, and those of
new verbs, stand in the order of the request's settings, files first."""

COMPONENTS: dict[Any, Component] = {
    str: gr.Textbox,
    int: gr.Number,
    float: gr.Number,
    bool: gr.Checkbox,
}

LEFT_OPEN = """Settings left empty take the engine's own. What is out of range is refused with a sentence that
names the range."""


@dataclass(frozen=True)
class Answer:
    """What the endpoint of a verb returns.

    outputs   components for the schema, by name
    write     the values of `outputs` for a result and the session that called
    returns   words about them for the description
    noun      what a result is called in a sentence
    """

    outputs: Mapping[str, Component]
    write: Callable[[AppContext, Any, str], tuple[Any, ...]]
    returns: str
    noun: str = "picture"


def write_pictures(context: AppContext, result: Result | UpscaleResult, session: str) -> tuple[Any, ...]:
    """The pictures as PNG files, and the settings."""
    files = context.pictures.write(result.images, result.settings)
    return [str(path) for path in files], {**result.settings, "notices": [*result.notices]}


PICTURES = Answer(
    {"pictures": FILES, "settings": gr.JSON},
    write_pictures,
    "Returns the pictures as PNG files, each carrying its settings, and the settings as JSON.",
)
"""What a verb returns that has no answer of its own."""


def add_verbs(context: AppContext, answers: Mapping[str, Answer]) -> None:
    """Add the endpoints of all verbs to the current page; `answers` are by verb."""
    schema = Schema()
    for name, verb in VERBS.items():
        _add_verb(context, name, verb.request, answers.get(name, PICTURES), schema)


def _add_verb(
    context: AppContext, verb: str, model: type[MakingRequest], answer: Answer, schema: "Schema"
) -> None:
    limit = concurrent_of(context.studio) or CONCURRENT_CALLS

    def run(request: MakingRequest, caller: Caller) -> tuple[Any, ...]:
        try:
            for event in context.studio.run(request, caller.cancel, caller.session):
                if isinstance(event, AnyResult):
                    caller.cancel.check()  # nobody is there for a film of what is done
                    return answer.write(context, event, caller.session)
        finally:
            if is_without_session():
                context.studio.release(caller.session)
        raise Failure(f"The engine ended without a {answer.noun}. Try again.")

    add_endpoint(verb, model, run, answer.outputs, describe(model, answer.returns), limit, schema)


class Schema:
    """The components that describe what endpoints take and return: one for all that are alike.

    They are never shown; a page with fewer starts sooner.
    """

    def __init__(self) -> None:
        self._built: dict[Any, gr.components.Component] = {}

    def build(self, component: Component, name: str, **values: Any) -> gr.components.Component:
        """The component of a kind, labelled with the name of a setting, that holds its default."""
        kind = (component.func, *component.keywords.items()) if isinstance(component, partial) else component
        key = (kind, name, repr(values))
        if key not in self._built:
            self._built[key] = component(label=name, **values)
        return self._built[key]


@dataclass(frozen=True)
class Caller:
    """Who calls an endpoint.

    session   of the program that called
    cancel    is set once it no longer waits
    request   how it came
    """

    session: str
    cancel: CancelToken
    request: gr.Request


def add_endpoint(
    name: str,
    model: type[Request],
    call: Callable[[Any, Caller], Any],
    outputs: Mapping[str, Component],
    description: str,
    concurrency_limit: int = CONCURRENT_CALLS,
    schema: Schema | None = None,
) -> None:
    """Add an endpoint that takes the settings of a request. `BadInput` and `Failure` reach programs as text.

    Values come as they were sent: the request's model alone reads them. The work stops at its next step once
    the job is cancelled or its connection gone.

    call   the values of `outputs` for the request and who called, on a thread of its own
    """
    parameters = parameters_of(name, model)

    async def answer(request: gr.Request, *values: Any) -> Any:
        caller = Caller(request.session_hash or "", CancelToken(), request)
        given = zip(parameters, values, strict=True)
        settings = {one.name: one.read(value) for one, value in given if value is not None or one.takes_none}
        try:
            return await run_call(lambda: call(model.from_values(settings), caller), caller.cancel, request)
        except Cancelled:
            raise gr.Error("Stopped.", print_exception=False) from None
        except (BadInput, Failure) as problem:
            raise gr.Error(str(problem), print_exception=False) from problem
        finally:
            forget_call()

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = [
        inspect.Parameter("request", kind),
        *(inspect.Parameter(one.name, kind, default=one.default) for one in parameters),
    ]
    answer.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
    answer.__annotations__ = {"request": gr.Request}
    schema = schema or Schema()
    with gr.Group(visible=False, elem_classes=ENDPOINT):
        # Gradio puts a form around fields that stand together: one, where the files come after them.
        built = {one.name: one.build(schema) for one in sorted(parameters, key=Parameter.stands_alone)}
        gr.Button(name).click(
            answer,
            [built[one.name] for one in parameters],
            [schema.build(component, output) for output, component in outputs.items()],
            api_name=name,
            api_description=description,
            concurrency_limit=concurrency_limit,
            preprocess=False,
        )


@dataclass(frozen=True)
class Parameter:
    """A setting as an endpoint takes it; one without a default has `inspect.Parameter.empty`.

    is_file      whether it names a file
    takes_none   whether None is a value of it; where it is not, None takes the default
    """

    name: str
    component: Component
    default: Any
    is_file: bool = False
    takes_none: bool = True

    def read(self, value: Any) -> Any:
        """A value of the component as the request takes it: of a file its path."""
        if self.is_file and isinstance(value, list):
            return [self.read(one) for one in value]
        return value["path"] if self.is_file and isinstance(value, dict) else value

    def stands_alone(self) -> bool:
        """Whether its component is no field of a form."""
        return self.component not in COMPONENTS.values()

    def build(self, schema: "Schema") -> gr.components.Component:
        """The component for the schema."""
        values = {} if self.default in (None, inspect.Parameter.empty) else {"value": self.default}
        return schema.build(self.component, self.name, **values)


def parameters_of(name: str, model: type[Request]) -> list[Parameter]:
    """The parameters of an endpoint, in order: those that nothing stands for if they are left out come
    first.
    """
    fields = [field for field in model.model_fields if field != "verb"]
    files = [
        field for field in fields if _file_component(model, field) and model.model_fields[field].is_required()
    ]
    files += [field for field in fields if field in model.FILE_LISTS]
    needed = [field for field in fields if model.model_fields[field].is_required() and field not in files]
    ordered = dict.fromkeys([*ORDER.get(name, "").split(), *needed, *files, *fields])
    return [_parameter(model, field) for field in ordered]


def _parameter(model: type[Request], name: str) -> Parameter:
    field = model.model_fields[name]
    if component := _file_component(model, name):
        return Parameter(name, component, None, is_file=True)
    if name in model.FILE_LISTS:
        return Parameter(name, FILES, None, is_file=True)
    component = _component(field.annotation)
    if field.is_required():
        return Parameter(name, component, inspect.Parameter.empty)
    takes_none = NoneType in get_args(field.annotation)
    return Parameter(name, component, None if component is gr.JSON else field.default, takes_none=takes_none)


def _file_component(model: type[Request], name: str) -> Component | None:
    if name in model.SOUNDS:
        return partial(gr.Audio, type="filepath")
    is_file = any(isinstance(one, FilePath) for one in model.model_fields[name].metadata)
    return partial(gr.File, type="filepath") if is_file else None


def _component(annotation: Any) -> Component:
    """The component for a setting's type; lists, and what may be one value or several, are JSON."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is Literal:
        return gr.Textbox
    if get_origin(annotation) in (Union, UnionType):
        kinds = {_component(one) for one in get_args(annotation) if one is not NoneType}
        return kinds.pop() if len(kinds) == 1 else gr.JSON
    return COMPONENTS.get(annotation, gr.JSON)


def describe(model: type[Request], returns: str) -> str:
    """The description of an endpoint: docstring and ranges of the request, and what is returned."""
    bases = [base for base in model.__mro__[1:] if issubclass(base, MakingRequest)]
    inherited = [inspect.cleandoc(base.__doc__ or "").partition("\n\n")[2] for base in bases]
    own = inspect.cleandoc(model.__doc__ or "")
    return "\n\n".join([own, *inherited, f"Numbers: {_ranges(model)}.", returns, LEFT_OPEN])


def _ranges(model: type[Request]) -> str:
    ranges = []
    for name, field in model.model_fields.items():
        for marker in field.metadata:
            if isinstance(marker, Numbers):
                ranges.append(f"{name} {_span(marker.range)}, {marker.most} at most")
            elif isinstance(marker, Range):
                ranges.append(f"{name} {_span(marker)}")
    return "; ".join(ranges)


def _span(limits: Range) -> str:
    return f"from {limits.minimum:g} to {limits.maximum:.10g}"
