"""What a text promises (承诺审查): the rules that its sentences meet, after what negates or is national law was set aside.

Belongs here: sentences, clauses, scope of negations, meeting of classes of words. Does not belong here: the words and rules
(tables), the writing of a text (normalise), rows of policies (policies.py), whether something is lawful: people judge that.
"""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from models.screening.likeness import features, likeness
from models.screening.normalise import compact, has_marks_between, readings, sounding_like
from models.screening.tables import FLAG, REVIEW, STOP, VERDICTS, Rule, Tables, tables

HIDDEN: Final = "□"  # stands for a character that was set aside
LAWFUL: Final = "■"  # for one of a national measure: words.csv counts it as 国家依据
DENIED: Final = "▢"  # for one of what is negated or reported: the weakest rules leave such a sentence alone (已说明)
UNDECIDED: Final = "无法判断"  # the kind of rules that only say so
TIED_TO_TAX: Final = "税收挂钩"
HIDDEN_WRITING: Final = "字间夹有符号或用同音字"
# Chosen by four-fold trials on the open half of phrases by somebody who had not seen the rules (docs/law.md).
_RAISED_FROM: Final = 0.98
_WEAKENED_BELOW: Final = 0.75
_SHORT_WEAKENED_BELOW: Final = 0.4  # a short text gives the examples little to go by
_SHORT: Final = 24
_LONG: Final = 60  # a longer sentence is weighed by every three clauses, too
_HELD_FROM: Final = 0.6
_LET_GO_BELOW: Final = 0.2
_STOP_LET_GO_BELOW: Final = 0.05
_KIND_OF_CLASS: Final = {
    "个税": "个人所得税", "减税": "自定减税", "税基": "税收挂钩", "地价": "土地", "土地": "土地", "本地注册": "附加条件", "落地": "附加条件",
    "本地采购": "附加条件", "阻迁": "附加条件", "本地身份": "附加条件", "外地主体": "附加条件", "成本": "成本", "经营成本": "成本", "任意费": "成本",
    "房产": "土地", "变相": "变相", "平台": "变相", "交易": "变相", "个案": "特定对象", "名单": "特定对象", "具名": "特定对象",
    "强特定": "特定对象", "弱特定": "特定对象", "对话": "特定对象",
}  # fmt: skip
_OF_FUNDS: Final = "基金"  # the examples hold few of them: the second reading leaves them alone
NOTE: Final = "命中不等于违法，未命中也不等于合规；由公平竞争审查机构认定。"
NOTHING_FOUND: Final = "未发现，仍须公平竞争审查"
VERDICT_TEXTS: Final = {
    STOP: "含须停止的内容，不得承诺",
    REVIEW: "需送公平竞争审查",
    FLAG: "有须留意的字样，仍须公平竞争审查",
    None: NOTHING_FOUND,
}
CODES: Final = {STOP: "stop", REVIEW: "review", FLAG: "flag", None: "none"}
_SENTENCE: Final = re.compile(r"[^。;!?]{1,20000}[。;!?]?")
_CLAUSE: Final = re.compile(r"[^,:]{1,20000}[,:]?")
_FRAMES: Final = ("传言起", "查处起", "讲述起", "招聘起")  # words with which something is told, not promised
_END_OF_IT: Final = 6  # characters behind 现已废止 that still belong to it
_ABOLISHED: Final = (
    "给付",
    "税基",
    "低价供地",
    "保底",
    "成本",
    "阻迁",
    "个案",
    "地价",
    "名单",
    "优惠词",
    "落地",
    "本地注册",
)
_NEGATING_TOKENS: Final = (
    "阻迁",
    "免除",
    "名股",
    "保底",
    "暗约",
    "减税",
    "免程序",
    "排外",
    "走过场",
    "核定",
    "低价供地",
)


@dataclass(frozen=True)
class Hit:
    """One rule that a text meets: the words that were found, and the verdict there."""

    rule: Rule
    found: str
    verdict: str
    remark: str = ""


@dataclass(frozen=True)
class _Clause:
    start: int
    end: int


