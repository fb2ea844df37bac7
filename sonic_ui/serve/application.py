"""The application of Ray Serve: `build` is what a config file imports, `sonic_ui.serve.application:build`."""

from typing import Any

from ray import serve
from ray.serve.config import AutoscalingConfig, RequestRouterConfig

from sonic_ui.serve.control import Control
from sonic_ui.serve.options import ANALYSES, CONTROL, ENGINES, ClusterOptions
from sonic_ui.serve.replicas import Analyses, Engine

AT_ONCE = 64
"""Questions that the process for all answers at once."""
MESSAGES_AT_ONCE = 20_000
"""Engines and pages that wait for news at once."""
LONGEST_WAIT_S = 0.3
"""Between two looks for an engine that is free."""


class EngineDeployment(Engine):
    """One engine with its bundle, named as Ray Serve names it."""

    def __init__(self, bundle: str, analyses: Any, control: Any) -> None:
        super().__init__(bundle, analyses, control, serve.get_replica_context().replica_id.unique_id)

    def __del__(self) -> None:
        self.shutdown()


def build(args: ClusterOptions) -> serve.Application:
    """The application: engines, the process that embeds for all, and the one that carries messages."""
    control = serve.deployment(Control).options(
        name=CONTROL,
        num_replicas=1,
        max_ongoing_requests=MESSAGES_AT_ONCE,
        ray_actor_options={"num_cpus": 0},
    )
    analyses = serve.deployment(Analyses).options(
        name=ANALYSES,
        num_replicas=args.analysis_replicas,
        max_ongoing_requests=AT_ONCE,
        ray_actor_options={"num_cpus": 1, "num_gpus": args.analysis_gpus},
        graceful_shutdown_timeout_s=args.drain_s,
        graceful_shutdown_wait_loop_s=1.0,
    )
    number: dict[str, Any] = {"num_replicas": args.replicas}
    if args.max_replicas is not None:
        number = {
            "num_replicas": None,
            "autoscaling_config": AutoscalingConfig(
                min_replicas=args.replicas,
                max_replicas=args.max_replicas,
                target_ongoing_requests=1.0,
                upscale_delay_s=15.0,
                downscale_delay_s=600.0,
            ),
        }
    engines = serve.deployment(EngineDeployment).options(
        name=ENGINES,
        max_ongoing_requests=1,
        max_queued_requests=args.queue,
        ray_actor_options={"num_cpus": args.cpus_per_replica, "num_gpus": args.gpus_per_replica},
        graceful_shutdown_timeout_s=args.drain_s,
        graceful_shutdown_wait_loop_s=0.5,
        health_check_period_s=5.0,
        health_check_timeout_s=60.0,
        request_router_config=RequestRouterConfig(
            request_router_class="sonic_ui.serve.routing:KeyRouter",
            request_router_kwargs={"long_share": args.long_share, "patience_s": args.patience_s},
            max_backoff_s=LONGEST_WAIT_S,
        ),
        **number,
    )
    board = control.bind()
    app: serve.Application = engines.bind(args.bundle, analyses.bind(args.bundle), board)
    return app
