"""Latent diffusion of pictures: a denoiser with text on the autoencoder's latents, and the decoder once more.

The denoiser is a stock `UNet2DConditionModel` of SD 1.x topology.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTokenizer

from sonic_ui.models.latents import decode_latents
from sonic_ui.pipelines.diffusion_loss import DiffusionLoss
from sonic_ui.pipelines.sampling import apply_cfg
from sonic_ui.scenes.world import SOURCES, SPECS, Scene, caption
from sonic_ui.training.data.rendering import clip_tokenizer, training_pictures
from sonic_ui.training.run import Run, Stage, artifact, save_sheet, stage
from sonic_ui.training.stages.clip import trained_clip
from sonic_ui.training.stages.picture_autoencoder import (
    PictureDecoderStage,
    latent_normalizer,
    stored_latents,
    trained_autoencoder,
)


def build_scheduler() -> DDIMScheduler:
    """DDIM over 1000 training steps, v-prediction, betas of SD rescaled to end in pure noise."""
    return DDIMScheduler(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=True,
    )


@dataclass(frozen=True)
class LatentData:
    """Latents of the rendered pictures, plain and mirrored, [N, 2, C, h, w] float16, with their scenes.

    facing   [N] 0 for pictures whose thing looks to the right, 1 to the left, -1 where nothing has a front.
             Things are shown looking to the right: a small denoiser that has seen a bird both ways paints the
             mean of them, which is a hill
    """

    latents: Tensor
    scenes: list[Scene]
    facing: Tensor

    def batch(self, generator: torch.Generator, size: int) -> tuple[Tensor, list[Scene]]:
        """Normalised latents [B, C, h, w] and their scenes."""
        index = torch.randint(0, len(self.scenes), (size,), generator=generator)
        return self.of(index, generator), [self.scenes[i] for i in index.tolist()]

    def of(self, index: Tensor, generator: torch.Generator) -> Tensor:
        """Normalised latents [B, C, h, w] of the pictures `index`, from the side that they are shown from."""
        mirror, facing = torch.randint(0, 2, index.shape, generator=generator), self.facing[index]
        side = torch.where(facing < 0, mirror, facing)
        return self.latents[index, side].float().contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def guided_latents(
    unet: nn.Module, text: Tensor, shape: tuple[int, ...], *, guidance: float, steps: int
) -> Tensor:
    """Sample latents of `shape` [B, C, h, w] from one fixed noise; `text` [2B, K, C], unconditional first."""
    scheduler = build_scheduler()
    scheduler.set_timesteps(steps)
    x = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    for t in scheduler.timesteps:
        prediction = unet(torch.cat([x, x]), t, encoder_hidden_states=text).sample
        x = scheduler.step(apply_cfg(prediction, guidance), t, x).prev_sample
    return x


class CaptionEncoder:
    """Tokenizer and frozen text encoder: captions -> tokens [B, K, C]."""

    def __init__(self, tokenizer: CLIPTokenizer, encoder: CLIPTextModel) -> None:
        self.tokenizer, self.encoder = tokenizer, encoder.eval().requires_grad_(False)

    @torch.no_grad()
    def __call__(self, captions: list[str]) -> Tensor:
        length = self.tokenizer.model_max_length
        batch = self.tokenizer(
            captions, padding="max_length", truncation=True, max_length=length, return_tensors="pt"
        )
        return self.encoder(input_ids=batch["input_ids"]).last_hidden_state


@stage("denoiser")
class DenoiserStage(Stage):
    """Train the base denoiser on captions; a tenth of them empty, for classifier-free guidance."""

    null_text = 0.12

    def __init__(self, run: Run) -> None:
        self.data = latent_data(run)
        self.module = new_unet(run).to(memory_format=torch.channels_last)
        self.module.set_attn_processor(AttnProcessor())  # on few tokens, plain products are the fastest
        self.text = caption_encoder(run)
        self.vae, self.normalizer = trained_autoencoder(run), latent_normalizer(run)
        self.diffusion = DiffusionLoss(build_scheduler())

    def captions(self, scenes: list[Scene], generator: torch.Generator) -> list[str]:
        """A fresh caption a scene, some of them empty."""
        rng = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
        return ["" if rng.random() < self.null_text else caption(s, rng) for s in scenes]

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        latents, scenes = self.data.batch(generator, batch_size)
        noisy, timesteps, target = self.diffusion.noised(latents, generator)
        tokens = self.text(self.captions(scenes, generator))
        dtype = next(self.module.parameters()).dtype
        prediction = self.module(noisy.to(dtype), timesteps, encoder_hidden_states=tokens.to(dtype)).sample
        return self.diffusion(prediction.float(), target, timesteps), {}

    @torch.no_grad()
    def sample(self, module: nn.Module, path: Path, *, guidance: float = 4.0, steps: int = 25) -> None:
        """One picture of each source, from its label alone."""
        module.eval()
        captions = [f"a painting of {SPECS[name].label}" for name in SOURCES]
        tokens = torch.cat([self.text([""] * len(captions)), self.text(captions)])
        shape = (len(captions), *self.data.latents.shape[2:])
        x = guided_latents(module, tokens, shape, guidance=guidance, steps=steps)
        save_sheet(decode_latents(self.vae, x, self.normalizer), path, columns=8)


@artifact
def caption_encoder(run: Run) -> CaptionEncoder:
    """CLIP's text encoder as the denoiser reads it."""
    clip = trained_clip(run)
    encoder = CLIPTextModel(clip.config.text_config)
    own = encoder.state_dict()
    state = {k: v for k, v in clip.text_model.state_dict().items() if k in own}
    encoder.load_state_dict(state or {k: clip.state_dict()[k] for k in own})
    return CaptionEncoder(clip_tokenizer(run), encoder)


