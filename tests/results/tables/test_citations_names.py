"""Published numbers as a whole: how things are named, and which kinds of numbers there are."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from .cited import FOUR, NUMBERS, of


class TestNames:
    """One spelling for each thing, so that a table finds a number by task, method, model, metric and setting."""

    def test_tasks(self) -> None:
        others = {"flowers", "mean-of-four", "all", "mean-of-nine", "mean-of-ten"}
        others |= {"imagenet", "caltech101", "dtd", "eurosat", "sun397", "food101"}
        assert {number.task for number in NUMBERS} == {
            *("cub-wsol", "imagenet-wsol", "ucf101-24", "waterbirds", "iwildcam", "cub"),
            *("openimages-wsol", "aircraft", "cars", "spawrious", "celeba", "metashift", "longtail-cub"),
            *FOUR,
            *(f"fewshot-{name}" for name in others),
        }

    def test_methods_and_models_are_short_and_lower_case(self) -> None:
        for number in NUMBERS:
            for name in (number.method, number.model, number.over or "none"):
                assert re.fullmatch(r"[a-z0-9]+([+.-][a-z0-9]+)*", name), name

    def test_metrics_and_their_units(self) -> None:
        units = defaultdict(set)
        for number in NUMBERS:
            if number.over is None:
                units[number.unit].add(number.metric)
        assert units == {
            "%": {
                *("MaxBoxAccV2", "MaxBoxAccV2@30", "MaxBoxAccV2@50", "MaxBoxAccV2@70"),
                *("Top-1 Loc", "Top-5 Loc", "GT-known Loc", "Loc", "video-AP@50"),
                *("accuracy", "accuracy[all]", "accuracy[many]", "accuracy[few]"),
                *("worst-group accuracy", "group-averaged accuracy", "PxAP", "Loc@30", "Loc@50", "Loc@70"),
            },
            "1": {"FID mode over classes"},
            "s/epoch": {"time per epoch"},
            "epochs": {"epochs to converge"},
            "h": {"training time"},
            "M parameters": {"parameters"},
            "frames/s": {"inference speed"},
            "classes": {"classes with lower FID than datadream"},
            "settings": {"settings won", "settings won by 2 points", "settings not won"},
            "data sets": {"data sets where 5-shot beats 10-shot real-only", "data sets won"},
        }
        assert {number.unit for number in NUMBERS if number.over} == {"points"}
        assert {number.split for number in NUMBERS} == {"test"}

    def test_settings(self) -> None:
        regimes = {"5-shot", "10-shot", "long-tail-100"}
        diff_ii = {"5-shot", "10-shot", "long-tail-100", "long-tail-20", "long-tail-10"}
        assert {number.setting for number in NUMBERS} == {
            "",
            *regimes,
            *(f"{regime}/recipe=diff-ii" for regime in diff_ii),
            *("5-shot/generator=sd-1.5", "5-shot/over=10-shot"),
            *("mask-quality=unperturbed", "mask-quality=lowest"),
            *("videos=1", "videos=2", "videos=4", "mixing-from=0", "mixing-from=20", "mixing-from=35"),
            *(f"official/recipe={name}" for name in ("openmixup", "ontoaug", "snapmix")),
            *("16-shot/recipe=datadream", "4-shot/recipe=chimeralora", "by=user"),
            *("minority-0/recipe=gals", "minority-5/recipe=gals", "minority-0/recipe=aim"),
            *("many-to-many-hard/recipe=ex2l", *(f"recipe={name}" for name in ("ddb", "ex2l", "ontoaug", "sage"))),
        }
        assert {number.setting for number in of("diff_ii")} == {f"{regime}/recipe=diff-ii" for regime in diff_ii}

    def test_one_number_of_each_kind_of_source_but_for_the_conflicts(self) -> None:
        places = defaultdict(list)
        for number in NUMBERS:
            places[*number.quantity, number.source].append(number.value)
        twice = {(where[0], where[1], where[5]): found for where, found in places.items() if len(found) > 1}
        assert twice == {
            ("cub-wsol", "baseline", None): [91.4, 92.62],
            ("cub-wsol", "cutmix+guidance", "cutmix"): [2.8, 3.1],
            ("cub-wsol", "cutmix+guidance", "baseline"): [0.7, 1.3],
            ("fewshot-cars", "real-filter", None): [69.64, 77.93],
        }

    def test_spreads_say_what_they_are(self) -> None:
        assert Counter(number.spread_kind for number in NUMBERS if number.spread is not None) == {
            "rounding": 2,
            None: 3,
        }

    def test_files(self) -> None:
        assert Counter(number.publication for number in NUMBERS) == {
            "provenance_guidance": 52,
            "wsol_evaluation": 56,
            "sat": 34,
            "cutmix": 12,
            "ucf101_24": 15,
            "alia": 4,
            "beyond_objects": 68,
            "diff_ii": 193,
            "datadream": 12,
            "provably_improving": 23,
            "chimeralora": 10,
            "openmixup": 40,
            "snapmix": 6,
            "ontoaug": 10,
            "gals": 12,
            "trilite": 4,
            "background_shift": 11,
        }
