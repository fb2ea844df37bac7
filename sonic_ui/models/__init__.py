"""Networks and their weight loaders: audio projector, gated audio attention, audio encoder, latents."""
