"""The house rules that no reviewer should have to check: floors, torch, sizes, what is visible and loads."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import wellbegun

PACKAGE = Path(wellbegun.__file__).resolve().parent
FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))

# floor, then height within it: only floor 0 has an order inside
FLOORS = {
    "errors": (0, 0), "schedules": (0, 1), "spec": (0, 2), "curve": (0, 3),
    "diagnosis": (1, 0), "runs": (1, 0), "histories": (1, 0),
    "search": (2, 0), "training": (2, 0),
    "report": (3, 0), "zoo": (3, 0),
    "job": (4, 0), "tune": (5, 0),
    "papers": (6, 0), "integrations": (6, 0),
    "cli": (7, 0), "__main__": (8, 0),
}  # fmt: skip
FACADE = "__init__.py"
HEAVY = {"torch", "matplotlib", "numpy", "rich", "sklearn", "jinja2", "scipy", "PIL"}


@cache
def tree(file: str) -> ast.Module:
    return ast.parse((PACKAGE / file).read_text(encoding="utf-8"))


def part(name: str) -> str:
    """The part of the house that a dotted name or a file lies in."""
    return name.removesuffix(".py").replace("/", ".").removeprefix("wellbegun.").split(".")[0]


def imports(file: str, *, inside_functions: bool = True) -> Iterator[tuple[str, int]]:
    """Every imported module in full, with the line; ``from a import b`` counts as a.b as well as a."""
    nodes = ast.walk(tree(file)) if inside_functions else outside(tree(file))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno} has a relative import"
            assert node.module is not None
            yield node.module, node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def outside(node: ast.AST) -> Iterator[ast.AST]:
    """Everything that runs when the module is imported: not inside functions, not under TYPE_CHECKING."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) or is_type_checking(child):
            continue
        yield child
        yield from outside(child)


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def own_imports(file: str) -> Iterator[tuple[str, int]]:
    """Imports of this package that take place; what only a type checker reads may point anywhere."""
    skipped = {
        inner.lineno
        for node in ast.walk(tree(file))
        if is_type_checking(node)
        for inner in ast.walk(node)
        if isinstance(inner, (ast.Import, ast.ImportFrom))
    }
    for name, line in imports(file):
        if name.split(".")[0] == "wellbegun" and line not in skipped:
            yield name, line


def test_every_part_has_a_floor() -> None:
    parts = {part(file) for file in FILES if file != FACADE}
    assert parts <= set(FLOORS)
    assert {"errors", "schedules", "spec", "curve", "diagnosis", "runs", "search", "training", "cli"} <= parts


@pytest.mark.parametrize("file", [file for file in FILES if file != FACADE])
def test_imports_only_from_lower_floors(file: str) -> None:
    mine = FLOORS[part(file)]
    for name, line in own_imports(file):
        if name in ("wellbegun", "wellbegun.__version__"):
            assert part(file) in ("cli", "__main__"), f"{file}:{line} imports the façade; import the module"
            continue
        other = part(name)
        if other == part(file):
            continue
        theirs = FLOORS[other]
        lower = theirs < mine if mine[0] == 0 else theirs[0] < mine[0]
        assert lower, f"{file}:{line} imports {name}: floor {theirs} is not below {mine}"


@pytest.mark.parametrize("file", [file for file in FILES if file != FACADE])
def test_types_for_the_checker_point_down_too_except_in_errors(file: str) -> None:
    mine = FLOORS[part(file)]
    for name, line in imports(file):
        if name.startswith("wellbegun.") and name != "wellbegun.__version__" and file != "errors.py":
            assert part(name) == part(file) or FLOORS[part(name)] < mine, f"{file}:{line} names {name}"


@pytest.mark.parametrize("file", [file for file in FILES if part(file) != "integrations"])
def test_integrations_are_imported_by_nobody(file: str) -> None:
    named = [(name, line) for name, line in imports(file) if name.startswith("wellbegun.integrations")]
    assert not named, f"{file} imports {named}"


@pytest.mark.parametrize("file", FILES)
def test_torch_only_where_it_belongs(file: str) -> None:
    allowed = ("training/engine/", "zoo/models/", "integrations/")
    files = ("training/task.py", "training/lr_scheduler.py", "training/hessian_free.py")
    if file.startswith(allowed) or file in files:
        return
    inside = list(imports(file))
    if file == "tune.py":  # inside functions it may
        inside = list(imports(file, inside_functions=False))
    if file == "zoo/tasks.py":  # the names of models: their type, nothing else
        inside = [(name, line) for name, line in inside if name not in ("torch", "torch.nn")]
    named = [(name, line) for name, line in inside if name.split(".")[0] in ("torch", "torchvision", "timm")]
    assert not named, f"{file} imports {named}"


@pytest.mark.parametrize("file", FILES)
def test_no_pyplot_and_no_print(file: str) -> None:
    assert not [line for name, line in imports(file) if name.startswith("matplotlib.pyplot")]
    calls = [node for node in ast.walk(tree(file)) if isinstance(node, ast.Call)]
    prints = [node.lineno for node in calls if isinstance(node.func, ast.Name) and node.func.id == "print"]
    assert not prints or part(file) == "cli", f"{file} prints in lines {prints}"


