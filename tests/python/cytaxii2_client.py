"""cytaxii2: reading and adding. Arguments: user, password."""

import json

from clients import ALIAS, DISCOVERY, REST, answer, indicator
from cytaxii2 import cytaxii2

user, password = REST
client = cytaxii2.cytaxii2(DISCOVERY, user, password)
root = client.root_discovery()
collections = client.collection_request()
listed = collections["response"]["collections"]
collection = next(one["id"] for one in listed if one["alias"] == ALIAS)
data = client.collection_data_request(collection)
ids, cursor = [], None
while True:
    page = client.poll_request(collection, limit=50, next=cursor)["response"]
    ids += [one["id"] for one in page.get("objects", [])]
    cursor = page.get("next")
    if not page.get("more"):
        break
own = indicator("0b6fd2f8-3a5f-4f0e-9a51-0a1b2c3d4e05")
added = client.inbox_request(collection, json.dumps({"objects": [own]}))
found = client.poll_request(collection, object_id=own["id"])["response"]
wrong = cytaxii2.cytaxii2(DISCOVERY, user, "not the password").discovery_request()

answer(
    root=root["status_code"],
    data=data["status_code"],
    ids=ids,
    added=[added["status_code"], added["response"].get("success_count")],
    found=found.get("objects"),
    own=own,
    wrong=wrong["status_code"],
)
