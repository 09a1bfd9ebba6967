"""Where the people are in their photographs: measured once, by hand, in pixels of the pinned pictures."""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """How to cut one person out of one photograph.

    picture: key of `sources.PICTURES`. eyes_share: how much of their true distance the eyes show,
    below 1 in a turned head. outline: the person's edge, within about 12 mm. coat: BGR of what is
    painted below the photograph. shoulder_mm: half the shoulders' width where the photograph ends
    above them, else None. waist_mm: the body's left and right edge below the photograph, from the
    eyes' middle, where the photograph's own lower edge is wider than the body.
    """

    picture: str
    right_eye: Point
    left_eye: Point
    nose: Point
    chin: Point
    eyes_share: float = 1.0
    outline: tuple[Point, ...]
    coat: tuple[int, int, int]
    shoulder_mm: float | None = None
    waist_mm: tuple[float, float] | None = None


def _points(text: str) -> tuple[Point, ...]:
    pairs = (pair.split(",") for pair in text.split())
    return tuple((float(x), float(y)) for x, y in pairs)


PORTRAITS = {
    "barack-portrait": Portrait(
        picture="barack-portrait",
        right_eye=(439, 215),
        left_eye=(554, 215),
        nose=(495, 269),
        chin=(494, 385),
        coat=(42, 30, 26),
        outline=_points(
            "125,1097 80,1080 51,955 68,864 108,750 148,637 188,525 262,500 352,466 400,438 404,392 "
            "392,341 381,293 358,298 341,244 340,202 359,196 355,159 370,114 398,66 449,36 489,30 "
            "546,39 591,68 617,114 625,159 623,196 639,196 642,222 631,273 614,298 599,298 591,341 "
            "582,373 637,423 728,460 796,489 836,523 844,591 836,682 836,773 819,898 796,978 750,1063 "
            "756,1137 199,1137 196,1103"
        ),
    ),
    "barack-standing": Portrait(
        picture="barack-standing",
        right_eye=(735, 379),
        left_eye=(866, 382),
        nose=(812, 445),
        chin=(795, 590),
        coat=(48, 26, 22),
        outline=_points(
            "355,2333 350,2095 252,2076 280,1936 338,1610 397,1423 280,1400 233,1213 268,980 303,793 "
            "350,770 513,728 625,688 635,625 644,548 630,518 595,518 579,432 611,415 611,350 642,275 "
            "700,233 770,222 852,240 905,303 919,373 924,467 898,541 873,548 854,611 845,653 887,712 "
            "980,758 1132,789 1155,863 1190,1050 1227,1185 1178,1306 1092,1381 1132,1586 1143,1633 "
            "1166,2081 1108,2093 1092,2333"
        ),
    ),
    "joe": Portrait(
        picture="joe",
        right_eye=(521, 323),
        left_eye=(664, 327),
        nose=(599, 406),
        chin=(583, 560),
        coat=(28, 22, 22),
        outline=_points(
            "22,2204 33,1873 77,1565 110,1256 55,1102 40,926 44,727 71,650 154,617 309,569 397,529 "
            "419,474 419,419 388,397 397,287 392,231 419,159 474,115 551,99 639,115 716,172 754,253 "
            "749,331 723,397 701,469 683,474 666,529 635,577 705,639 838,705 915,760 948,860 970,926 "
            "970,1205 890,1238 820,1234 835,1330 862,1430 908,1540 886,1560 915,1700 940,1850 960,2000 "
            "858,2030 836,2204"
        ),
    ),
    "eileen": Portrait(
        picture="eileen",
        right_eye=(201, 106),
        left_eye=(245, 105),
        nose=(221, 127),
        chin=(222, 168),
        coat=(34, 76, 182),
        waist_mm=(-270.0, 110.0),
        outline=_points(
            "41,512 28,486 26,456 20,425 23,389 26,353 28,333 38,307 41,287 56,256 87,225 114,207 "
            "113,189 128,169 141,156 164,148 183,150 182,132 174,115 159,105 154,77 161,54 189,38 "
            "197,23 225,15 256,20 287,38 300,61 301,97 292,120 274,134 267,136 261,159 253,177 287,205 "
            "305,233 328,251 343,266 351,287 358,317 364,343 384,346 410,344 445,353 476,379 494,415 "
            "497,451 507,466 512,486 512,512"
        ),
    ),
    "grace": Portrait(
        picture="grace",
        right_eye=(225, 194),
        left_eye=(307, 193),
        nose=(267, 237),
        chin=(266, 320),
        coat=(38, 24, 20),
        outline=_points(
            "12,600 21,510 29,432 51,384 90,363 144,348 186,330 201,312 192,293 165,279 155,258 165,240 "
            "155,207 153,189 159,171 165,156 150,150 150,129 156,99 174,84 180,60 210,42 225,27 258,23 "
            "294,33 306,42 336,54 351,75 367,90 372,117 371,150 365,174 375,192 372,216 360,258 360,288 "
            "348,306 330,303 329,315 360,336 420,363 474,381 492,390 504,420 512,447 512,600"
        ),
    ),
    "passer-by": Portrait(
        picture="passer-by",
        right_eye=(62, 164),
        left_eye=(134, 162),
        nose=(76, 211),
        chin=(100, 300),
        eyes_share=0.88,
        coat=(66, 74, 78),
        shoulder_mm=215.0,
        outline=_points(
            "0,377 0,356 34,347 41,336 53,322 75,321 70,307 62,290 57,277 49,245 43,219 44,185 38,173 "
            "35,139 36,109 45,90 49,70 68,45 94,32 117,26 141,22 162,26 185,34 204,34 226,57 249,75 "
            "264,98 273,117 278,151 277,181 271,200 270,219 260,241 249,254 241,275 232,287 226,313 "
            "239,339 260,347 279,351 300,357 300,377"
        ),
    ),
}
