"""A small client for tests: one identity, one connection per request."""

import http.client
import json
import os
import ssl
import urllib.parse

SMP = "application/strategic-merge-patch+json"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"


class Client:
    """Speaks as NAME, with NAME's certificate of DIR or with a token."""

    def __init__(self, folder, name=None, token=None, host="127.0.0.1",
                 port=None):
        self.folder = folder
        self.host = host
        self.context = ssl.create_default_context(
            cafile=os.path.join(folder, "ca.crt"))
        self.headers = {"Accept": "application/json"}
        if token:
            self.headers["Authorization"] = "Bearer " + token
        elif name:
            self.context.load_cert_chain(
                os.path.join(folder, name + ".crt"),
                os.path.join(folder, name + ".key"))
        if port is None:
            with open(os.path.join(folder, "port")) as stream:
                port = int(stream.read())
        self.port = port

    def connect(self, timeout=10):
        return http.client.HTTPSConnection(
            self.host, self.port, timeout=timeout, context=self.context)

    def raw(self, method, path, body=None, headers=None, timeout=10,
            **query):
        """(response, bytes); a query key `fieldSelector` goes as it is."""
        if query:
            path += "?" + urllib.parse.urlencode(query)
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        connection = self.connect(timeout)
        try:
            connection.request(method, path, body,
                               dict(self.headers, **(headers or {})))
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def call(self, method, path, body=None, kind="application/json",
             **query):
        """(code, decoded JSON or text)."""
        headers = {"Content-Type": kind} if body is not None else {}
        response, data = self.raw(method, path, body, headers, **query)
        try:
            return response.status, json.loads(data)
        except ValueError:
            return response.status, data.decode("utf-8", "replace")

    def watch(self, path, timeout=5, headers=None, **query):
        """Generator of watch events; ends with the stream."""
        query["watch"] = "1"
        connection = self.connect(timeout)
        connection.request("GET", path + "?" + urllib.parse.urlencode(query),
                           headers=dict(self.headers, **(headers or {})))
        response = connection.getresponse()
        try:
            if response.status != 200:
                raise AssertionError(response.read())
            while True:
                line = response.readline()
                if not line:
                    return
                yield json.loads(line)
        finally:
            connection.close()
