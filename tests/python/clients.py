"""What the scripts of this folder share: arguments, and one JSON document as the answer."""

import json
import sys

DISCOVERY, ROOT, *REST = sys.argv[1:]
ALIAS = "rok-nato-itpp-2023.cyber-defence"


def answer(**found):
    """Prints what was found."""
    json.dump(found, sys.stdout)


def collection_of(api_root):
    """The collection of the area that the tests share under."""
    return next(one for one in api_root.collections if one.alias == ALIAS)


def indicator(uuid, creator=None, name="From a partner"):
    """A made-up indicator."""
    made = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": "indicator--" + uuid,
        "created": "2023-12-02T09:00:00.000Z",
        "modified": "2023-12-02T09:00:00.000Z",
        "name": name,
        "pattern": "[domain-name:value = 'partner.example']",
        "pattern_type": "stix",
        "valid_from": "2023-12-02T09:00:00Z",
        "indicator_types": ["malicious-activity"],
        "object_marking_refs": ["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],
    }
    if creator:
        made["created_by_ref"] = creator
    return made
