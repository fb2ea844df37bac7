"""Sounds of scenes: building blocks of synthesis and their rendering."""
