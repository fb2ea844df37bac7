"""Ways to edit a picture with a sound: which decoder layers hold on to the source, for how long, and in which
the sound speaks.

Decoder layers are counted 0-11 over `up_blocks` x 3 (Stable Diffusion 1.x). Coarse layers hold where things
are, fine ones hold their contours. What is let go, the sound decides: from coarse layers it brings things,
from fine ones colours and texture. Factors on the sound's strength are ours; the paper and the released code
have none.
"""

from dataclasses import asdict, dataclass
from typing import Any

ATTENTION_LAYERS = tuple(range(4, 12))
"""Whose self-attention is taken over (SonicDiffusion, editing)."""

FEATURE_LAYERS = (4,)
"""Whose hidden states are taken over (SonicDiffusion, editing)."""

HOLD_HARDER = (4, 5, 6)
"""The same, to hold structure harder."""

RELEASED_LAYERS = (4, 5)
"""The same, as SonicDiffusion's released code does it."""

MOSTLY_COARSE = (0.8, 0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.12, 0.12, 0.12)
COARSE = (0.7, 0.7, 0.7, 0.7, 0.3, 0.3, 0.3, 0.1, 0.1, 0.1)
FINE = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0)
EVERYWHERE = (1.0,)
"""Of the middle block and nine decoder blocks with cross-attention (Stable Diffusion 1.x)."""


@dataclass(frozen=True)
class EditMode:
    """Settings of `AudioEditPipeline` under one name. `line` says in one line what it does."""

    name: str
    line: str
    attention_layers: tuple[int, ...]
    feature_layers: tuple[int, ...]
    tau_attn: float
    tau_feature: float
    sound_layers: tuple[float, ...]
    """Factors on the sound's strength in the gated blocks, from the middle block to the finest."""
    tau_words: float = 0.0
    """First part of the steps, 0..1, for which words that stay keep their maps (Prompt-to-Prompt)."""

    def settings(self) -> dict[str, Any]:
        """The arguments of `AudioEditPipeline.__call__`."""
        return {name: value for name, value in asdict(self).items() if name not in ("name", "line")}

    @property
    def factors_line(self) -> str:
        """The factors in words."""
        if self.sound_layers == EVERYWHERE:
            return "The strength counts as it is, in every layer."
        middle, fine = len(self.sound_layers) // 2, len(self.sound_layers) - 1
        shown = [f"{self.sound_layers[i]:g}" for i in (0, middle, fine)]
        return "The strength counts {} in coarse layers, {} in middle and {} in fine ones.".format(*shown)


EDIT_MODES: dict[str, EditMode] = {
    mode.name: mode
    for mode in (
        EditMode(
            "replace",
            "The thing becomes what the sound depicts; the scene around it keeps its layout.",
            attention_layers=ATTENTION_LAYERS,
            feature_layers=FEATURE_LAYERS,
            tau_attn=0.92,
            tau_feature=0.92,
            sound_layers=MOSTLY_COARSE,
        ),
        EditMode(
            "add",
            "Everything stays, and what the sound depicts is added to it.",
            attention_layers=ATTENTION_LAYERS,
            feature_layers=HOLD_HARDER,
            tau_attn=1.0,
            tau_feature=1.0,
            sound_layers=COARSE,
        ),
        EditMode(
            "style",
            "Shapes and contours stay; only colours, light and texture follow the sound.",
            attention_layers=ATTENTION_LAYERS,
            feature_layers=HOLD_HARDER,
            tau_attn=1.0,
            tau_feature=1.0,
            sound_layers=FINE,
        ),
        EditMode(
            "paper",
            "SonicDiffusion's paper: the sound counts alike in all layers.",
            attention_layers=ATTENTION_LAYERS,
            feature_layers=FEATURE_LAYERS,
            tau_attn=0.5,
            tau_feature=0.8,
            sound_layers=EVERYWHERE,
        ),
        EditMode(
            "released",
            "SonicDiffusion's released code: as the paper, one more layer held, for half of the steps.",
            attention_layers=ATTENTION_LAYERS,
            feature_layers=RELEASED_LAYERS,
            tau_attn=0.5,
            tau_feature=0.5,
            sound_layers=EVERYWHERE,
        ),
        EditMode(
            "words",
            "Write what it shows and what it shall show: only words that differ change the picture.",
            attention_layers=ATTENTION_LAYERS,
            feature_layers=FEATURE_LAYERS,
            tau_attn=0.4,
            tau_feature=0.0,
            sound_layers=EVERYWHERE,
            tau_words=0.8,
        ),
    )
}
"""The thresholds of "paper" are Plug-and-Play's (arXiv 2211.12572): SonicDiffusion, which edits as it does,
names none. Those of "words" are Prompt-to-Prompt's (arXiv 2208.01626), for self-attention and for words."""
