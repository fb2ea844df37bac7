"""The picture autoencoder's decoder: trained on latents alone, since the encoder is fixed, beside a critic.

Reconstruction alone gives the mean of all pictures that the few latents could mean, which is soft. A critic
of patches (arXiv 1611.07004), with matching of its features (arXiv 1711.11585), makes the decoder choose.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonic_ui.models.compact_autoencoder import PictureDecoder
from sonic_ui.training.data.rendering import training_pictures
from sonic_ui.training.run import Run, Stage, artifact, save_sheet, stage
from sonic_ui.training.stages import latent_diffusion
from sonic_ui.training.stages.latent_diffusion import reconstruction_loss


class PatchCritic(nn.Module):
    """Pictures [B, 3, H, W] -> scores of overlapping patches [B, 1, H/16, W/16], and the maps on the way."""

    def __init__(self, channels: tuple[int, ...] = (32, 64, 128, 192)) -> None:
        super().__init__()
        sides = zip((3, *channels[:-1]), channels, strict=True)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in sides)
        self.score = nn.Conv2d(channels[-1], 1, 3, 1, 1)

    def forward(self, pictures: Tensor) -> tuple[Tensor, list[Tensor]]:
        maps, x = [], pictures
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
            maps.append(x)
        return self.score(x), maps


class DecoderAndCritic(nn.Module):
    """The parts that this stage trains; only the decoder is used afterwards."""

    def __init__(self, decoder: PictureDecoder) -> None:
        super().__init__()
        self.decoder, self.critic = decoder, PatchCritic()


class CriticLoss:
    """Gradient of all losses at the output, so that the decoder is passed backwards once.

    The critic's opinion and the distance of its features are scaled to the length of the reconstruction's
    gradient, times `opinion` and `matching` (as arXiv 2012.09841 weighs its critic, here at the output).
    """

    def __init__(self, edge_weight: float, opinion: float, matching: float) -> None:
        self.edge_weight, self.opinion, self.matching = edge_weight, opinion, matching

    def __call__(
        self, critic: nn.Module, output: Tensor, target: Tensor, share: float
    ) -> tuple[Tensor, Tensor, dict[str, float]]:
        """Gradient [B, 3, H, W] at `output`, the critic's own loss, and figures.

        share   in [0, 1] of the critic's weight; at 0 it is left out
        """
        dtype = next(critic.parameters()).dtype
        shown = output.detach().float().requires_grad_()
        loss = reconstruction_loss(shown, target, self.edge_weight)
        (gradient,) = torch.autograd.grad(loss, shown)
        figures = {"reconstruction": loss.item()}
        if share == 0:
            return gradient, loss.new_zeros(()), figures
        score_true, maps_true = critic(target.to(dtype))
        own = F.relu(1 - score_true).mean() + F.relu(1 + critic(shown.detach().to(dtype))[0]).mean()
        score, maps = critic(shown.to(dtype))
        apart = torch.stack([F.l1_loss(a, b.detach()) for a, b in zip(maps, maps_true, strict=True)]).sum()
        length = gradient.norm()
        for weight, part in ((self.opinion, -score.mean()), (self.matching, apart)):
            (other,) = torch.autograd.grad(part, shown, retain_graph=True)
            gradient = gradient + share * weight * length / other.norm().clamp_min(1e-12) * other
        return gradient, own, figures | {"critic": own.item(), "matching": apart.item()}


@stage("picture_decoder")
class PictureDecoderStage(Stage):
    """Train the decoder to paint pictures from their latents, or from latents as a denoiser leaves them.

    critic_from   step at which the critic begins; its weight grows over the next `critic_ramp` steps
    latent_noise  deviation of the noise on normalised latents, drawn in [0, this] for each picture
    """

    edge_weight, opinion, matching, critic_ramp = 1.0, 0.5, 1.0, 300

    def __init__(self, run: Run) -> None:
        recipe = run.recipe["picture_decoder"]
        self.critic_from, self.latent_noise = recipe["critic_from"], recipe["latent_noise"]
        self.pictures = training_pictures(run)[0]
        self.latents = latent_diffusion.stored_latents(run)["latents"]
        self.normalizer = latent_diffusion.latent_normalizer(run)
        decoder = latent_diffusion.new_autoencoder(run).decoder
        decoder.conv_in.weight.data.div_(self.normalizer.std.mean())  # it reads raw latents
        parts = DecoderAndCritic(decoder).to(memory_format=torch.channels_last)
        self.module, self.losses = parts, CriticLoss(self.edge_weight, self.opinion, self.matching)
        self.step = 0

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        parts: Any = self.module
        return [
            {"params": list(parts.decoder.parameters()), "lr": learning_rate},
            {"params": list(parts.critic.parameters()), "lr": learning_rate / 4, "weight_decay": 0.0},
        ]

    def batch(self, generator: torch.Generator, size: int) -> tuple[Tensor, Tensor]:
        """Raw latents [B, C, h, w] with a little noise, and their pictures [B, 3, H, W]."""
        index = torch.randint(0, len(self.pictures), (size,), generator=generator)
        mirror = torch.randint(0, 2, (size,), generator=generator)
        latents = self.latents[index, mirror].float()
        share = torch.rand(size, 1, 1, 1, generator=generator) * self.latent_noise
        noisy = latents + share * torch.randn(latents.shape, generator=generator)
        target = torch.from_numpy(self.pictures[index.numpy()]).permute(0, 3, 1, 2).float() / 127.5 - 1
        target = torch.where(mirror[:, None, None, None] == 1, target.flip(-1), target)
        last = torch.channels_last
        return self.normalizer.denormalize(noisy).contiguous(memory_format=last), target.contiguous(
            memory_format=last
        )

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        parts: Any = self.module
        latents, target = self.batch(generator, batch_size)
        output = parts.decoder(latents.to(next(parts.parameters()).dtype))
        share = min(1.0, max(0, self.step - self.critic_from) / self.critic_ramp)
        gradient, own, figures = self.losses(parts.critic, output, target, share)
        self.step += 1
        # A scalar whose gradient at the output is the one that was made: the loop needs one loss of all.
        return (output.float() * gradient).sum() + own, figures

    @torch.no_grad()
    def sample(self, module: nn.Module, path: Path) -> None:
        """Eight pictures above what the decoder makes of their latents."""
        averaged: Any = module
        count = min(8, len(self.pictures))
        target = torch.from_numpy(np.asarray(self.pictures[:count])).permute(0, 3, 1, 2).float() / 127.5 - 1
        output = averaged.decoder(self.normalizer.denormalize(self.latents[:count, 0].float()))
        save_sheet(torch.cat([target, output]), path, columns=count)


@artifact
def trained_decoder(run: Run) -> PictureDecoder:
    parts = DecoderAndCritic(latent_diffusion.new_autoencoder(run).decoder)
    decoder: PictureDecoder = run.load("picture_decoder", parts).decoder
    return decoder
