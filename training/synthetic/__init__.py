"""Rendered hands: labelled pictures of every gesture from a rigged mesh, and the landmarks found in them.

The mesh is `assets/hand_left.glb` and `assets/hand_right.glb`. Rendered hands add poses, views and skin tones that the
real pictures lack; they do not replace real hands, and no accuracy may be claimed on them alone.

Axes of the camera: x to the right, y up, z towards the viewer, metres. Pictures are not mirrored; a side is the
person's own.
"""
