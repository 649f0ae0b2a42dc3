from __future__ import annotations

import pytest

from tfenv_lab.conda.solving import specs
from tfenv_lab.errors import InvalidSpec


class TestTwoSpecsOfOneName:
    @pytest.mark.parametrize(
        ("one", "other", "both"),
        [
            ("numpy <1.20", "numpy >2", "numpy <1.20,>2"),
            ("numpy", "numpy >2", "numpy >2"),
            ("numpy >2", "numpy", "numpy >2"),
            ("numpy", "numpy", "numpy"),
            ("numpy >2", "numpy >2", "numpy >2"),
            ("numpy ==1.26|==1.27", "numpy !=1.27", "numpy (==1.26|==1.27),!=1.27"),
            ("tensorflow 2.18.* cpu_*", "tensorflow", "tensorflow 2.18.* cpu_*"),
            ("tensorflow * cpu_*", "tensorflow ==2.18.0", "tensorflow ==2.18.0 cpu_*"),
            ("tensorflow * cpu_*", "tensorflow * cpu_py311*", "tensorflow * cpu_py311*"),
            ("tensorflow * cpu_py311*", "tensorflow * cpu_*", "tensorflow * cpu_py311*"),
            ('numpy * *[build_number="==1"]', "numpy 2.*", 'numpy 2.* *[build_number="==1"]'),
        ],
    )
    def test_both_hold(self, one: str, other: str, both: str) -> None:
        [found] = specs.by_name([one, other]).values()
        assert found == both
        assert str(specs.parse(found)) == found

    def test_two_builds_that_exclude_each_other_are_refused(self) -> None:
        with pytest.raises(InvalidSpec, match="“tensorflow” is requested with two builds, “cpu_\\*” and “cuda\\*”"):
            specs.by_name(["tensorflow * cpu_*", "tensorflow * cuda*"])


@pytest.mark.parametrize(
    ("spec", "argument"),
    [
        ("numpy", "numpy"),
        ("numpy 1.26.*", "numpy=1.26.*"),
        ("numpy ==1.26", "numpy==1.26"),
        ("numpy >=1.26,<2", "numpy>=1.26,<2"),
        ("numpy 1.26.*|1.27.*", "numpy[version='1.26.*|1.27.*']"),
        ("numpy (==1.26|==1.27),!=1.27", "numpy[version='(==1.26|==1.27),!=1.27']"),
        ("tensorflow 2.18.* cpu_*", "tensorflow=2.18.*=cpu_*"),
        ("numpy >=2 py*", "numpy[version='>=2',build='py*']"),
        ('numpy 1.26.* *[build_number="==1"]', "numpy[version='1.26.*',build_number='==1']"),
    ],
)
def test_as_an_argument_of_conda(spec: str, argument: str) -> None:
    assert specs.command_text(spec) == argument


@pytest.mark.parametrize(
    ("text", "demanded"),
    [
        ("six", "six"),
        ("SIX 1.*", "six 1.*"),
        ("six=1.17", "six 1.17.*"),
        ("six==1.17.0=py_0", "six ==1.17.0 py_0"),
        ("six[build='py*']", "six * py*"),
        ("private::six>=1", "six >=1"),
        ("conda-forge/noarch::six==1.17.0=0", "six ==1.17.0 0"),
        ("https://host/conda-forge::six", "six"),
        ("six[channel=private,subdir=noarch,version='>=1']", "six >=1"),
        ("https://host/noarch/six-1.17.0-py_0.conda#sha256:00", "six"),
        ("/home/u/six-1.17.0-py_0.tar.bz2", "six"),
        ("six @ git+https://host/six.git", "six"),
        ("six[url=https://host/six-1.17.0-py_0.conda]", "six"),
        ("six =>1.0", "six >=1.0"),
        ("six >>1.0", None),
        ("six[", None),
        ("another", None),
        ("sixé", None),
        ("", None),
    ],
)
def test_a_recorded_spec_demands_a_name_a_version_and_a_build(text: str, demanded: str | None) -> None:
    assert specs.remembered("six", text) == demanded
