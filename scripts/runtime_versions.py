"""Check that every supported ONNX Runtime gives the golden answers: ``make runtimes``.

Makes one environment for each version, with the core install alone, and compares the included
model's answers with ``tests/golden/answers.json``. Exits with 1 where one differs.

    python scripts/runtime_versions.py 1.22.0 1.27.0 1.32.0
    python scripts/runtime_versions.py --write    # new golden answers, after a change of the model
"""

import argparse
import json
import subprocess  # nosec B404
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ANSWERS = ROOT / "tests" / "golden" / "answers.json"
PLOTS = ROOT / "tests" / "golden" / "short_texts" / "plots.json"
TOLERANCE = 0.03  # of a probability: a last bit of a float may round an integer another way


def answers() -> dict[str, dict[str, Any]]:
    """Return genres and probabilities of the example films and thirty made-up plots, by film."""
    import moviegenre
    from moviegenre.examples import example_films

    plots = [text for _, text in json.loads(PLOTS.read_text(encoding="utf-8"))]
    films = example_films()
    predictions = moviegenre.load().predict(
        plot=[film.plot for film in films] + plots,
        poster=[film.poster for film in films] + [None] * len(plots),
    )
    names = [film.title for film in films] + plots
    return {
        name: {
            "genres": prediction.genres,
            "probabilities": {g: round(p, 5) for g, p in prediction.probabilities.items()},
            "close": [  # to the threshold: chosen on one machine and not on another
                g
                for g, p in prediction.probabilities.items()
                if abs(p - prediction.thresholds[g]) <= TOLERANCE
            ],
        }
        for name, prediction in zip(names, predictions, strict=True)
    }


def differences() -> list[str]:
    """Return one line for each film whose answer is not the golden one."""
    golden = json.loads(ANSWERS.read_text(encoding="utf-8"))
    found = answers()
    if set(found) != set(golden):
        return ["the films are not those of the golden answers; write these anew with --write"]
    lines = []
    for film, expected in golden.items():
        probabilities, genres = found[film]["probabilities"], found[film]["genres"]
        largest = max(abs(probabilities[g] - p) for g, p in expected["probabilities"].items())
        changed = set(genres) ^ set(expected["genres"])
        if largest > TOLERANCE or changed - set(expected["close"]):
            lines.append(f"{film[:40]}: off by {largest:.4f}, genres {genres}")
    return lines


def check_version(version: str, folder: Path) -> bool:
    """Print whether one version of ONNX Runtime gives the golden answers; return it."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    package: list[str | Path] = [ROOT, f"onnxruntime=={version}"]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *package], check=True)  # nosec B603
    check = subprocess.run(  # nosec B603
        [python, Path(__file__), "--installed"], capture_output=True, text=True, check=False
    )
    print(f"onnxruntime {version}: {check.stdout.strip() or check.stderr.strip()}", flush=True)
    return check.returncode == 0


def main() -> int:
    """Compare, or write, the golden answers; return the exit status."""
    parser = argparse.ArgumentParser(description="Compare the included model's golden answers.")
    parser.add_argument("versions", nargs="*", help="of ONNX Runtime, each in its own environment")
    parser.add_argument("--write", action="store_true", help="write the golden answers anew")
    parser.add_argument("--installed", action="store_true", help="check the installed version")
    given = parser.parse_args()
    if given.write:
        ANSWERS.write_text(json.dumps(answers(), indent=1) + "\n", encoding="utf-8")
        return 0
    if given.installed:
        lines = differences()
        print("; ".join(lines) if lines else "the golden answers")
        return bool(lines)
    same = True
    for version in given.versions:
        with tempfile.TemporaryDirectory() as folder:
            same &= check_version(version, Path(folder))
    return not same


if __name__ == "__main__":
    sys.exit(main())
