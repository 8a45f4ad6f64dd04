"""How fast is a large history read, and in how much memory?

    python benchmarks/histories.py --rows 10000000
    python benchmarks/histories.py --rows 10000000 --dense

Writes a CSV of five columns to a temporary file and reads it in a process of its own: wall-clock and
processor seconds from the call to the curve, imports included, and the peak of that process's resident
memory. By default every 1,000th row is an evaluation; with --dense every row is. The machine's load is
printed, because wall-clock seconds mean little on a busy one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

READ = """
import json, resource, sys, time
wall, cpu = time.perf_counter(), time.process_time()
from wellbegun.histories.read import read_history
history = read_history(sys.argv[1])
print(json.dumps({
    "wall_seconds": round(time.perf_counter() - wall, 2), "cpu_seconds": round(time.process_time() - cpu, 2),
    "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024), "rows": history.rows,
    "curve": len(history.curve), "notes": history.notes,
}))
"""
BLOCK = 100_000


def write(path: Path, rows: int, every: int) -> None:
    """A history that falls with noise, block by block."""
    random = np.random.default_rng(0)
    with path.open("w", encoding="utf-8") as file:
        file.write("step,lr,train_loss,val_loss,val_accuracy\n")
        for start in range(0, rows, BLOCK):
            steps = np.arange(start, min(start + BLOCK, rows))
            loss = 2 * np.exp(-5 * steps / rows) + 0.1 + 0.05 * random.random(len(steps))
            lr = 0.1 * (1 - steps / rows) + 1e-4
            values = zip(steps.tolist(), lr.tolist(), loss.tolist(), strict=True)
            file.writelines(
                f"{step},{rate:.6g},{value:.6f},"
                + (f"{1.1 * value:.6f},{np.exp(-value):.4f}\n" if (step + 1) % every == 0 else ",\n")
                for step, rate, value in values
            )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--dense", action="store_true")
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.csv"
        write(path, asked.rows, 1 if asked.dense else 1000)
        print(f"{asked.rows} rows, {path.stat().st_size / 2**20:.0f} MiB, {os.cpu_count()} cores")
        for _ in range(asked.repeats):
            load = os.getloadavg()[0]
            done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, check=True)
            print(json.dumps({"load": round(load, 1), **json.loads(done.stdout)}))


if __name__ == "__main__":
    main()
