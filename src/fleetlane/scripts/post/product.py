"""The product link of a TikTok post: the first product of the account.

No recording of the real app shows these pages: they are found by words and places (see docs/reference/screen-packs.md).
"""

from __future__ import annotations

from fleetlane.core.errors import TaskFailedError
from fleetlane.scripts.looks import Screen
from fleetlane.scripts.navigator import Navigator
from fleetlane.scripts.post.posting_page import PostingPage

_REACTS_S = 5.0


def add_product_link(navigator: Navigator, page: PostingPage) -> str:
    """Add the first product to the post on the last page, and return the name it is shown by.

    Raises:
        TaskFailedError: `step_unavailable`; the account has no products.
    """
    elements = navigator.pack.elements

    def name_on(screen: Screen) -> str:
        field = screen.find(elements["product_name_field"])
        return field.text if field is not None and screen.name == "product_name" else ""

    navigator.reach("link", {"add_link"})
    if navigator.see(lambda s: s.find(elements["link_product"]) is not None, _REACTS_S) is None:
        raise TaskFailedError("step_unavailable", "The account has no products to link.")
    navigator.reach("product", {"product_name"})
    named = navigator.see(lambda s: bool(name_on(s)), _REACTS_S)
    if named is None:
        raise TaskFailedError("step_unavailable", "The product has no name.")
    name = name_on(named)
    navigator.reach("linked", page.screens)
    if navigator.see(lambda s: any(node.text == name for node in s.top.nodes), _REACTS_S) is None:
        raise TaskFailedError("step_unavailable", f"The post does not show the product {name!r}.")
    return name
