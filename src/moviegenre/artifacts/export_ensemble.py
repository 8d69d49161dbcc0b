"""Export an ensemble: a self-contained folder with copies of its members."""

import shutil
from dataclasses import replace
from pathlib import Path

from moviegenre.artifacts.ensemble_file import (
    ENSEMBLE_FILE,
    EnsembleRecord,
    ensemble_file,
    is_ensemble,
)
from moviegenre.artifacts.export import Exported
from moviegenre.artifacts.folder import CARD_FILE, EXPORTED_FILES, is_exported
from moviegenre.artifacts.manifest import copy_record
from moviegenre.core.errors import ConfigError
from moviegenre.core.files import write_text
from moviegenre.core.folders import atomic_folder, restore_folder
from moviegenre.core.operating_point import THRESHOLDS_FILE
from moviegenre.core.reading import real_path

MEMBERS_FOLDER = "members"
_COMPANIONS = (THRESHOLDS_FILE, "run.json")
_NO_ONNX = "an ensemble's members are computed by PyTorch"


def export_ensemble(path: Path, out: Path) -> Exported:
    """Write a self-contained folder in one step.

    Args:
        path: The ensemble's folder, or its ``ensemble.json``.
        out: A new folder, or an earlier export of an ensemble, which is replaced.

    Raises:
        CheckpointError: A member is missing or was trained again.
        ConfigError: The folder has other content, or is the ensemble's own folder.
    """
    source = ensemble_file(path).parent
    if real_path(out) == real_path(source):
        raise ConfigError(f"{out} is the ensemble's own folder; name a new one with `out`")
    restore_folder(out)
    is_export = is_ensemble(out) and (out / MEMBERS_FOLDER).is_dir()
    if out.exists() and not is_export and (out.is_file() or any(out.iterdir())):
        raise ConfigError(f"{out} is there and is no exported ensemble; name a new folder")
    record = EnsembleRecord.read(source / ENSEMBLE_FILE)
    with atomic_folder(out) as folder:
        copies = []
        for member in record.members:
            file = member.file(source)
            member_folder = Path(MEMBERS_FOLDER, member.name.strip("/"))
            target = folder / member_folder
            target.mkdir(parents=True)
            names = EXPORTED_FILES if is_exported(file.parent) else (file.name,)
            for name in names:
                if (file.parent / name).is_file():
                    shutil.copyfile(file.parent / name, target / name)
            if not is_exported(target):
                copy_record(file, target)
            copies.append(replace(member, path=(member_folder / file.name).as_posix()))
        for name in _COMPANIONS:
            if (source / name).is_file():
                shutil.copyfile(source / name, folder / name)
        replace(record, members=tuple(copies)).write(folder / ENSEMBLE_FILE)
        write_text(folder / CARD_FILE, _card(record))
    return Exported(out, None, _NO_ONNX)


def _card(record: EnsembleRecord) -> str:
    """Return a short model card: the members, and the scores of the ensemble."""
    lines = [
        "# moviegenre ensemble",
        "",
        "Several models of film genres whose log-odds are added up with weights fitted on "
        f"{record.fitted.get('movies', 'some')} validation movies. Use this folder as "
        "`--checkpoint` of any `moviegenre` command, or with `moviegenre.load(FOLDER)`.",
        "",
        f"Genres: {', '.join(record.info.genres)}.",
        "",
        "| member | model |",
        "|---|---|",
        *(f"| {member.name} | {member.model_name} |" for member in record.members),
        "",
        "Cross-validated on validation: "
        + ", ".join(f"{name} {value:.4f}" for name, value in record.info.metrics.items())
        + " (fractions, threshold 0.5).",
    ]
    return "\n".join(lines) + "\n"
