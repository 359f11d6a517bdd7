"""Cookies in a page that another site frames (CHIPS: Cookies Having Independent Partitioned State).

A browser that blocks third-party cookies still keeps those that are marked Partitioned, a jar for each site
that frames us, so that nobody can be followed from site to site.
"""

from http.cookies import Morsel

from django.http.response import HttpResponseBase

# Python knows this attribute from 3.14 on.
Morsel._reserved.setdefault("partitioned", "Partitioned")  # type: ignore[attr-defined]
Morsel._flags.add("partitioned")  # type: ignore[attr-defined]


def partition(response: HttpResponseBase) -> None:
    """Let every cookie that the response sets be kept within a frame of the site that frames us."""
    for cookie in response.cookies.values():
        cookie["samesite"] = "None"
        cookie["secure"] = True
        cookie["partitioned"] = True
