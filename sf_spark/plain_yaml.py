"""YAML as people write it into a file of ours: plain values, and no key twice."""

from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """Refuses a mapping that names a key twice: the last one would silently win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [
            str(self.construct_object(key, deep=True)) for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"
        ]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice} stands twice (line {node.start_mark.line + 1})")
        return super().construct_mapping(node, deep)


def load_plain(text: str) -> Any:
    """The content of a text.

    Raises:
        ValueError: For anything that is not YAML, a date that does not exist, or a key that stands twice.
    """
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        line = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        raise ValueError(f"{error.problem}{line}") from None
    except yaml.YAMLError as error:
        raise ValueError(str(error).splitlines()[0]) from None
    except RecursionError:
        raise ValueError("its brackets are too deep") from None
