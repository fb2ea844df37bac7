"""Colours, type and the style sheet of the page.

One warm accent for energy and one cool accent for pictures, each with a tone for dark and for light; every
pair of text and ground passes WCAG AA. The sheets in `style/` reads the same values as custom properties.
"""

from base64 import b64encode
from pathlib import Path

import gradio as gr

from sonic_ui.audio.style import DARK_GROUND, DARK_TEXT, ENERGY

STYLE = Path(__file__).resolve().parent / "style"

FACE = "Sonic Sans"
"""Subsets of IBM Plex Sans (Latin, `style/fonts`): they stand in the sheet, so that they are no requests."""
WEIGHTS = {"regular": 400, "bold": 700}

LIGHT = {
    "ground": "#f4f1ea",
    "panel": "#fdfcf9",
    "raised": "#f1ede4",
    "line": "#ddd7ca",
    "edge": "#8a8474",
    "text": "#22231f",
    "quiet": "#5c5d55",
    "warm": "#9f5517",
    "cool": "#1f6796",
    "on-cool": "#ffffff",
    "good": "#2c7a4b",
    "bad": "#a3262a",
}
DARK = {
    "ground": DARK_GROUND,
    "panel": "#181b1e",
    "raised": "#202428",
    "line": "#2d3237",
    "edge": "#747c84",
    "text": DARK_TEXT,
    "quiet": "#a5abb0",
    "warm": ENERGY,
    "cool": "#86c5ea",
    "on-cool": "#0d2029",
    "good": "#7fc99a",
    "bad": "#ff9b93",
}

COLOURS = {
    "body_background_fill": "ground",
    "body_text_color": "text",
    "body_text_color_subdued": "quiet",
    "background_fill_primary": "panel",
    "background_fill_secondary": "raised",
    "border_color_primary": "line",
    "border_color_accent": "cool",
    "color_accent_soft": "raised",
    "block_background_fill": "panel",
    "block_border_color": "line",
    "block_label_background_fill": "panel",
    "block_label_text_color": "quiet",
    "block_title_text_color": "text",
    "block_info_text_color": "quiet",
    "panel_background_fill": "panel",
    "input_background_fill": "raised",
    "input_background_fill_focus": "raised",
    "input_border_color": "edge",
    "input_border_color_focus": "cool",
    "input_placeholder_color": "quiet",
    "button_primary_background_fill": "cool",
    "button_primary_background_fill_hover": "cool",
    "button_primary_text_color": "on-cool",
    "button_primary_text_color_hover": "on-cool",
    "button_secondary_background_fill": "raised",
    "button_secondary_background_fill_hover": "line",
    "button_secondary_text_color": "text",
    "button_secondary_border_color": "edge",
    "slider_color": "warm",
    "checkbox_background_color": "raised",
    "checkbox_background_color_selected": "cool",
    "checkbox_border_color": "edge",
    "checkbox_border_color_selected": "cool",
    "checkbox_label_background_fill": "panel",
    "checkbox_label_text_color": "text",
    "link_text_color": "cool",
    "error_background_fill": "panel",
    "error_border_color": "bad",
    "error_text_color": "bad",
    "accordion_text_color": "text",
    "loader_color": "cool",
}
"""Gradio's names of colours, and which of ours each takes."""


def page_theme() -> gr.themes.Base:
    """Gradio's plain theme in the studio's colours."""
    theme = gr.themes.Base(
        radius_size=gr.themes.sizes.radius_lg,
        font=(FACE, "ui-sans-serif", "system-ui", "sans-serif"),
        font_mono=("ui-monospace", "monospace"),
    )
    values = {name: LIGHT[colour] for name, colour in COLOURS.items()}
    values |= {f"{name}_dark": DARK[colour] for name, colour in COLOURS.items()}
    return theme.set(
        **values,
        color_accent=LIGHT["cool"],
        block_border_width="0px",
        block_shadow="none",
        block_shadow_dark="none",
        block_label_border_width="0px",
        block_title_text_weight="500",
        block_title_text_size="*text_sm",
        block_info_text_size="*text_xs",
        button_primary_shadow="none",
        button_secondary_shadow="none",
        button_large_text_weight="600",
        input_border_width="1px",
        input_shadow="none",
        input_shadow_focus="none",
        body_text_size="*text_md",
    )


def page_css() -> str:
    """Faces, custom properties of both modes, then the style sheets."""
    sheets = "\n".join(path.read_text(encoding="utf-8") for path in sorted(STYLE.glob("*.css")))
    faces = "\n".join(_face(name, weight) for name, weight in WEIGHTS.items())
    return f"{faces}\n:root {{ {_properties(LIGHT)} }}\n.dark {{ {_properties(DARK)} }}\n{sheets}"


def _properties(colours: dict[str, str]) -> str:
    return " ".join(f"--su-{name}: {value};" for name, value in colours.items())


def _face(name: str, weight: int) -> str:
    font = b64encode((STYLE / "fonts" / f"{name}.woff2").read_bytes()).decode()
    return (
        f'@font-face {{ font-family: "{FACE}"; font-weight: {weight}; font-display: swap; '
        f"src: url(data:font/woff2;base64,{font}) format('woff2'); }}"
    )
