"""Serve an index over HTTP, and query the service.

Run: python examples/serve_and_query.py
"""

import json
import subprocess
import sys
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import corpus_tuner as ct

ct.build(ct.sample_folder("en"), "my-index")

# Port 0 chooses a free port. The service prints its address when it accepts connections.
command = [sys.executable, "-m", "corpus_tuner", "serve", "my-index", "--port", "0"]
with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
    try:
        assert service.stdout
        address = next(word for word in service.stdout.readline().split() if "http" in word)

        # GET for one query, as a browser or curl sends it.
        parameters = urlencode({"q": "moths in the flour", "k": 2, "filter": "topic=everyday"})
        with urlopen(f"{address}/v1/search?{parameters}") as response:
            for hit in json.load(response)["results"][0]["hits"]:
                print(hit["rank"], hit["title"])

        # POST for several queries at once; `fields` limits what is returned of documents.
        body = {"query": ["moths", "wet cellar"], "k": 1, "fields": ["title"]}
        headers = {"Content-Type": "application/json"}
        request = Request(f"{address}/v1/search", json.dumps(body).encode(), headers)
        with urlopen(request) as response:
            print(json.dumps(json.load(response), indent=1)[:500])
    finally:
        service.terminate()
