"""Latent diffusion of pictures: the autoencoder, and a denoiser with text on its cached latents.

The autoencoder's loss is L1 with weight on edges, with noise on the latents so that the decoder forgives; the
denoiser is a stock `UNet2DConditionModel` of SD 1.x topology.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderDC, DDIMScheduler, UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTokenizer

from sonic_ui.models.latents import LatentNormalizer, decode_latents, one_scale_normalizer, upper_band_power
from sonic_ui.pipelines.sampling import apply_cfg
from sonic_ui.scenes.world import SOURCES, SPECS, Scene, caption
from sonic_ui.training.data.rendering import clip_tokenizer, picture_batch, training_pictures
from sonic_ui.training.run import Run, Stage, artifact, save_sheet, stage
from sonic_ui.training.stages.clip import trained_clip


def build_autoencoder(
    latent_channels: int,
    encoder: Sequence[int],
    encoder_layers: Sequence[int],
    decoder: Sequence[int] | None = None,
    decoder_layers: Sequence[int] | None = None,
    in_channels: int = 3,
) -> AutoencoderDC:
    """A small `AutoencoderDC` of residual blocks; its factor is 2 ** (number of levels - 1).

    encoder   channels of its levels; the decoder has the same ones unless others are given
    """
    levels = len(encoder)
    return AutoencoderDC(
        in_channels=in_channels,
        latent_channels=latent_channels,
        encoder_block_types=("ResBlock",) * levels,
        decoder_block_types=("ResBlock",) * levels,
        encoder_block_out_channels=tuple(encoder),
        decoder_block_out_channels=tuple(decoder or encoder),
        encoder_layers_per_block=tuple(encoder_layers),
        decoder_layers_per_block=tuple(decoder_layers or encoder_layers),
        encoder_qkv_multiscales=((),) * levels,
        decoder_qkv_multiscales=((),) * levels,
        scaling_factor=1.0,
    )


def edges(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Horizontal and vertical differences of pictures [B, C, H, W]."""
    return pictures[..., :, 1:] - pictures[..., :, :-1], pictures[..., 1:, :] - pictures[..., :-1, :]


def reconstruction_loss(output: Tensor, target: Tensor, edge_weight: float) -> Tensor:
    """L1 of the pixels, plus `edge_weight` times the L1 of their differences (thin things survive)."""
    loss = F.l1_loss(output, target)
    for a, b in zip(edges(output), edges(target), strict=True):
        loss = loss + edge_weight * F.l1_loss(a, b)
    return loss


