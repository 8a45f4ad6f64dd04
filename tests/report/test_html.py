import dataclasses
import math
import re
from html.parser import HTMLParser

import pytest

from wellbegun.report import html
from wellbegun.search.plan import Cost

VOID = {"meta", "link", "br", "img", "input", "hr"}


@pytest.fixture
def short(recommendation):
    """The same search, its final run not asked for, and quick to draw."""
    return dataclasses.replace(recommendation, final=None, findings=recommendation.findings[:2])


class Page(HTMLParser):
    """Ids, addresses, text and the balance of the elements."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.addresses, self.elements, self.data, self.text = [], [], [], [], {}, []
        self.rules = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.elements.append((tag, given))
        self.ids += [given["id"]] if "id" in given else []
        self.addresses += [
            given[name] for name in ("src", "href", "xlink:href", "data", "action") if name in given
        ]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "data":
            self.data[given["value"]] = ""

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, text):
        if self.open and self.open[-1] == "style":
            self.rules += text
        elif self.open and self.open[-1] == "data":
            self.data[list(self.data)[-1]] += text
        self.text.append(text)


@pytest.fixture(scope="module")
def text(recommendation):
    return html.page(recommendation, {"Command": "wellbegun tune digits"})


@pytest.fixture(scope="module")
def parsed(text):
    return Page(text)


def test_every_element_is_closed_and_every_id_is_unique(parsed):
    assert parsed.open == []
    assert len(parsed.ids) > 100 and len(set(parsed.ids)) == len(parsed.ids)


def test_nothing_is_loaded_from_anywhere(text, parsed):
    assert all(address.startswith("#") for address in parsed.addresses)
    assert "@import" not in text and not re.search(r"url\((?!#)", text)
    assert not re.search(r"https?://", text)


def test_every_reference_inside_a_drawing_names_an_element_of_the_page(text, parsed):
    named = set(re.findall(r"url\(#([^)]*)\)", text)) | {a[1:] for a in parsed.addresses}
    assert named and named <= set(parsed.ids)


def test_the_values_shown_are_the_recommended_ones(parsed, recommendation):
    r = recommendation
    exact = [
        r.lr_max,
        r.lr_min,
        r.momentum_max,
        r.momentum_min,
        r.weight_decay,
        r.batch_size,
        r.iterations,
        r.stepsize,
    ]
    assert [float(value) for value in parsed.data] == exact
    shown = [float(value) for value in parsed.data.values()]
    assert all(math.isclose(a, b, rel_tol=0.005) for a, b in zip(shown, exact, strict=True))


def test_results_cost_and_reasons_are_told(parsed, recommendation):
    words = " ".join("".join(parsed.text).split())
    final = recommendation.final
    assert f"{100 * final.test['test_accuracy']:.1f} %" in words
    assert f"{100 * final.curve.val_accuracy[-1]:.1f} %" in words
    assert f"{recommendation.cost.iterations} iterations" in words
    assert f"{recommendation.cost.iterations / final.iterations:.0f} × the final run" in words
    for finding in recommendation.findings:
        assert finding.reason[1:] in words
    for note in recommendation.notes:
        assert note in words
    for run in [run for finding in recommendation.findings for run in finding.runs]:
        assert run.key in words
    assert "wellbegun tune digits" in words and final.spec.task in words


def test_each_run_is_paid_for_once_in_the_table_of_costs(recommendation):
    failed = dataclasses.replace(recommendation.final, spec=recommendation.final.spec.but(seed=9))
    recommendation = dataclasses.replace(recommendation, discarded=(failed,), restarts=1)
    seen = set()
    steps = [html.step(finding, n, seen) for n, finding in enumerate(recommendation.findings)]
    parts = [part["cost"] for part in html._shares(recommendation, html._paid(recommendation, steps))]
    total = sum(parts, Cost())
    assert total.iterations == recommendation.cost.iterations
    assert math.isclose(total.seconds, recommendation.cost.seconds)


def test_hostile_words_stay_text_wherever_they_come_from(short):
    bad = '<script>alert(1)</script>"\'"""</svg> $x_1$ \\ {{ 7*7 }} &amp;'
    old = short.findings[1]
    details = {
        **old.details,
        "labels": {run.key: f"{i}{bad}" for i, run in enumerate(old.runs)},
        "scores": {bad: 1.0},
    }
    finding = dataclasses.replace(old, name=bad, reason=bad, choice={bad: bad}, section=bad, details=details)
    made = dataclasses.replace(short, task_name=bad, notes=(bad,), findings=(finding,))
    text = html.page(made, {bad: bad})
    page = Page(text)
    assert page.open == [] and "<script>alert" not in text
    assert sum(tag == "script" for tag, _ in page.elements) == 1
    assert "".join(page.text).count(bad) >= 10
    assert "3" + bad in "".join(page.text)


