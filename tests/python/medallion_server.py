"""medallion, unchanged, over TLS: serves a collection that is empty until told to end.

Arguments: certificate, key, objects of one page. Prints its port; a line on standard input asks for
what it has, as one JSON document a line.
"""

import json
import logging
import sys
import tempfile
import threading

from medallion import application_instance, register_blueprints, set_config
from werkzeug.serving import make_server

certificate, key, page = sys.argv[1:]
COLLECTION = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
MEDIA = "application/taxii+json;version=2.1"
data = {
    "/discovery": {"title": "medallion", "default": "/api/", "api_roots": ["/api/"]},
    "api": {
        "information": {"title": "medallion", "versions": [MEDIA], "max_content_length": 9765625},
        "status": [],
        "collections": [
            {
                "id": COLLECTION,
                "title": "Both ways",
                "can_read": True,
                "can_write": True,
                "media_types": [],
                "objects": [],
                "manifest": [],
            }
        ],
    },
}
with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
    json.dump(data, file)
    file.flush()
    backend = {
        "module": "medallion.backends.memory_backend",
        "module_class": "MemoryBackend",
        "filename": file.name,
    }
    config = {
        "backend": backend,
        "users": {"kor": "a password of medallion"},
        "taxii": {"max_page_size": int(page)},
    }
    for name in ("users", "taxii", "backend"):
        set_config(application_instance, name, config)
register_blueprints(application_instance)
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = make_server(
    "127.0.0.1", 0, application_instance, threaded=True, ssl_context=(certificate, key)
)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.port, flush=True)
for _ in sys.stdin:
    has = application_instance.medallion_backend.data["api"]["collections"][0]["objects"]
    print(json.dumps([one["id"] for one in has]), flush=True)
