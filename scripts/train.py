"""Train one model: the reference's own command.

    python scripts/train.py --model attention_fusion --config config.yaml

The same as ``moviegenre train attention_fusion --config config.yaml``; every option of that
command works here.
"""

import sys

from moviegenre.apps.cli import main

if __name__ == "__main__":
    main(["train", *sys.argv[1:]])
