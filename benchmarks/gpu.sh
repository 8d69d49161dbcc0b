#!/bin/sh
# Measure training on a GPU in under 8 minutes; see benchmarks/gpu.py for what and against whom.
#
#   benchmarks/gpu.sh                    # results in runs/benchmarks/gpu.json
#   GPU_SMALL=1 benchmarks/gpu.sh        # tiny sizes, on a CPU too
#   PYTHON=python3 DATA=data/mmimdb-r LIMIT=480 benchmarks/gpu.sh
set -eu
cd "$(dirname "$0")/.."
: "${PYTHON:=.venv/bin/python}" "${DATA:=data/mmimdb-r}" "${LIMIT:=480}" "${OUT:=runs/benchmarks}"
if command -v nvidia-smi >/dev/null; then
    nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader
elif [ -z "${GPU_SMALL:-}" ]; then
    echo "no GPU found (nvidia-smi is missing); GPU_SMALL=1 tries the script on a CPU" >&2
    exit 2
fi
mkdir -p "$OUT"
exec timeout "$LIMIT" "$PYTHON" -m benchmarks.gpu --data "$DATA" --json "$OUT/gpu.json" \
    ${GPU_SMALL:+--small}
