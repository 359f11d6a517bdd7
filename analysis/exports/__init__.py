"""Exports: a study's release as files. `release` chooses and numbers, `prism_*` make rows, `writing` streams
them to files, `jobs` keeps the Export row true."""
