"""A student of the picture denoiser that needs few steps and no guidance, as low-rank updates of its weights.

The sampler is deterministic (DDIM), so a noise and its conditions have one path. The teacher walks it in many
small guided steps; the student learns to go from one of a few places on it to the next in one step without
guidance: progressive distillation (arXiv 2202.00512, section 3) in one stage, on paths that are stored. Some
batches start where the student has come itself, so that it learns to mend its own errors (arXiv 1011.0686).
"""

from copy import deepcopy
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor, nn
from torch.nn.utils import parametrize

from sonic_ui.models.gated_attention import AudioAttention
from sonic_ui.models.latents import decode_latents
from sonic_ui.models.low_rank import add_low_rank, low_rank_state
from sonic_ui.pipelines.sampling import apply_cfg, guidance_rescale
from sonic_ui.scenes.world import caption
from sonic_ui.training.data.rendering import mixture_shares, training_pictures
from sonic_ui.training.run import Run, Stage, save_sheet, stage
from sonic_ui.training.stages import latent_diffusion, picture_autoencoder
from sonic_ui.training.stages.adapter import (
    scene_embeddings,
    setting_caption,
    trained_adapter,
)

TEXT_SHARES = (0.6, 0.3, 0.1)
"""How often the words say nothing, the setting, or the whole caption."""

GLIDE_SHARE, SCALED_SHARE = 0.2, 0.4
MOST_SCALE = 2.0


@dataclass(frozen=True)
class Paths:
    """Paths of the teacher at the places where the student steps, with their conditions.

    latents   [N, steps + 1, C, h, w] float16, from noise to clean
    embeds    [N, D] of sounds, float16
    scales    [N] audio strength
    words     [N, K, C] float16, as the text encoder gives them
    """

    latents: Tensor
    embeds: Tensor
    scales: Tensor
    words: Tensor

    def __len__(self) -> int:
        return len(self.scales)

    @classmethod
    def load(cls, paths: list[Path]) -> "Paths":
        """Paths of all files. Raises FileNotFoundError when there are none."""
        if not paths:
            raise FileNotFoundError("no paths of the teacher; run the stage teacher_paths first")
        parts = [torch.load(path, weights_only=True) for path in paths]
        return cls(**{f.name: torch.cat([part[f.name] for part in parts]) for f in fields(cls)})


