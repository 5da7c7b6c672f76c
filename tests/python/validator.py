"""stix2-validator: whether each line of a file is a valid object. Arguments: the file."""

import json
import sys

from stix2validator import ValidationOptions, validate_instance

with open(sys.argv[1], encoding="utf-8") as lines:
    found = [validate_instance(json.loads(line), ValidationOptions()).is_valid for line in lines]
json.dump(found, sys.stdout)
