"""Parts of making sounds of pictures: embeddings, envelopes, noise, the denoiser and its vocoder.

picture -> CLIP -> mapper -> sound embedding; curve -> (modulator) -> energy -> ControlNet; denoiser,
autoencoder and vocoder make the sound.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderDC, AutoencoderKL, UNet2DConditionModel
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from diffusers.schedulers.scheduling_utils import SchedulerMixin
from diffusers.utils.torch_utils import randn_tensor
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

# Diffusers finds a vocoder only in a module that is imported.
import sonic_ui.models.mel
import sonic_ui.models.vocoder  # noqa: F401
from sonic_ui.audio import energy
from sonic_ui.audio.limiter import limit_true_peak
from sonic_ui.audio.loudness import set_lufs
from sonic_ui.audio.strip_envelope import envelope_of_strip
from sonic_ui.bundles.files import SHARED
from sonic_ui.models.encoders import load_clap_text
from sonic_ui.models.energy_control import EnergyControlNet
from sonic_ui.models.latents import LatentNormalizer, compression_factor, decode_latents
from sonic_ui.models.sound_mapper import EnergyModulator, ImageToAudioMapper
from sonic_ui.pipelines import sampling
from sonic_ui.pipelines.check_inputs import finite
from sonic_ui.pipelines.latent_windows import LatentWindows
from sonic_ui.requests import BadInput
from sonic_ui.requests.image_to_sound import LENGTH

Mode = Literal["natural", "exact"]
Control = Literal["auto", "envelope", "trained", "guided", "none"]
MODES: tuple[Mode, ...] = ("natural", "exact")
CONTROLS: tuple[Control, ...] = ("auto", "envelope", "trained", "guided", "none")
ControlHalf = Literal["both", "conditional"]
CONTROL_HALVES: tuple[ControlHalf, ...] = ("both", "conditional")
EmbedWords = Callable[[str], Tensor]
"""Words -> their embedding [1, D]."""

SILENT = 1e-3
"""An envelope that nowhere passes this is silence."""

REMEMBERED = 16
"""So many remembered envelopes, of the sounds most like what is shown, are tried on a strip."""

MODULATOR_STRIDE = 4
"""The energy modulator takes curves whose frames are a multiple of this."""


@dataclass(frozen=True)
class TimeGrid:
    """Frames of a sound, and the windows of latents that cover them; short sounds are cut from one window."""

    frames: int
    windows: LatentWindows


def _shared_text(folder: Path, arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments of `from_pretrained`, with a text encoder that is read from a whole CLAP
    (`load_clap_text`).
    """
    if "text_encoder" in arguments or not (folder / SHARED).exists():
        return arguments
    dtype = arguments.get("dtype") or arguments.get("torch_dtype") or torch.float32
    return {**arguments, "text_encoder": load_clap_text(folder).to(dtype)}


