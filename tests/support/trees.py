"""UI trees written by hand: reduced screens, as XML and as views."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import quoteattr

from fleetlane.core.screens.recognition import View, recognise
from fleetlane.core.screens.screen import parse_tree
from fleetlane.scripts.packs import load_packs
from fleetlane.simulator.yaml_files import parse_yaml

PACKAGES = {"tiktok": "com.zhiliaoapp.musically", "instagram": "com.instagram.android", "android": "android"}
LANGUAGES = ("en", "zh", "id")
WIDTH, HEIGHT = 1080, 2400
_FOLDER = Path(__file__).parents[1] / "packs"
_STATES = ("clickable", "selected", "focused", "checked")


def cases_from_facts():
    """Return the reduced screens of screens_from_facts.yaml."""
    return _read("screens_from_facts.yaml")


def cases_in_languages():
    """Return the screens of screens_in_languages.yaml, each once for every language.

    `lang` is the language; of a screen that no word tells it is "".
    """
    return _in_languages("screens_in_languages.yaml")


def cases_of_kinds():
    """Return the screens of screens_of_kinds.yaml, each once for every language, like `cases_in_languages`."""
    return _in_languages("screens_of_kinds.yaml")


def _in_languages(file):
    return [
        {**case, "lang": lang, "nodes": [_said_in(lang, node) for node in case["nodes"]]}
        for case in _read(file)
        for lang in (LANGUAGES if any(_is_told(node) for node in case["nodes"]) else ("",))
        if all(_says_in(lang, node) for node in case["nodes"])
    ]


def phrases():
    """Return the rows of phrases.yaml: what dialogs say."""
    return _read("phrases.yaml")


def cases_of_dialogs():
    """Return the dialogs of phrases.yaml, one for each phrase."""
    return [
        {**row, "lang": lang, "why": phrase, "nodes": dialog_nodes(row, lang, phrase)}
        for row in phrases()
        for lang, said in row["phrases"].items()
        for phrase in said
    ]


def dialog_nodes(row, lang, phrase):
    """Return the nodes of a dialog that says a phrase: it, and the dialog's button."""
    nodes = [{"text": phrase, "at": row.get("at", [140, 760, 940, 840]), "id": row.get("heading", "")}]
    if "buttons" in row:
        button = {"text": row["buttons"][lang], "at": [140, 1300, 940, 1420], "clickable": True}
        nodes.append({**button, "id": row.get("ids", "")})
    return nodes


def _read(name):
    return parse_yaml((_FOLDER / name).read_text(encoding="utf-8"), name, shipped=True)


def _is_told(node):
    """Return whether a node, or one in it, says something in several languages."""
    said = any(isinstance(node.get(key), list) for key in ("text", "desc"))
    return said or any(_is_told(child) for child in node.get("children", ()))


def _says_in(lang, node):
    """Return whether a node says what it says in a language, too; `~` stands for one in which nobody has seen it."""
    said = all(node[key][LANGUAGES.index(lang)] for key in ("text", "desc") if isinstance(node.get(key), list))
    return said and all(_says_in(lang, child) for child in node.get("children", ()))


def _said_in(lang, node):
    said = {
        key: value[LANGUAGES.index(lang)] if key in ("text", "desc") and isinstance(value, list) else value
        for key, value in node.items()
    }
    return {**said, "children": [_said_in(lang, child) for child in node.get("children", ())]}


def package_of(case):
    return case.get("package") or PACKAGES[case["app"]]


def nodes_xml(nodes, package, size=(WIDTH, HEIGHT)):
    """Return one window: its background and its nodes. `id` is short, or whole with its package."""
    background = f'<node bounds="[0,0][{size[0]},{size[1]}]" package={quoteattr(package)}/>'
    return background + "".join(_node_xml(node, package) for node in nodes)


def _node_xml(node, package):
    left, top, right, bottom = node["at"]
    owner = node.get("package", package)
    name = node.get("id", "")
    full = name if ":" in name else f"{owner}:id/{name}" if name else ""
    kind = f"android.widget.{node['class']}" if "class" in node else ""
    states = "".join(f'{state}="{"true" if node.get(state) else "false"}" ' for state in _STATES)
    inner = "".join(_node_xml(child, package) for child in node.get("children", ()))
    return (
        f"<node text={quoteattr(str(node.get('text', '')))} content-desc={quoteattr(node.get('desc', ''))} "
        f'resource-id={quoteattr(full)} class="{kind}" package={quoteattr(owner)} {states}'
        f'bounds="[{left},{top}][{right},{bottom}]">{inner}</node>'
    )


def xml_of(case):
    """Return the tree of a reduced screen."""
    window = nodes_xml(case["nodes"], package_of(case), case.get("size", (WIDTH, HEIGHT)))
    return f'<hierarchy rotation="0">{window}</hierarchy>'


def view_of_case(case):
    return View(parse_tree(xml_of(case)))


def view_of(*windows):
    """Return the view of windows, each (nodes, package), the lowest first."""
    inner = "".join(nodes_xml(nodes, package) for nodes, package in windows)
    return View(parse_tree(f'<hierarchy rotation="0">{inner}</hierarchy>'))


def seen(*windows):
    """Return what windows show, as "APP SCREEN"."""
    return str(recognise(load_packs(), view_of(*windows)))