def scan(text: str, day: dt.date, using: Tables | None = None, *, is_strict: bool = False) -> tuple[Hit, ...]:
    """Return the rules in force before ``day`` that a text meets, most severe first, then in the order of the table.

    Every text is read twice: by the rules, and beside examples that people judged. Where both agree the rule's verdict is
    kept or raised; where they differ people read it.

    Parameters
    ----------
    is_strict : bool
        Nothing that a rule found is let go because of the examples: for measures, where a proof is asked for.

    Examples
    --------
    >>> [hit.rule.rule_name for hit in scan("税收先征 后返三年", dt.date(2026, 6, 30))][0]
    '先征后返、即征即退、列收列支'
    >>> scan("不以税收返还等方式招商", dt.date(2026, 6, 30))
    ()
    """
    known = using or tables()
    rules = [rule for rule in known.rules if rule.valid_from < day]
    best: dict[str, Hit] = {}
    forms = [_sentences(reading, known) for reading in readings(text, known.spelled)]
    for written, shown in forms:
        for hit in _hits(written, shown, rules, known):
            standing = best.get(hit.rule.rule_id)
            if standing is None or VERDICTS.index(hit.verdict) > VERDICTS.index(standing.verdict):
                best[hit.rule.rule_id] = hit
    tied = next((rule for rule in rules if rule.kind == TIED_TO_TAX and rule.verdict == STOP), None)
    if not best and tied and has_marks_between(text) and known.words["给付"].search(bare := compact(text)):
        # With its commas lost among the marks, a promise can't be told from what denies it.
        best[tied.rule_id] = Hit(tied, bare[:80], REVIEW, "字间夹有符号")
    order = {rule.rule_id: at for at, rule in enumerate(rules)}
    found = _beside_examples(forms, _worth_saying(best.values()), rules, known, is_strict)
    return tuple(sorted(found, key=lambda hit: (-VERDICTS.index(hit.verdict), order[hit.rule.rule_id])))


def _worth_saying(hits: Iterable[Hit]) -> list[Hit]:
    """Return the most severe hits of each kind; that something can't be judged is only said where nothing else is."""
    found = list(hits)
    known_kinds = [hit for hit in found if hit.rule.kind != UNDECIDED] or found
    worst = {
        kind: verdict_of([h for h in known_kinds if h.rule.kind == kind]) for kind in {h.rule.kind for h in known_kinds}
    }
    return [hit for hit in known_kinds if hit.verdict == worst[hit.rule.kind]]


def verdict_of(hits: Sequence[Hit]) -> str | None:
    """Return the most severe verdict, none where nothing was found (which is not: lawful)."""
    return max((hit.verdict for hit in hits), key=VERDICTS.index, default=None)


def is_stopped(hits: Sequence[Hit]) -> bool:
    """Return whether a text may not be promised as it reads."""
    return verdict_of(hits) == STOP


def in_words(hits: Sequence[Hit]) -> str:
    """Return the finding for a terminal."""
    lines = [
        f"{hit.verdict}　{hit.rule.rule_name}：“{hit.found}”{hit.remark and f'（{hit.remark}）'}　{hit.rule.article}："
        f"{hit.rule.article_text}{'' if hit.rule.is_verified else '　〔未核实〕'}"
        for hit in hits
    ]
    return "\n".join([VERDICT_TEXTS[verdict_of(hits)], *lines, NOTE])


def as_record(hits: Sequence[Hit]) -> dict[str, object]:
    """Return the finding for a machine: verdict stop, review, flag or none, kinds, articles."""
    return {
        "verdict": CODES[verdict_of(hits)],
        "kinds": list(dict.fromkeys(hit.rule.kind for hit in hits)),
        "articles": list(dict.fromkeys(hit.rule.article for hit in hits)),
    }


# --- the second reading -----------------------------------------------------------------------------------------------


def weighed_by(text: str, known: Tables) -> set[str]:
    """Return the features of a whole text, as the examples were learned."""
    forms = readings(text, known.spelled)
    written, shown = _sentences(forms[-1], known) if forms else ([], [])
    return features("".join(written), "".join(shown), known)


