"""The tab "Film": a picture that moves with a sound, from a track or from the microphone."""
