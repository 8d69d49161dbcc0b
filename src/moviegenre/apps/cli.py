"""The command line. Modules that take long to import are imported inside the commands."""

import logging
import math
import os
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from typer.core import TyperGroup

from moviegenre.apps.adapt_command import adapt
from moviegenre.apps.data_commands import app as data_app
from moviegenre.apps.failures import (
    failure_message,
    interruption_message,
    is_system_failure,
    note_on_failure,
)
from moviegenre.apps.library_command import library
from moviegenre.apps.messages import (
    MessageFormatter,
    StderrHandler,
    echo,
    replace_unprintable,
    with_options,
)
from moviegenre.apps.model_commands import export, push
from moviegenre.apps.options import (
    OUT,
    Config,
    DataDir,
    Overrides,
    Quiet,
    SplitOption,
)
from moviegenre.apps.predict_command import predict
from moviegenre.apps.reproduce_command import reproduce
from moviegenre.apps.serve_command import serve
from moviegenre.apps.training_processes import release_other_processes, run_as_worker
from moviegenre.core.errors import ConfigError, MovieGenreError, shortened
from moviegenre.core.extras import require_training
from moviegenre.core.faults import expected_value
from moviegenre.core.types import CalibrationMethod, Goal, Split, ThresholdRule
from moviegenre.studies.ablations.command import ablate
from moviegenre.studies.audit.command import audit
from moviegenre.studies.ensembles.command import ensemble
from moviegenre.studies.faithfulness.command import faithfulness
from moviegenre.studies.robustness.command import robustness
from moviegenre.studies.seeds.command import reproduce_seeds


class _InterruptedError(BaseException):
    """Ctrl-C in a command. Typer would turn KeyboardInterrupt into an exit without a message."""


class _Commands(TyperGroup):
    """The commands; an interruption becomes an error that Typer does not handle."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - click's or Typer's own copy of it
        """Run a command."""
        try:
            result = super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise _InterruptedError from error
        release_other_processes(ctx.invoked_subcommand)
        return result


_TRAINING, _STUDIES = "Train, evaluate and compare (needs the extra train)", "Studies"

app = typer.Typer(
    name="moviegenre",
    cls=_Commands,
    help="Predict film genres from plot and poster; train, evaluate and compare models on MM-IMDb."
    "\n\nFor example: moviegenre predict --examples",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for command in (predict, library, adapt, serve):
    app.command(rich_help_panel="Use a model")(command)
app.add_typer(data_app, name="data", rich_help_panel=_TRAINING)
app.command(rich_help_panel=_TRAINING)(reproduce)
app.command(rich_help_panel=_TRAINING)(export)
app.command(rich_help_panel=_TRAINING)(push)
# Each study has one import above and one line here; nothing else uses it.
app.command(rich_help_panel=_STUDIES)(ablate)
app.command(rich_help_panel=_STUDIES)(ensemble)
data_app.command()(audit)
app.command(rich_help_panel=_STUDIES)(faithfulness)
app.command(rich_help_panel=_STUDIES)(robustness)
app.command("reproduce", rich_help_panel=_TRAINING)(reproduce_seeds)  # with --seeds

USER_ERROR = 2
INTERRUPTED = 130  # 128 + SIGINT, as in shells
# The class of click, or of Typer's own copy of click.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]


@app.command(rich_help_panel=_TRAINING)
def train(
    model: Annotated[
        str | None, typer.Argument(help="The model: prior, tfidf, cnn, resnet, lstm, bert, ...")
    ] = None,
    model_option: Annotated[
        str | None, typer.Option("--model", help="The model, as an option instead of an argument.")
    ] = None,
    config: Config = None,
    overrides: Overrides = None,
    data: DataDir = None,
    out: Annotated[Path, typer.Option(**OUT, help="Folder for checkpoints.")] = Path("checkpoints"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue an interrupted training.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the model in OUT/MODEL.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Train one model and write OUT/MODEL/best.pth.

    For example: moviegenre train bert --data data/prepared
    """
    require_training("training a model")
    from moviegenre.experiment.config import load_experiment
    from moviegenre.experiment.earlier_training import run_bytes, state_after_failure
    from moviegenre.experiment.train import train as run_training

    name = model or model_option
    if name is None or (model and model_option and model != model_option):
        raise ConfigError("train takes one model; name it as in: moviegenre train bert")
    settings = [*(overrides or []), *([f"data.dir={data}"] if data else [])]
    experiment = load_experiment(config, name, settings)
    earlier = run_bytes(out / name)
    with note_on_failure(lambda: state_after_failure(out / name, earlier, resume=resume)):
        trained = run_training(
            experiment, out, resume=resume, overwrite=overwrite, progress=not quiet
        )
    score = 100 * trained.run["val_f1_macro"]
    echo(
        f"{trained.checkpoint}: validation F1-macro {score:.2f} after epoch "
        f"{trained.run['best_epoch']:g}, {trained.run['train_seconds'] / 60:.1f} minutes"
    )
    if not trained.is_new:
        echo(
            "this training was finished before, and nothing was changed; --overwrite repeats it",
            err=True,
        )


