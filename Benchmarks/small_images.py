#!/usr/bin/env python3
"""Small images that differ from each other, made in memory: a Debian package list of a few lines each.

  small_images.py serve HOST:PORT COUNT MILLISECONDS   a registry that has load/app-0 … with the tag 1, read only; each
                                                       layer is answered after MILLISECONDS
  small_images.py digests COUNT                        prints the digests of load/app-0 …
  small_images.py layout FOLDER COUNT                  an OCI layout with the tags 0 …
"""
import asyncio
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer(number):
    packages = "\n".join(
        f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n"
        for name, version in [("bash", "5.2-1"), ("openssl", "3.0.9-1"), (f"app-{number}", f"1.{number}-1")])
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, text in [("etc/os-release", 'ID=debian\nVERSION_ID="12"\n'), ("var/lib/dpkg/status", packages)]:
            entry = tarfile.TarInfo(path)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


def image(number):
    """Manifest, configuration and layer of one image."""
    plain = layer(number)
    packed = gzip.compress(plain, mtime=0)
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "config": {"User": "1000"},
        "rootfs": {"type": "layers", "diff_ids": [digest(plain)]}}).encode()
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": digest(config), "size": len(config)},
        "layers": [{"mediaType": LAYER, "digest": digest(packed), "size": len(packed)}]}).encode()
    return manifest, config, packed


class Registry:
    def __init__(self, count, delay):
        self.delay = delay
        self.manifests, self.blobs, self.slow = {}, {}, set()
        self.repositories = [f"load/app-{number}" for number in range(count)]
        for number in range(count):
            manifest, config, packed = image(number)
            for name in ["1", digest(manifest)]:
                self.manifests[f"load/app-{number}", name] = manifest
            self.blobs[digest(config)] = config
            self.blobs[digest(packed)] = packed
            self.slow.add(digest(packed))

    async def answer(self, path):
        """Status, media type and body."""
        parts = path.split("?")[0].strip("/").split("/")
        if parts == ["v2"]:
            return 200, "application/json", b"{}"
        if parts == ["v2", "_catalog"]:
            return 200, "application/json", json.dumps({"repositories": self.repositories}).encode()
        repository, kind, name = "/".join(parts[1:-2]), parts[-2], parts[-1]
        if kind == "tags":
            return 200, "application/json", json.dumps({"name": repository, "tags": ["1"]}).encode()
        if kind == "manifests" and (repository, name) in self.manifests:
            return 200, MANIFEST, self.manifests[repository, name]
        if kind == "blobs" and name in self.blobs:
            if name in self.slow:
                await asyncio.sleep(self.delay)
            return 200, "application/octet-stream", self.blobs[name]
        return 404, "application/json", b'{"errors":[{"code":"NAME_UNKNOWN"}]}'

    async def connection(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method, path, _ = head.split("\r\n")[0].split(" ")
                status, kind, body = await self.answer(path)
                reason = "OK" if status == 200 else "Not Found"
                lines = [f"HTTP/1.1 {status} {reason}", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
                if kind == MANIFEST:
                    lines.append(f"Docker-Content-Digest: {digest(body)}")
                writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + (b"" if method == "HEAD" else body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def serve(address, count, milliseconds):
    registry = Registry(count, milliseconds / 1000)
    host, port = address.split(":")
    server = await asyncio.start_server(registry.connection, host, int(port), backlog=512)
    async with server:
        await server.serve_forever()


def layout(folder, count):
    blobs = os.path.join(folder, "blobs", "sha256")
    os.makedirs(blobs)
    entries = []
    for number in range(count):
        for data in image(number):
            with open(os.path.join(blobs, digest(data)[7:]), "wb") as file:
                file.write(data)
        manifest = image(number)[0]
        entries.append({
            "mediaType": MANIFEST, "digest": digest(manifest), "size": len(manifest),
            "annotations": {"org.opencontainers.image.ref.name": str(number)}})
    with open(os.path.join(folder, "oci-layout"), "w") as file:
        file.write('{"imageLayoutVersion":"1.0.0"}')
    with open(os.path.join(folder, "index.json"), "w") as file:
        json.dump({"schemaVersion": 2, "manifests": entries}, file)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(serve(sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
    elif sys.argv[1] == "digests":
        for number in range(int(sys.argv[2])):
            print(digest(image(number)[0]))
    else:
        layout(sys.argv[2], int(sys.argv[3]))
