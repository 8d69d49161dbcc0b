"""Token buckets for several processes of one machine."""

import fcntl
import os
import struct
import time
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

from moviegenre.apps.service.access.rates import take_token

_SLOTS = 2**20
_BUCKET = struct.Struct("=dd")  # tokens, time of the last request; zeros before the first one


class SharedBuckets:
    """Token buckets in a sparse file that every process opens; each bucket has its own lock.

    The hash of a client chooses its bucket. Each of 1,000 clients shares its bucket with a
    probability of 0.001, which at worst halves its rate. A lock ends with its process.

    Args:
        file: Created if missing. Its folder's name is the key of the hash and should be random.
        per_second: Tokens that a bucket gains each second.
        burst: The most tokens that a bucket holds.
        clock: Returns the time in seconds above 0, the same in every process.
    """

    def __init__(
        self,
        file: Path,
        per_second: float,
        burst: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(self._file, _SLOTS * _BUCKET.size)
        self._key = file.parent.name.encode()[-64:]
        self._per_second = per_second
        self._burst = burst
        self._clock = clock

    def take(self, client: str) -> float:
        """Take a token and return 0, or return the seconds until there is one."""
        digest = blake2b(client.encode(), digest_size=8, key=self._key).digest()
        offset = int.from_bytes(digest) % _SLOTS * _BUCKET.size
        fcntl.lockf(self._file, fcntl.LOCK_EX, _BUCKET.size, offset)
        try:
            tokens, last_time = _BUCKET.unpack(os.pread(self._file, _BUCKET.size, offset))
            if not last_time:
                tokens = self._burst
            now = self._clock()
            wait, tokens = take_token(tokens, now - last_time, self._per_second, self._burst)
            os.pwrite(self._file, _BUCKET.pack(tokens, now), offset)
            return wait
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, _BUCKET.size, offset)

    def __del__(self) -> None:
        os.close(self._file)
