"""Figures by which papers compare pictures of sounds: inception score, Fréchet and kernel distance, and
CLIPscore, and how alike a sound and its picture are.

None of the networks that grade took part in painting, but where a figure's name says that it grades itself:
the bundle's CLIP reads the prompt.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from sonic_ui.audio.decode import resample
from sonic_ui.evaluation.appearance import kernel_distance, picture_features, presence_of
from sonic_ui.evaluation.drafts import frechet_distance
from sonic_ui.evaluation.held_out import SAMPLE_RATE, HeldOutClip
from sonic_ui.evaluation.image_metrics import as_tensor, image_embeddings, retrieval_rate
from sonic_ui.evaluation.metrics import Metric
from sonic_ui.evaluation.sound_quality import SAMPLE_RATE as SOUND_RATE
from sonic_ui.evaluation.sound_quality import mels_of
from sonic_ui.models.encoders import ImageEncoder
from sonic_ui.models.presence_classifier import PresenceClassifier
from sonic_ui.models.sound_classifier import SoundClassifier
from sonic_ui.scenes.world import SPECS

CLIP_SCALE = 2.5


def inception_score(shares: Tensor) -> float:
    """exp of the mean divergence of shares of classes [N, C] from their mean: 1 to C (arXiv 1606.03498,
    section 4).
    """
    shares = shares.double().clamp(min=1e-9)
    apart = (shares * (shares.log() - shares.mean(0).log())).sum(-1)
    return float(apart.mean().exp())


def clip_score(pictures: Tensor, words: Tensor) -> float:
    """2.5 times the mean cosine, not below 0, of embeddings [N, D] of pictures and of their words (arXiv
    2104.08718, equation 1).
    """
    return CLIP_SCALE * float((pictures * words).sum(-1).clamp(min=0).mean())


def shares_of_sources(judge: PresenceClassifier, pictures: Tensor) -> Tensor:
    """What each picture [B, 3, H, W] shows, as shares of the sources [B, S], sum 1."""
    presence = presence_of(judge, pictures)
    return presence / presence.sum(-1, keepdim=True).clamp(min=1e-9)


@torch.no_grad()
def shares_of_sounds(classifier: SoundClassifier, samples: Sequence[NDArray[np.float32]]) -> Tensor:
    """What each sound [T] at 48 kHz is taken for, as shares of the sources [B, S]."""
    sounds = [resample(one, SAMPLE_RATE, SOUND_RATE) for one in samples]
    return torch.cat([classifier(mels_of([one])).softmax(-1) for one in sounds])


def likeness(first: Tensor, second: Tensor) -> Tensor:
    """Bhattacharyya coefficients [N, M] of shares [N, C] and [M, C]: 1 where they are the same."""
    return first.sqrt() @ second.sqrt().T


def quality_metrics(
    judge: PresenceClassifier,
    features: PresenceClassifier,
    encoder: ImageEncoder,
    classifier: SoundClassifier,
    clips: Sequence[HeldOutClip],
    pictures: Sequence[Image.Image],
) -> list[Metric]:
    """The figures of pictures of clips, and those of the clips' own renders beside them.

    judge, features, classifier   of pictures, of pictures, of sounds; each was trained apart from the others
    """
    painted = as_tensor(pictures)
    renders = as_tensor(np.stack([clip.picture for clip in clips if clip.picture is not None]))
    reference = picture_features(features, renders)
    found = picture_features(features, painted)
    shown = {"pictures": shares_of_sources(judge, painted), "renders": shares_of_sources(judge, renders)}
    sounded = shares_of_sounds(classifier, [clip.samples for clip in clips])
    words = encoder.encode_words([f"a painting of {SPECS[clip.sources[0]].label}" for clip in clips])
    clip_scores = {
        kind: clip_score(image_embeddings(encoder.clip, some), words)
        for kind, some in (("pictures", painted), ("renders", renders))
    }
    note = f"{len(clips)} sounds"
    distance = frechet_distance(found, reference)
    metrics = [
        Metric("Fréchet distance of pictures from sounds to the same scenes' renders", distance, note=note),
        Metric("kernel distance of the same", kernel_distance(found, reference), note=note),
    ]
    for kind, shares in shown.items():
        alike = retrieval_rate(likeness(shares, sounded))
        metrics += [
            Metric(f"inception score of {kind}", inception_score(shares), note=f"{note}, at most 16"),
            Metric(f"sound and picture alike, {kind}", alike, note="AIS by classifiers apart"),
            Metric(f"CLIPscore of {kind} (grades itself)", clip_scores[kind], note="with “a painting of …”"),
        ]
    return metrics
