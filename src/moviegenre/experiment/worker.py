"""The main function of every further process of a distributed training."""

import sys
from pathlib import Path

from moviegenre.data.prepared import PreparedData
from moviegenre.experiment.config import ExperimentConfig
from moviegenre.experiment.training_inputs import load_inputs
from moviegenre.training.fit import fit
from moviegenre.training.processes import Place, exit_with_parent, jobs


def train_along(place: Place) -> None:
    """Run the trainings of the first process until its command ends.

    Args:
        place: The rank of this process.
    """
    experiment: ExperimentConfig
    folder: Path
    for experiment, folder, resume in jobs(place):
        inputs = load_inputs(experiment, PreparedData(experiment.data.dir))
        fit(
            inputs.model,
            inputs.loss,
            inputs.movies,
            experiment.training,
            folder,
            lambda metrics, epoch: None,
            resume=resume,
            progress=False,
        )


def main() -> None:
    """Run this process; the argument is the number of the process that started it."""
    exit_with_parent(int(sys.argv[1]))
    place = Place.of_environment()
    assert place is not None, "the starting process sets it"
    train_along(place)


if __name__ == "__main__":
    main()
