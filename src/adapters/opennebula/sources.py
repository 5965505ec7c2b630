"""Port Sources: images from files and URLs, on the front-end (opennebula.md 2.4)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from adapters.opennebula import processes
from adapters.opennebula.formats import RAW, QemuImg, format_of, is_packed
from adapters.opennebula.installation import Installation
from adapters.opennebula.ssh import Shell
from adapters.opennebula.staging import staged
from adapters.opennebula.writing import Writer
from domain.errors import SourceUnreadable
from domain.names import HostName
from domain.ports import FetchedImage, ImageSource
from domain.settings import Limits


class FrontEndSources:
    """Sources of images on this machine."""

    def __init__(
        self, installation: Installation, environment: Mapping[str, str], limits: Limits, shell: Shell | None = None
    ) -> None:
        self._installation = installation
        self._environment = environment
        self._limits = limits
        self._writer = Writer(shell or Shell(limits), limits)

    def real_path(self, path: str) -> str:
        """*path* with every link resolved. Raises SourceUnreadable when it does not exist."""
        try:
            return os.path.realpath(path, strict=True)
        except OSError as error:
            raise SourceUnreadable(f"{path} cannot be read: {error.strerror}") from error

    @contextmanager
    def fetch(self, source: ImageSource) -> Iterator[FetchedImage]:
        """The raw bytes: of a local file that is raw, in place; of everything else in a private directory, gone after.

        The size must be known before a volume can be made, so a stream is always spooled. Raises SourceRefused,
        SourceUnreadable.
        """
        if self._is_ready(source):
            yield _fetched(Path(self.real_path(source.path)))
            return
        with self._staging(source) as directory:
            file, raw = directory / "source", directory / "raw"
            self._download(source, file)
            kind = format_of(file)
            if kind == RAW:
                raw = file
            else:
                QemuImg(source.path, self._environment, self._limits.transfer).to_raw(file, kind, raw)
                file.unlink()
            yield _fetched(raw)

    def _is_ready(self, source: ImageSource) -> bool:
        """Whether nothing has to be done: a plain local file, raw, not packed, and no sum to check."""
        if not source.path.startswith("/") or source.md5 or source.sha1:
            return False
        path = Path(self.real_path(source.path))
        return path.is_file() and format_of(path) == RAW and (source.no_decompress or not is_packed(path))

    @contextmanager
    def _staging(self, source: ImageSource) -> Iterator[Path]:
        with ExitStack() as stack:
            try:
                directory = stack.enter_context(staged(Path(source.staging_directory)))
            except OSError as error:
                why = f"nothing can be staged in {source.staging_directory}: {error.strerror}"
                raise SourceUnreadable(f"{source.path} cannot be fetched: {why}") from error
            yield directory

    def _download(self, source: ImageSource, to: Path) -> None:
        """OpenNebula's own script knows every scheme, checks the sums and unpacks."""
        script = self._installation.remotes / "datastore" / "downloader.sh"
        try:
            ended = processes.run(
                [str(script), *_options(source), source.path, str(to)],
                seconds=self._limits.transfer,
                environment={**self._environment, **_document(source)},
                directory=str(self._installation.var),
            )
        except OSError as error:
            raise SourceUnreadable(f"{script} cannot be started: {error.strerror}") from error
        if ended.timed_out:
            raise SourceUnreadable(f"{source.path} was not fetched within {self._limits.transfer:g} seconds")
        if ended.code != 0 or not to.is_file():
            raise SourceUnreadable(f"{source.path} cannot be fetched: {ended.said}")

    def write(self, image: FetchedImage, host: HostName, device: str, *, zeroed: bool, wait: float = 0.0) -> int:
        """Write to *device* in one session, flush, and compare what is there now with what was sent."""
        return self._writer.write(image, host, device, zeroed=zeroed, wait=wait)


def _document(source: ImageSource) -> dict[str, str]:
    """The order's document, which holds secrets of the datastore: only s3 is asked for with it (opennebula.md 2.4)."""
    return {"DRV_ACTION": source.payload_base64} if source.path.startswith("s3://") else {}


def _fetched(path: Path) -> FetchedImage:
    return FetchedImage(path.stat().st_size, str(path))


def _options(source: ImageSource) -> list[str]:
    valued = {"--md5": source.md5, "--sha1": source.sha1, "--limit": source.limit_bandwidth}
    options = [word for option, value in valued.items() if value for word in (option, value)]
    return [*options, "--nodecomp"] if source.no_decompress else options
