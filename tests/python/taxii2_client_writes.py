"""taxii2-client: adding and deleting. Arguments: user, password, the identity of Korea."""

from clients import DISCOVERY, REST, ROOT, answer, collection_of, indicator
from requests.exceptions import HTTPError
from taxii2client.v21 import ApiRoot, Collection, Server

user, password, korea = REST
login = {"user": user, "password": password, "verify": ROOT}
api_root = ApiRoot(Server(DISCOVERY, **login).default.url, **login)
collection = Collection(collection_of(api_root).url, **login)

own = indicator("0b6fd2f8-3a5f-4f0e-9a51-0a1b2c3d4e01")
feigned = indicator("0b6fd2f8-3a5f-4f0e-9a51-0a1b2c3d4e02", creator=korea)
broken = {**indicator("0b6fd2f8-3a5f-4f0e-9a51-0a1b2c3d4e03"), "pattern": "[not a pattern"}

status = collection.add_objects({"objects": [own, feigned, broken]})
again = api_root.get_status(status.id)
read = collection.get_object(own["id"])["objects"]

other = indicator("0b6fd2f8-3a5f-4f0e-9a51-0a1b2c3d4e04", name="To be withdrawn")
collection.add_objects({"objects": [other]})
before = len(collection.get_object(other["id"])["objects"])
collection.delete_object(other["id"])
try:
    gone = collection.get_object(other["id"]).get("objects", [])
except HTTPError as error:
    gone = error.response.status_code

first = next(one for one in collection.get_objects()["objects"] if one["id"] != own["id"])
try:
    collection.delete_object(first["id"])
    foreign_delete = "done"
except HTTPError as error:
    foreign_delete = error.response.status_code

answer(
    status=status.status,
    successes=[row["id"] for row in status.successes],
    failures={row["id"]: row.get("message") for row in status.failures},
    same_status=again.id == status.id and again.status == "complete",
    own=own,
    feigned=feigned["id"],
    broken=broken["id"],
    read=read,
    before=before,
    gone=gone,
    foreign_delete=foreign_delete,
)
