"""Memory and disk of a studio that paints one small picture after another.

    python benchmarks/studio.py --jobs 200

The queue is kept full, and pictures of three modes and three sizes take turns. Printed are the resident memory and the
bytes in the folder, whose bound is `--keep`, after every tenth of the jobs; then the growth of the memory from the
first quarter to the end, the processor seconds of a job, and how long a job took to stop.
"""

import argparse
import os
import tempfile
import time
from itertools import islice
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from PIL import Image

from neural_style.studio.jobs import Jobs
from neural_style.studio.request import Request

SHALLOW = {"weights": "random", "style_layers": ("conv1_1",), "content_layer": "conv1_2", "iterations": 1}
SIZES = (32, 40, 48)


def resident_mib():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def disk_mib(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


def requests(folder):
    """Requests without end."""
    rng = np.random.default_rng(0)
    files = {name: (folder / f"{name}.png",) for name in ("photo", "paintings", "picture")}
    for (path,) in files.values():
        Image.fromarray(rng.integers(0, 256, (64, 80, 3), np.uint8)).save(path)
    of_photo = {name: files[name] for name in ("photo", "paintings")}
    index = 0
    while True:
        size = SIZES[index // 3 % len(SIZES)]
        yield Request("network", of_photo, {**SHALLOW, "image_size": size})
        yield Request("fast", of_photo, {"image_size": size})
        yield Request("color_transfer", {name: files[name] for name in ("photo", "picture")})
        index += 3


def seconds_to_stop(jobs, request):
    """From the call to the end of a job that is being painted."""
    job = jobs.submit(request)
    while jobs.job(job.id).iteration < 1:
        time.sleep(0.005)
    started = time.perf_counter()
    jobs.stop(job.id)
    assert jobs.wait(job.id).state == "stopped"
    return time.perf_counter() - started


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--keep", type=float, default=2, help="MiB")
    found = parser.parse_args(arguments)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        endless = requests(folder)
        with Jobs(folder / "studio", keep=int(found.keep * 2**20)) as jobs:
            memory, waiting, started = [], [], time.process_time()
            print("| jobs | resident MiB | folder MiB |\n|---|---|---|")
            for index, request in enumerate(islice(endless, found.jobs)):
                waiting.append(jobs.submit(request))
                if len(waiting) == 8 or index == found.jobs - 1:
                    ended = [jobs.wait(job.id) for job in waiting]
                    assert all(job.state == "finished" for job in ended), [job.message for job in ended]
                    waiting = []
                memory.append(resident_mib())
                if (index + 1) % max(1, found.jobs // 10) == 0:
                    print(f"| {index + 1} | {memory[-1]:.0f} | {disk_mib(folder / 'studio'):.2f} |", flush=True)
            spent = (time.process_time() - started) / found.jobs
            growth = memory[-1] - memory[len(memory) // 4]
            print(f"\ngrowth from job {len(memory) // 4 + 1}: {growth:.0f} MiB; {spent:.2f} s of a processor for a job")
            inputs = next(request for request in endless if request.mode == "network").inputs
            long = Request("network", inputs, {**SHALLOW, "image_size": 48, "iterations": 1000})
            print(f"stopped {1000 * seconds_to_stop(jobs, long):.0f} ms after the call")


if __name__ == "__main__":
    main()
