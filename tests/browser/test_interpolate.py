"""A person's way through "Interpolate", in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from sonic_ui.media.metadata import read_settings
from sonic_ui.requests import InterpolateRequest
from sonic_ui.requests.links import PARAMETER, write_link
from tests.browser.served import UNHURRIED_STRIP_STEPS
from tests.browser.steps import cancel_after_two, generate, open_tab, ready, set_number, settled, upload

pytestmark = pytest.mark.browser

TAB = "interpolate"
A, B = "interpolate-a", "interpolate-b"
GENERATE = "#interpolate-generate"
CANCEL = "#interpolate-cancel"
FILM = "#interpolate-film"
SLIDER = f"{FILM} .su-film-range"
PICTURE = f"{FILM} .su-film-picture"
PLACE = f"{FILM} .su-film-place"
DONE = f"{FILM} .su-film-item[data-state=done]"
NOTE = f"{FILM} .su-film-note"
MOVE = """([place, settle]) => {
  // What is shown in the very task in which the slider moves, before any answer of the server could come.
  const range = document.querySelector('#interpolate-film .su-film-range');
  range.value = place;
  range.dispatchEvent(new Event('input', { bubbles: true }));
  if (settle) range.dispatchEvent(new Event('change', { bubbles: true }));
  return document.querySelector('#interpolate-film .su-film-picture').getAttribute('src');
}"""


def opened(new_page: Any, address: str, *size: int, **options: Any) -> Any:
    """The page with the tab open, both sounds named."""
    page = new_page(address, *size, **options)
    open_tab(page, "Interpolate", TAB)
    for place in (A, B):
        ready(page, place)
    return page


def glide(page: Any, frames: int) -> None:
    """Paint a strip."""
    set_number(page.locator(f"#{TAB}-tab"), "Pictures$", frames)
    generate(page, TAB)
    expect(page.locator(DONE)).to_have_count(frames)


def test_two_sounds_glide_and_the_slider_shows_what_lies_between(
    new_page: Any, address: str, sounds: Path
) -> None:
    page = opened(new_page, address)
    expect(page.locator(f"{FILM} .su-status")).to_have_text("Sound 0 and Sound 3")
    upload(page, A, sounds / "long.flac")
    expect(page.locator(f"#{A}-drawing .su-sound-caption")).to_have_text(re.compile(r"of 14\.0 s"))
    page.locator(f"#{B}-examples .su-example").nth(1).click()
    expect(page.locator(f"#{B}-drawing .su-sound-caption")).to_have_text(re.compile(r"^1\.2 s of sound"))
    page.locator("#interpolate-spacing input[value=heard]").check()
    glide(page, 5)
    expect(page.locator(f"{FILM} .su-detail")).to_have_text(
        re.compile(r"^long\.flac · sound_1\.wav · seed \d+")
    )
    shots = page.locator(f"{FILM} .su-film-thumb img").evaluate_all("all => all.map(one => one.src)")
    assert len(set(shots)) == 5, "files are named by their content: two frames are the same"

    # A person drags: the nearest frame is there at once, the exact picture comes after.
    box = page.locator(SLIDER).bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 11, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.4 * box["width"], middle, steps=12)
    assert page.locator(PICTURE).evaluate("picture => picture.src") == shots[2]
    page.mouse.up()
    expect(page.locator(PLACE)).to_have_text(re.compile(r"^(39|40|41) %$"))
    refined = page.locator(PICTURE).evaluate("picture => picture.src")
    assert refined not in shots and page.locator(PICTURE).evaluate("picture => picture.naturalWidth") == 64
    assert page.evaluate(MOVE, [0.75, True]) == shots[3]
    expect(page.locator(PLACE)).to_have_text("75 %")

    # By keyboard, and back to the place that was painted: it is remembered.
    page.locator(SLIDER).focus()
    page.keyboard.press("Home")
    expect(page.locator(PLACE)).to_have_text("0 %")
    assert page.locator(PICTURE).evaluate("picture => picture.src") == shots[0]
    page.keyboard.press("ArrowRight")
    expect(page.locator(PLACE)).to_have_text("1 %")
    expect(page.locator(SLIDER)).to_have_attribute(
        "aria-valuetext", re.compile("^1 percent of the way from ")
    )
    page.locator(f"{FILM} .su-film-thumb").nth(4).click()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(PLACE)).to_have_text("75 %")
    expect(page.locator(f"{FILM} .su-film-thumb").nth(3)).to_be_focused()


def test_a_pile_of_places_is_never_painted(new_page: Any, address: str) -> None:
    page = opened(new_page, address)
    glide(page, 3)
    run_context: list[str] = []
    page.on(
        "request", lambda request: run_context.append(request.url) if "/queue/join" in request.url else None
    )
    for hundredths in range(10, 45):
        page.evaluate(MOVE, [hundredths / 100, False])
    expect(page.locator(PLACE)).to_have_text("44 %")
    assert len(run_context) < 10, "the slider asks when it rests, not at every step"
    # Placed again and again: only the last answer is shown.
    for place in (0.2, 0.3, 0.7, 0.6):
        page.evaluate(MOVE, [place, True])
    expect(page.locator(PLACE)).to_have_text("60 %")
    last = page.locator(PICTURE).get_attribute("src")
    page.wait_for_timeout(1500)
    assert page.locator(PICTURE).get_attribute("src") == last


def test_play_in_place_and_the_film_with_its_sound(new_page: Any, address: str, tmp_path: Path) -> None:
    page = opened(new_page, address, accept_downloads=True)
    page.locator(f"#{TAB}-tab").get_by_role("button", name="The film", exact=True).click()
    set_number(page.locator(f"#{TAB}-tab"), "Length", 2)
    glide(page, 4)
    play = page.locator(f"{FILM} .su-film-play")
    play.click()
    expect(play).to_have_text("Pause")
    places = set()
    for _ in range(5):
        page.wait_for_timeout(200)
        places.add(page.locator(SLIDER).input_value())
    assert len(places) >= 3, f"it does not move: {places}"
    play.click()
    expect(play).to_have_text("Play")

    expect(page.locator(f"{FILM} .su-film-files a")).to_have_count(3)
    video = page.locator(f"{FILM} video")
    expect(video).to_have_attribute("src", re.compile(r"sound_0-to-sound_3-\d+\.(mp4|webm)$"))
    assert video.evaluate("film => film.paused && !film.autoplay")
    if video.evaluate(
        "film => film.canPlayType(film.src.endsWith('mp4') ? 'video/mp4; codecs=avc1.640028' : 'video/webm')"
    ):
        video.evaluate("film => { film.muted = true; return film.play(); }")
        page.wait_for_function("() => document.querySelector('#interpolate-film video').currentTime > 0.3")
        assert video.evaluate("film => film.readyState") >= 2
        assert video.evaluate("film => film.duration") == pytest.approx(4.0, abs=0.2), "there and back"
        assert video.evaluate("film => film.videoWidth") >= 512

    for number, suffix in enumerate((r"\.(mp4|webm)$", r"\.gif$", r"-strip\.png$")):
        with page.expect_download() as download:
            page.locator(f"{FILM} .su-film-files a").nth(number).click()
        assert re.search(suffix, download.value.suggested_filename)
    strip = tmp_path / download.value.suggested_filename
    download.value.save_as(strip)
    assert read_settings(strip)["request"]["frames"] == 4

    # The strip brings its settings back.
    set_number(page.locator(f"#{TAB}-tab"), "Pictures$", 9)
    page.locator("#interpolate-method input[value=mix]").check()
    page.locator("#interpolate-picture input[type=file]").set_input_files(str(strip))
    expect(page.locator("#interpolate-picture-message")).to_contain_text("are back")
    expect(page.locator("#interpolate-method input[value=linear]")).to_be_checked()
    expect(page.locator(f"#{TAB}-tab").get_by_label(re.compile("^number input for Pictures$"))).to_have_value(
        "4"
    )


def test_cancelling_in_the_middle_keeps_what_was_made(new_page: Any, address: str) -> None:
    page = opened(new_page, address)
    tab = page.locator(f"#{TAB}-tab")
    tab.get_by_role("button", name="Advanced").click()
    set_number(tab, "Pictures$", 12)
    set_number(tab, "Steps", UNHURRIED_STRIP_STEPS)
    page.locator(GENERATE).click()
    expect(page.locator(f"{FILM} .su-film-item").nth(2)).to_be_attached()
    cancel_after_two(page, DONE, CANCEL)
    settled(page, TAB)
    expect(page.locator(NOTE)).to_have_text(re.compile(r"^Stopped: \d+ of 12 pictures were finished\."))
    made = page.locator(DONE).count()
    assert 2 <= made < 12 and page.locator(f"{FILM} .su-film-item").count() == made
    expect(page.locator(f"{FILM} .su-film-files a")).to_have_count(3)
    set_number(tab, "Steps", 2)
    glide(page, 3)
    expect(page.locator(NOTE)).to_have_text("")
    expect(page.locator(f"{FILM} .su-history li")).to_have_count(2)


def test_bad_input_is_a_sentence_beside_its_cause(new_page: Any, address: str, sounds: Path) -> None:
    page = opened(new_page, address)
    first, second = page.locator(f"#{A}-sound-message"), page.locator(f"#{B}-sound-message")
    upload(page, B, sounds / "letter.wav")
    expect(second).to_contain_text("“letter.wav” cannot be read as sound")
    generate(page, TAB)
    expect(second).to_contain_text("letter.wav")
    expect(first.locator(".su-message")).to_be_hidden()
    page.locator(f"#{B}-audio button[aria-label=Clear]").click()
    expect(second.locator(".su-message")).to_be_hidden()
    page.locator(GENERATE).click()
    expect(second).to_contain_text("There is no second sound yet")
    upload(page, B, sounds / "silence.wav")
    expect(second).to_contain_text("silent")
    generate(page, TAB)
    expect(second).to_contain_text("silent")

    # The same sound on both sides is possible, and said to be dull.
    page.locator(f"#{B}-examples .su-example").first.click()
    expect(second.locator(".su-message")).to_be_hidden()
    glide(page, 2)
    expect(second).to_contain_text("Both sounds are the same")

    # Five hundred pictures are not asked for.
    set_number(page.locator(f"#{TAB}-tab"), "Pictures$", 500)
    expect(page.locator(f"#{TAB}-tab").get_by_label(re.compile("^number input for Pictures$"))).to_have_value(
        "48"
    )


def shown_soon(words: Any) -> bool:
    """Whether a locator is seen within some seconds."""
    try:
        expect(words).to_be_visible(timeout=8_000)
    except AssertionError:
        return False
    return True


def test_a_run_that_is_refused_does_not_cost_the_film(new_page: Any, address: str) -> None:
    page = opened(new_page, address)
    page.locator(f"#{TAB}-tab").get_by_role("button", name="The film", exact=True).click()
    set_number(page.locator(f"#{TAB}-tab"), "Length", 8)
    glide(page, 2)
    page.locator(f"#{B}-audio button[aria-label=Clear]").click()
    expect(page.locator(f"#{B}-audio button[aria-label=Clear]")).to_be_hidden()
    expect(page.locator(f"#{B}-labels li")).to_have_count(0)
    refused = page.locator(f"#{B}-sound-message").get_by_text("There is no second sound yet")
    for _ in range(4):  # a press that comes before the app knows of the cleared sound is no refusal yet
        generate(page, TAB)
        if shown_soon(refused):
            break
    expect(refused).to_be_visible()
    expect(page.locator(f"{FILM} .su-film-files a")).to_have_count(3)
    expect(page.locator(f"{FILM} .su-film-wait")).to_be_hidden()
    expect(page.locator(f"{FILM} video")).to_have_attribute("src", re.compile(r"\.(mp4|webm)$"))


def test_an_evenly_seen_strip_opens_up_where_the_picture_changes(new_page: Any, address: str) -> None:
    page = opened(new_page, address)
    expect(page.locator("#interpolate-spacing input[value=seen]")).to_be_checked()
    tab = page.locator(f"#{TAB}-tab")
    tab.get_by_role("button", name="Advanced").click()
    set_number(tab, "Continuity", 0.25)
    glide(page, 6)
    captions = page.locator(f"{FILM} .su-film-caption").all_text_contents()
    places = [float(caption.removesuffix(" %")) for caption in captions]
    assert places == sorted(set(places)) and (places[0], places[-1]) == (0, 100) and 50 in places
    marks = page.locator(f"{FILM} .su-film-marks span")
    expect(marks).to_have_count(6)
    page.locator(f"{FILM} .su-film-thumb").nth(2).click()
    expect(page.locator(PLACE)).to_have_text(captions[2])
    page.locator("#interpolate-spacing input[value=heard]").check()
    set_number(tab, "Continuity", 0.9)
    page.locator(f"{FILM} .su-reuse").click()
    expect(page.locator("#interpolate-spacing input[value=seen]")).to_be_checked()
    expect(tab.get_by_label(re.compile("^number input for Continuity$"))).to_have_value("0.25")


def test_uneven_places_of_a_link_are_kept_and_shown(new_page: Any, address: str) -> None:
    request = InterpolateRequest(sound_a="a", sound_b="b", positions=(0, 0.05, 0.2, 1), steps=2, seed=3)
    link = write_link(request, {"sound_a": "sound_0.wav", "sound_b": "sound_1.wav"})
    page = new_page(f"{address}/?{PARAMETER}={link}")
    expect(page.locator("#interpolate-share")).to_contain_text("settings of this link are here")
    places, tab = page.get_by_label("Places of the pictures"), page.locator(f"#{TAB}-tab")
    expect(places).to_have_value("0, 0.05, 0.2, 1")
    expect(places).to_be_visible()
    ready(page, B)
    generate(page, TAB)
    expect(page.locator(f"{FILM} .su-film-caption")).to_have_text(["0 %", "5 %", "20 %", "100 %"])

    # Another number of pictures has them placed again, until the strip brings its places back.
    set_number(tab, "Pictures$", 3)
    expect(places).to_be_hidden()
    page.locator(f"{FILM} .su-reuse").click()
    expect(places).to_have_value("0, 0.05, 0.2, 1")
    expect(tab.get_by_label(re.compile("^number input for Pictures$"))).to_have_value("4")


def test_swap_and_mix(new_page: Any, address: str) -> None:
    page = opened(new_page, address)
    captions = [f"#{place}-drawing .su-sound-caption" for place in (A, B)]
    expect(page.locator(captions[0])).to_have_text(re.compile(r"^1\.0 s"))
    page.locator("#interpolate-swap").click()
    expect(page.locator(captions[0])).to_have_text(re.compile(r"^1\.8 s"))
    expect(page.locator(captions[1])).to_have_text(re.compile(r"^1\.0 s"))
    loudness = page.get_by_label("First sound at a loudness of its own")
    expect(loudness).to_be_hidden()
    page.locator("#interpolate-method input[value=mix]").check()
    loudness.check()
    expect(page.get_by_label(re.compile("^number input for First sound"))).to_be_visible()
    expect(page.get_by_label(re.compile("^number input for Second sound"))).to_be_hidden()
    page.get_by_label("Church").check()
    glide(page, 3)
    expect(page.locator(f"{FILM} .su-detail")).to_have_text(re.compile(r"^sound_3\.wav · sound_0\.wav"))
    page.locator("#interpolate-method input[value=spherical]").check()
    expect(loudness).to_be_hidden()
    page.locator(f"{FILM} .su-reuse").click()
    expect(page.locator("#interpolate-method input[value=mix]")).to_be_checked()
    expect(loudness).to_be_checked()


def test_tabs_do_not_cancel_each_other(new_page: Any, address: str) -> None:
    page = opened(new_page, address)
    tab = page.locator(f"#{TAB}-tab")
    tab.get_by_role("button", name="Advanced").click()
    set_number(tab, "Steps", 8)
    page.locator(GENERATE).click()
    expect(page.locator(f"{FILM} .su-film-item").nth(2)).to_be_attached()
    page.get_by_role("tab", name="Sound → Image").click()
    generate(page, "sound-to-image")
    expect(page.locator("#sound-to-image-stage .su-history li")).to_have_count(1)
    page.get_by_role("tab", name="Interpolate").click()
    settled(page, TAB)
    expect(page.locator(DONE)).to_have_count(8)
    expect(page.locator(NOTE)).to_have_text("")


def test_on_a_phone_it_stacks_without_overflow(new_page: Any, address: str) -> None:
    page = opened(new_page, address, 390, 844, has_touch=True, is_mobile=True)
    for accordion in page.locator(f"#{TAB}-tab .su-fold-button").all():
        accordion.click()
    page.locator("#interpolate-method input[value=mix]").check()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    tops = [
        page.locator(f"#{name}").bounding_box()["y"] for name in (f"{TAB}-film", f"{A}-audio", f"{B}-audio")
    ]
    assert tops == sorted(tops)
    expect(page.locator(GENERATE)).to_be_in_viewport()
    frame = page.locator(f"{FILM} .su-frame").bounding_box()
    assert frame["width"] > 340


def test_a_glide_over_a_photograph(new_page: Any, address: str, tmp_path: Path) -> None:
    Image.effect_noise((300, 200), 60).convert("RGB").save(tmp_path / "meadow.png")
    page = opened(new_page, address, accept_downloads=True)
    page.get_by_role("button", name="On a picture of your own").click()
    page.locator("#interpolate-image input[type=file]").set_input_files(tmp_path / "meadow.png")
    expect(page.locator("#interpolate-image img")).to_be_visible()
    page.locator("#interpolate-spacing input[value=heard]").check()
    glide(page, 3)
    with page.expect_download() as download:
        page.locator(f"{FILM} .su-download").first.click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    settings = read_settings(path)
    assert path.name.startswith("meadow-with-") and settings is not None
    assert settings["picture_px"] == [300, 200] and settings["request"]["mode"] == "replace"
    with Image.open(path) as frame:
        assert frame.size == (300, 200)
    page.reload()  # the form is there again, with its picture
    open_tab(page, "Interpolate", TAB)
    page.get_by_role("button", name="On a picture of your own").click()
    expect(page.locator("#interpolate-image img")).to_be_visible()