def _beside_examples(
    forms: Sequence[tuple[list[str], list[str]]], hits: list[Hit], rules: Sequence[Rule], known: Tables, is_strict: bool
) -> list[Hit]:
    """Return the hits with what the examples say of the text: raised, weakened, let go, or one where no rule saw anything."""
    if not rules or not forms:
        return hits
    written, shown = forms[-1]
    whole = features("".join(written), "".join(shown), known)
    figure = max(likeness(whole), _worst_sentence(written, shown, known))
    verdict = verdict_of(hits)
    if verdict is None:
        if figure < _HELD_FROM:
            return hits
        return [
            Hit(
                _rule_like(whole, rules), compact("".join(written))[:80], REVIEW, "写法近于不得承诺的例子，规则没有命中"
            )
        ]
    if any(hit.remark == HIDDEN_WRITING or hit.rule.kind == _OF_FUNDS for hit in hits):
        return hits
    is_plain = any(_is_plain(hit, known) for hit in hits)
    least = _SHORT_WEAKENED_BELOW if is_plain or len("".join(written)) < _SHORT else _WEAKENED_BELOW
    if figure < least:  # weakened only where every reading says so
        figure = max(figure, *(_figure(*form, known) for form in forms))
    floor = _LET_GO_BELOW if verdict == REVIEW else _STOP_LET_GO_BELOW
    # A text that reads in two ways may hide something: nothing found in it is let go.
    if figure < floor and len(forms) == 1 and not is_strict and not is_plain:
        return []
    if verdict == STOP and figure < least:
        remark = "例子不足以断定，须人工判断"
        return [Hit(hit.rule, hit.found, min(hit.verdict, REVIEW, key=VERDICTS.index), remark) for hit in hits]
    if verdict == REVIEW and figure >= _RAISED_FROM:
        first = next(hit for hit in hits if hit.verdict == REVIEW)
        rule = first.rule if first.rule.kind != UNDECIDED else _rule_like(whole, rules)
        if rule.kind == UNDECIDED:
            return hits
        return [
            Hit(rule, first.found, STOP, "写法与不得承诺的例子一致"),
            *(hit for hit in hits if hit.rule.rule_id != rule.rule_id),
        ]
    return hits


def _figure(written: list[str], shown: list[str], known: Tables) -> float:
    whole = likeness(features("".join(written), "".join(shown), known))
    return max(whole, _worst_sentence(written, shown, known))


def _is_plain(hit: Hit, known: Tables) -> bool:
    """Return whether the words found are a forbidden practice by its own name (先征后返、零地价)."""
    bare = compact(hit.found)
    return bool(known.words["先缴后返"].search(bare)) or any(word in bare for word in known.fatal)


def _worst_sentence(written: list[str], shown: list[str], known: Tables) -> float:
    """Return the figure of the worst part of a text: a promise must not drown in what stands around it."""
    parts = list(zip(written, shown, strict=True)) if len(written) > 1 else []
    for sentence, open_text in zip(written, shown, strict=True):
        clauses = _clauses(sentence)
        if len(sentence) > _LONG:
            spans = [(one.start, clauses[min(at + 2, len(clauses) - 1)].end) for at, one in enumerate(clauses)]
            parts += [(sentence[start:end], open_text[start:end]) for start, end in spans]
    return max((likeness(features(one, open_one, known)) for one, open_one in parts), default=0.0)


def _rule_like(found: set[str], rules: Sequence[Rule]) -> Rule:
    """Return the first rule of the kind of which a text speaks: its kind and article stand for the finding."""
    kind = next((kind for name, kind in _KIND_OF_CLASS.items() if f"c:{name}" in found), UNDECIDED)
    return next((rule for rule in rules if rule.kind == kind), rules[0])


# --- one reading ------------------------------------------------------------------------------------------------------


def _sentences(reading: str, known: Tables) -> tuple[list[str], list[str]]:
    """Return the sentences of a reading, and the same with what is no promise hidden."""
    sentences = [match.group(0) for match in _SENTENCE.finditer(reading)]
    plain = [in_plain_words(sentence, known) for sentence in sentences]
    shown = [
        _shown_question(sentence, behind, known)
        or without_what_is_no_promise(sentence, known, is_example=_asks_what_is_forbidden(before, known))
        for before, sentence, behind in zip(["", *plain], plain, [*plain[1:], ""], strict=False)
    ]
    return sentences, shown


def _hits(sentences: list[str], shown: list[str], rules: Sequence[Rule], known: Tables) -> Iterator[Hit]:
    """Yield what the rules find in the sentences of one reading."""
    reading = "".join(sentences)
    is_stopped_already = False
    for sentence, open_text in zip(sentences, shown, strict=True):
        for hit in _met(sentence, open_text, rules, known):
            is_stopped_already = is_stopped_already or hit.verdict == STOP
            yield hit
    if is_stopped_already:
        return
    tied = [rule for rule in rules if rule.kind == TIED_TO_TAX and rule.verdict == STOP]
    if len(shown) > 1:
        # Base in one sentence, payment in the next: people read it.
        whole, open_whole = (re.sub("[。;!?]", ",", "".join(part)) for part in (sentences, shown))
        for hit in _met(whole, open_whole, tied, known):
            yield Hit(hit.rule, hit.found, REVIEW, "分在两句")
    # A word broken by marks or written by its sound, where nothing in the text says no.
    if tied and not known.words["否定前"].search(reading) and not known.words["记述"].search(reading):
        open_all = "".join(shown)
        bare = compact(open_all)
        found = [word for word in known.fatal if word in bare] or sounding_like(open_all, known.fatal)
        if found:
            yield Hit(tied[0], found[0], STOP, HIDDEN_WRITING)


