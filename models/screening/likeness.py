"""How a text reads beside examples that people judged (第二读): a sum of weights over its word classes and characters.

Belongs here: the features of a text, the sum, the learning of the weights from unlawful.csv and lawful.csv beside this file.
Does not belong here: what becomes of the figure (scanning.py), words and rules (tables.py). Learning needs scikit-learn,
reading needs nothing: `python -m models.screening.likeness tests/unit/models_screening/phrases/open.csv` writes likeness.csv
anew after words or examples were changed (files with the columns text and verdict are further examples).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import combinations
from math import exp, sqrt
from pathlib import Path
from typing import Final

from models.screening.tables import Tables

WEIGHTS: Final = Path(__file__).with_name("likeness.csv")
EXAMPLES: Final = {name: Path(__file__).with_name(f"{name}.csv") for name in ("unlawful", "lawful")}
_FIGURES: Final = re.compile(r"\d[\d.]{0,15}")
_OF_MEASURES: Final = frozenset(
    ("对象词", "一般对象", "文号", "意见书号", "国家编号", "占位", "不作依据")
)  # words of other cells
_LONGEST: Final = 3  # characters of the longest run that is a feature
_SEEN_LEAST: Final = 3  # examples that hold a feature, or it is not learned
_STIFFNESS: Final = 40.0  # C of scikit-learn: of 3, 10, 30 and 40 the best on batches left out
_SLIGHT: Final = 0.05  # weights below are not kept: 24 thousand became 19, no verdict changed


def features(written: str, shown: str, known: Tables) -> set[str]:
    """Return what a text is weighed by: classes of words in it, pairs of those not denied, runs of characters.

    Parameters
    ----------
    written : str
        The text in one reading.
    shown : str
        The same with what is negated, reported or national law hidden.
    """
    words = {name: pattern for name, pattern in known.words.items() if name not in _OF_MEASURES}
    open_classes = sorted(name for name, pattern in words.items() if pattern.search(shown))
    found = {f"c:{name}" for name in open_classes}
    found |= {f"r:{name}" for name, pattern in words.items() if pattern.search(written)}
    found |= {f"p:{a}+{b}" for a, b in combinations(open_classes, 2)}
    for sign, text in (("n", written), ("o", shown)):
        found |= {sign + run for run in _runs(_FIGURES.sub("#", text.rstrip(",:。;!?")))}
    return found


def _runs(text: str) -> Iterator[str]:
    for length in range(1, _LONGEST + 1):
        for at in range(len(text) - length + 1):
            yield text[at : at + length]


@cache
def _weights() -> dict[str, float]:
    with WEIGHTS.open(encoding="utf-8", newline="") as file:
        return {feature: float(weight) for feature, weight in csv.reader(file)}


def likeness(found: set[str]) -> float:
    """Return how likely the features are an unlawful promise's, among examples of which half are (0 to 1)."""
    weights = _weights()
    total = sum(weights.get(one, 0.0) for one in sorted(found)) / sqrt(max(len(found), 1)) + weights[""]
    return 1 / (1 + exp(-max(-30.0, min(30.0, total))))


def examples(further: Iterable[Path] = ()) -> list[tuple[str, bool]]:
    """Return the examples with whether each is unlawful; what people doubt is none."""
    both = []
    for name, path in EXAMPLES.items():
        with path.open(encoding="utf-8", newline="") as file:
            both += [(row["text"], name == "unlawful") for row in csv.DictReader(file)]
    for path in further:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        both += [(row["text"], row["verdict"] == "unlawful") for row in rows if row["verdict"] in EXAMPLES]
    return both


def learn(texts: Sequence[set[str]], are_unlawful: Iterable[bool]) -> dict[str, float]:
    """Return the weight of every feature that enough examples hold; the empty name is the level."""
    import numpy as np
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    vectorizer = DictVectorizer()
    counts = vectorizer.fit_transform([dict.fromkeys(sorted(text), 1.0) for text in texts])
    often = np.asarray((counts > 0).sum(axis=0)).ravel() >= _SEEN_LEAST
    sizes = np.sqrt(np.maximum(np.asarray(counts.sum(axis=1)).ravel(), 1.0))
    scaled = counts[:, often].multiply(1 / sizes[:, None]).tocsr()
    model = LogisticRegression(C=_STIFFNESS, max_iter=1000).fit(scaled, list(are_unlawful))
    names = np.asarray(vectorizer.get_feature_names_out())[often]
    kept = {
        str(name): round(float(weight), 2)
        for name, weight in zip(names, model.coef_[0], strict=True)
        if abs(weight) >= _SLIGHT
    }
    return {"": round(float(model.intercept_[0]), 3), **kept}


def write(weights: dict[str, float]) -> None:
    """Write likeness.csv, sorted."""
    with WEIGHTS.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(sorted(weights.items()))
    _weights.cache_clear()


if __name__ == "__main__":
    import sys

    from models.screening.scanning import weighed_by
    from models.screening.tables import tables

    judged = examples(map(Path, sys.argv[1:]))
    judged += [(rule.example, True) for rule in tables().rules]
    judged += [(rule.counter_example, False) for rule in tables().rules]
    write(learn([weighed_by(text, tables()) for text, _ in judged], [is_unlawful for _, is_unlawful in judged]))
