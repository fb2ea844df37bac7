"""What the page remembers for each open browser tab."""

from __future__ import annotations

from sonic_ui.ui.session.context import Tasks


def test_each_session_has_one_run_of_a_task_and_cancels_only_that() -> None:
    sessions = Tasks()
    first, mine = sessions.begin("me", "glide")
    _, yours = sessions.begin("you", "glide")
    _, other = sessions.begin("me", "volume")
    sessions.cancel("me", "glide")
    assert mine.cancelled and not yours.cancelled and not other.cancelled
    second, newer = sessions.begin("me", "glide")
    assert second > first and not newer.cancelled
    sessions.finish("me", "glide", mine)
    sessions.cancel("me", "glide")
    assert newer.cancelled
    sessions.cancel("nobody", "glide")


def test_a_second_run_of_a_task_stops_the_first() -> None:
    sessions = Tasks()
    _, first = sessions.begin("me", "glide")
    sessions.begin("me", "glide")
    assert first.cancelled


def test_whoever_leaves_stops_all_of_theirs() -> None:
    sessions = Tasks()
    mine = [sessions.begin("me", task)[1] for task in ("glide", "volume")]
    _, yours = sessions.begin("you", "glide")
    number = sessions.begin_analysis("me", "left")
    sessions.release("me")
    assert all(token.cancelled for token in mine) and not yours.cancelled
    assert not sessions.is_newest_analysis("me", "left", number)


def test_only_the_newest_look_of_a_place_counts() -> None:
    sessions = Tasks()
    first = sessions.begin_analysis("me", "left")
    second = sessions.begin_analysis("me", "left")
    sessions.begin_analysis("me", "right")
    sessions.begin_analysis("you", "left")
    assert not sessions.is_newest_analysis("me", "left", first)
    assert sessions.is_newest_analysis("me", "left", second)
