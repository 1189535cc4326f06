"""A real OpenID provider in a process of its own, and somebody with a browser: cookies, redirects, forms."""

import http.client
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Self
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from npmtools import npm_package
from patience import PATIENCE, until
from ports import free_port

SERVER = Path(__file__).parent / "tools" / "oidc_server.mjs"
PACKAGE = "oidc-provider@8.8.1"


@dataclass(frozen=True, slots=True)
class Page:
    """What a browser got."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(slots=True)
class Browser:
    """Keeps cookies by host and port, follows redirects, and stops where it is told to."""

    cookies: dict[str, dict[str, str]] = field(default_factory=dict)

    def get(self, url: str, *, stop: str = "") -> Page:
        """Open an address, and whatever it leads to; not what begins with `stop`."""
        return self._follow("GET", url, None, stop)

    def post(self, url: str, form: Mapping[str, str], *, stop: str = "") -> Page:
        """Send a form, and follow where it leads."""
        return self._follow("POST", url, urlencode(form), stop)

    def ask(self, method: str, url: str, body: str | None = None, headers: Mapping[str, str] | None = None) -> Page:
        """One request, with the cookies of its site."""
        parts = urlsplit(url)
        jar = self.cookies.setdefault(parts.netloc, {})
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items()), **(headers or {})}
        if body is not None:
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
        try:
            connection.request(method, f"{parts.path}{f'?{parts.query}' if parts.query else ''}", body, sent)
            found = connection.getresponse()
            for text in found.headers.get_all("Set-Cookie") or []:
                for name, morsel in SimpleCookie(text).items():
                    jar[name] = morsel.value
                    if morsel["max-age"] == "0" or not morsel.value:
                        jar.pop(name)
            told = {name.lower(): value for name, value in found.getheaders()}
            return Page(url, found.status, told, found.read().decode())
        finally:
            connection.close()

    def _follow(self, method: str, url: str, body: str | None, stop: str) -> Page:
        page = self.ask(method, url, body)
        for _ in range(20):
            if page.status not in (302, 303):
                return page
            where = urljoin(page.url, page.headers["location"])
            if stop and where.startswith(stop):
                return Page(where, page.status, page.headers, "")
            page = self.ask("GET", where)
        raise AssertionError(f"{url} leads in circles")

    def log_in(self, page: Page, subject: str, *, stop: str = "") -> Page:
        """Fill in the forms of the provider as somebody, and agree to everything."""
        for _ in range(4):
            form = re.search(r'<form[^>]* action="([^"]+)"', page.body)
            if form is None:
                return page
            prompt = re.search(r'name="prompt" value="([^"]+)"', page.body)
            assert prompt is not None, page.body
            given = {"prompt": prompt[1], "login": subject, "password": "any"}
            page = self.post(urljoin(page.url, form[1]), given, stop=stop)
        return page


class OidcWorld:
    """The provider, from `with` to its end."""

    def __init__(self, folder: Path, redirect: str, *, client: str = "gate", secret: str = "") -> None:
        if shutil.which("node") is None:
            pytest.skip("there is no node")
        npm_package(folder, PACKAGE)
        self._script = folder / "server.mjs"
        shutil.copyfile(SERVER, self._script)
        self.client, self.secret, self._redirect = client, secret, redirect
        self.port, self.gate_port = free_port(), 0
        self.issuer = f"http://127.0.0.1:{self.port}"
        self._log = folder / "server.log"

    def __enter__(self) -> Self:
        args = ["node", str(self._script), str(self.port), self.client, self._redirect, self.secret]
        with self._log.open("wb") as log:
            env = {**os.environ, "NODE_ENV": "test"}
            self._process = subprocess.Popen(args, stdout=log, stderr=log, env=env)
        until(lambda: self._process.poll() is not None or b"ready" in self._log.read_bytes(), "the provider")
        assert self._process.poll() is None, self._log.read_text()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)
