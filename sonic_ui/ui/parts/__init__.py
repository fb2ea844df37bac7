"""What several tabs have in common: components that belong together, and the handlers of their events.

Each part is a frozen dataclass of components, a function that lays it out, and one that connects it.
Elements are named after the tab ("volume-generate") or the place of a sound ("interpolate-a-audio"), so that
several of a kind can stand on one page.
"""