def _met(sentence: str, open_text: str, rules: Sequence[Rule], known: Tables) -> Iterator[Hit]:
    """Yield the rules whose classes meet in one sentence."""
    spans: dict[str, list[tuple[int, int]]] = {}

    def of(name: str) -> list[tuple[int, int]]:
        if name not in spans:
            spans[name] = [m.span() for m in known.words[name].finditer(open_text) if m.end() > m.start()]
        return spans[name]

    clauses = _clauses(open_text)
    for rule in rules:
        needed = [sorted(span for name in need for span in of(name)) for need in rule.needs]
        if not all(needed) or any(of(name) for name in rule.unless):
            continue
        window, is_one_clause = _closest(needed, clauses)
        verdict, remark = rule.verdict, ""
        if rule.weaker_if and not is_one_clause:
            last = next(c for c in clauses if c.start <= window[1] - 1 < c.end)
            if any(last.start <= span[0] < last.end for name in rule.weaker_if for span in of(name)):
                verdict, remark = REVIEW, "另有计算口径"
        yield Hit(rule, sentence[window[0] : window[1]][:80], verdict, remark)


def _closest(needed: Sequence[Sequence[tuple[int, int]]], clauses: Sequence[_Clause]) -> tuple[tuple[int, int], bool]:
    """Return the shortest stretch that holds one span of each, and whether it lies in one clause; such a one wins."""
    events = sorted((span, which) for which, spans in enumerate(needed) for span in spans)
    starts = [clause.start for clause in clauses]
    latest: list[tuple[int, int] | None] = [None] * len(needed)
    best: tuple[bool, int, tuple[int, int]] | None = None
    at = 0
    for span, which in events:
        latest[which] = span
        held = [one for one in latest if one is not None]
        if len(held) < len(needed):
            continue
        window = (min(one[0] for one in held), max(one[1] for one in held))
        while at + 1 < len(starts) and starts[at + 1] <= window[0]:
            at += 1
        is_split = window[1] > clauses[at].end
        if best is None or (is_split, window[1] - window[0]) < best[:2]:
            best = (is_split, window[1] - window[0], window)
    assert best is not None
    return best[2], not best[0]


def _clauses(sentence: str) -> list[_Clause]:
    return [_Clause(*match.span()) for match in _CLAUSE.finditer(sentence)] or [_Clause(0, len(sentence))]


# --- what is no promise -----------------------------------------------------------------------------------------------


def in_plain_words(sentence: str, known: Tables) -> str:
    """Return a sentence with what people say (县里, 咱们, 你家) in the words of the tables; every place stays."""
    for pattern, word in known.spoken:
        sentence = pattern.sub(lambda m, word=word: word if len(word) == len(m.group()) else m.group(), sentence)  # type: ignore[misc]
    return sentence


def _hide(chars: list[str], start: int, end: int, sign: str = HIDDEN) -> None:
    for at in range(start, end):
        if chars[at] not in ",:。;!?":
            chars[at] = sign


