"""The studio: a request goes in, events come out. It owns the backend and its caches and knows no page."""