@stage("autoencoder")
class AutoencoderStage(Stage):
    """Learn to write a picture as latents and read it back. Source: AutoencoderDC (arXiv 2410.10733).

    Scale equivariance (arXiv 2502.09509, 2502.14831): pooled latents decode to the pooled picture, so that
    coarse shape lies in the low bands of the latents. Keys of the recipe:

    decoder_layers    blocks of the decoder's levels where they are not those of the encoder, `layers`
    crop              side of the crops in pixels
    edge_weight       weight of the edges beside the pixels
    latent_noise      deviation of the noise on the latents over theirs
    vary_noise        draw the noise's strength for each picture, between none and `latent_noise`
    pooled_share      of the steps, those that decode pooled latents, too: by 2, in 3 of 10 by 4
    pooled_weight     weight of that
    upper_weight      weight of the latents' share of variance in the upper bands: detail costs
    one_scale         one deviation normalises all channels, not one each (read by `stored_latents`)
    """

    name = "autoencoder"

    def __init__(self, run: Run) -> None:
        self.pictures, r = training_pictures(run)[0], run.recipe[self.name]
        self.crop: int = r["crop"]
        self.edge_weight: float = r.get("edge_weight", 1.0)
        self.latent_noise: float = r.get("latent_noise", 0.08)
        self.vary_noise: bool = r.get("vary_noise", False)
        self.pooled_share: float = r.get("pooled_share", 0.0)
        self.pooled_weight: float = r.get("pooled_weight", 1.0)
        self.upper_weight: float = r.get("upper_weight", 0.0)
        self.module = new_autoencoder(run).to(memory_format=torch.channels_last)

    def noised(self, latents: Tensor, generator: torch.Generator) -> Tensor:
        """Latents [B, C, h, w] with noise."""
        noise = torch.randn(latents.shape, generator=generator) * latents.detach().std() * self.latent_noise
        if self.vary_noise:
            noise = noise * torch.rand(len(latents), 1, 1, 1, generator=generator)
        return latents + noise

    def pooled_loss(self, latents: Tensor, target: Tensor, generator: torch.Generator) -> Tensor:
        """Loss of what pooled latents decode to, against the picture pooled likewise."""
        by_four = float(torch.rand((), generator=generator)) < 0.3 and min(latents.shape[-2:]) >= 4
        factor = 4 if by_four else 2
        output = self.module.decode(self.noised(F.avg_pool2d(latents, factor), generator)).sample
        return reconstruction_loss(output, F.avg_pool2d(target, factor), self.edge_weight)

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        index = torch.randint(0, len(self.pictures), (batch_size,), generator=generator)
        target = picture_batch(self.pictures, index, crop=self.crop, generator=generator)
        latents = self.module.encode(target).latent  # [B, C, h/8, w/8]
        output = self.module.decode(self.noised(latents, generator)).sample
        loss = reconstruction_loss(output, target, self.edge_weight) + 1e-4 * latents.pow(2).mean()
        mse = F.mse_loss(output.detach().clamp(-1, 1), target)
        figures = {"psnr_db": float(-10 * torch.log10(mse / 4))}
        if self.pooled_share and float(torch.rand((), generator=generator)) < self.pooled_share:
            loss = loss + self.pooled_weight * self.pooled_loss(latents, target, generator)
        if self.upper_weight:
            upper = upper_band_power(latents)
            loss, figures["upper"] = loss + self.upper_weight * upper, upper.item()
        return loss, figures

    @torch.no_grad()
    def sample(self, module: nn.Module, path: Path) -> None:
        generator = torch.Generator().manual_seed(0)
        index = torch.arange(min(8, len(self.pictures)))
        target = picture_batch(self.pictures, index, crop=None, generator=generator)
        output = module.decode(module.encode(target).latent).sample
        save_sheet(torch.cat([target, output]), path, columns=len(index))


@stage("decoder")
class DecoderStage(AutoencoderStage):
    """The autoencoder's decoder once more, with the encoder fixed, so that latents stay what they are.

    More noise on the latents teaches it to make something clean of what the denoiser leaves unclear.
    """

    name = "decoder"

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        run.load("autoencoder", self.module)
        self.module.encoder.requires_grad_(False)


def new_autoencoder(run: Run) -> AutoencoderDC:
    r = run.recipe["autoencoder"]
    layers, decoder_layers = r["layers"], r.get("decoder_layers")
    return build_autoencoder(r["latent_channels"], r["channels"], layers, decoder_layers=decoder_layers)


@artifact
def trained_autoencoder(run: Run) -> AutoencoderDC:
    """The trained autoencoder; with its decoder refined, once that stage is done."""
    model = run.load("autoencoder", new_autoencoder(run))
    if run.checkpoint("decoder").exists():
        run.load("decoder", model)
    return model.requires_grad_(False)


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
    """Latents of the rendered pictures, plain and mirrored, [N, 2, C, h, w] float16, with their scenes."""

    latents: Tensor
    scenes: list[Scene]

    def batch(self, generator: torch.Generator, size: int) -> tuple[Tensor, list[Scene]]:
        """Normalised latents [B, C, h, w] and their scenes."""
        index = torch.randint(0, len(self.scenes), (size,), generator=generator)
        mirror = torch.randint(0, 2, (size,), generator=generator)
        chosen = self.latents[index, mirror].float().contiguous(memory_format=torch.channels_last)
        return chosen, [self.scenes[i] for i in index.tolist()]