class Conditions:
    """Sounds and words to paint by, as people give them: one scene's, glides between two, any strength."""

    def __init__(self, run: Run) -> None:
        self.scenes, self.embeddings = training_pictures(run)[1], scene_embeddings(run)
        self.shares = torch.from_numpy(mixture_shares(self.scenes))
        self.text = latent_diffusion.caption_encoder(run)

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Embeddings [B, D], strengths [B], words [B, K, C]."""
        rng = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
        index, other = torch.multinomial(self.shares, 2 * count, replacement=True, generator=generator).chunk(
            2
        )
        embeds, ends = (self.embeddings.draw(some, generator)[0] for some in (index, other))
        glide = torch.rand(count, 1, generator=generator) < GLIDE_SHARE
        between = arc(embeds, ends, torch.rand(count, 1, generator=generator))
        scaled = torch.rand(count, generator=generator) < SCALED_SHARE
        scales = torch.where(scaled, MOST_SCALE * torch.rand(count, generator=generator), 1.0)
        prompts = []
        for i, kind in zip(index.tolist(), rng.choice(3, count, p=TEXT_SHARES), strict=True):
            scene = self.scenes[i]
            prompts.append(
                "" if kind == 0 else setting_caption(scene, rng) if kind == 1 else caption(scene, rng)
            )
        return torch.where(glide, between, embeds), scales, self.text(prompts)


def arc(a: Tensor, b: Tensor, position: Tensor) -> Tensor:
    """Unit vectors [B, D] at `position` [B, 1] of the arc from a to b (slerp, Shoemake 1985)."""
    angle = (a * b).sum(-1, keepdim=True).clamp(-1, 1).acos().clamp(min=1e-4)
    return (((1 - position) * angle).sin() * a + (position * angle).sin() * b) / angle.sin()


class Teacher:
    """The denoiser with its adapter, guided, in many steps."""

    def __init__(self, run: Run) -> None:
        recipe = run.recipe["few_steps"]
        self.guidance, self.steps = float(recipe["guidance"]), int(recipe["teacher_steps"])
        self.every = self.steps // int(recipe["steps"])
        self.unet, adapter = latent_diffusion.trained_unet(run), trained_adapter(run)
        self.unet.set_attn_processor(AttnProcessor())
        self.projector, self.attention = adapter.projector.eval(), adapter.attention.eval()
        self.null = latent_diffusion.caption_encoder(run)([""])

    @torch.no_grad()
    def walk(self, noise: Tensor, embeds: Tensor, scales: Tensor, words: Tensor) -> Tensor:
        """Latents [B, steps + 1, C, h, w] of the path from `noise`, at the places where the student steps."""
        scheduler = latent_diffusion.build_scheduler()
        scheduler.set_timesteps(self.steps)
        tokens = self.projector(torch.cat([torch.zeros_like(embeds), embeds]))
        text = torch.cat([self.null.expand(len(words), -1, -1), words])
        x, path = noise, [noise]
        with self.attention.condition(tokens, torch.cat([scales, scales])):
            for number, t in enumerate(scheduler.timesteps, start=1):
                with torch.autocast("cpu", torch.bfloat16):
                    prediction = self.unet(torch.cat([x, x]), t, encoder_hidden_states=text).sample
                guided = apply_cfg(prediction.float(), self.guidance, guidance_rescale(scheduler))
                x = scheduler.step(guided, t, x).prev_sample
                if number % self.every == 0:
                    path.append(x)
        return torch.stack(path, 1)


@stage("teacher_paths")
def store_paths(run: Run) -> None:
    """Store paths of the teacher in shards: `paths` of them for training, one to choose by."""
    folder = run.folder / "teacher_paths"
    names = ["held_out-0000", *(f"train-{number:04d}" for number in range(run.recipe["few_steps"]["paths"]))]
    shards = {folder / f"{name}.pt": number for number, name in enumerate(names)}
    missing = {path: number for path, number in shards.items() if not path.exists()}
    if missing:
        store_shards(run, missing)


def store_shards(run: Run, shards: dict[Path, int]) -> None:
    """Write paths of the teacher for each file of `shards`, whose numbers say which."""
    teacher, conditions = Teacher(run), Conditions(run)
    teacher.attention.attach(teacher.unet)
    count, shape = run.recipe["few_steps"]["shard"], teacher.unet.config
    size = (count, shape.in_channels, shape.sample_size, shape.sample_size)
    for path, number in shards.items():
        generator = torch.Generator().manual_seed(7_000_000 + number)
        embeds, scales, words = conditions.draw(count, generator)
        noise = torch.randn(size, generator=generator)
        parts = zip(*(x.split(64) for x in (noise, embeds, scales, words)), strict=True)
        latents = torch.cat([teacher.walk(*part) for part in parts])
        stored = {"latents": latents.half(), "embeds": embeds.half(), "scales": scales, "words": words.half()}
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".part")
        torch.save(stored, temporary)
        temporary.rename(path)
        run.report(str(path))
    teacher.attention.detach()


class Student(nn.Module):
    """The denoiser and its gated audio attention with low-rank updates on both."""

    def __init__(self, unet: nn.Module, attention: AudioAttention, rank: int) -> None:
        super().__init__()
        add_low_rank(unet, rank)
        add_low_rank(attention, rank)
        self.unet, self.attention = unet, attention


@stage("few_steps")
class FewStepsStage(Stage):
    """From one place of a stored path to the next, in one step without guidance.

    rollout_share   of the batches, which start where the student has come itself
    """

    rollout_share = 0.3

    def __init__(self, run: Run) -> None:
        recipe = run.recipe["few_steps"]
        self.paths = Paths.load(sorted((run.folder / "teacher_paths").glob("train-*.pt")))
        self.steps = int(recipe["steps"])
        self.module = student = new_student(run)
        student.unet.set_attn_processor(AttnProcessor())
        student.unet.to(memory_format=torch.channels_last)
        student.attention.attach(student.unet)
        self.projector = trained_adapter(run).projector.eval().requires_grad_(False)
        self.scheduler = few_step_scheduler(self.steps)
        self.vae = picture_autoencoder.trained_autoencoder(run)
        self.normalizer = picture_autoencoder.latent_normalizer(run)

    def predict(self, x: Tensor, number: Tensor, index: Tensor) -> Tensor:
        """Velocity [B, C, h, w] at step `number` [B] of the paths `index` [B]."""
        student: Student = self.module
        tokens = self.projector(self.paths.embeds[index].float())
        with student.attention.condition(tokens, self.paths.scales[index]), parametrize.cached():
            return student.unet(
                x.contiguous(memory_format=torch.channels_last),
                self.scheduler.timesteps[number],
                encoder_hidden_states=self.paths.words[index].float(),
            ).sample.float()

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        index = torch.randint(0, len(self.paths), (batch_size,), generator=generator)
        number = torch.randint(0, self.steps, (batch_size,), generator=generator)
        start = self.paths.latents[index, number].float()
        if torch.rand((), generator=generator) < self.rollout_share:
            start = self.rolled_out(index, number)
        target = step_velocity(self.scheduler, start, self.paths.latents[index, number + 1].float(), number)
        with torch.autocast("cpu", torch.bfloat16):
            prediction = self.predict(start, number, index)
        return nn.functional.mse_loss(prediction, target), {}

    @torch.no_grad()
    def rolled_out(self, index: Tensor, number: Tensor) -> Tensor:
        """Latents [B, C, h, w] where the student itself stands before step `number` [B]."""
        x = self.paths.latents[index, 0].float()
        with torch.autocast("cpu", torch.bfloat16):
            for step in range(int(number.max())):
                at = torch.full_like(number, step)
                after = step_to(self.scheduler, x, self.predict(x, at, index), at)
                x = torch.where((number > step)[:, None, None, None], after, x)
        return x

    @torch.no_grad()
    def sample(self, module: nn.Module, path: Path) -> None:
        """Student above teacher for sixteen paths."""
        trained, self.module = self.module, module
        index = torch.arange(min(16, len(self.paths)))
        x = self.rolled_out(index, torch.full((len(index),), self.steps))
        self.module = trained
        both = torch.cat([x, self.paths.latents[index, -1].float()])
        save_sheet(decode_latents(self.vae, both, self.normalizer), path, columns=8)

    def finish(self) -> None:
        student: Student = self.module
        student.attention.detach()


def new_student(run: Run) -> Student:
    """The trained denoiser and audio attention, copied, with updates that change nothing yet."""
    unet, attention = latent_diffusion.trained_unet(run), trained_adapter(run).attention
    return Student(deepcopy(unet), deepcopy(attention), int(run.recipe["few_steps"]["rank"]))


def student_updates(run: Run) -> dict[str, Tensor]:
    """The trained updates under the names that `low_rank.read_low_rank` knows."""
    student = run.load("few_steps", new_student(run))
    return low_rank_state(student.unet, "unet") | low_rank_state(student.attention, "audio_attention")


def few_step_scheduler(steps: int) -> DDIMScheduler:
    """The denoiser's scheduler, set to so many steps."""
    scheduler = latent_diffusion.build_scheduler()
    scheduler.set_timesteps(steps)
    return scheduler


