"""A small Hugging Face hub on the loopback address: models, their commits, downloads, uploads.

It answers what the installed ``huggingface_hub`` asks for, in the hub's own form: listings of a
commit, files by redirect where they are large, new names of moved models, and uploads in four
steps (ask how, send large files, commit). Writing and private models need ``TOKEN``.
"""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

TOKEN = "hf_test"  # no secret: the hub that knows it is made by a test
_LARGE = (".safetensors", ".onnx", ".npz")


@dataclass
class HubModel:
    """A model on the hub.

    Attributes:
        commits: Every file of each commit.
        branch: The newest commit, which ``main`` stands for; None before the first.
        private: Only to be seen with the token.
    """

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branch: str | None = None
    private: bool = False

    def commit(self, files: Mapping[str, bytes], sha: str | None = None) -> str:
        """Add files as a new commit and return its name, which follows from all that is there."""
        all_files = {**self.commits.get(self.branch or "", {}), **files}
        digest = hashlib.sha1(usedforsecurity=False)
        for name, content in sorted(all_files.items()):
            digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
        self.branch = sha or digest.hexdigest()
        self.commits[self.branch] = all_files
        return self.branch


@dataclass
class LocalHub:
    """What the hub holds, and what it was asked.

    Attributes:
        models: By ``OWNER/NAME``.
        moved: The present name of a model by its former one.
        requests: Method and path of every request so far.
        address: Where it answers.
        store: Where large files are; another host by name, so that no token is sent there.
        large_files: By the SHA-256 in their address.
    """

    models: dict[str, HubModel] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    address: str = ""
    store: str = ""
    large_files: dict[str, bytes] = field(default_factory=dict)

    def model(self, name: str) -> HubModel:
        """Return a model, made if it is not there."""
        return self.models.setdefault(name, HubModel())


class HubError(Exception):
    """An answer that is an error, with the code by which the client tells its kind."""

    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@contextmanager
