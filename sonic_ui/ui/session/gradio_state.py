"""What Gradio keeps for every session: how each component of the page stands there, near a megabyte.

It forgets a session only once there are more than a number of them, 10,000 if nobody says otherwise.
"""

import anyio.from_thread
from gradio.context import LocalContext

MAX_SESSIONS = 250
"""Sessions that Gradio keeps; of more, those unused for longest are forgotten."""


def forget_call() -> None:
    """Let go of the session that a program's call made, from within the function that answers it.

    The call itself goes on with what it holds. Who calls again, in the same session too, gets a new one: an
    endpoint finds nothing there that an earlier call left. Outside of a call it does nothing.
    """
    page, request = LocalContext.blocks.get(None), LocalContext.request.get(None)
    if page is None or request is None or request.session_hash is None:
        return
    holder, session = page.state_holder, request.session_hash

    def forget() -> None:
        holder.session_data.pop(session, None)
        holder.time_last_used.pop(session, None)

    anyio.from_thread.run_sync(forget)  # in the server's own thread, which alone works with them
