"""Texts that run as a script, change a page or break a stream where they are not escaped. § is their number, from 1."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LONGEST = 190

_TEXTS = (
    # tags
    "<script>__xss(§)</script>",
    "<ScRiPt/x>__xss(§)</sCrIpT\t>",
    "<img src=x onerror=__xss(§)>",
    '<img src="/static/icon.svg" onload="__xss(§)">',
    "<body onload=__xss(§)>",
    "<details open ontoggle=__xss(§)>",
    "<video><source onerror=__xss(§)></video>",
    "<input autofocus onfocus=__xss(§)>",
    '<iframe srcdoc="<script>parent.__xss(§)</script>"></iframe>',
    '<object data="data:text/html,<script>parent.__xss(§)</script>"></object>',
    "<embed src=javascript:__xss(§)>",
    '<base href="//evil.example/"><script src=x.js>__xss(§)</script>',
    '<meta http-equiv=refresh content="0;url=javascript:__xss(§)">',
    "<form action=javascript:__xss(§)><button autofocus>x</button></form>",
    "<template shadowrootmode=open><img src=x onerror=__xss(§)></template>",
    "<dialog open><marquee onstart=__xss(§)>x</marquee></dialog>",
    # the ends of what a text may stand in
    "</textarea><script>__xss(§)</script>",
    "</title><script>__xss(§)</script>",
    "</script><script>__xss(§)</script>",
    "</style><script>__xss(§)</script>",
    "--><script>__xss(§)</script><!--",
    "]]><script>__xss(§)</script>",
    "</select><option onclick=__xss(§)><img src=x onerror=__xss(§)>",
    # attributes
    '"><svg onload=__xss(§)>',
    "'><svg onload=__xss(§)>",
    '" autofocus onfocus="__xss(§)" x="',
    "' autofocus onfocus='__xss(§)' x='",
    "x onmouseover=__xss(§) autofocus onfocus=__xss(§)",
    "&quot; autofocus onfocus=&quot;__xss(§)",
    '" style="animation:x" onanimationstart="__xss(§)',
    '\\" onfocus=__xss(§) autofocus \\"',
    "`><img src=`x`onerror=__xss(§)>",
    # addresses
    "javascript:__xss(§)",
    " jAvA\tscript:__xss(§)//",
    "data:text/html;base64,PH§jcmlwdD5wYXJlbnQuX194c3MoTik8L3§jcmlwdD4=",
    "<a href=javascript:__xss(§) autofocus>x</a>",
    "//evil.example/%0d%0aX-§: __xss(§)",
    # svg and mathml, and what parsers turn into something else
    "<svg><script>__xss(§)</script></svg>",
    "<svg><animate onbegin=__xss(§) attributeName=x dur=1s>",
    "<svg><use href=\"data:image/svg+xml,<svg id='x' onload='__xss(§)'/>#x\"/></svg>",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=__xss(§)&gt;">',
    '<noscript><p title="</noscript><img src=x onerror=__xss(§)>">',
    '<svg></p><style><a id="</style><img src=x onerror=__xss(§)>">',
    # what this project's own parts would run
    '<div hx-get=/settings hx-trigger=load hx-on::load="__xss(§)">x</div>',
    "<b data-hx-on:click=__xss(§) data-hx-post=/tasks/retry-all data-hx-trigger=load>x</b>",
    "{{ cycler.__init__.__globals__ }}{% raw %}{{ 7*§ }}<script>__xss(§)</script>",
    "${__xss(§)}#{__xss(§)}<%= § %>[[${§}]]",
    "%(n)s %s {n} {0.__class__}<script>__xss(§)</script>",
    # lines and letters
    "x\n\nevent: reload\ndata: <script>__xss(§)</script>\n\n",
    "\u202e\u2028\u2029\ufeff<b>\u202c</b><script>__xss(§)</script>",
    "\uff1cscript\uff1e__xss(§)\uff1c/script\uff1e\u0130\ufb01<script>__xss(§)</script>",
    '=HYPERLINK("javascript:__xss(§)")<script>__xss(§)</script>',
)  # fmt: skip

PAYLOADS = tuple(text.replace("§", str(number)) for number, text in enumerate(_TEXTS, 1))


def _together(payloads: Iterable[str]) -> tuple[str, ...]:
    """Return texts that hold several payloads each; an address that runs must be at the beginning of its text."""
    texts: list[str] = [""]
    for payload in payloads:
        is_address = re.match(r"\s*(javascript:|data:|//|=)", payload, re.IGNORECASE | re.ASCII)
        if is_address or len(texts[-1]) + len(payload) > _LONGEST:
            texts.append("")
        texts[-1] += f"{' ' if texts[-1] else ''}{payload}"
    return tuple(texts)


TEXTS = _together(PAYLOADS)
"""All payloads, several in a text."""
NAMES = _together(text for text in PAYLOADS if text.isprintable())
"""The same without the characters that names may not have."""

FOREIGN = """() => [...document.querySelectorAll('*')].filter(e =>
    ['IFRAME', 'OBJECT', 'EMBED', 'BASE', 'SVG', 'svg', 'math', 'SOURCE', 'MARQUEE', 'TEMPLATE', 'STYLE', 'NOSCRIPT']
        .includes(e.tagName)
    || (e.tagName === 'SCRIPT' && !e.src.startsWith(location.origin + '/static/'))
    || [...e.attributes].some(a => /^(on|hx-on|data-hx-|style$|srcdoc)/.test(a.name)
        || (/^(href|src|action|formaction)$/.test(a.name) && !/^[/?#]/.test(a.value))))
    .map(e => e.outerHTML.slice(0, 200))"""
"""What no page of ours has: elements and attributes that only a payload can have brought."""
