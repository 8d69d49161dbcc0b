"""``python -m moviegenre``: the command line, as ``torchrun -m moviegenre`` starts it."""

from moviegenre.apps.cli import main

if __name__ == "__main__":
    main()
