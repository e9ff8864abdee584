"""A stand-in for the Hugging Face hub on 127.0.0.1: it speaks what `huggingface_hub` asks of it to take a commit."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "hf_of_the_tests"


class StandIn:
    """The hub of one user, ``me``. What arrives in a commit is in ``repositories[name]``: path to bytes."""

    def __init__(self, big=1000):
        self.repositories, self.private, self.objects = {}, {}, {}
        self.big = big  # from so many bytes on, a file goes by LFS
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error):
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method, path, body, headers):
        """Return the status and the answer."""
        if method == "PUT":
            self.objects[path.rsplit("/", 1)[1]] = body
            return 200, {}
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {"error": "Invalid username or password."}
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        repository = "/".join(path.removeprefix("/api/models").split("/")[1:3]).removesuffix(".git")
        if repository not in self.repositories:
            return 404, {"error": "Repository not found"}
        if method == "GET":
            return 200, {"id": repository, "private": self.private[repository], "sha": "0" * 40}
        if "/preupload/" in path:
            files = json.loads(body)["files"]
            return 200, {"files": [self._mode(file) for file in files]}
        if path.endswith("/info/lfs/objects/batch"):
            objects = json.loads(body)["objects"]
            upload = [
                one | {"actions": {"upload": {"href": f"{self.url}/lfs/{one['oid']}"}}} for one in objects
            ]
            return 200, {"transfer": "basic", "objects": upload}
        return self._commit(repository, [json.loads(line) for line in body.splitlines()])

    def _create(self, asked):
        repository = f"{asked['organization']}/{asked['name']}"
        if asked["organization"] != "me":
            return 403, {
                "error": f"You don't have the rights to create a model under the namespace {asked['organization']}"
            }
        if repository in self.repositories:
            return 409, {"error": "You already created this model repo", "url": f"{self.url}/{repository}"}
        self.repositories[repository] = {}
        self.private[repository] = asked.get("visibility") == "private"
        return 200, {"url": f"{self.url}/{repository}"}

    def _mode(self, file):
        mode = "lfs" if file["size"] >= self.big else "regular"
        return {"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": None}

    def _commit(self, repository, lines):
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                self.repositories[repository][value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                self.repositories[repository][value["path"]] = self.objects[value["oid"]]
        return 200, {"commitUrl": f"{self.url}/{repository}/commit/1", "commitOid": "1"}


def _handler(hub):
    class Handler(BaseHTTPRequestHandler):
        def _handle(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, printed = hub.answer(self.command, self.path.partition("?")[0], body, self.headers)
            printed = json.dumps(printed).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(printed)))
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(printed)

        do_GET = do_POST = do_PUT = _handle

        def log_message(self, *arguments):
            """Print nothing about each request."""

    return Handler
