"""stix2: a TAXII collection as data source and as sink. Arguments: user, password."""

import stix2
from clients import DISCOVERY, REST, ROOT, answer, collection_of, indicator
from taxii2client.v21 import ApiRoot, Collection, Server

user, password = REST
login = {"user": user, "password": password, "verify": ROOT}
api_root = ApiRoot(Server(DISCOVERY, **login).default.url, **login)
collection = Collection(collection_of(api_root).url, **login)

source = stix2.TAXIICollectionSource(collection)
everything = source.query([])
indicators = source.query([stix2.Filter("type", "=", "indicator")])
one = source.get(indicators[0].id)
versions = source.all_versions(one.id)

sink = stix2.TAXIICollectionSink(collection)
own = stix2.parse(indicator("0b6fd2f8-3a5f-4f0e-9a51-0a1b2c3d4e06"))
sink.add(own)

answer(
    everything=sorted(found.id for found in everything),
    indicators=len(indicators),
    types=sorted({found.type for found in indicators}),
    one=one.id == indicators[0].id,
    versions=len(versions),
    added=source.get(own.id).name == own.name,
)
