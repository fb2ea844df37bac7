"""Diffusers pipelines: from sounds and words to pictures."""