@app.command(rich_help_panel=_TRAINING)
def evaluate(
    checkpoint: Annotated[
        Path, typer.Option(help="Model: a best.pth, its folder, an exported folder or a Hub name.")
    ],
    split: SplitOption = Split.TEST,
    data: DataDir = None,
    threshold: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Fixed threshold for all genres.")
    ] = 0.5,
    thresholds: Annotated[
        ThresholdRule | None, typer.Option(help="Thresholds to fit on val; 0.5 fits none.")
    ] = None,
    goal: Annotated[
        Goal | None, typer.Option(help="Score to maximise when fitting thresholds.")
    ] = None,
    calibrate: Annotated[
        CalibrationMethod | None, typer.Option(help="Calibration method to fit on val.")
    ] = None,
    forms: Annotated[
        bool,
        typer.Option(
            "--forms", help="Fit and score by form of input: a sentence, a poster, a title, ..."
        ),
    ] = False,
    save: Annotated[
        bool, typer.Option("--save/--no-save", help="Write thresholds.json beside the checkpoint.")
    ] = True,
    json_file: Annotated[
        Path | None, typer.Option("--json", **OUT, help="JSON file for the scores.")
    ] = None,
    quiet: Quiet = False,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="First check every file of the model against its manifest."),
    ] = False,
) -> None:
    """Score a model on a split, by default at 0.5 and not at its fitted thresholds.

    For example: moviegenre evaluate --checkpoint checkpoints/bert --split test
    """
    require_training("evaluating a model")
    from moviegenre.apps.evaluation_output import print_evaluation, print_forms, print_tuning
    from moviegenre.evaluation.tuning import TuningSettings
    from moviegenre.experiment.evaluate import evaluate as run_evaluation

    if math.isnan(threshold):  # nan passes every check of a range
        raise ConfigError("--threshold is nan; expected a probability")
    if forms and (threshold != 0.5 or any((thresholds, goal, calibrate))):
        raise ConfigError(
            "--forms fits its own thresholds and calibration; leave out the other options"
        )
    settings = TuningSettings.parse(thresholds, goal, calibrate)
    if verify:
        from moviegenre.artifacts.locate import locate
        from moviegenre.artifacts.locate import verify as verify_files

        verify_files(locate(checkpoint))
    content: dict[str, Any]
    if forms:
        from moviegenre.experiment.form_points import evaluate_forms

        result = evaluate_forms(checkpoint, split, data_dir=data, save=save)
        print_forms(result, f"{checkpoint} on {split.value}, per cent")
        content = {form.form.name: form.to_json_dict() for form in result.scores}
    elif settings.fits:
        from moviegenre.experiment.tuning import evaluate_tuned

        if threshold != 0.5:
            raise ConfigError(
                "--threshold is a fixed number, --thresholds and --calibrate fit one; use one"
            )
        tuned = evaluate_tuned(
            checkpoint, split, settings, data_dir=data, save=save, progress=not quiet
        )
        print_evaluation(tuned.evaluation)
        print_tuning(tuned)
        content = tuned.to_json_dict()
    else:
        evaluation = run_evaluation(
            checkpoint, split, data_dir=data, threshold=threshold, progress=not quiet
        )
        print_evaluation(evaluation)
        content = evaluation.to_json_dict()
    if json_file is not None:
        import json

        from moviegenre.core.files import write_text

        write_text(json_file, json.dumps(content, indent=1) + "\n")
        echo(f"wrote {json_file}")


