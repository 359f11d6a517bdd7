"""The tables of an empty database at once; every other database takes the migrations that it lacks."""

from prism.lib.baselines import baseline

Migration = baseline("surveys", until="0017_annotation_scopes")
