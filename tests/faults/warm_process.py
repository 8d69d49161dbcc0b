"""A process that has imported everything and forks a child for each command, which takes 10 ms.

Run as ``python -m tests.faults.warm_process``; it answers one line of JSON for each on its input.
"""

import json
import os
import sys
import time
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.faults.faulty_calls import FaultyCalls

_MODULES = """
moviegenre.apps.cli moviegenre.experiment.train moviegenre.experiment.compare
moviegenre.experiment.reproduce moviegenre.experiment.export moviegenre.studies.audit.computation
moviegenre.experiment.tuning moviegenre.studies.audit.document moviegenre.data.prepare
moviegenre.data.synthetic.generate moviegenre.inference.catalogue jinja2 matplotlib.figure
matplotlib.backends.backend_agg onnx onnxruntime onnxruntime.quantization scipy.sparse
sklearn.linear_model lightning.pytorch.loggers tensorboard.summary
torch.utils.tensorboard transformers.models.bert.modeling_bert rich.progress
"""
_SHARD_ROWS = 3  # of a catalogue, so that a few films make several parts


def run(job: dict[str, Any]) -> None:
    """Run a command in this process, which then ends."""
    root = Path(job["root"])
    os.chdir(root)
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = os.open(job["report"] + "." + name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(stream, number)
    from moviegenre.apps.cli import main
    from moviegenre.inference import catalogue

    defaults = catalogue.predict_catalogue.__kwdefaults__
    assert defaults is not None
    defaults["shard_rows"] = _SHARD_ROWS
    faults = FaultyCalls(root, job["at"], job["kind"])
    write = os.write  # the real one
    report = os.open(job["report"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    faults.install()
    status: Any = 0
    try:
        main(job["arguments"])
    except SystemExit as stopped:
        status = stopped.code or 0
    except BaseException:
        import traceback

        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    write(report, json.dumps({"status": status, "calls": faults.calls}).encode())
    os._exit(0)


def main() -> None:
    """Import everything, then serve."""
    warnings.simplefilter("ignore")
    for name in _MODULES.split():
        import_module(name)
    print("ready", flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            run(job)
        if (delay := job.get("kill_after")) is not None:
            time.sleep(delay)
            os.kill(child, 9)
        _, how = os.waitpid(child, 0)
        print(json.dumps({"signal": os.WTERMSIG(how) if os.WIFSIGNALED(how) else 0}), flush=True)


if __name__ == "__main__":
    main()
