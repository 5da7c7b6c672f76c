"""requests: how a login is answered. Arguments: a list of logins as JSON."""

import json

import requests
from clients import DISCOVERY, REST, ROOT, answer

ACCEPT = {"Accept": "application/taxii+json;version=2.1"}
answers = []
for login in json.loads(REST[0]):
    headers = dict(ACCEPT)
    if "token" in login:
        headers["Authorization"] = "Bearer " + login["token"]
    found = requests.get(
        DISCOVERY,
        headers=headers,
        auth=tuple(login["basic"]) if "basic" in login else None,
        cert=tuple(login["certificate"]) if "certificate" in login else None,
        verify=ROOT,
        timeout=30,
    )
    answers.append(
        {
            "status": found.status_code,
            "challenge": found.headers.get("WWW-Authenticate"),
            "type": found.headers.get("Content-Type"),
            "body": found.json(),
        }
    )
answer(answers=answers)
