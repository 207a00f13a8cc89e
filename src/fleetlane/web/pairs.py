"""Forms of the pages as browsers send them without files: pairs of names and values, in signs that stand for bytes.

Python takes two seconds for a megabyte of such signs. A large form is read beside the event loop, as large JSON is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from fastapi import Request
from starlette.datastructures import FormData
from starlette.formparsers import FormParser, MultiPartException

from fleetlane.core.errors import InvalidParametersError

_KIND = "application/x-www-form-urlencoded"
_LARGE_BYTES = 64 * 1024
LARGEST_LOGIN_BYTES = 64 * 1024
"""Who logs in has not shown the token yet."""


class FormRequest(Request):
    """A request whose large forms are read on another thread, within the bounds that whoever reads them gives."""

    async def _get_form(self, **bounds: Any) -> FormData:
        if self._form is None and self.headers.get("content-type", "").partition(";")[0].strip().lower() == _KIND:
            body = await self.body()
            if len(body) > _LARGE_BYTES:
                of_pairs = {name: bound for name, bound in bounds.items() if name != "max_files"}
                parser = FormParser(self.headers, _once(body), **of_pairs)
                self._form = await asyncio.to_thread(_read, parser)
        return await super()._get_form(**bounds)


def _read(parser: FormParser) -> FormData:
    try:
        return asyncio.run(parser.parse())
    except MultiPartException as error:
        raise InvalidParametersError.one("body", error.message) from error


async def _once(body: bytes) -> AsyncGenerator[bytes]:
    yield body
