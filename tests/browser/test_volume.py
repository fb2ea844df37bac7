"""A person's way through "Volume", in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from sonic_ui.media.metadata import read_settings
from tests.browser.served import UNHURRIED_STRIP_STEPS
from tests.browser.steps import cancel_after_two, generate, open_tab, ready, set_number, settled, upload

pytestmark = pytest.mark.browser

TAB = "volume"
GENERATE = "#volume-generate"
CANCEL = "#volume-cancel"
FILM = "#volume-film"
METER = "#volume-meter"
KNOB = "#volume-knob"
LUFS = f"{METER} .su-lufs"
STATE = f"{METER} .su-knob-state"
PICTURE = f"{FILM} .su-film-picture"
DONE = f"{FILM} .su-film-item[data-state=done]"
NOTE = f"{FILM} .su-film-note"
MOVE = """place => {
  // What is shown in the very task in which the slider moves, before any answer of the server could come.
  const meter = document.querySelector('#volume-meter');
  const range = meter.querySelector('.su-knob-range');
  range.value = place;
  range.dispatchEvent(new Event('input', { bubbles: true }));
  return {
    lufs: Number(meter.querySelector('.su-lufs').textContent.replace('−', '-').split(' ')[0]),
    shape: meter.querySelector('.su-wave-shape').getAttribute('d'),
    over: meter.querySelector('.su-wave-over').getAttribute('d'),
    spoken: range.getAttribute('aria-valuetext'),
    picture: document.querySelector('#volume-film .su-film-picture').src,
  };
}"""


def opened(new_page: Any, address: str, *size: int, **options: Any) -> Any:
    """The page with the tab open, the sound named and measured."""
    page = new_page(address, *size, **options)
    ready(page, "sound-to-image")
    open_tab(page, "Volume", TAB)
    ready(page, TAB)
    expect(page.locator(f"{METER} .su-meter[data-state=drawn]")).to_be_visible()
    return page


def sweep(page: Any, frames: str | None = None) -> list[str]:
    """Paint a strip; the addresses of its pictures."""
    if frames is not None:
        page.locator("#volume-frames textarea").fill(frames)
    generate(page, TAB)
    count = len((frames or "-24, -12, 0, +6, +12").split(","))
    expect(page.locator(DONE)).to_have_count(count)
    return page.locator(f"{FILM} .su-film-thumb img").evaluate_all("all => all.map(one => one.src)")


def height(shape: str) -> float:
    """How high a drawn waveform stands on average, from the middle line."""
    heights = [abs(float(y)) for y in re.findall(r"[ML][\d.]+ (-?[\d.]+)", shape)]
    return sum(heights) / len(heights)


def test_a_whisper_becomes_a_roar(new_page: Any, address: str) -> None:
    page = opened(new_page, address)
    expect(page.locator(f"{FILM} .su-status")).to_have_text("Sound 0, as loud as it is")
    page.evaluate(MOVE, 6)
    expect(page.locator(STATE)).to_have_text("not painted yet")
    shots = sweep(page)
    captions = page.locator(f"{FILM} .su-film-caption").all_inner_texts()
    assert [caption.split("\n")[0] for caption in captions] == ["−24 dB", "−12 dB", "0 dB", "+6 dB", "+12 dB"]
    assert all(re.fullmatch(r".* dB\n−\d+ LUFS", caption) for caption in captions)
    expect(page.locator(f"{METER} .su-knob-frame")).to_have_count(5)

    # The waveform, the loudness and the picture follow the slider at once.
    quiet, normal, loud = (page.evaluate(MOVE, place) for place in (-24, 0, 20))
    assert normal["lufs"] - quiet["lufs"] == pytest.approx(24, abs=0.11)
    assert 3 * height(quiet["shape"]) < height(normal["shape"]) < height(loud["shape"])
    assert loud["over"] and not quiet["over"], "what the limiter takes away is drawn"
    assert [quiet["picture"], normal["picture"], loud["picture"]] == [shots[0], shots[2], shots[4]]
    assert re.fullmatch(r"minus 24 decibels, minus \d+ LUFS", quiet["spoken"])

    # By mouse: the nearest picture first, then exactly that gain.
    page.locator(f"{METER} .su-knob").scroll_into_view_if_needed()
    box = page.locator(KNOB).bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 30, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.72 * box["width"], middle, steps=12)
    page.mouse.up()
    place = float(page.locator(KNOB).input_value())
    assert 2 < place < 6
    expect(page.locator(f"{METER} .su-knob-value")).to_have_text(f"+{place:.1f} dB")
    page.wait_for_function(
        "shots => !shots.includes(document.querySelector('#volume-film .su-film-picture').src)", arg=shots
    )
    expect(page.locator(STATE)).to_have_text("")
    refined = page.locator(PICTURE).get_attribute("src")
    expect(page.locator(PICTURE)).to_have_attribute("alt", re.compile(rf"at \+{place:g} dB, −\d+ LUFS"))

    # By keyboard, and back: what was painted is remembered.
    page.locator(KNOB).focus()
    page.keyboard.press("End")
    assert float(page.locator(KNOB).input_value()) == 20
    assert page.evaluate(MOVE, place)["picture"] == page.evaluate(
        "path => new URL(path, location).href", refined
    )
    # A thumbnail takes the slider along.
    page.locator(f"{FILM} .su-film-thumb").first.click()
    expect(page.locator(KNOB)).to_have_js_property("value", "-24")
    expect(page.locator(f"{METER} .su-knob-value")).to_have_text("−24.0 dB")


def test_only_the_newest_gain_is_painted(new_page: Any, address: str) -> None:
    page = opened(new_page, address)
    sweep(page, "-20, 0")
    run_context: list[str] = []
    page.on(
        "request", lambda request: run_context.append(request.url) if "/queue/join" in request.url else None
    )
    for place in range(-19, 15):
        page.evaluate(MOVE, place)
    expect(page.locator(PICTURE)).to_have_attribute("alt", re.compile(r"at \+14 dB"))
    assert len(run_context) < 10, "the slider asks when it rests, not at every step"


def test_hear_it_as_the_engine_does(new_page: Any, address: str) -> None:
    page = opened(new_page, address)
    button = page.locator("#volume-hear .su-hear-button")
    page.evaluate(MOVE, 12)
    assert page.locator("#volume-hear audio").evaluate("sound => sound.paused && !sound.autoplay")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    page.wait_for_function("() => document.querySelector('#volume-hear audio').currentTime > 0.05")
    sound = page.locator("#volume-hear audio")
    first = sound.get_attribute("src")
    assert sound.evaluate("sound => sound.duration") == pytest.approx(1.0, abs=0.05)
    expect(button).to_have_text("Hear it")  # it has ended
    page.evaluate(MOVE, -12)
    button.click()
    page.wait_for_function(
        "first => document.querySelector('#volume-hear audio').getAttribute('src') !== first", arg=first
    )
    peak = """async path => {
      const data = await (await fetch(path)).arrayBuffer();
      const sound = await new OfflineAudioContext(1, 1, 48000).decodeAudioData(data);
      return sound.getChannelData(0).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    }"""
    loud, quiet = (page.evaluate(peak, path) for path in (first, sound.get_attribute("src")))
    assert 0.5 < loud <= 10 ** (-1 / 20) + 1e-3 and quiet < 0.4 * loud


def test_play_the_film_and_take_it_along(new_page: Any, address: str, tmp_path: Path) -> None:
    page = opened(new_page, address, accept_downloads=True)
    set_number(page.locator(f"#{TAB}-tab"), "Film", 2)
    sweep(page, "-24, 0, 12")
    play = page.locator(f"{FILM} .su-film-play")
    play.click()
    expect(play).to_have_text("Pause")
    places, loudness = set(), set()
    for _ in range(5):
        page.wait_for_timeout(200)
        places.add(page.locator(KNOB).input_value())
        loudness.add(page.locator(LUFS).inner_text())
    assert len(places) >= 3 and len(loudness) >= 3, "the slider and the meter move along"
    play.click()

    expect(page.locator(f"{FILM} .su-film-files a")).to_have_count(3)
    video = page.locator(f"{FILM} video")
    assert video.evaluate("film => film.paused && !film.autoplay")
    if video.evaluate(
        "film => film.canPlayType(film.src.endsWith('mp4') ? 'video/mp4; codecs=avc1.640028' : 'video/webm')"
    ):
        video.evaluate("film => { film.muted = true; return film.play(); }")
        page.wait_for_function("() => document.querySelector('#volume-film video').currentTime > 0.3")
        assert video.evaluate("film => film.duration") == pytest.approx(4.0, abs=0.2), "there and back"
    for number, suffix in enumerate((r"\.(mp4|webm)$", r"\.gif$", r"-strip\.png$")):
        with page.expect_download() as download:
            page.locator(f"{FILM} .su-film-files a").nth(number).click()
        assert re.search(suffix, download.value.suggested_filename)
    strip = tmp_path / download.value.suggested_filename
    download.value.save_as(strip)
    assert read_settings(strip)["request"]["gains_db"] == [-24, 0, 12]

    # The strip brings its settings back.
    page.get_by_label("How much the picture listens").check()
    expect(page.locator("#volume-frames textarea")).to_have_value("0, 0.5, 1, 1.5, 2")
    page.locator("#volume-picture input[type=file]").set_input_files(str(strip))
    expect(page.locator("#volume-picture-message")).to_contain_text("are back")
    expect(page.get_by_label("The sound itself")).to_be_checked()
    expect(page.locator("#volume-frames textarea")).to_have_value("-24, 0, +12")
    expect(page.locator(KNOB)).to_have_attribute("min", "-40")


def test_turning_up_how_much_the_picture_listens(new_page: Any, address: str) -> None:
    page = opened(new_page, address)
    page.get_by_label("How much the picture listens").check()
    expect(page.locator(KNOB)).to_have_attribute("max", "2")
    as_it_is = page.locator(LUFS).inner_text()
    sweep(page, "0, 1, 2")
    expect(page.locator(f"{FILM} .su-film-caption").first).to_have_text(re.compile("^×0"))
    moved = page.evaluate(MOVE, 1.5)
    assert page.locator(LUFS).inner_text() == as_it_is, "the sound itself stays as it is"
    assert moved["spoken"].startswith("the picture listens 1.50 times as much")
    expect(page.locator(PICTURE)).to_have_attribute("alt", re.compile(r"at ×1\.5,"))
    page.get_by_label("Both").check()
    expect(page.locator("#volume-frames textarea")).to_have_value("-24, -12, 0, +6, +12")
    expect(page.locator(STATE)).to_have_text(re.compile("^not painted yet: "))
    page.evaluate(MOVE, 12)
    expect(page.locator(f"{METER} .su-knob-value")).to_have_text("+12.0 dB · ×2.00")


def test_a_room_changes_what_is_measured(new_page: Any, address: str) -> None:
    page = opened(new_page, address)
    before = page.locator(f"{METER} .su-wave-shape").get_attribute("d")
    page.locator(f"#{TAB}-tab").get_by_role("button", name="Where it is heard").click()
    page.locator(f"#{TAB}-tab").get_by_label("Church").check()
    page.wait_for_function(
        "before => document.querySelector('#volume-meter .su-wave-shape').getAttribute('d') !== before",
        arg=before,
    )
    sweep(page, "0")
    expect(page.locator(f"{FILM} .su-detail")).to_have_text(re.compile(r"^Church · sound_0\.wav"))


def test_cancelling_keeps_the_frames_made_so_far(new_page: Any, address: str) -> None:
    page = opened(new_page, address)
    tab = page.locator(f"#{TAB}-tab")
    tab.get_by_role("button", name="Advanced").click()
    set_number(tab, "Steps", UNHURRIED_STRIP_STEPS)
    page.locator("#volume-frames textarea").fill(" ".join(map(str, range(-15, 1))))
    page.locator(GENERATE).click()
    expect(page.locator(f"{FILM} .su-film-item")).to_have_count(16)
    cancel_after_two(page, DONE, CANCEL)
    settled(page, TAB)
    expect(page.locator(NOTE)).to_have_text(re.compile(r"^Stopped: \d+ of 16 pictures were finished\."))
    assert 2 <= page.locator(DONE).count() < 16
    set_number(tab, "Steps", 2)
    sweep(page, "-6, 6")
    expect(page.locator(NOTE)).to_have_text("")


def test_bad_input_is_a_sentence_beside_its_cause(new_page: Any, address: str, sounds: Path) -> None:
    page = opened(new_page, address)
    sound, turn = page.locator("#volume-sound-message"), page.locator("#volume-turn-message")
    for words, says in (
        ("soft, loud", "Gain in dB is 'soft'; it takes a number from -40 to 20"),
        ("0, 33", "Gain in dB is '33'"),
        (" ".join(["1"] * 500), "500 values were given; 1 to 16 are accepted"),
        ("", "at least one"),
    ):
        page.locator("#volume-frames textarea").fill(words)
        generate(page, TAB)
        expect(turn).to_contain_text(says)
    expect(page.locator(f"{FILM} .su-status")).to_have_text("Sound 0, as loud as it is")
    sweep(page, "0, 6")
    expect(turn.locator(".su-message")).to_be_hidden()

    for name, says in (("letter.wav", "cannot be read as sound"), ("silence.wav", "silent")):
        upload(page, TAB, sounds / name)
        expect(sound).to_contain_text(says)
        expect(page.locator(f"{METER} .su-meter[data-state=empty]")).to_be_attached()
        generate(page, TAB)
        expect(sound).to_contain_text(says)
    page.locator("#volume-hear .su-hear-button").click()
    expect(page.locator("#volume-hear .su-hear-words")).to_contain_text("silent")
    page.locator("#volume-examples .su-example").nth(2).click()
    expect(page.locator(f"{METER} .su-meter[data-state=drawn]")).to_be_attached()
    sweep(page, "0, 6")


def test_on_a_phone_the_picture_is_beside_the_slider(new_page: Any, address: str) -> None:
    page = opened(new_page, address, 390, 844, has_touch=True, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    sweep(page, "-24, 0, 12")
    page.locator("#volume-turn").scroll_into_view_if_needed()
    page.locator(KNOB).tap()
    small = page.locator(f"{METER} .su-meter-picture")
    expect(small).to_be_visible()
    for place in (-24, 12):
        moved = page.evaluate(MOVE, place)
        assert small.evaluate("picture => picture.src") == moved["picture"]
    edges = page.evaluate(
        "[...document.querySelectorAll('#volume-tab :is(input, button, textarea, .su-action)')]"
        ".filter(e => e.offsetParent && e.type !== 'file')"
        ".filter(e => !e.closest('.su-example-list, .su-film-strip, .su-below > .su-actions'))"
        ".map(e => [e.getBoundingClientRect().right, e.outerHTML.slice(0, 80)]).filter(e => e[0] > 391)"
    )
    assert edges == []


def test_everything_can_be_reached_by_keyboard(new_page: Any, address: str) -> None:
    page = opened(new_page, address, reduced_motion="reduce")
    sweep(page, "0, 6")
    expect(page.locator(f"{FILM} .su-film-files a")).to_have_count(3)
    reached, without_ring = [], []
    for _ in range(80):
        page.keyboard.press("Tab")
        name, ring = page.evaluate(
            "() => { const e = document.activeElement, s = getComputedStyle(e);"
            " const words = e.getAttribute('aria-label') || e.value || e.textContent || '';"
            " const said = [e.id, e.className, words].join(' ').slice(0, 120);"
            " const name = ['BODY', 'VIDEO'].includes(e.tagName) ? e.tagName : said;"
            " return [name, s.outlineStyle + ' ' + s.outlineWidth]; }"
        )
        reached.append(name)
        if ring != "solid 2px" and name not in ("BODY", "VIDEO"):
            without_ring.append((name, ring))
    everything = "\n".join(reached)
    for wanted in ("volume-knob", "su-hear-button", "0, 6", "volume-generate", "su-film-thumb", "su-reuse"):
        assert wanted in everything, f"{wanted} was not reached:\n{everything}"
    assert without_ring == []