def without_what_is_no_promise(sentence: str, known: Tables, *, is_example: bool = False) -> str:
    """Return a sentence with national law, neutral words, and what is negated, reported or explained hidden; places stay.

    Parameters
    ----------
    is_example : bool
        The sentence before asked what is forbidden (哪些算红线？): this one gives examples.
    """
    words = known.words
    chars = list(sentence)
    for pattern, _ in known.national:
        for match in pattern.finditer(sentence):
            # 参照即征即退的办法: a national measure that only lends its name.
            if not words["比照"].search(sentence, max(0, match.start() - 6), match.start()):
                _hide(chars, *match.span(), LAWFUL)
    is_national = words["国家文号"].search(sentence) or (
        words["国家规定"].search(sentence) and not words["强特定"].search(sentence)
    )
    if is_national and not words["加码"].search(sentence):
        for match in words["法定减免"].finditer(sentence):
            _hide(chars, *match.span(), LAWFUL)
    for name in ("中性", "描述"):
        text = "".join(chars)
        # What a project will yield is no promise to it, unless something is given in the same breath.
        if name == "中性" or not (words["给付"].search(text) or words["承揽"].search(text)):
            for match in words[name].finditer(text):
                _hide(chars, *match.span())
    text = "".join(chars)
    if _is_account(text, known):
        _hide(chars, 0, len(chars), DENIED)
        return "".join(chars)
    clauses = _clauses(text)
    for start, end in _told(text, clauses, known, "讲述起" if is_example else None):
        _hide(chars, start, end, DENIED)
    until_end = until_next = until_own_voice = False
    ended = 0
    is_agreed = bool(words["应允"].search(text))
    shutting_out = [match.span() for name in ("排外", "拒办") for match in words[name].finditer(text)]
    for at, clause in enumerate(clauses):
        written = text[clause.start : clause.end]
        if _is_end_of_it(written, known):
            for earlier in clauses[ended : at + 1]:
                # 今后按六成返还，原条款已删除: what is promised anew is not what was deleted.
                said = text[earlier.start : earlier.end]
                is_other = bool(words["另文"].match(written)) and _is_rated_gift(said, known)
                is_other = is_other and not words["往事"].search(said)
                if earlier is clause or not (is_other or _is_new_promise(said, known)):
                    _hide(chars, earlier.start, earlier.end, DENIED)
            ended = at + 1
            until_end = until_next = until_own_voice = False
            continue
        if at and words["释义"].match(written):  # 税收返还，是指…
            _hide(chars, clauses[at - 1].start, clause.end, DENIED)
        is_elsewhere = words["他处"].search(written) and not words["借名"].search(written)
        is_reported = bool(words["记述"].search(written) or is_elsewhere) and not is_agreed
        is_reported = is_reported and not words["转折"].search(written)
        until_own_voice = until_own_voice and not _is_own_voice(written, known)
        if until_end or until_next or until_own_voice or is_reported:
            _hide(chars, clause.start, clause.end, DENIED)
            until_own_voice = until_own_voice or (is_reported and bool(words["转述"].search(written)))
        # 未在本区设立公司的，一律不得入围: the ban is the promise, though its subject stands in the clause before.
        is_ban = any(start < clause.start < end for start, end in shutting_out)
        negated = None if is_ban else _negated(written, known)
        if negated is not None:
            _hide_negated(chars, written, clause.start, negated, known)
            body = written.rstrip(",:。;!?")
            until_end = until_end or (written.endswith(":") and bool(len(body) <= 6 or words["否定列举"].search(body)))
            until_next = any(m.end() == len(body) for m in words["否定引起"].finditer(body))
        else:
            until_next = False
    return "".join(chars)


def _is_new_promise(clause: str, known: Tables) -> bool:
    """Return whether a clause speaks of what is to come, or to a firm, and does not only say what was asked."""
    return bool(known.words["新许"].search(clause)) and not known.words["问及"].search(clause)


def _is_own_voice(clause: str, known: Tables) -> bool:
    """Return whether a clause turns from what is told to what is promised (但对贵司继续按六成)."""
    return bool(known.words["转折"].search(clause)) or _is_new_promise(clause, known)


def _told(sentence: str, clauses: Sequence[_Clause], known: Tables, frame: str | None) -> Iterator[tuple[int, int]]:
    """Yield the clauses that a finding, survey, lesson, advert for a job or rumour only tells of.

    A frame ends where somebody promises in their own voice; a rumour needs a denial and ends with it.
    """
    words = known.words
    written = [sentence[clause.start : clause.end] for clause in clauses]
    denials = [at for at, each in enumerate(written) if words["传言止"].search(each)]
    past = [match.start() for match in words["往事"].finditer(sentence)]
    denied_at = -1
    for at, clause in enumerate(clauses):
        if frame is not None and (
            _ends_frame(frame, written[at], at > 0 and written[at - 1].endswith(":"), known)
            or (
                frame != "传言起"
                and (not past or past[-1] < clause.start)  # nothing from here on is past, wrong or asked
                and _is_rated_gift(written[at], known)
            )
            or (frame == "传言起" and at > denied_at)
        ):
            frame = None
        if frame is None:
            frame = next((name for name in _FRAMES if words[name].search(written[at])), None)
            if frame == "传言起":
                after = bisect_left(denials, at)
                denied_at = denials[after] if after < len(denials) else -1
            if frame is not None and (
                _ends_frame(frame, written[at], True, known) or (frame == "传言起" and denied_at < 0)
            ):
                frame = None
        if frame is not None:
            yield clause.start, clause.end


