"""The upscaler: generated pictures, which are a little soft, become renders of twice the size."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonic_ui.models.upscaler import PictureUpscaler
from sonic_ui.training.data.rendering import load_pictures, picture_shard, render_shards, shards_of
from sonic_ui.training.run import Run, Stage, artifact, save_sheet, stage
from sonic_ui.training.stages.picture_autoencoder import reconstruction_loss, trained_autoencoder

FOLDER = "large_pictures"


@stage("large_pictures")
def render_large_pictures(run: Run) -> None:
    """Render scenes at twice the size of the world's pictures."""
    world, recipe = run.recipe["world"], run.recipe["upscaler"]
    counts = {"train": recipe["picture_shards"]}
    shards = shards_of(run.folder / FOLDER, counts, 2 * world["picture_px"], recipe["shard_scenes"])
    render_shards(run, picture_shard, shards)


@stage("upscaler")
class UpscalerStage(Stage):
    """Renders made half as large and spoiled -> the renders. Keys of the recipe:

    crop_px        side of the small crops
    painted_share  of the crops, those that the picture autoencoder has written and read back: soft as
                   generated pictures are; the others are blurred a little and compressed
    """

    name = "upscaler"
    edge_weight = 1.0

    def __init__(self, run: Run) -> None:
        recipe = run.recipe[self.name]
        self.crop_px, self.painted_share = recipe["crop_px"], recipe["painted_share"]
        self.targets = load_pictures(run.folder / FOLDER, "train")[0]  # uint8 [N, 2 S, 2 S, 3]
        self.small = small_pictures(self.targets)  # uint8 [N, S, S, 3]
        self.painted = painted_pictures(run, self.small)
        torch.manual_seed(run.loop(self.name).seed)
        network = PictureUpscaler(recipe["channels"], recipe["depth"])
        self.module = network.to(memory_format=torch.channels_last)

    def batch(self, generator: torch.Generator, size: int) -> tuple[Tensor, Tensor]:
        """Small crops [B, 3, h, w] in [-1, 1] and what they are to become [B, 3, 2 h, 2 w]."""
        count, side, crop = len(self.small), self.small.shape[1], self.crop_px
        given, wanted = [], []
        for index in torch.randint(count, (size,), generator=generator).tolist():
            top, left = torch.randint(side - crop + 1, (2,), generator=generator).tolist()
            is_painted = float(torch.rand((), generator=generator)) < self.painted_share
            source = self.painted if is_painted else self.small
            small = _crop(source[index], top, left, crop)
            target = _crop(self.targets[index], 2 * top, 2 * left, 2 * crop)
            if not is_painted:
                small = spoil(small, generator)
            if float(torch.rand((), generator=generator)) < 0.5:
                small, target = small.flip(-1), target.flip(-1)
            given.append(small)
            wanted.append(target)
        last = torch.channels_last
        return (
            torch.stack(given).contiguous(memory_format=last),
            torch.stack(wanted).contiguous(memory_format=last),
        )

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        small, target = self.batch(generator, batch_size)
        output = self.module(small)
        mse = F.mse_loss(output.detach().clamp(-1, 1), target)
        figures = {"psnr_db": float(-10 * torch.log10(mse / 4))}
        return reconstruction_loss(output, target, self.edge_weight), figures

    @torch.no_grad()
    def sample(self, module: nn.Module, path: Path) -> None:
        """Four crops: interpolated, by the upscaler, and as they should be."""
        small, target = self.batch(torch.Generator().manual_seed(0), 4)
        smooth = F.interpolate(small, scale_factor=2, mode="bicubic", align_corners=False)
        save_sheet(torch.cat([smooth, module(small), target]), path, columns=len(small))


def _crop(picture: np.ndarray, top: int, left: int, side: int) -> Tensor:
    """A square of a picture uint8 [H, W, 3] as [3, side, side] in [-1, 1]."""
    part = np.ascontiguousarray(picture[top : top + side, left : left + side])
    return torch.from_numpy(part).permute(2, 0, 1).float() / 127.5 - 1


def small_pictures(pictures: np.ndarray) -> np.ndarray:
    """Pictures uint8 [N, 2 S, 2 S, 3] half as large [N, S, S, 3], as the world's renders are made small."""
    from PIL import Image

    side = pictures.shape[1] // 2
    shrunk = [Image.fromarray(one).resize((side, side), Image.Resampling.LANCZOS) for one in pictures]
    return np.stack([np.asarray(one) for one in shrunk])


@torch.no_grad()
def painted_pictures(run: Run, pictures: np.ndarray) -> np.ndarray:
    """Pictures uint8 [N, S, S, 3] as the picture autoencoder writes and reads them; they are stored."""
    path = run.folder / FOLDER / "painted.npy"
    if not path.exists():
        vae, out = trained_autoencoder(run), []
        for start in range(0, len(pictures), 10):
            x = torch.from_numpy(pictures[start : start + 10]).permute(0, 3, 1, 2).float() / 127.5 - 1
            sample = vae(x.contiguous(memory_format=torch.channels_last))
            out.append(((sample.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy())
        np.save(path, np.concatenate(out))
    painted: np.ndarray = np.load(path)
    return painted


def spoil(picture: Tensor, generator: torch.Generator) -> Tensor:
    """A crop [3, h, w] in [-1, 1]; mostly blurred by up to 1.2 px, half of the time compressed as JPEG of
    quality 70 to 98."""
    from io import BytesIO

    from PIL import Image, ImageFilter

    blur, pack, radius, quality = torch.rand(4, generator=generator).tolist()
    pixels = ((picture.permute(1, 2, 0).numpy() + 1) * 127.5).round().astype(np.uint8)
    image = Image.fromarray(pixels)
    if blur < 0.75:
        image = image.filter(ImageFilter.GaussianBlur(1.2 * radius))
    if pack < 0.5:
        file = BytesIO()
        image.save(file, "JPEG", quality=70 + round(28 * quality))
        image = Image.open(file).convert("RGB")
    return torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1).float() / 127.5 - 1


@artifact
def trained_upscaler(run: Run) -> PictureUpscaler:
    recipe = run.recipe["upscaler"]
    network: PictureUpscaler = run.load("upscaler", PictureUpscaler(recipe["channels"], recipe["depth"]))
    return network
