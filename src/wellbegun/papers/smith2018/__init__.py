"""Exhibits of arXiv:1803.09820, one file each."""
