"""A report of 10,000 rows with answers of 2 KB, in a real browser: ``python -m tests.benchmarks.report [ROWS]``.

Of more rows than a page holds (try 100000) it says how many stand in it.

Prints the seconds and memory that writing takes, the file's size against the gzipped text of its rows, and the seconds
until the first screen and until all rows are read. Needs Chromium and its driver.
"""

from __future__ import annotations

import gzip
import json
import random
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

from pytest_llm_migrate.report import write_report
from pytest_llm_migrate.report.packing import MOST_ROWS
from tests.report.sample import run_of, triage_migration
from tests.report.sample_rows import triage_row

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS, CHARACTERS = 10_000, 2_000
WORDS = [
    f"{first}{second}{third}" for first in "bdfgklmnprst" for second in "aeiou" for third in ("n", "r", "st", "ma")
]
FIRST_SCREEN = """
const paint = performance.getEntriesByName('first-contentful-paint')[0];
return paint ? paint.startTime / 1000 : null;
"""


def main() -> None:
    """Write a report and open it."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        path, text = Path(folder) / "report.html", Path(folder) / "rows.gz"
        results = run_of([triage_migration([triage_row(number, random.Random(number)) for number in range(50)])])  # noqa: S311 - no secret
        with gzip.open(text, "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in long_rows(rows))
        began = time.perf_counter()
        write_report(path, results, long_rows(rows))
        took, memory = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{min(rows, MOST_ROWS):,} rows stand in the page")
        size, packed = path.stat().st_size, text.stat().st_size
        print(f"{rows:,} rows written in {took:.1f} s, peak {memory:.0f} MB")
        print(f"file {size / 1e6:.1f} MB, gzipped rows {packed / 1e6:.1f} MB: x{size / packed:.2f}")
        look_at(path)


def long_rows(number: int) -> Iterator[dict[str, Any]]:
    """Yield rows whose answers are long, made anew whenever they are asked for."""
    chance = random.Random(0)  # noqa: S311 - no secret
    for place in range(number):
        row = triage_row(place, chance) | {"sample_id": f"T-{place:05}"}
        for side in ("source", "target"):
            words = chance.choices(WORDS, k=CHARACTERS // 5)
            row[side]["text"] = " ".join(words)[:CHARACTERS]
        yield row


def look_at(path: Path) -> None:
    """Open the page and print how long it took, as the browser has it."""
    options = webdriver.ChromeOptions()
    options.page_load_strategy = "none"
    options.binary_location = shutil.which("chromium") or "chromium"
    for switch in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(switch)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        began = time.perf_counter()
        driver.get(path.as_uri())
        WebDriverWait(driver, 60, 0.05).until(lambda found: found.execute_script(FIRST_SCREEN))
        first = driver.execute_script(FIRST_SCREEN)
        WebDriverWait(driver, 60, 0.05).until(
            lambda found: found.execute_script("return document.querySelectorAll('[data-ready]').length")
        )
        print(f"first screen after {first:.2f} s, all rows read after {time.perf_counter() - began:.2f} s")
        print(f"scrolling: {driver.execute_async_script(SCROLL):.1f} ms a frame at the 95th percentile")
    finally:
        driver.quit()


SCROLL = """
const done = arguments[0], list = document.querySelector('.list'), frames = [];
let last = performance.now();
const step = (now) => {
  frames.push(now - last); last = now; list.scrollTop += 900;
  if (frames.length < 120) requestAnimationFrame(step);
  else done(frames.sort((a, b) => a - b)[Math.floor(frames.length * 0.95)]);
};
requestAnimationFrame(step);
"""


if __name__ == "__main__":
    main()
