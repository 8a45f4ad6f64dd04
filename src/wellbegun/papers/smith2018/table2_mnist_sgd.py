"""Table 2, rows 15 to 20, read otherwise: trained by plain SGD, as in Caffe's LeNet example."""

from dataclasses import replace

from wellbegun.papers.smith2018 import table2_mnist

PUBLISHED = table2_mnist.EXHIBIT

EXHIBIT = replace(
    PUBLISHED,
    id="smith2018-table2-mnist-sgd",
    label="Table 2, rows 15 to 20, plain SGD",
    says="The rows of LeNet as they would be if Caffe's plain SGD trained them, which cycles momentum.",
    lines=tuple(replace(line, optimizer="papers_sgd", sources=()) for line in PUBLISHED.lines),
    claims=tuple(replace(claim, id=f"{claim.id}-sgd") for claim in PUBLISHED.claims),
    assumptions=(
        "plain SGD: the report's equations give it, and the solver of Caffe's LeNet example, whose network "
        "it takes, names no other; the report's patch that cycles momentum is in it",
        *PUBLISHED.assumptions[1:],  # all but the optimizer
    ),
    instead_of=PUBLISHED.id,
)
