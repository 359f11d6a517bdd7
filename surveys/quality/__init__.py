"""Signals about the quality of what participants gave, each with its reason; people decide, rules never do.

The one exception is announced: a study may say beforehand that failed attention checks end the participation.
"""
