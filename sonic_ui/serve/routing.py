"""The router of the engines, which Ray Serve loads in the page and in every process that asks an engine."""

import time

from ray.serve.request_router import PendingRequest, RequestRouter, RunningReplica

from sonic_ui.serve.rendezvous import choices


class KeyRouter(RequestRouter):
    """Router of the engines; the question's `key`, `lane` and `waits` decide."""

    queue_len_response_deadline_s = 1.0
    """A busy engine shares its interpreter with the network that works."""

    def initialize_state(self, long_share: float = 0.5, patience_s: float = 4.0) -> None:
        """Take the arguments of the deployment."""
        self._share = long_share
        self._patience_s = patience_s

    async def choose_replicas(
        self, candidate_replicas: list[RunningReplica], pending_request: PendingRequest | None = None
    ) -> list[list[RunningReplica]]:
        """As `choices`; a request that says nothing goes to whichever is free.

        Between two looks there is a pause: without one, those who wait ask busy engines without end, and
        these work half as fast.
        """
        if pending_request is not None:
            pending_request.routing_context.should_backoff = True
        question = pending_request.args[0] if pending_request is not None and pending_request.args else {}
        if not isinstance(question, dict) or pending_request is None:
            return [candidate_replicas]
        waited_s = time.time() - pending_request.created_at
        return choices(
            candidate_replicas,
            [one.replica_id.unique_id for one in candidate_replicas],
            str(question.get("key") or ""),
            str(question.get("lane") or ""),
            self._share,
            bool(question.get("waits")) and waited_s < self._patience_s,
        )