def latent_data(run: Run) -> LatentData:
    """Latents with their scenes."""
    stored = stored_latents(run)
    return LatentData(stored["latents"], training_pictures(run)[1], stored["facing"])


def new_unet(run: Run) -> UNet2DConditionModel:
    """Four levels, cross-attention in three, two layers a level: 12 decoder layers, as in SD 1.x."""
    r = run.recipe["denoiser"]
    _, _, channels, _, size = stored_latents(run)["latents"].shape
    return UNet2DConditionModel(
        sample_size=size,
        in_channels=channels,
        out_channels=channels,
        block_out_channels=tuple(r["channels"]),
        layers_per_block=2,
        cross_attention_dim=r["token_dim"],
        attention_head_dim=4,
        norm_num_groups=16,
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
    )


@artifact
def trained_unet(run: Run) -> UNet2DConditionModel:
    return run.load("denoiser", new_unet(run)).requires_grad_(False)


@torch.no_grad()
def soften(
    unet: nn.Module, latents: Tensor, text: Tensor, generator: torch.Generator, *, guidance: float = 4.0
) -> Tensor:
    """Latents [B, C, h, w] as the denoiser leaves them: noised to a place in the last 40 % of the way of 25
    steps, where shapes stay and detail goes, and denoised.

    text   [2B, K, C], unconditional first
    """
    scheduler = build_scheduler()
    scheduler.set_timesteps(25)
    begin = int(torch.randint(15, 24, (), generator=generator))
    noise = torch.randn(latents.shape, generator=generator)
    x = scheduler.add_noise(latents, noise, scheduler.timesteps[begin])
    for t in scheduler.timesteps[begin:]:
        prediction = unet(torch.cat([x, x]), t, encoder_hidden_states=text).sample
        x = scheduler.step(apply_cfg(prediction, guidance), t, x).prev_sample
    return x


@stage("decoder")
class SoftDecoderStage(PictureDecoderStage):
    """The decoder once more: half of the pictures from their latents as the denoiser leaves them.

    The critic weighs twice as much as before: what such latents do not say it has to choose.
    """

    name, opinion = "decoder", 1.0

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        run.load("picture_decoder", self.module).train()
        generator, scenes = torch.Generator().manual_seed(5), training_pictures(run)[1]
        count = min(run.recipe[self.name]["scenes"], len(scenes))
        self.soft_index = torch.randperm(len(scenes), generator=generator)[:count]
        text, unet, rng = caption_encoder(run), trained_unet(run), np.random.default_rng(5)
        parts = []
        for some in self.soft_index.split(50):
            words = text([""] * len(some) + [caption(scenes[i], rng) for i in some.tolist()])
            parts.append(soften(unet, self.latents[some, 0].float(), words, generator).half())
        self.soft = torch.cat(parts)
        self.soft_of = torch.full((len(scenes),), -1)
        self.soft_of[self.soft_index] = torch.arange(count)

    def drawn_latents(self, index: Tensor, mirror: Tensor, generator: torch.Generator) -> Tensor:
        """Where there are any, soft latents of half of the pictures that are not mirrored."""
        latents = super().drawn_latents(index, mirror, generator)
        number = self.soft_of[index]
        use = (number >= 0) & (mirror == 0) & (torch.rand(len(index), generator=generator) < 0.5)
        return torch.where(use[:, None, None, None], self.soft[number.clamp(min=0)].float(), latents)
