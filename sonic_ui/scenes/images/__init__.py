"""Pictures of scenes: canvas, backdrops, styles and their rendering."""
