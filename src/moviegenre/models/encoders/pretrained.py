"""Find pretrained encoders: in a package, a local folder, or on the Hugging Face Hub."""

import logging
import re
from pathlib import Path
from typing import Any

from moviegenre.core.errors import PretrainedError
from moviegenre.core.hub_snapshots import hub_snapshot
from moviegenre.core.reading import at_home
from moviegenre.models.encoders.packaged import MINILM, PACKAGED

logger = logging.getLogger(__name__)

PINNED_REVISIONS = {
    # From the notices and cache paths of public projects that pin these encoders.
    "bert-base-uncased": "86b5e0934494bd15c9632b12f734a8a67f723594",
    "google-bert/bert-base-uncased": "86b5e0934494bd15c9632b12f734a8a67f723594",
    "microsoft/resnet-50": "34c2154c194f829b11125337b98c8f5f9965ff19",
}
"""The commit of each default encoder on the Hub; other encoders take their newest commit."""

_HUB_FILES = ["config.json", "*.safetensors", "tokenizer.json", "preprocessor_config.json"]
_COMMIT = re.compile(r"[0-9a-f]{40}")


def pretrained_folder(name: str, revision: str | None) -> Path:
    """Return a local folder with the encoder's files, downloading them if necessary.

    Args:
        name: ``minilm``, ``bge-small``, ``mpnet``, a folder, or a name on the hub.
        revision: A commit, tag or branch on the Hub; None takes the pinned commit of a default
            encoder and the newest commit of any other. The run records the commit.

    Raises:
        PretrainedError: The encoder does not exist, cannot be downloaded, or has changed.
        MissingExtraError: The wheel of a packaged encoder is not installed.
    """
    if name in PACKAGED:
        return PACKAGED[name]()
    folder = at_home(Path(name))
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise PretrainedError(f"{folder} has no config.json; expected an encoder's folder")
        return folder
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        *first_names, last = PACKAGED
        raise PretrainedError(
            f"{name} does not exist; expected an encoder's folder, a name on the Hugging Face hub "
            f"such as bert-base-uncased, {', '.join(first_names)} or {last}"
        )
    return _hub_folder(name, revision)


def hub_revision(folder: Path) -> str | None:
    """Return the commit of a folder in the Hub's cache; None for any other folder."""
    return folder.name if _COMMIT.fullmatch(folder.name) else None


def _hub_folder(name: str, revision: str | None) -> Path:
    try:
        return hub_snapshot(name, revision or PINNED_REVISIONS.get(name), _HUB_FILES)
    except Exception as error:  # the Hub's client raises a dozen unrelated classes
        raise PretrainedError(
            f"{name} is no local folder and could not be downloaded from the Hugging Face Hub "
            f"({type(error).__name__}); check the name and the network, or name a local folder, "
            f"or use the packaged encoder for plots: `model.plot_encoder.name`={MINILM}"
        ) from None


def load_backbone(folder: Path, **config_changes: object) -> Any:  # noqa: ANN401 - any HF model
    """Load an encoder with its weights, in float32.

    Args:
        folder: The result of ``pretrained_folder``.
        config_changes: Settings of the encoder's config to change, if it has them.

    Raises:
        PretrainedError: The folder's files are no encoder.
    """
    import torch
    from transformers import AutoConfig, AutoModel
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        config = AutoConfig.from_pretrained(folder)  # a local folder # nosec B615
        _change_config(config, config_changes)
        return AutoModel.from_pretrained(  # a local folder # nosec B615
            folder, config=config, dtype=torch.float32
        )
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise PretrainedError(f"{folder} cannot be loaded as an encoder: {reason}") from None


def build_backbone(architecture: dict[str, Any], **config_changes: object) -> Any:  # noqa: ANN401
    """Build an encoder with random weights from the result of ``architecture_of``."""
    from transformers import AutoConfig, AutoModel

    values = dict(architecture)
    config = AutoConfig.for_model(values.pop("model_type"), **values)
    _change_config(config, config_changes)
    return AutoModel.from_config(config)  # type: ignore[no-untyped-call]


def architecture_of(backbone: Any) -> dict[str, Any]:  # noqa: ANN401 - any HF model
    """Return an encoder's config as plain values."""
    import json

    values: dict[str, Any] = json.loads(backbone.config.to_json_string())
    values.pop("_name_or_path", None)
    return values


def _change_config(config: Any, changes: dict[str, object]) -> None:  # noqa: ANN401 - any HF config
    for key, value in changes.items():
        if hasattr(config, key):
            setattr(config, key, value)
