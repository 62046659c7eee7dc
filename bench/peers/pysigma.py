#!/usr/bin/env python3
"""Compares what pipelines make of rules with what pySigma makes of them.

    pip install pysigma==1.5.1
    make build
    python3 bench/peers/pysigma.py -p sysmon -p ecs_windows RULES...

Each pipeline is taken as "rsigmac pipeline show" prints it and applied to each rule file by both. Our result is the YAML of
"rsigmac pipeline apply", which pySigma then reads like any rule; so both sides are compared as pySigma's own objects: log source,
conditions, and every detection item with field, linking and typed values. Detections are compared without their names, as those of
added selections are random in pySigma, and conditions without parentheses.

--control applies another pipeline on our side: the comparison must then find differences.

Status 0: no difference. 1: differences, each printed. 3: nothing could be compared.
"""

import argparse
import collections
import itertools
import pathlib
import re
import subprocess
import sys

import yaml
from sigma.collection import SigmaCollection
from sigma.conditions import ConditionOR
from sigma.exceptions import SigmaError
from sigma.processing.pipeline import ProcessingPipeline
from sigma.rule import SigmaDetection, SigmaRule
from sigma.types import SigmaNull


def value_text(value):
    """The value of a detection item with its type, so that 1 and "1" differ."""
    if isinstance(value, SigmaNull):
        return "null"
    return f"{type(value).__name__}:{value}"


def shape(detection):
    """A detection in disjunctive normal form, a set of sets of items: YAML cannot write an alternative inside a mapping, so ours are
    multiplied out where a pipeline makes one."""
    if not isinstance(detection, SigmaDetection):
        linking = detection.value_linking.__name__ if len(detection.value) > 1 else ""
        item = (detection.field, linking, tuple(sorted(map(value_text, detection.value))))
        return frozenset([frozenset([item])])
    parts = [shape(item) for item in detection.detection_items]
    if detection.item_linking is ConditionOR:
        return frozenset().union(*parts)
    return frozenset(frozenset().union(*choice) for choice in itertools.product(*parts))


def shape_text(detection):
    """The shape as text that sorts the same in every run."""
    return " or ".join(sorted(" and ".join(sorted(map(str, term))) for term in shape(detection)))


def condition_words(text):
    """The words of a condition without parentheses; the name of an added selection, which is random in pySigma, is one word."""
    return tuple(re.sub(r"^_cond_\w+", "_cond", word) for word in re.findall(r"[^\s()]+", text))


def summary(rule):
    source = rule.logsource
    detections = collections.Counter(shape_text(d) for d in rule.detection.detections.values())
    return {
        "logsource": (source.category, source.product, source.service),
        "detections": detections,
        "conditions": sorted(condition_words(c.condition) for c in rule.detection.parsed_condition),
    }


def read_rules(text, refused):
    """The rules in text. What pySigma refuses to read is counted by error."""
    rules = []
    for rule in SigmaCollection.from_yaml(text, collect_errors=True).rules:
        if rule.errors:
            refused[type(rule.errors[0]).__name__] += 1
        elif isinstance(rule, SigmaRule):
            rules.append(rule)
    return rules


def theirs(pipeline_text, rule_text, refused):
    """What pySigma makes of the rules, by id."""
    result = {}
    for rule in read_rules(rule_text, refused):
        # A fresh pipeline for every rule, as its state would otherwise reach the next one.
        ProcessingPipeline.from_yaml(pipeline_text).apply(rule)
        result[str(rule.id)] = summary(rule)
    return result


def ours(program, pipeline, paths):
    """What we make of the rules, by id. Each rule is printed before and after; the later one stays."""
    command = [program, "pipeline", "apply", "-p", pipeline]
    for path in paths:
        command += ["-r", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip()}")
    return {str(rule.id): summary(rule) for rule in read_rules(done.stdout, collections.Counter())}


def differences(want, got):
    if want["logsource"] != got["logsource"]:
        yield f"log source: pySigma {want['logsource']}, here {got['logsource']}"
    if want["conditions"] != got["conditions"]:
        yield f"conditions: pySigma {want['conditions']}, here {got['conditions']}"
    for name, only in (("pySigma", want["detections"] - got["detections"]), ("here", got["detections"] - want["detections"])):
        for detection in only:
            yield f"only {name}: {detection[:300]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules", nargs="+", type=pathlib.Path, help="rule files and directories")
    parser.add_argument("-p", "--pipeline", action="append", required=True, help="built-in name or file; repeatable, each on its own")
    parser.add_argument("--control", help="pipeline that our side applies instead")
    parser.add_argument("--rsigmac", default="bin/rsigmac")
    parser.add_argument("--show", type=int, default=20, help="how many rules that differ are printed per pipeline")
    args = parser.parse_args()

    files = sorted(f for path in args.rules for f in ([path] if path.is_file() else path.rglob("*.yml")))
    compared, wrong = 0, 0
    for pipeline in args.pipeline:
        path = pathlib.Path(pipeline)
        text = path.read_text() if path.is_file() else subprocess.check_output(
            [args.rsigmac, "pipeline", "show", pipeline], text=True)
        mine = ours(args.rsigmac, args.control or pipeline, args.rules)
        same, differ, refused = 0, 0, collections.Counter()
        for file in files:
            try:
                wanted = theirs(text, file.read_text(), refused)
            except (SigmaError, yaml.YAMLError, TypeError, ValueError) as error:
                refused[type(error).__name__] += 1
                continue
            for ident, want in wanted.items():
                found = list(differences(want, mine[ident])) if ident in mine else ["not in our result, or pySigma cannot read it"]
                same, differ = same + (not found), differ + bool(found)
                if found and differ <= args.show:
                    print(f"{pipeline}: {file}", *found, sep="\n    ")
        print(f"{pipeline}: {same + differ} rules compared, {differ} differ, "
              f"{sum(refused.values())} refused by pySigma {dict(refused) or ''}".rstrip())
        compared, wrong = compared + same + differ, wrong + differ
    if not compared:
        return 3
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
