"""Exhibits of arXiv:1506.01186, one file each."""
