"""What a cluster is made of: the arguments of its application, on the command line and in a config file."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sonic_ui.bundles import DEFAULT_BUNDLE

APP = "sonic-ui"
"""Name of the application in Serve."""
ENGINES, ANALYSES, CONTROL = "Engines", "Analyses", "Control"
"""Names of its deployments."""


class ClusterOptions(BaseModel):
    """Arguments of the application.

    replicas            engines, each with the bundle; with `max_replicas` the least of them
    max_replicas        so many are started while requests wait; None keeps their number
    gpus_per_replica    of each engine; a fraction shares a GPU
    cpus_per_replica    of each engine: threads of its networks
    analysis_replicas   processes that embed sounds for everybody, on processors
    analysis_gpus       GPUs of each of them
    queue               requests that may wait at one page, for short and for long work each
    patience_s          for how long a request waits for the engine that holds what it starts from
    long_share          share of the engines that take long work, at least one
    drain_s             for how long an engine that is replaced may finish its work
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    bundle: str = DEFAULT_BUNDLE
    replicas: Annotated[int, Field(ge=1, le=10_000)] = 1
    max_replicas: Annotated[int | None, Field(ge=1, le=10_000)] = None
    gpus_per_replica: Annotated[float, Field(ge=0, le=16)] = 0.0
    cpus_per_replica: Annotated[float, Field(gt=0, le=256)] = 1.0
    analysis_replicas: Annotated[int, Field(ge=1, le=1000)] = 1
    analysis_gpus: Annotated[float, Field(ge=0, le=16)] = 0.0
    queue: Annotated[int, Field(ge=1, le=100_000)] = 64
    patience_s: Annotated[float, Field(ge=0, le=600)] = 4.0
    long_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    drain_s: Annotated[float, Field(ge=0, le=86_400)] = 900.0

    @model_validator(mode="after")
    def _check_replicas(self) -> "ClusterOptions":
        if self.max_replicas is not None and self.max_replicas < self.replicas:
            raise ValueError(f"max_replicas is {self.max_replicas}: fewer than the {self.replicas} replicas")
        return self

    @property
    def cpus(self) -> float:
        """Processors that Ray has to count for all of it."""
        most = self.max_replicas or self.replicas
        return most * self.cpus_per_replica + self.analysis_replicas + 1
