"""Configurations -> run folders -> tables and pictures: brings all stages together."""
