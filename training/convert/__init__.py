"""Turns the upstream networks into the ONNX files of `models/`."""
