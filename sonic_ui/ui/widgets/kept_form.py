"""What a person had set up in a tab, its sound, words and seed, is there again after a reload.

It lies in the browser, with the gallery (`kept_form.js`); the server remembers nothing of it.
"""

import gradio as gr

from sonic_ui.ui.widgets.prompt_settings import PromptSettings
from sonic_ui.ui.widgets.send_to_tab import Target

SAVE = "(...values) => { window.suForm?.save(values); }"
RESTORE = "async (...values) => (await window.suForm?.restore(values)) ?? values"


def connect_form(view: gr.HTML, prompts: PromptSettings, target: Target) -> None:
    """Keep the form of a tab whose `target` takes a sound; `view` is the gallery, which asks for it back."""
    sound, seed = target.outputs[0], prompts.seed
    fields = [sound, prompts.prompt, seed.seed, seed.keep_seed]
    changes = [sound.change, prompts.prompt.change, seed.seed.change, seed.keep_seed.change]
    gr.on(changes, None, js=SAVE, inputs=fields, api_visibility="private")
    restored = view.restore_form(None, js=RESTORE, inputs=fields, outputs=fields, api_visibility="private")
    target.refresh_after(restored)
