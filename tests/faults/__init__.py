"""Faults from below: what a full disk, a failing device or a kill leaves behind."""
