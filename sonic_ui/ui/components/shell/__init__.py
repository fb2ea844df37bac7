"""What surrounds the tabs: the scripts that all components share, their keys, and who reads them aloud."""

import json

from sonic_ui.ui.components.base import ASSETS, read_asset
from sonic_ui.ui.identity import meta_tags

SHELL = ("run_scripts.js",)
"""Scripts of the page itself; they run once, before any component stands."""


def page_head() -> str:
    """Elements for the head of the page: what it is, the scripts of all components by name, once, and what
    runs them.
    """
    names = sorted(name for name in ASSETS if name.endswith(".js") and name not in SHELL)
    sources = {name.removesuffix(".js"): read_asset(name) for name in names}
    written = json.dumps(sources, ensure_ascii=False).replace("</", "<\\/")
    shell = "\n".join(f"(() => {{\n{read_asset(name)}}})();" for name in SHELL)
    return f"{meta_tags()}<script>window.suScripts = {written};\n{shell}</script>"