class AudioGenerationPipeline(DiffusionPipeline):
    """Components of a bundle that makes sounds of pictures.

    Parts are called as AudioLDM's are: `unet` takes the sound embedding as class label, `vae` log-mels of one
    channel, `vocoder` log-mels [B, frames, mels], `text_encoder` is CLAP's text half.

    frames             length of the denoiser's window, in frames of 10 ms; a sound's own length
    mel_mean, mel_std  how the autoencoder wants log-mels: (x - mean) / std
    default_steps, default_guidance, default_pull   settings that suit the weights; the last is
                       `energy_guidance`, named as saved model_index.json files name it
    control_half       the ControlNet's residuals in "both" halves of classifier-free guidance, or only in the
                       "conditional" one (arXiv 2302.05543, section 3.4), where they are divided by
                       the guidance scale: the curve pulls as hard, and the ControlNet costs half
    """

    _optional_components = [  # noqa: RUF012
        "image_mapper",
        "energy_modulator",
        "energy_control",
        "latent_normalizer",
        "text_encoder",
        "tokenizer",
    ]

    @classmethod
    def from_pretrained(cls, folder: Any, **kwargs: Any) -> Any:
        """As diffusers' own, with a text encoder whose weights another CLAP holds (`_shared_text`)."""
        return super().from_pretrained(folder, **_shared_text(Path(folder) / "text_encoder", kwargs))

    def __init__(
        self,
        vae: AutoencoderKL | AutoencoderDC,
        unet: UNet2DConditionModel,
        scheduler: SchedulerMixin,
        vocoder: Any,
        image_encoder: Any,
        image_processor: Any,
        image_mapper: ImageToAudioMapper | None = None,
        energy_modulator: EnergyModulator | None = None,
        energy_control: EnergyControlNet | None = None,
        latent_normalizer: LatentNormalizer | None = None,
        text_encoder: Any = None,
        tokenizer: Any = None,
        frames: int = 512,
        mel_mean: float = 0.0,
        mel_std: float = 1.0,
        default_steps: int = 25,
        default_guidance: float = 3.0,
        default_pull: float = 0.0,
        control_half: str = "both",
    ) -> None:
        super().__init__()
        self.register_modules(
            vae=vae,
            unet=unet,
            scheduler=scheduler,
            vocoder=vocoder,
            image_encoder=image_encoder,
            image_processor=image_processor,
            image_mapper=image_mapper,
            energy_modulator=energy_modulator,
            energy_control=energy_control,
            latent_normalizer=latent_normalizer,
            text_encoder=text_encoder,
            tokenizer=tokenizer,
        )
        self.register_to_config(
            frames=frames,
            mel_mean=mel_mean,
            mel_std=mel_std,
            default_steps=default_steps,
            default_guidance=default_guidance,
            default_pull=default_pull,
            control_half=control_half,
        )

    @property
    def sample_rate(self) -> int:
        """Samples a second."""
        return int(self.vocoder.config.sampling_rate)

    @property
    def frames(self) -> int:
        """Length of a sound in frames of the energy's grid, where no other is requested."""
        return int(self.config["frames"])

    @property
    def duration_s(self) -> float:
        """Length of a sound in seconds, where no other is requested."""
        return self.frames / energy.ENERGY_HZ

    def frames_of(self, length_s: float | None) -> int:
        """Frames of a sound of so many seconds; None is the denoiser's window. Raises BadInput."""
        if length_s is None:
            return self.frames
        return round(LENGTH.check(length_s, "length_s") * energy.ENERGY_HZ)

    @property
    def _factor(self) -> int:
        """Frames that one latent covers."""
        return compression_factor(self.vae)

    def _grid(self, length_s: float | None) -> TimeGrid:
        frames = self.frames_of(length_s)
        latents = -(-frames // self._factor)
        return TimeGrid(frames, LatentWindows.covering(latents, self.frames // self._factor))

    # Embeddings and envelopes

    @torch.no_grad()
    def embed_image(self, image: Image.Image) -> Tensor:
        """The embedding [1, D] of the sound that the picture shows, of unit length. Raises BadInput."""
        if not isinstance(image, Image.Image):
            raise BadInput(f"A picture is needed; given was {type(image).__name__}.", "picture")
        pixels = self.image_processor(image.convert("RGB"), return_tensors="pt")["pixel_values"]
        encoder = self.image_encoder
        image_embeds = encoder(pixels.to(encoder.device, encoder.dtype)).image_embeds
        if self.image_mapper is None:
            raise BadInput("These weights cannot hear a picture: they have no image mapper.", "bundle")
        return self.image_mapper(image_embeds.to(self.image_mapper.dtype)).float()

    @torch.no_grad()
    def embed_prompt(self, prompt: str) -> Tensor:
        """The embedding [1, D] of words, of unit length. Raises BadInput where the weights know no words."""
        if self.text_encoder is None or self.tokenizer is None:
            raise BadInput("These weights take no words: they have no text encoder.", "prompt")
        tokens = self.tokenizer([prompt], truncation=True, return_tensors="pt").to(self.text_encoder.device)
        embeds = self.text_encoder(tokens["input_ids"], attention_mask=tokens["attention_mask"]).text_embeds
        return F.normalize(embeds.float(), dim=-1)

    def embed_concept(self, image: Image.Image, concept: str = "") -> Tensor:
        """The embedding [1, D] of a concept's words; without any that of the picture. Raises BadInput."""
        return self.embed_prompt(concept) if concept.strip() else self.embed_image(image)

    def suggest(self, image: Image.Image, length_s: float | None = None) -> NDArray[np.float32]:
        """The natural envelope [frames] in [0, 1] of what the picture shows."""
        return self._natural(self.embed_image(image), None, self.frames_of(length_s))

    def envelope(
        self,
        image: Image.Image,
        sketch: NDArray[np.floating[Any]] | None,
        mode: Mode = "natural",
        length_s: float | None = None,
        concept: str = "",
    ) -> NDArray[np.float32]:
        """The envelope to impose [frames] in [0, 1] for a curve or a strip [N] in [0, 1].

        mode      "natural": what such a sound does at the moments of a strip, as remembered sounds do; of a
                  curve the modulator makes it. "exact": only smoothed
        concept   what sounds, instead of what the picture shows

        Without a sketch, or with an empty strip in natural mode, it is `suggest`. Raises BadInput.
        """
        embeds = self.embed_concept(image, concept)
        return self._envelope(embeds, sketch, mode, self.frames_of(length_s))

    def _envelope(
        self, embeds: Tensor, sketch: NDArray[np.floating[Any]] | None, mode: Mode, frames: int
    ) -> Any:
        if mode not in MODES:
            raise BadInput(f"mode is {mode!r}; it takes one of {', '.join(MODES)}.", "mode")
        if sketch is None:
            return self._natural(embeds, None, frames)
        target = checked_sketch(sketch, frames)
        if mode == "exact":
            return np.clip(energy.smooth(target), 0.0, 1.0)
        if target.max() <= SILENT:
            return self._natural(embeds, None, frames)
        if energy.is_strip(sketch):
            return envelope_of_strip(target, self._alike(embeds, target, frames))
        return self._natural(embeds, target, frames)

    def _alike(self, embeds: Tensor, target: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
        """Remembered envelopes [K, frames] of sounds like `embeds` [1, D]; without any the modulator's."""
        modulator = self.energy_modulator
        recalled = None if modulator is None else modulator.recall(embeds, REMEMBERED)
        if recalled is None:
            return self._natural(embeds, target, frames)[None]
        envelopes = recalled[0].float().cpu().numpy()
        return np.stack([energy.resample_curve(one, frames) for one in envelopes])

    @torch.no_grad()
    def _natural(
        self, embeds: Tensor, target: NDArray[np.float32] | None, frames: int
    ) -> NDArray[np.float32]:
        """The modulator's envelope [frames] for a target, or for none; without a modulator a plain swell.

        A remembered envelope is stretched; for a target the modulator reads as many frames as there are.
        """
        modulator = self.energy_modulator
        if modulator is None:
            return target if target is not None else np.hanning(frames + 2)[1:-1].astype(np.float32)
        if target is None and (recalled := modulator.recall(embeds)) is not None:
            envelope = recalled[0, 0].float().cpu().numpy()
            return envelope if envelope.size == frames else energy.resample_curve(envelope, frames)
        has_target = torch.tensor([float(target is not None)])
        curve = target if target is not None else np.zeros(frames, np.float32)
        padded = torch.from_numpy(np.pad(curve, (0, -frames % MODULATOR_STRIDE), mode="edge"))[None]
        device = modulator.device
        envelopes = modulator(padded.to(device), has_target.to(device), embeds.to(device))
        return envelopes[0, :frames].float().cpu().numpy()

    # The loop's parts

    def target_embedding(self, image: Image.Image, prompt: str = "", concept: str = "") -> Tensor:
        """The embedding [1, D] of what a picture, or a concept, sounds like, half turned to the words."""
        embeds = self.embed_concept(image, concept)
        if prompt.strip():
            embeds = F.normalize(embeds + self.embed_prompt(prompt).to(embeds), dim=-1)
        return embeds

    def ranking_embedding(
        self, image: Image.Image, prompt: str, embed_words: EmbedWords | None, concept: str = ""
    ) -> Tensor | None:
        """What the embeddings of candidates are compared with [1, D], in the space of the bundle's encoder.

        embed_words   embeds words in that space; for pipelines whose own embeddings are of another

        None where there is nothing in that space.
        """
        return self.target_embedding(image, prompt, concept)

    def _labels(self, embeds: Tensor, negative: str, count: int, guided: bool) -> Tensor:
        """`embeds` [1, D] as [count, D], or [2 count, D] with the unconditional ones first."""
        rows = [embeds.expand(count, -1)]
        if guided:
            rows.insert(0, self._unconditional(negative, embeds).expand(count, -1))
        return torch.cat(rows).to(self.unet.device, self.unet.dtype)

    def _unconditional(self, negative: str, embeds: Tensor) -> Tensor:
        """Embedding [1, D], beside `embeds`, of the negative words; zeros without any."""
        return self.embed_prompt(negative).to(embeds) if negative.strip() else torch.zeros_like(embeds)

    def _noise(self, seeds: list[int], windows: LatentWindows) -> tuple[Tensor, list[torch.Generator]]:
        """Noise [B, C, t, m] that all windows share, and its generators.

        It is drawn window by window, so that a longer sound begins with the noise of a shorter one.
        """
        mels = int(self.vocoder.config.model_in_dim) // self._factor
        shape = int(self.unet.config["in_channels"]), windows.size, mels
        noise, generators = sampling.seeded_noise(seeds, shape)
        while noise.shape[-2] < windows.total:
            more = randn_tensor((len(seeds), *shape), generator=generators)
            noise = torch.cat([noise, more], dim=-2)
        return noise[..., : windows.total, :], generators

    def _residuals(self, latents: Tensor, timestep: Tensor, control_signal: Tensor, labels: Tensor) -> Any:
        """The ControlNet's residuals for the z-normed curve [1, frames]."""
        net: Any = self.energy_control
        signals = control_signal.expand(len(latents), -1)
        return net(latents.to(net.dtype), timestep, signals, labels.to(net.dtype))

    def _denoise(
        self, latents: Tensor, timestep: Tensor, labels: Tensor, residuals: Any, control_scale: float
    ) -> Tensor:
        """The denoiser's output [B, C, t, m], float32."""
        extra = {}
        if residuals is not None and control_scale:
            down, middle = residuals
            extra = {
                "down_block_additional_residuals": tuple(control_scale * r.to(self.unet.dtype) for r in down),
                "mid_block_additional_residual": control_scale * middle.to(self.unet.dtype),
            }
        inputs = latents.to(self.unet.dtype)
        return self.unet(
            inputs, timestep, encoder_hidden_states=None, class_labels=labels, **extra
        ).sample.float()

    def _log_mels(self, latents: Tensor) -> Tensor:
        """Latents [B, C, t, m] -> log-mels [B, frames, mels]."""
        decoded = decode_latents(self.vae, latents, self.latent_normalizer)[:, 0].float()
        return decoded * float(self.config["mel_std"]) + float(self.config["mel_mean"])

    def _sound(self, latents: Tensor, grid: TimeGrid, *, draft: bool = False) -> NDArray[np.float32]:
        """Latents [B, C, t, m] -> samples [B, T]; what lies beyond the last frame is cut.

        draft   only to be compared: by the vocoder's own `draft`, where it has a quicker way
        """
        vocoder: Any = getattr(self.vocoder, "draft", self.vocoder) if draft else self.vocoder
        parts = [self._log_mels(part) for part in grid.windows.split(latents)]
        mels = grid.windows.merge(parts, scale=self._factor)[:, : grid.frames]
        samples = vocoder(mels.to(self.vocoder.dtype)).float().cpu().numpy()
        return np.nan_to_num(samples).astype(np.float32)[:, : self._sample_count(grid.frames)]

    def _sample_count(self, frames: int) -> int:
        return round(frames / energy.ENERGY_HZ * self.sample_rate)

    def _finished(self, samples: NDArray[np.float32], lufs: float | None) -> NDArray[np.float32]:
        """Samples [T] at a loudness, no true peak above -1 dBTP."""
        if lufs is not None:
            samples = set_lufs(samples, self.sample_rate, finite("loudness_lufs", lufs))
        return limit_true_peak(samples, self.sample_rate)

    @torch.no_grad()
    def _decode_pil(self, latents: Tensor) -> list[Image.Image]:
        """Spectrograms of latents, time to the right, low notes at the bottom."""
        mels = self._log_mels(latents).transpose(1, 2).flip(1)
        grey = ((mels + 11.5) / 13 * 255).clamp(0, 255).to(torch.uint8).cpu().numpy()
        return [Image.fromarray(picture) for picture in grey]


def checked_control(control: str, mode: str, *, is_trained: bool) -> str:
    """The control that is meant; "auto" lays the envelope along a curve that is taken as it is.

    is_trained   whether there is an energy ControlNet. Raises BadInput.
    """
    if control not in CONTROLS:
        raise BadInput(f"control is {control!r}; it takes one of {', '.join(CONTROLS)}.", "control")
    if control == "auto":
        return "envelope" if mode == "exact" else "trained" if is_trained else "guided"
    if control == "trained" and not is_trained:
        raise BadInput('These weights have no trained energy control; choose "guided".', "control")
    return control


def checked_half(half: str) -> str:
    """The half of the guidance that takes the ControlNet's residuals. Raises BadInput."""
    if half not in CONTROL_HALVES:
        raise BadInput(
            f"control_half is {half!r}; it takes one of {', '.join(CONTROL_HALVES)}.", "control_half"
        )
    return half


def checked_sketch(sketch: NDArray[np.floating[Any]], frames: int) -> NDArray[np.float32]:
    """A curve of any length as [frames]. Raises BadInput for what is no curve in [0, 1]."""
    curve = np.asarray(sketch, dtype=np.float64)
    if curve.ndim != 1 or curve.size == 0:
        raise BadInput(
            f"The curve has shape {curve.shape}; a list of at least one number is needed.", "curve"
        )
    if not np.isfinite(curve).all():
        raise BadInput("The curve holds values that are not numbers; each must be from 0 to 1.", "curve")
    if curve.min() < 0 or curve.max() > 1:
        raise BadInput(
            f"The curve goes from {curve.min():g} to {curve.max():g}; values from 0 to 1 are accepted.",
            "curve",
        )
    return energy.resample_curve(curve, frames)
