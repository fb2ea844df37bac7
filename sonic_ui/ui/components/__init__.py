"""Parts of the page that Gradio does not have, each a static template with a script that draws its value.

A template never contains a value, so nothing a person wrote can be taken for markup: scripts set text and
attributes through the document's own methods.
"""
