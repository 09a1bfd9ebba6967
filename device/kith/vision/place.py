"""Where a face is: distance from the eyes' distance, bearing from the camera's field of view."""

from __future__ import annotations

import math

from kith.types import Face, FaceQuality, Place

INTER_EYE_MM = 63.0
"""Mean distance between an adult's pupils; single adults lie within about 54 to 74 mm (Dodgson 2004),
so a distance is good to about 15 %. A child's eyes are closer together: it is told as farther off."""


def focal_length_px(sensor_width_px: int, horizontal_fov_deg: float) -> float:
    """The focal length of a camera with that field of view. sensor_width_px: of its picture before it is
    turned, since turning it turns the field of view with it."""
    return sensor_width_px / 2 / math.tan(math.radians(horizontal_fov_deg) / 2)


def locate(face: Face, quality: FaceQuality, width_px: int, focal_px: float, facing_yaw_deg: float) -> Place:
    """Place a face of a frame `width_px` wide, as it is looked at, from a camera of that focal length."""
    # A turned head brings the eyes closer together in the picture; undo that.
    foreshortening = max(math.cos(math.radians(quality.yaw_deg)), 0.4)
    inter_eye_px = max(quality.inter_eye_px / foreshortening, 1.0)
    offset_px = face.box.center_x - width_px / 2
    bearing = math.degrees(math.atan2(offset_px, focal_px))
    depth_mm = focal_px * INTER_EYE_MM / inter_eye_px
    return Place(
        bearing_deg=bearing,
        distance_mm=round(depth_mm / math.cos(math.radians(bearing))),
        facing=abs(quality.yaw_deg) <= facing_yaw_deg,
    )
