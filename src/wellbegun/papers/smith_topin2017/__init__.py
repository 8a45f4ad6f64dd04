"""Exhibits of arXiv:1708.07120, one file each."""
