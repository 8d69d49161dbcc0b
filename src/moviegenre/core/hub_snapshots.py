"""Download the files of one commit from the Hugging Face Hub, and notice a changed commit."""

import logging
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from moviegenre.core.digests import known_commit, note_commit

logger = logging.getLogger(__name__)


def hub_snapshot(name: str, revision: str | None, patterns: Sequence[str]) -> Path:
    """Return the folder of a commit in the hub's cache; download its missing files.

    Progress is shown on a terminal only. A warning names both commits if the commit has changed
    since the last time.

    Args:
        name: ``OWNER/NAME`` on the hub.
        revision: A commit, tag or branch; None takes the newest commit.
        patterns: Patterns of the files to download.

    Raises:
        Exception: An error of the hub's client, which has a dozen unrelated classes.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    with nullcontext() if sys.stderr.isatty() else disable_progress_bars():
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=list(patterns)))
    full_name = name if revision is None else f"{name}@{revision}"
    commit = folder.name
    last_commit = known_commit(full_name)
    if last_commit is not None and last_commit != commit:
        logger.warning(
            "%s on the Hugging Face hub has changed since its last use: it is commit %s, and was "
            "%s; to keep that one, name %s@%s",
            *(full_name, commit[:12], last_commit[:12], name.partition("@")[0], last_commit),
        )
    note_commit(full_name, commit)
    return folder
