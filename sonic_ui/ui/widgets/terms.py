"""The exact terms behind the labels of the page: their tooltips."""

TERMS = {
    "Words (optional)": "the prompt: style, place or time of day; the sound brings the rest",
    "Seed": "the number that the initial noise is drawn from: the same one paints the same picture again",
    "Variations": "seeds whose initial noise is blended in by spherical interpolation",
    "Strength of the sound": "beta: the scale of the gated audio attention",
    "Strength for each layer": "beta, one for each gated audio attention layer of the decoder",
    "Follow the words and the sound": "guidance scale of classifier-free guidance",
    "Follow the picture and the words": "guidance scale of classifier-free guidance",
    "Words to stay away from": "negative prompt",
    "What it should not sound like": "negative prompt",
    "What the picture shows": "source prompt of the inversion",
    "Keep the layout": "tau of self-attention: the part of the steps in which its maps are injected",
    "Keep the detail": "tau of hidden states: the part of the steps in which these are injected",
    "As usual": "attention layers 4 to 11 and hidden states of layer 4 of the decoder, as in the paper",
    "Hold harder": "attention layers 4 to 11 and hidden states of layers 4 to 6 of the decoder",
    "As it was trained": "energy ControlNet",
    "Step by step": "guidance by the energy at every step, without training",
}
"""By label."""