@torch.no_grad()
def encode_pictures(vae: AutoencoderDC, pictures: np.ndarray, batch: int = 50) -> Tensor:
    """Raw latents of pictures [N, H, W, 3] and of their mirror images: [N, 2, C, h, w] float32."""
    out = []
    for start in range(0, len(pictures), batch):
        x = torch.from_numpy(pictures[start : start + batch]).permute(0, 3, 1, 2).float() / 127.5 - 1
        pair = [vae.encode(v.contiguous(memory_format=torch.channels_last)).latent for v in (x, x.flip(-1))]
        out.append(torch.stack(pair, 1))
    return torch.cat(out)


def min_snr_weight(scheduler: DDIMScheduler, timesteps: Tensor, gamma: float) -> Tensor:
    """Weights [B] of the v-prediction loss: min(SNR, gamma) / (SNR + 1). Source: arXiv 2303.09556.

    The ratio is not diffusers' `compute_snr`, which squares square roots: its last bits differ.
    """
    alpha = scheduler.alphas_cumprod[timesteps]
    snr = alpha / (1 - alpha).clamp(min=1e-8)
    return snr.clamp(max=gamma) / (snr + 1)


class DiffusionLoss:
    """v-prediction loss with min-SNR weights; `floor` keeps a little weight on the noisiest steps.

    noisy   exponent on the uniform share of the schedule: below 1 noisy steps are drawn more often
    """

    def __init__(
        self, scheduler: DDIMScheduler, *, gamma: float = 5.0, floor: float = 0.15, noisy: float = 1.0
    ) -> None:
        self.scheduler, self.gamma, self.floor, self.noisy = scheduler, gamma, floor, noisy

    def noised(self, latents: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Noisy latents [B, C, h, w], timesteps [B] and the target velocity."""
        noise = torch.randn(latents.shape, generator=generator).to(memory_format=torch.channels_last)
        steps = int(self.scheduler.config["num_train_timesteps"])
        if self.noisy == 1.0:
            timesteps = torch.randint(0, steps, (len(latents),), generator=generator)
        else:
            share = torch.rand(len(latents), generator=generator) ** self.noisy
            timesteps = (share * steps).long().clamp(max=steps - 1)
        noisy = self.scheduler.add_noise(latents, noise, timesteps)
        return noisy, timesteps, self.scheduler.get_velocity(latents, noise, timesteps)

    def __call__(self, prediction: Tensor, target: Tensor, timesteps: Tensor) -> Tensor:
        error = F.mse_loss(prediction, target, reduction="none").mean((1, 2, 3))
        weight = min_snr_weight(self.scheduler, timesteps, self.gamma).clamp(min=self.floor)
        return (error * weight).mean()


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
        prediction = self.module(noisy, timesteps, encoder_hidden_states=tokens).sample
        return self.diffusion(prediction, target, timesteps), {}

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


@artifact
def stored_latents(run: Run) -> dict[str, Tensor]:
    """Normalised latents [N, 2, C, h, w] of the pictures and the statistics that normalise them."""
    path = run.folder / "latents.pt"
    if not path.exists():
        raw = encode_pictures(trained_autoencoder(run), training_pictures(run)[0])
        known = run.folder / "latent_statistics.pt"  # of the bundle that an imported denoiser comes from
        if known.exists():
            normalizer = LatentNormalizer.from_statistics(**torch.load(known, weights_only=True))
        else:
            one_scale = run.recipe["autoencoder"].get("one_scale", False)
            normalizer = (one_scale_normalizer if one_scale else LatentNormalizer.from_latents)(raw[:, 0])
        normal = normalizer.normalize(raw.flatten(0, 1)).unflatten(0, (-1, 2)).half()
        torch.save({"latents": normal, "mean": normalizer.mean, "std": normalizer.std}, path)
    return torch.load(path, weights_only=True)


def latent_normalizer(run: Run) -> LatentNormalizer:
    return LatentNormalizer.from_statistics(stored_latents(run)["mean"], stored_latents(run)["std"])


def latent_data(run: Run) -> LatentData:
    """Latents with their scenes."""
    return LatentData(stored_latents(run)["latents"], training_pictures(run)[1])


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
