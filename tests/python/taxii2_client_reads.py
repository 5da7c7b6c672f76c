"""taxii2-client: every way of reading. Arguments: user, password."""

from clients import DISCOVERY, REST, ROOT, answer, collection_of
from taxii2client.v21 import ApiRoot, Collection, Server, as_pages

user, password = REST
login = {"user": user, "password": password, "verify": ROOT}

server = Server(DISCOVERY, **login)
api_root = ApiRoot(server.default.url, **login)
listed = collection_of(api_root)
collection = Collection(listed.url, **login)

whole = collection.get_objects(limit=10000)["objects"]
paged, pages = [], 0
for page in as_pages(collection.get_objects, per_request=7):
    paged += page.get("objects", [])
    pages += 1
manifest = []
for page in as_pages(collection.get_manifest, per_request=11):
    manifest += page.get("objects", [])
added = [row["date_added"] for row in manifest]
middle = added[len(added) // 2]
later = collection.get_objects(added_after=middle, limit=10000)["objects"]
one = collection.get_object(whole[0]["id"])["objects"]
versions = collection.object_versions(whole[0]["id"])["versions"]
indicators = collection.get_objects(type="indicator", limit=10000)["objects"]

answer(
    title=server.title,
    api_roots=len(server.api_roots),
    versions=api_root.versions,
    max_content_length=api_root.max_content_length,
    can_read=collection.can_read,
    can_write=collection.can_write,
    whole=whole,
    paged=[one["id"] for one in paged],
    pages=pages,
    manifest=[row["id"] for row in manifest],
    added_are_unique_and_sorted=added == sorted(set(added)),
    later=[one["id"] for one in later],
    after_middle=len(added) // 2 + 1,
    one=one,
    versions_of_one=versions,
    indicators=[one["type"] for one in indicators],
)
