"""The procedural world: one `Scene` renders to a picture, a sound and a caption."""
