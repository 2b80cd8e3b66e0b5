"""What trainings do to the image: losses that know it, and the spread over seeds of all others."""
