"""Evaluate one checkpoint: the reference's own command.

    python scripts/evaluate.py --checkpoint checkpoints/attention_fusion/best.pth --split test

The same as ``moviegenre evaluate``; every option of that command works here.
"""

import sys

from moviegenre.apps.cli import main

if __name__ == "__main__":
    main(["evaluate", *sys.argv[1:]])
