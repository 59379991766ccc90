"""The picture of a report: its first screen, photographed by Chromium and stored with a palette, which is small."""

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from codekiln.errors import InputError

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Wide enough for both columns, and as high as the decision, what else changed, and the beginning of the table.
WIDTH, HEIGHT = 1240, 1478
# Nothing is asked of any network; root may not use Chromium's own sandbox, and the page is ours.
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    f"--window-size={WIDTH},{HEIGHT}",
)  # fmt: skip
SECONDS = 120


def write(report: Path, picture: Path) -> None:
    """Photograph the report of a finished run into ``picture``, a PNG.

    Raises:
        InputError: There is no report, or no Chromium, or Chromium writes no picture.
    """
    if not report.is_file():
        raise InputError("there is no report to photograph", where=str(report), fix="run `make demo` first")
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        fix = "install it (Debian: apt-get install chromium); every other page and picture is written without it"
        raise InputError("the report's picture needs Chromium, and none is installed", where=str(picture), fix=fix)
    with TemporaryDirectory(prefix="codekiln-picture-", ignore_cleanup_errors=True) as scratch:
        taken = Path(scratch) / "report.png"
        words = [
            browser,
            *FLAGS,
            f"--user-data-dir={scratch}/profile",
            f"--screenshot={taken}",
            report.resolve().as_uri(),
        ]
        done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS)
        if not taken.is_file():
            raise InputError(f"no picture came: {done.stderr[-500:]}", where=browser, fix="run it by hand to see why")
        with Image.open(taken) as image:
            colours = image.convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    picture.parent.mkdir(parents=True, exist_ok=True)
    colours.save(picture, optimize=True)
