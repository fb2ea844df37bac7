"""Pictures as the studio sees them: upright, and a mask of what may change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sonic_ui.engine.inputs import file_digest
from sonic_ui.requests import BadInput, EditImageRequest

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class EditPicture:
    """A picture to edit: upright RGB, its mask (None: all of it), and the SHA-256 of both files."""

    image: Image = field(repr=False)
    mask: Image | None = field(repr=False)
    digest: str
    mask_digest: str | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """What a result's metadata says of it."""
        said: dict[str, Any] = {"picture_sha256": self.digest, "picture_px": list(self.image.size)}
        return {**said, "mask_sha256": self.mask_digest} if self.mask_digest else said


def read_upright(path: str) -> EditPicture:
    """A picture file, all of it. Raises `BadInput`."""
    from sonic_ui.media.images import load_picture

    image = load_picture(path)
    return EditPicture(image, None, file_digest(path))


def read_picture(request: EditImageRequest) -> EditPicture:
    """The picture and the mask that a request names. Raises `BadInput` naming the setting."""
    from sonic_ui.media.images import load_picture, read_mask

    whole = read_upright(request.picture)
    image, digest = whole.image, whole.digest
    if request.mask is None:
        return whole
    try:
        mask = load_picture(request.mask)
    except BadInput as problem:
        raise BadInput(f"The mask cannot be used. {problem.message}", "mask") from problem
    return EditPicture(image, read_mask(mask, image.size), digest, file_digest(request.mask))
