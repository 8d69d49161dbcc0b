"""The fuzzer's own start needs atheris, an extra, and holds no tests."""

collect_ignore = ["run.py"]