def test_no_drawer_for_everything() -> None:
    assert not [file for file in FILES if Path(file).stem in ("utils", "util", "helpers", "misc", "common")]


@pytest.mark.parametrize("file", FILES)
def test_pure_parts_read_no_clock_disk_or_global_random_state(file: str) -> None:
    if part(file) not in ("schedules", "spec", "curve", "diagnosis", "search"):
        return
    impure = {"time", "os", "random", "io", "pathlib", "tempfile", "shutil", "socket", "secrets", "uuid"}
    named = [(name, line) for name, line in imports(file) if name.split(".")[0] in impure]
    assert not named, f"{file} imports {named}"
    opened = [
        node.lineno
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open"
    ]
    assert not opened


@pytest.mark.parametrize("file", FILES)
def test_files_are_at_most_400_lines(file: str) -> None:
    assert len((PACKAGE / file).read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("file", FILES)
def test_bodies_are_at_most_40_lines(file: str) -> None:
    for node in ast.walk(tree(file)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            if body:
                length = (node.body[-1].end_lineno or 0) - body[0].lineno + 1
                assert length <= 40, f"{file}:{node.lineno} {node.name} has a body of {length} lines"


@pytest.mark.parametrize("file", FILES)
def test_all_is_what_is_visible(file: str) -> None:
    """``__all__`` names all that is public where there is one; a folder's __init__ only re-exports."""
    body = tree(file).body
    listed = [
        node for node in body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    if file == FACADE:
        return
    if Path(file).name == "__init__.py":
        kinds = (ast.Import, ast.ImportFrom, ast.Assign, ast.Expr)
        assert all(isinstance(node, kinds) for node in body), f"{file} does more than re-export"
        imported = {
            alias.asname or alias.name
            for node in body
            if isinstance(node, ast.ImportFrom) and node.module != "__future__"
            for alias in node.names
        }
        if imported:
            assert listed, f"{file} re-exports {sorted(imported)} without __all__"
            assert set(ast.literal_eval(listed[0].value)) == imported
    elif listed:
        defined = {node.name for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        public = {name for name in defined if not name.startswith("_")}
        assert public <= set(ast.literal_eval(listed[0].value))


def test_the_facade_shows_what_it_lists() -> None:
    assert len(wellbegun.__all__) <= 20
    assert len(set(wellbegun.__all__)) == len(wellbegun.__all__)
    assert sorted(wellbegun.__all__) == dir(wellbegun)


@pytest.mark.parametrize("name", wellbegun.__all__)
def test_every_name_of_the_facade_exists(name: str) -> None:
    value = getattr(wellbegun, name)
    assert value is not None
    home = getattr(value, "__module__", None)
    if home is not None:
        assert home.startswith("wellbegun.")
        assert value.__name__ == name


def test_the_facade_refuses_other_names() -> None:
    with pytest.raises(AttributeError, match="got 'tun'"):
        wellbegun.tun  # noqa: B018


def loaded_by(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after running the code."""
    tail = "\nimport sys, json; sys.stderr.write(json.dumps([name.split('.')[0] for name in sys.modules]))"
    command = [sys.executable, "-c", code + tail]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr))


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_by("import wellbegun; dir(wellbegun); wellbegun.__version__") & (HEAVY | {"click"}) == set()


def test_tune_stays_a_function_when_its_module_was_imported_first() -> None:
    code = "import importlib, wellbegun; module = importlib.import_module('wellbegun.tune'); "
    assert "torch" not in loaded_by(code + "assert wellbegun.tune is module.tune, wellbegun.tune")


@pytest.mark.parametrize(
    "command",
    ["", "tune", "range-test", "search", "train", "schedule", "runs", "runs list", "report", "diagnose"],
)
def test_help_loads_nothing_heavy(command: str) -> None:
    call = f"main({[*command.split(), '--help']!r})"
    code = f"from wellbegun.cli import main\ntry: {call}\nexcept SystemExit as end: code = end.code"
    assert loaded_by(f"{code}\nassert code == 0") & HEAVY == set()


def members(family: str, *others: str) -> set[str]:
    """The files of a family, without its own machinery."""
    stems = {path.stem for path in (PACKAGE / family).glob("*.py")}
    return {stem for stem in stems if not stem.startswith("_") and stem not in others}


def test_every_schedule_is_listed() -> None:
    from wellbegun.schedules.kinds import KINDS

    classes = {
        node.name
        for stem in members("schedules", "kinds")
        for node in tree(f"schedules/{stem}.py").body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    }
    assert {cls.__name__ for cls in KINDS.values()} == classes


def test_every_clue_has_a_detector() -> None:
    from wellbegun.diagnosis._base import LABELS

    others = ("intervals", "course", "diagnose", "bounds", "ranking", "labelling", "verdict", "rate")
    assert members("diagnosis", *others, "generalization", "compare", "length_law") == set(LABELS)


def test_every_model_and_data_set_is_listed() -> None:
    from wellbegun.zoo import tasks

    models = {habits.factory.__module__.split(".")[-1] for habits in tasks.MODELS.values()}
    assert models == members("zoo/models")
    assert {*tasks.DATA, "npz", "folder", tasks.IMAGENET} == members("zoo/data")
