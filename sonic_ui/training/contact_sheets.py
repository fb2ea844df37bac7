"""Contact sheets: tensors of pictures as one PNG."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor


def save_sheet(pictures: Tensor, path: Path, *, columns: int = 8) -> None:
    """Write pictures [B, 3, H, W] in [-1, 1] as a grid."""
    count, _, height, width = pictures.shape
    rows = -(-count // columns)
    sheet = Image.new("RGB", (columns * (width + 4), rows * (height + 4)), (16, 18, 22))
    array = ((pictures.clamp(-1, 1) + 1) * 127.5).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    for i, picture in enumerate(array):
        sheet.paste(
            Image.fromarray(picture), ((i % columns) * (width + 4) + 2, (i // columns) * (height + 4) + 2)
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)
