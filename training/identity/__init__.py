"""How well faces are told apart: the pictures it is measured on, the trials, and the calibration that ships."""