def local_hub() -> Iterator[LocalHub]:
    """Serve an empty hub from a thread of this process."""
    hub = LocalHub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        hub.address = f"http://127.0.0.1:{server.server_address[1]}"
        hub.store = f"http://localhost:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    hub: LocalHub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append(f"{self.command} {path}")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            if self.command in ("GET", "HEAD"):
                self._read(path)
            else:
                self._write(path, body)
        except HubError as error:
            headers = {"X-Error-Code": error.code, "X-Error-Message": str(error)}
            self._send_json({"error": str(error)}, error.status, headers)

    def _read(self, path: str) -> None:
        if path.startswith("/large/"):
            self._send(self.hub.large_files[path.removeprefix("/large/")])
        elif path.startswith("/api/models/"):
            name, verb, rest = _split(path.removeprefix("/api/models/"), ("revision", "tree"))
            self._describe(name, verb, rest)
        else:
            name, verb, rest = _split(path.removeprefix("/"), ("resolve",))
            self._send_file(name, *rest.split("/", 1)) if verb else self._not_found(name)

    def _describe(self, name: str, verb: str, revision: str) -> None:
        if self._is_moved(name):
            return
        model, commit = self._commit(name, revision or "main")
        if verb == "tree":
            self._send_json([_entry(*file) for file in sorted(model.commits[commit].items())])
            return
        siblings = [{"rfilename": file} for file in sorted(model.commits[commit])]
        self._send_json(
            {"id": name, "sha": commit, "private": model.private, "siblings": siblings, "tags": []}
        )

    def _send_file(self, name: str, revision: str, file: str) -> None:
        if self._is_moved(name):
            return
        model, commit = self._commit(name, revision)
        content = model.commits[commit].get(file)
        if content is None:
            raise HubError(HTTPStatus.NOT_FOUND, "EntryNotFound", f"{file} is not in {name}")
        headers = {"X-Repo-Commit": commit, "ETag": f'"{_blob(content)}"'}
        if not file.endswith(_LARGE):
            self._send(content, headers=headers)
            return
        sha256 = hashlib.sha256(content).hexdigest()
        self.hub.large_files[sha256] = content
        headers |= {"X-Linked-Etag": f'"{sha256}"', "X-Linked-Size": str(len(content))}
        self._redirect(f"{self.hub.store}/large/{sha256}", HTTPStatus.FOUND, headers)

    def _write(self, path: str, body: bytes) -> None:
        if self.command == "PUT":  # large files go to a store whose address is the permission
            self.hub.large_files[path.removeprefix("/large/")] = body
            self._send(b"")
            return
        if not self._is_known():
            raise HubError(HTTPStatus.UNAUTHORIZED, "", "Invalid username or password.")
        if path == "/api/repos/create":
            self._create(json.loads(body))
        elif path == "/api/validate-yaml":
            self._send_json({"errors": [], "warnings": []})
        elif path.endswith(".git/info/lfs/objects/batch"):
            objects = [self._upload_action(file) for file in json.loads(body)["objects"]]
            self._send_json({"transfer": "basic", "objects": objects})
        else:
            name, verb, _ = _split(path.removeprefix("/api/models/"), ("preupload", "commit"))
            if name not in self.hub.models:
                self._not_found(name)
            elif verb == "preupload":
                self._send_json({"files": [_mode(file) for file in json.loads(body)["files"]]})
            else:
                self._add_commit(name, [json.loads(line) for line in body.splitlines()])

    def _create(self, wanted: dict[str, Any]) -> None:
        name = f"{wanted['organization']}/{wanted['name']}"
        is_there = name in self.hub.models
        if not is_there:
            self.hub.model(name).private = wanted.get("visibility") == "private"
        status = HTTPStatus.CONFLICT if is_there else HTTPStatus.OK
        self._send_json({"url": f"{self.hub.address}/{name}", "name": name}, status)

    def _upload_action(self, file: dict[str, Any]) -> dict[str, Any]:
        href = f"{self.hub.store}/large/{file['oid']}"
        upload = (
            {} if file["oid"] in self.hub.large_files else {"actions": {"upload": {"href": href}}}
        )
        return {"oid": file["oid"], "size": file["size"], **upload}

    def _add_commit(self, name: str, operations: list[dict[str, Any]]) -> None:
        files = {}
        for operation in operations:
            value = operation["value"]
            if operation["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif operation["key"] == "lfsFile":
                content = self.hub.large_files[value["oid"]]
                if hashlib.sha256(content).hexdigest() != value["oid"]:
                    raise HubError(HTTPStatus.BAD_REQUEST, "", f"{value['path']} is damaged")
                files[value["path"]] = content
        commit = self.hub.models[name].commit(files)
        address = f"{self.hub.address}/{name}/commit/{commit}"
        self._send_json({"success": True, "commitOid": commit, "commitUrl": address})

    def _commit(self, name: str, revision: str) -> tuple[HubModel, str]:
        """Return a model, and the commit that a revision stands for."""
        model = self.hub.models.get(name)
        if model is None or (model.private and not self._is_known()):
            self._not_found(name)
        assert model is not None
        commit = model.branch if revision == "main" else revision
        if commit not in model.commits:
            message = f"Invalid rev id: {revision}"
            raise HubError(HTTPStatus.NOT_FOUND, "RevisionNotFound", message)
        return model, str(commit)

    def _is_known(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _is_moved(self, name: str) -> bool:
        """Redirect to the present name of a model, if it has another."""
        if name not in self.hub.moved:
            return False
        new = self.path.replace(name, self.hub.moved[name], 1)
        self._redirect(new, HTTPStatus.TEMPORARY_REDIRECT, {})
        return True

    def _not_found(self, name: str) -> None:
        """Raise what the hub says of a model that is not there, or not for this client."""
        status = HTTPStatus.NOT_FOUND if self._is_known() else HTTPStatus.UNAUTHORIZED
        raise HubError(status, "RepoNotFound", f"Repository not found: {name}")

    def _redirect(self, location: str, status: HTTPStatus, headers: dict[str, str]) -> None:
        self._send(b"", status, {**headers, "Location": location})

    def _send_json(
        self, content: object, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] = {}
    ) -> None:
        headers = {**headers, "Content-Type": "application/json"}
        self._send(json.dumps(content).encode(), status, headers)

    def _send(
        self, body: bytes, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] = {}
    ) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _split(path: str, verbs: tuple[str, ...]) -> tuple[str, str, str]:
    """Split ``NAME/verb/rest``; verb and rest are empty where none of the verbs is in the path."""
    for verb in verbs:
        name, found, rest = path.partition(f"/{verb}/")
        if found:
            return name, verb, rest
    return path, "", ""


def _blob(content: bytes) -> str:
    """Return git's name of a file's content."""
    head = b"blob %d\0" % len(content)
    return hashlib.sha1(head + content, usedforsecurity=False).hexdigest()


def _entry(file: str, content: bytes) -> dict[str, Any]:
    """Return a file as a listing of a commit has it."""
    entry = {"type": "file", "path": file, "size": len(content), "oid": _blob(content)}
    if file.endswith(_LARGE):
        sha256 = hashlib.sha256(content).hexdigest()
        entry["lfs"] = {"oid": sha256, "size": len(content), "pointerSize": 134}
    return entry


def _mode(file: dict[str, Any]) -> dict[str, Any]:
    """Return how a file is to be uploaded."""
    mode = "lfs" if file["path"].endswith(_LARGE) else "regular"
    return {"path": file["path"], "uploadMode": mode, "shouldIgnore": False}
