"""Download one file from the first of several mirrors that serves it intact.

A file is written beside its target, verified, flushed to disk and only then renamed: whatever stands in
the folder under its own name has been verified.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from tenfold.atomic import replacing
from tenfold.errors import DataError

CONNECT_SECONDS = 5
SILENCE_SECONDS = 30
MAX_BYTES = 64 * 1024**2
"""No file of the catalog is larger than this, neither as served nor decompressed."""

CHUNK_BYTES = 64 * 1024

Progress = Callable[[str, int, int], None]
"""Called as ``progress(file name, bytes received, bytes in all or 0 where unknown)``."""


@dataclass(frozen=True)
class ServedFile:
    """A gzip file as mirrors serve it, and how to know it when it arrives.

    Parameters
    ----------
    name : str
        File name on the mirrors and in the cache, ending in ``.gz``.
    md5 : str
        MD5 of the file as served.
    sha256 : str, optional
        SHA-256 of the decompressed content. Where it is known it alone decides, because mirrors compress
        differently.
    """

    name: str
    md5: str
    sha256: str | None = None

    def is_intact(self, path: Path) -> bool:
        """Whether ``path`` holds this file: its content where that is known, else its bytes."""
        if self.sha256 is None:
            with path.open("rb") as stream:
                return _digest(stream, "md5") == self.md5
        try:
            with gzip.open(path) as content:
                return _digest(content, "sha256") == self.sha256
        except (gzip.BadGzipFile, EOFError, zlib.error):
            return False


def fetch_file(
    file: ServedFile, mirrors: Sequence[str], folder: Path, progress: Progress | None = None
) -> Path:
    """Download ``file`` into ``folder`` from the first mirror that serves it intact.

    A mirror has 5 s to accept the connection and may never be silent for more than 30 s.

    Parameters
    ----------
    file : ServedFile
        What to download.
    mirrors : sequence of str
        Addresses that ``file.name`` is appended to, tried in this order.
    folder : Path
        Where the file goes; made when it does not exist.
    progress : callable, optional
        Told of each piece that arrives, see `Progress`.

    Returns
    -------
    Path
        ``folder / file.name``, verified.

    Raises
    ------
    DataError
        When no mirror serves the file intact: names each host and what went wrong there. When the folder
        cannot be written.
    """
    failures = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for mirror in mirrors:
            failure = _try_mirror(mirror, file, folder, progress)
            if failure is None:
                return folder / file.name
            failures.append(f"{urlsplit(mirror).netloc} ({failure})")
    except OSError as error:
        raise DataError(
            f"{folder}: cannot write {file.name} ({error.strerror or error}); "
            "expected a writable folder with free space: set TENFOLD_CACHE to one"
        ) from error
    raise DataError(f"{file.name} could not be downloaded from {', '.join(failures)}")


def _try_mirror(mirror: str, file: ServedFile, folder: Path, progress: Progress | None) -> str | None:
    """Download from one mirror; return what went wrong there, or None."""
    from requests import RequestException

    try:
        with replacing(folder / file.name) as temporary:
            with temporary.open("wb") as stream:
                received = _transfer(mirror + file.name, stream, file.name, progress)
            if not file.is_intact(temporary):
                raise _UnusableError(f"its {received:,} bytes are not the expected file")
    except (RequestException, _UnusableError) as error:
        return _in_words(error)
    return None


def _transfer(url: str, stream: IO[bytes], name: str, progress: Progress | None) -> int:
    """Copy the bytes behind ``url`` into ``stream`` and return how many came."""
    import pooch

    meter = _Meter(stream, name, progress)
    download = pooch.HTTPDownloader(
        progressbar=meter,
        chunk_size=CHUNK_BYTES,
        timeout=(CONNECT_SECONDS, SILENCE_SECONDS),
        headers={"Accept-Encoding": "identity"},  # or the .gz may arrive already decompressed
    )
    download(url, meter, None)
    return meter.received


class _UnusableError(Exception):
    """What a mirror sends is not the file; the message says how one sees that."""


class _Meter:
    """Counts what arrives. For pooch it is both the file written to and the progress bar."""

    def __init__(self, stream: IO[bytes], name: str, progress: Progress | None) -> None:
        self.stream = stream
        self.name = name
        self.progress = progress
        self.received = 0
        self.total = 0  # set by pooch from the answer's Content-Length

    def write(self, chunk: bytes) -> int:
        self.received += len(chunk)
        if self.received > MAX_BYTES:
            raise _UnusableError(f"sends more than {MAX_BYTES // 1024**2} MiB")
        if self.progress is not None:
            self.progress(self.name, self.received, self.total)
        return self.stream.write(chunk)

    def flush(self) -> None:
        """Once, at the end, is enough."""

    def update(self, count: int) -> None:
        """Nothing to do: `write` has counted the exact number."""

    def reset(self) -> None:
        """Nothing to do: a meter serves one download."""

    def close(self) -> None:
        """Nothing to do: the stream is closed by whoever opened it."""


def _in_words(error: Exception) -> str:
    from requests import exceptions

    if isinstance(error, _UnusableError):
        return str(error)
    if isinstance(error, exceptions.HTTPError) and error.response is not None:
        return f"answers {error.response.status_code} {error.response.reason}".strip()
    if isinstance(error, exceptions.ConnectTimeout):
        return f"no answer within {CONNECT_SECONDS} s"
    if isinstance(error, exceptions.ReadTimeout):
        return f"silent for {SILENCE_SECONDS} s"
    if isinstance(error, exceptions.ChunkedEncodingError):
        return "broke off in the middle"
    if type(error) is exceptions.ConnectionError:
        return "cannot be reached"
    return f"failed with {type(error).__name__}"


def _digest(stream: IO[bytes] | gzip.GzipFile, algorithm: str) -> str:
    """Hash what ``stream`` gives, and no more than `MAX_BYTES` of it: beyond, it is no file of ours."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    for chunk in _chunks(stream):
        digest.update(chunk)
    return digest.hexdigest()


def _chunks(stream: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    remaining = MAX_BYTES
    while remaining > 0 and (chunk := stream.read(min(CHUNK_BYTES, remaining))):
        remaining -= len(chunk)
        yield chunk
