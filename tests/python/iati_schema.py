"""lxml with the schema of IATI 2.03, as pyIATI ships it: what is wrong with a document. Arguments: the file."""

import importlib.util
import json
import pathlib
import sys

from lxml import etree

# The package is old and does not import on a Python of today; its schema files are what is wanted.
package = importlib.util.find_spec("iati").submodule_search_locations[0]
schemas = pathlib.Path(package) / "resources" / "standard" / "2-03" / "schemas"
schema = etree.XMLSchema(etree.parse(str(schemas / "iati-activities-schema.xsd")))
document = etree.parse(sys.argv[1])
schema.validate(document)
found = [f"{error.line}: {error.message}" for error in schema.error_log]
json.dump({"errors": found, "activities": len(document.getroot())}, sys.stdout)
