"""Which trees do PyYAML, as SAM and the AWS CLI use it, and ruamel.yaml, a reader of YAML 1.2, make of templates?

Reads a JSON list of texts; writes a JSON list with [tree or null, tree or null] for each. Texts, numbers and truth
values are texts in the trees; null stands for a text that the reader refuses.
"""

import json
import sys

import ruamel.yaml
import yaml


class Loader(yaml.SafeLoader):
    """The AWS CLI's loader, but for `!GetAtt`, whose text both split later."""


def intrinsic(loader, _prefix, node):
    tag = node.tag[1:]
    name = tag if tag in ("Ref", "Condition") else "Fn::" + tag
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


def pairs(loader, node):
    loader.flatten_mapping(node)
    return dict(loader.construct_pairs(node, deep=True))


Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, pairs)
Loader.add_multi_constructor("!", intrinsic)


def plain(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key if isinstance(key, str) else plain_key(key): plain(each) for key, each in value.items()}
    return str(value)


def plain_key(key):
    text = plain(key)
    return text if isinstance(text, str) else "!key " + repr(key)


def composed(node):
    """ruamel.yaml's nodes: its own values of 1.2 are not asked, but where texts, keys, lists and objects are."""
    tag = str(node.tag or "")
    if isinstance(node, ruamel.yaml.nodes.ScalarNode):
        is_null = tag.endswith(":null") and node.style is None
        value = None if is_null else node.value
    elif isinstance(node, ruamel.yaml.nodes.SequenceNode):
        value = [composed(item) for item in node.value]
    else:
        own, merged = {}, {}
        for key, each in node.value:
            if str(key.tag).endswith(":merge") or (key.value == "<<" and key.style is None):
                for source in [each] if isinstance(each, ruamel.yaml.nodes.MappingNode) else each.value:
                    merged.update(composed(source))
                continue
            if not isinstance(key, ruamel.yaml.nodes.ScalarNode) or key.value in own:
                raise ValueError("a key that is not a text, or twice")
            own[key.value] = composed(each)
        value = {**merged, **own}
    if tag.startswith("!") and len(tag) > 1:
        name = tag[1:] if tag in ("!Ref", "!Condition") else "Fn::" + tag[1:]
        return {name: node.value if isinstance(node, ruamel.yaml.nodes.ScalarNode) else value}
    return value


def attempt(read, text):
    try:
        return read(text)
    except (yaml.YAMLError, ruamel.yaml.error.YAMLError, ValueError, TypeError, AttributeError, RecursionError, OverflowError):
        return None


def first(text):
    try:
        return plain(json.loads(text))
    except ValueError:
        return plain(yaml.load(text, Loader))


def second(text):
    return composed(ruamel.yaml.YAML(typ="safe", pure=True).compose(text))


if __name__ == "__main__":
    texts = json.load(sys.stdin)
    json.dump([[attempt(first, text), attempt(second, text)] for text in texts], sys.stdout)
