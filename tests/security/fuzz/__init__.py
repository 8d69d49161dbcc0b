"""Coverage-guided fuzzing of everything that reads what others made.

Ten minutes of one reader (records, archives, tables or images), from the repository's root:

    pip install 'atheris>=3.0'
    python -m tests.security.fuzz.run images /tmp/images -max_total_time=600 -rss_limit_mb=1500

A finding is written to the current folder as ``crash-...``. Move it to
``tests/security/fuzz/cases/images/``: ``tests/security/test_bad_input_fuzz.py`` then repeats it in
every run of the tests.
"""
