"""Quality per cost: ``tune`` beside what people use instead, on six tasks; see docs/quality.md.

    python -m benchmarks.quality run --minutes 60        goes on where it was; cheap cells first
    python -m benchmarks.quality list                    the cells that are missing
    python -m benchmarks.quality short                   tuned and usual settings, over a part of the length
    python -m benchmarks.quality table                   docs/quality.md and docs/quality.svg from the results

A cell is task x contestant x search seed, one small file under results/quality/. Runs are kept in the folder
``--store``, so a benchmark that was killed goes on at the run it was in.
"""