@app.command(rich_help_panel=_TRAINING)
def compare(
    checkpoints: Annotated[Path, typer.Argument(help="Folder of trained models.")] = Path(
        "checkpoints"
    ),
    out: Annotated[Path, typer.Option(**OUT, help="Folder for the report.")] = Path("results"),
    data: DataDir = None,
    quiet: Quiet = False,
) -> None:
    """Compare trained models in a report; evaluate those that have no scores yet.

    For example: moviegenre compare checkpoints --out results
    """
    require_training("comparing models")
    from moviegenre.apps.console import print_comparison
    from moviegenre.experiment.compare import compare as run_comparison

    comparison, page = run_comparison(checkpoints, out, data_dir=data, progress=not quiet)
    print_comparison(comparison, page)


def _version(value: bool) -> None:
    if value:
        from moviegenre import __version__, box

        echo(f"moviegenre {__version__}, included model {box.VERSION}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show more messages.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    level = logging.INFO if verbose else logging.WARNING
    handler = StderrHandler()
    handler.setFormatter(MessageFormatter())
    logging.basicConfig(level=level, handlers=[handler])
    logging.getLogger("moviegenre").setLevel(logging.INFO)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    if run_as_worker(context.invoked_subcommand):
        raise typer.Exit


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Treat SIGTERM like Ctrl-C, so that both clean up and both can be resumed."""
    raise KeyboardInterrupt


def _on_thread_failure(failure: threading.ExceptHookArgs) -> None:
    """Show a system failure in a thread, such as the thread of TensorBoard, in one line."""
    if failure.exc_value is not None and is_system_failure(failure.exc_value):
        echo(f"warning: {failure_message(failure.exc_value)}", err=True)
    else:
        threading.__excepthook__(failure)


def _show_usage_error(error: Any) -> None:  # noqa: ANN401 - click's or Typer's own copy of it
    """Show an error in the options in one line, with the command that explains them."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()  # the help itself
        return
    message = " ".join(error.format_message().split()).rstrip(".")
    if isinstance(error.__cause__, ValidationError):  # Typer checks values with pydantic
        fault = error.__cause__.errors()[0]
        if expected := expected_value(fault):
            reason = f"found {shortened(str(fault['input']))!r}, expected {expected}"
            message = message.replace(" ".join(fault["msg"].split()), reason)
    message = message.replace("Value error, ", "")
    command = error.ctx.command_path if error.ctx is not None else "moviegenre"
    echo(
        f"error: {message[:1].lower()}{message[1:]}; see: {command} --help",
        err=True,
    )


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; user errors become one line on standard error and exit status 2."""
    signal.signal(signal.SIGTERM, _interrupt)
    threading.excepthook = _on_thread_failure
    replace_unprintable()
    try:
        status = app(args=arguments, prog_name="moviegenre", standalone_mode=False)
    except _UsageError as error:
        _show_usage_error(error)
        raise SystemExit(USER_ERROR) from None
    except typer.Abort:
        raise SystemExit(1) from None
    except MovieGenreError as error:
        echo(f"error: {with_options(str(error))}", err=True)
        raise SystemExit(USER_ERROR) from None
    except (KeyboardInterrupt, _InterruptedError) as error:
        cause = error.__cause__ or error
        assert isinstance(cause, KeyboardInterrupt)
        echo(interruption_message(cause), err=True)
        raise SystemExit(INTERRUPTED) from None
    except Exception as error:
        if not is_system_failure(error):
            raise
        echo(f"error: {failure_message(error)}", err=True)
        raise SystemExit(USER_ERROR) from None
    raise SystemExit(status or 0)


if __name__ == "__main__":
    main()