def test_a_page_without_a_final_run_shows_the_cycle_instead(short):
    words = "".join(Page(html.page(dataclasses.replace(short, findings=()))).text)
    assert "Not run yet" in words and "The cycle to train with" in words and "Restarts" not in words


def test_drawings_carry_no_fixed_colour_and_read_in_the_dark(text):
    drawings = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(drawings) >= 12
    for drawing in drawings:
        bare = re.sub(r"var\(--\w+, #[0-9a-f]{6}\)", "", drawing)
        assert not re.search(r"(?:fill|stroke): ?#(?!000000)", bare)
    variables = set(re.findall(r"var\(--(\w+)", text))
    dark = text.split("prefers-color-scheme: dark")[1].split("}")[0]
    plain = {"serif", "sans", "mono"}
    assert variables - plain <= set(re.findall(r"--(\w+):", dark))


def test_a_page_is_small(text):
    assert len(text.encode()) < 1_500_000


def test_the_file_appears_whole_or_not_at_all(short, tmp_path, monkeypatch):
    short = dataclasses.replace(short, findings=())
    path = tmp_path / "report.html"
    assert html.write(short, path) == path
    before = path.read_text(encoding="utf-8")
    assert before.startswith("<!DOCTYPE html>") and before.rstrip().endswith("</html>")

    def fail(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(html.os, "fsync", fail)
    with pytest.raises(OSError, match="no space"):
        html.write(short, path)
    assert path.read_text(encoding="utf-8") == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_single_runs_get_a_page_of_their_own(recommendation, tmp_path):
    runs = [recommendation.findings[1].runs[3], recommendation.final]
    page = Page(html.write_runs(runs, tmp_path / "runs.html", title="Two <runs>").read_text(encoding="utf-8"))
    words = "".join(page.text)
    assert page.open == [] and len(set(page.ids)) == len(page.ids)
    assert "Two <runs>" in words and "lr_max" in words and all(run.key in words for run in runs)


def test_a_range_test_that_cannot_be_read_says_why(recommendation, tmp_path):
    run = recommendation.findings[1].runs[0]
    short = dataclasses.replace(run, curve=run.curve.rows(0, 4), iterations=24)
    words = "".join(Page(html.runs_page([short])).text)
    assert "at least 5 evaluations" in words


def test_a_search_that_brings_a_table_shows_it_instead_of_the_scores_and_draws_what_it_names(
    recommendation, tmp_path
):
    finding = recommendation.findings[1]
    one, *others = finding.runs
    table = {
        "columns": ["Batch size", "Speed"],
        "rows": [[64, 1.0], [128, "1.5 ± 0.1"], [256, None]],
        "won": 128,
    }
    own = {**finding.details, "table": table, "drawn": [one.key]}
    html.write_finding(dataclasses.replace(finding, details=own), tmp_path / "page.html", task_name="digits")
    page = (tmp_path / "page.html").read_text()
    cells = re.findall(r'<t[hd](?: scope="row"| class="n")?>(.*?)</t[hd]>', page.split('class="scores"')[1])
    assert cells[:4] == ["Batch size", "Speed", "64", "1"]
    assert re.match(r'128 <span class="mark">chosen</span>', cells[4]) and cells[5:8] == [
        "1.5 ± 0.1", "256", "–",
    ]  # fmt: skip
    assert page.count('class="scores"') == 1 and "Lowest val. loss" not in page
    assert others and f"validation loss of {len(finding.runs)} runs" not in page
