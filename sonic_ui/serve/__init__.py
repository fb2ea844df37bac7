"""Many engines behind one page, on Ray Serve. Nothing of Ray is imported before it is asked for."""
