"""Pushes an image of a registry again under other tags, each with a label of its own: new images of the same layers.

relabel.py REGISTRY REPOSITORY TAG FIRST LAST
"""

import hashlib
import json
import sys
import urllib.request

registry, repository, tag, first, last = sys.argv[1:]
base = f"http://{registry}/v2/{repository}"
manifest_type = "application/vnd.oci.image.manifest.v1+json"


def send(method, url, body=None, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method))


def push_blob(body):
    digest = "sha256:" + hashlib.sha256(body).hexdigest()
    place = send("POST", f"{base}/blobs/uploads/").headers["Location"]
    place += ("&" if "?" in place else "?") + "digest=" + digest
    send("PUT", place, body, Content_Type="application/octet-stream")
    return digest


manifest = json.load(send("GET", f"{base}/manifests/{tag}", Accept=manifest_type))
configuration = json.load(send("GET", f"{base}/blobs/{manifest['config']['digest']}"))
for number in range(int(first), int(last) + 1):
    configuration.setdefault("config", {}).setdefault("Labels", {})["number"] = str(number)
    body = json.dumps(configuration).encode()
    manifest["config"].update(digest=push_blob(body), size=len(body))
    send("PUT", f"{base}/manifests/{number}", json.dumps(manifest).encode(), Content_Type=manifest_type)
