"""What every model of the project promises on paper: grain, descriptions, keys and features in step with Python."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from invented_district import LEDGERS, PROJECT

from intake.contract import get_contract
from models.landing.settings import LandingSettings
from models.tax.settings import TaxSettings

pytestmark = pytest.mark.dbt
MODELS = sorted((PROJECT / "models").rglob("*.sql"))
LAYERS = {"staging", "intermediate", "marts", "features", "boards", "scores"}
CHINESE = re.compile(r"[一-龥]")


def properties(sql: Path) -> dict[str, Any]:
    content = yaml.safe_load(sql.with_suffix(".yml").read_text(encoding="utf-8"))
    (model,) = content["models"]
    assert model["name"] == sql.stem
    found: dict[str, Any] = model
    return found


def macro(name: str, file: str) -> Any:
    text = (PROJECT / "macros" / file).read_text(encoding="utf-8")
    body = re.search(rf"macro {name}\(\).*?return\((.*?)\) }}}}", text, re.S)
    assert body is not None
    return ast.literal_eval(body[1].strip())


@pytest.mark.parametrize("sql", MODELS, ids=lambda p: p.stem)
def test_a_model_says_its_grain_and_describes_every_column(sql: Path) -> None:
    model = properties(sql)
    assert sql.relative_to(PROJECT / "models").parts[0] in LAYERS
    assert model["description"].startswith("One row per ")
    assert CHINESE.search(model["description"])
    docs = "".join(path.read_text(encoding="utf-8") for path in sorted((PROJECT / "models").rglob("columns.md")))
    for column in model["columns"]:
        key = re.fullmatch(r"{{ doc\('(\w+)'\) }}", column["description"])
        if key is None:  # a column that occurs once is described where it stands
            assert CHINESE.search(column["description"]) and "doc(" not in column["description"], column["name"]
            continue
        text = re.search(rf"{{% docs {key[1]} %}}(.*?){{% enddocs %}}", docs)
        assert text is not None and CHINESE.search(text[1]), column["name"]


@pytest.mark.parametrize(
    "sql", [p for p in MODELS if {"marts", "boards", "scores"} & set(p.parts)], ids=lambda p: p.stem
)
def test_marts_and_scores_have_a_contract_and_a_grain_test(sql: Path) -> None:
    model = properties(sql)
    assert model["config"]["contract"]["enforced"] is True
    assert all("data_type" in c for c in model["columns"])
    assert any("one_row_per" in t for t in model["data_tests"] if isinstance(t, dict))
    assert not re.search(r"select \*\s*from \w+\s*$", sql.read_text(encoding="utf-8")), "last select names its columns"


def test_nothing_reads_the_clock() -> None:
    for sql in [*MODELS, *(PROJECT / "macros").glob("*.sql")]:
        assert not re.search(r"current_date|current_timestamp|now\(|today\(", sql.read_text(encoding="utf-8")), sql


def test_only_features_boards_and_scores_know_the_as_of() -> None:
    for sql in MODELS:
        if sql.relative_to(PROJECT / "models").parts[0] not in ("features", "boards", "scores"):
            # A column as_of_date (数据日期) of a ledger is a fact; the macro and the variable are the night's day.
            assert not re.search(r"as_of_date\(|\bas_of\b", sql.read_text(encoding="utf-8")), sql


def test_keys_are_the_contracts() -> None:
    assert macro("ledger_keys", "ledger.sql") == {name: list(get_contract(name).key) for name in LEDGERS}
    assert macro("ledger_titles", "ledger.sql") == {name: get_contract(name).title for name in LEDGERS}


def test_features_are_the_settings() -> None:
    landing, tax = LandingSettings.load(), TaxSettings.load()
    wanted = {f.name for f in (*landing.features, *tax.features)}
    categorical = {*landing.categorical, *tax.categorical}
    assert set(macro("categorical_features", "as_of.sql")) == categorical
    assert set(macro("numeric_features", "as_of.sql")) == wanted - categorical