def _signal_noise(scheduler: DDIMScheduler, number: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """sqrt(alpha), sqrt(1 - alpha) before step `number` [B] and after it, [B, 1, 1, 1] each."""
    times = torch.cat([scheduler.timesteps, torch.tensor([-1])])
    alphas = torch.cat([scheduler.alphas_cumprod, torch.ones(1)])  # the last one is that of time -1
    here, there = (alphas[times[n]].view(-1, 1, 1, 1) for n in (number, number + 1))
    return here.sqrt(), (1 - here).sqrt(), there.sqrt(), (1 - there).sqrt()


def step_to(scheduler: DDIMScheduler, x: Tensor, velocity: Tensor, number: Tensor) -> Tensor:
    """DDIM's step `number` [B] from `x` [B, C, h, w] by a velocity (arXiv 2202.00512, appendix D)."""
    signal, noise, signal_after, noise_after = _signal_noise(scheduler, number)
    clean, epsilon = signal * x - noise * velocity, signal * velocity + noise * x
    return signal_after * clean + noise_after * epsilon


def step_velocity(scheduler: DDIMScheduler, x: Tensor, after: Tensor, number: Tensor) -> Tensor:
    """The velocity with which `step_to` ends in `after`."""
    signal, noise, signal_after, noise_after = _signal_noise(scheduler, number)
    rest = after - (signal * signal_after + noise * noise_after) * x
    return rest / (signal * noise_after - noise * signal_after)
