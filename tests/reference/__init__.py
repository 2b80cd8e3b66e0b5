"""A slow and literal implementation of the published method, the yardstick of the library.

    rows -> hits -> graph -> line graph -> scores -> assignment -> tracks -> purity, efficiency

Plain loops over hits and pairs in float64, written from the text of the paper and independent of
the library: it imports neither `trackscape` nor torch. Lengths are in mm, energies in MeV, angles
in rad.
"""
