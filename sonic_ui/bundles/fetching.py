"""Download of a bundle's parts from a model hub, with progress and refusals in sentences."""

import logging
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sonic_ui.bundles.parts import Part
from sonic_ui.requests import BadInput

log = logging.getLogger(__name__)

OnBytes = Callable[[int, int], None]
"""Called with (bytes here, bytes in all) as files come in; what it raises ends the fetching."""

STAYS = "The current engine stays."


def fetch_parts(
    parts: Sequence[Part], beside: Path, on_bytes: OnBytes | None = None
) -> list[tuple[Path, ...]]:
    """The paths of each part's files: those beside a bundle's description, or from the hub's cache.

    What the cache has is not fetched again. Raises BadInput for what cannot be had: no network, a repository
    that is gated or not there, a file that is missing, no room on the disk.
    """
    remote = [(part, file) for part in parts if not part.is_local for file in part.files]
    progress = _Progress(on_bytes or (lambda here, whole: None))
    progress.whole = sum(progress.expect(part, file, _file_info(part, file)) for part, file in remote)
    _check_disk(progress.whole)
    return [tuple(_fetch_file(part, file, beside, progress) for file in part.files) for part in parts]


class _Progress:
    """Bytes of several files, counted as one."""

    def __init__(self, on_bytes: OnBytes) -> None:
        self.on_bytes = on_bytes
        self.here = 0
        self.whole = 0
        self.cached: dict[tuple[str, str], Path] = {}
        self.ended: Exception | None = None  # raised by on_bytes

    def expect(self, part: Part, file: str, info: Any) -> int:
        """Bytes that are still to come of a file, by what the hub says of it."""
        if info.is_cached:
            self.cached[part.repository, file] = Path(info.local_path)
            return 0
        return int(info.file_size or 0)

    def bar(self) -> type:
        """A class that stands where the hub expects tqdm's, and counts into this."""
        from tqdm.auto import tqdm

        progress = self

        class Bar(tqdm):
            """Progress bar that counts and draws nothing."""

            def __init__(self, *args: Any, **kwargs: Any) -> None:
                kwargs.pop("name", None)
                super().__init__(*args, **{**kwargs, "disable": True})
                progress.count(int(kwargs.get("initial") or 0))

            def update(self, n: float | None = 1) -> bool | None:
                progress.count(int(n or 0))
                return None

        return Bar

    def count(self, more: int) -> None:
        self.here += more
        try:
            self.on_bytes(min(self.here, self.whole), self.whole)
        except Exception as error:
            self.ended = error
            raise


def _file_info(part: Part, file: str) -> Any:
    """Size and cached path of a file, without fetching it."""
    return _from_hub(part, file, dry_run=True)


def _fetch_file(part: Part, file: str, beside: Path, progress: _Progress) -> Path:
    if part.is_local:
        path = beside / part.repository / file
        if not path.is_file():
            raise BadInput(f"The engine's file {part.repository}/{file} is missing.", "bundle")
        return path
    if (part.repository, file) in progress.cached:
        return progress.cached[part.repository, file]
    try:
        return Path(_from_hub(part, file, tqdm_class=progress.bar()))
    except Exception:
        if progress.ended is not None:
            raise progress.ended from None
        raise


def _from_hub(part: Part, file: str, **options: Any) -> Any:
    import huggingface_hub

    try:
        return huggingface_hub.hf_hub_download(
            part.repository, file, repo_type=part.kind, revision=part.revision, **options
        )
    except Exception as error:
        log.info("%s of %s cannot be had", file, part.repository, exc_info=True)
        raise BadInput(_why(error, part, file), "bundle") from error


def _why(error: Exception, part: Part, file: str) -> str:
    """A sentence for what the hub answered."""
    from huggingface_hub import errors

    where = f"{part.repository} on the model hub"
    if isinstance(error, errors.GatedRepoError):
        return (
            f"{where} asks its visitors to accept its terms first. Do so on its page, run `hf auth login`, "
            f"then try again. {STAYS}"
        )
    if isinstance(error, errors.RevisionNotFoundError | errors.EntryNotFoundError) and not isinstance(
        error, errors.LocalEntryNotFoundError
    ):
        return f"{where} has no {file} at {part.revision}. {STAYS}"
    if isinstance(error, errors.RepositoryNotFoundError):
        return f"{where} is not there, or not for you: private ones need `hf auth login`. {STAYS}"
    if isinstance(error, OSError) and error.errno == 28:  # no space left on device
        return f"The disk is full: {file} of {part.repository} does not fit. {STAYS}"
    return f"{where} cannot be reached, and its files are not on this computer. Is there a network? {STAYS}"


def _check_disk(needed: int) -> None:
    from huggingface_hub import constants

    cache = Path(constants.HF_HUB_CACHE)
    while not cache.exists():
        cache = cache.parent
    free = shutil.disk_usage(cache).free
    if needed > free:
        raise BadInput(
            f"The engine's files take {gigabytes(needed)}; the disk has {gigabytes(free)} left. {STAYS}",
            "bundle",
        )


def gigabytes(count: float) -> str:
    """Bytes as a person reads them: "4.3 GB", "25 MB"."""
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.0f} MB"
