"""Every reader against files that are damaged, odd or hostile.

`make fuzz` runs many; the suite runs a share of them. An input is a function of the name of its
reader and of its number alone, so that what failed can be run again:

    PYTHONPATH=src:tests python -m fuzz.one READER NUMBER FILE
"""