def _ends_frame(frame: str, clause: str, is_quoted: bool, known: Tables) -> bool:
    """Return whether a clause no longer belongs to what is told; what stands behind a colon has no voice of its own."""
    words = known.words
    if words["转折"].search(clause) or (frame != "传言起" and _is_new_promise(clause, known)):
        return True
    if frame == "招聘起" and words["公家给"].search(clause):
        return True
    if is_quoted or frame == "查处起":  # what an authority found was done by 甲方 and 我区, too
        return False
    return bool(words["自述"].match(clause))


def _is_rated_gift(clause: str, known: Tables) -> bool:
    """Return whether a clause gives so much or so long, as no account of opinions does."""
    words = known.words
    return (
        any(words[name].search(clause) for name in ("给付", "成本承担", "免除"))
        and bool(words["数率"].search(clause))
        and not words["调查述"].search(clause)
    )


def _asks_what_is_forbidden(sentence: str, known: Tables) -> bool:
    return sentence.endswith("?") and bool(known.words["设问"].search(sentence))


def _shown_question(sentence: str, answer: str, known: Tables) -> str | None:
    """Return a question hidden where the next sentence says no without a but, open where it says yes, else none."""
    words = known.words
    if not (sentence.endswith("?") and words["问句"].search(sentence)):
        return None
    if words["是答"].match(answer):
        return sentence
    if not words["否答"].match(answer) or words["转折"].search(answer) or words["应允"].search(answer):
        return None
    chars = list(sentence)
    _hide(chars, 0, len(chars), DENIED)
    return "".join(chars)


def _is_account(sentence: str, known: Tables) -> bool:
    """Return whether a sentence only counts what was done in a past time, or says what a law or a case says.

    Whoever is addressed, a rate, a condition or a gift beside a tax makes it a promise again.
    """
    words = known.words

    def has(*names: str) -> bool:
        return any(words[name].search(sentence) for name in names)

    if has("强特定", "对话", "比照", "免程序", "应允"):
        return False
    if has("转述句"):
        return not has("加码", "比例")
    if has("许诺") or (has("税基", "地价", "个税") and has("统计奖")):
        return False
    return has("统计时") and has("统计述")


def _hide_negated(chars: list[str], clause: str, offset: int, part: tuple[int, int], known: Tables) -> None:
    """Hide what is negated, but not a ban on leaving: that negation is the promise, unless it is itself denied."""
    kept = [
        match.span()
        for match in known.words["阻迁"].finditer(clause)
        if not known.words["否定要求"].search(clause, part[0], match.end())
    ]
    before = [(at, chars[at]) for start, end in kept for at in range(offset + start, offset + end)]
    _hide(chars, offset + part[0], offset + part[1], DENIED)
    for at, char in before:
        chars[at] = char


def _is_end_of_it(clause: str, known: Tables) -> bool:
    """Return whether a clause only says that what came before it is abolished or unlawful (现已全部废止)."""
    match = known.words["了结"].match(clause)
    rest = clause[match.end() :].rstrip(",:。;!?") if match else ""
    return match is not None and len(rest) <= _END_OF_IT and not known.words["给付"].search(rest)


def _negated(clause: str, known: Tables) -> tuple[int, int] | None:
    """Return which part of a clause a negation covers: what follows it, and what a verb of abolition comes after."""
    words = known.words
    # 不得迁出, 不收租金: the negation belongs to the word. A mark per character keeps the look-up constant.
    is_of_word = bytearray(len(clause) + 1)
    for name in _NEGATING_TOKENS:
        for match in words[name].finditer(clause):
            is_of_word[match.start() : match.end()] = b"\1" * (match.end() - match.start())

    def holds(match: re.Match[str]) -> bool:
        start, end = match.span()
        if is_of_word[start] and is_of_word[end - 1]:
            return False
        if words["双重否定"].search(clause, max(0, start - 4), start) or words["否定无效"].match(clause, end):
            return False
        return not words["否定无关"].search(clause, end, end + 8)

    before = next((m for m in words["否定前"].finditer(clause) if holds(m)), None)
    behind = next((m for m in reversed(list(words["否定后"].finditer(clause))) if holds(m)), None)
    if before is None and behind is None:
        return None
    start, end = len(clause), 0
    if before is not None:
        start, end = before.start(), len(clause)
    if behind is not None and any(words[name].search(clause, 0, behind.start()) for name in _ABOLISHED):
        start, end = 0, max(end, behind.end())
    return (start, end) if start < end else None
