"""Landscapes of trackers: the toolbox of any model, applied to networks that score segments."""
