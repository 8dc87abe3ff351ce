"""Drives the API from its own OpenAPI document: openapi.py PORT PREFIX.

Every operation is called with what the document says that it takes; status,
headers and body of each answer must be among what it says that comes.  What
the document forbids must be refused.  TAP on stdout.
"""

import http.client
import json
import re
import sys
import urllib.parse

from jsonschema import Draft202012Validator

port, prefix = int(sys.argv[1]), sys.argv[2]
count = failed = 0
seen = {}
doc = None


def ok(good, name, note=""):
    global count, failed
    count += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", count, name), flush=True)
    if not good and note:
        print("# " + str(note)[:2000].replace("\n", "\n# "), flush=True)
    return good


def send(method, path, who, body=None, headers=None, json_type=True):
    level, organization = who
    fields = {"X-User": "jo", "X-Level": level, "X-Org": organization}
    if method not in ("GET", "HEAD") and json_type:
        fields["Content-Type"] = "application/json"
    fields.update(headers or {})
    data = None if body is None else \
        body if isinstance(body, bytes) else json.dumps(body).encode()
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    link.request(method, prefix + path, data, fields)
    answer = link.getresponse()
    text = answer.read()
    link.close()
    return answer, text


def lookup(thing):
    while "$ref" in thing:
        found = doc
        for part in thing["$ref"].lstrip("#/").split("/"):
            found = found[part]
        thing = found
    return thing


def errors(schema, value):
    whole = dict(schema, components=doc["components"])
    return [e.message for e in Draft202012Validator(whole).iter_errors(value)]


def check_document():
    """Schemas are schemas, references lead somewhere, parameters add up."""
    def references(thing):
        if isinstance(thing, dict):
            if isinstance(thing.get("$ref"), str):
                yield thing["$ref"]
            for value in thing.values():
                yield from references(value)
        elif isinstance(thing, list):
            for value in thing:
                yield from references(value)

    for name, schema in doc["components"]["schemas"].items():
        try:
            Draft202012Validator.check_schema(schema)
            ok(True, "schema " + name)
        except Exception as error:
            ok(False, "schema " + name, error)

    lost = []
    used = set(references(doc))
    for reference in used:
        try:
            lookup({"$ref": reference})
        except KeyError:
            lost.append(reference)
    ok(not lost, "references lead somewhere", lost)

    unused = ["#/components/%s/%s" % (kind, name)
              for kind, things in doc["components"].items() for name in things
              if "#/components/%s/%s" % (kind, name) not in used]
    ok(not unused, "components are used", unused)

    names = [operation["operationId"] for _, _, operation in operations()]
    ok(len(names) == len(set(names)), "operations have names of their own")

    for path, item in doc["paths"].items():
        wanted = set(re.findall(r"{(\w+)}", path))
        said = {lookup(p)["name"] for p in item.get("parameters", [])
                if lookup(p)["in"] == "path"}
        ok(wanted == said, "parameters of " + path, (wanted, said))


def operations():
    for path, item in doc["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield path, method, operation


def call(name, who, want, values=None, query=None, body=None, headers=None,
         valid=True, json_type=True):
    """Calls an operation and holds the answer against the document."""
    path, method, operation = next(o for o in operations()
                                   if o[2]["operationId"] == name)
    title = "%s as %s: %d" % (name, who[0], want)
    values = values or {}
    query = query or {}

    parameters = [lookup(p) for p in doc["paths"][path].get("parameters", [])
                  + operation.get("parameters", [])]
    for parameter in parameters:
        given = {"path": values, "query": query, "header": headers or {}}[
            parameter["in"]]
        if parameter["name"] in given and valid:
            bad = errors(parameter["schema"], given[parameter["name"]])
            ok(not bad, title + ", parameter " + parameter["name"], bad)
        if valid and parameter.get("required"):
            ok(parameter["name"] in given,
               title + " has " + parameter["name"])

    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"][
            "schema"]
        if body is not None and not isinstance(body, bytes):
            bad = errors(schema, body)
            ok(bool(bad) != valid, title + ", body fits" if valid
               else title + ", body does not fit", bad)

    target = re.sub(r"{(\w+)}", lambda m: urllib.parse.quote(
        values[m.group(1)], safe=""), path)
    if query:
        target += "?" + urllib.parse.urlencode(query)
    answer, text = send(method.upper(), target, who, body, headers, json_type)

    if not ok(answer.status == want, title, (answer.status, text)):
        return None
    seen.setdefault(name, set()).add(answer.status)

    responses = operation["responses"]
    if not ok(str(answer.status) in responses, title + " is documented"):
        return None
    response = lookup(responses[str(answer.status)])

    for header, said in response.get("headers", {}).items():
        said = lookup(said)
        value = answer.getheader(header)
        if value is None:
            ok(not said.get("required"), title + " has " + header)
            continue
        if said["schema"].get("type") == "integer":
            value = int(value)
        bad = errors(said["schema"], value)
        ok(not bad, title + ", header " + header, bad)

    if "content" not in response:
        ok(text == b"", title + " has no body", text)
        return {}

    (kind, media), = response["content"].items()
    ok(answer.getheader("Content-Type") == kind, title + " is " + kind,
       answer.getheader("Content-Type"))
    value = json.loads(text)
    bad = errors(media["schema"], value)
    ok(not bad, title + ", answer fits", (bad, value))
    if want >= 400:
        ok(value["status"] == want, title + " says its status")
    value = value if isinstance(value, dict) else {"value": value}
    return dict(value, etag=answer.getheader("ETag"))


operator = ("operator", "portal")
admin = ("client_admin", "acme")
integrator = ("integrator", "fitco")
vendor = ("vendor", "support")
client = ("client", "acme")
acme = {"account": "acme"}
fitco = {"account": "acme", "organization": "fitco"}
support = {"account": "acme", "organization": "support"}
none = {"account": "none"}

answer, text = send("GET", "/openapi.json", client)
doc = json.loads(text)
ok(answer.status == 200 and doc["openapi"].startswith("3.1."), "the document")
ok(doc["servers"] == [{"url": prefix}], "which knows where it is")
check_document()
call("openapi", client, 200)

profile = {
    "name": "ACME", "integrators": ["fitco"],
    "administrators": [{"name": "Ann", "username": "ann",
                        "email": "ann@acme.example"}],
    "cameras": [{"id": "c1", "name": "Door"}, {"id": "c2"}],
}

# What is done

call("sweepState", operator, 200)
made = call("putAccount", operator, 201, acme, body=profile)
call("putAccount", operator, 200, acme, body=dict(profile, name="Acme"))
call("putAccount", operator, 201, {"account": "empty"}, body={})
call("getAccount", operator, 200, acme)
call("getAccount", admin, 200, acme)
call("getAccount", operator, 200, {"account": "empty"})
call("allow", admin, 201, acme, body={"exports": True})
call("allow", admin, 200, acme)
call("getAccount", admin, 200, acme)
call("disallow", admin, 200, acme)
given = call("grant", admin, 201, fitco, body={
    "role": "user_full", "cameras": ["c1"], "exports": True,
    "users": ["Jo Doe"], "level": "integrator", "reason": "a door",
    "starts_at": "2030-01-01T00:00:00Z", "expires_at": "2030-02-01T00:00:00Z"})
call("grant", admin, 200, fitco, body={})
call("grant", admin, 201, support, body={"level": "vendor"})
call("getGrant", integrator, 200, fitco)
given = call("update", admin, 200, fitco, body={
    "role": "user_restricted", "cameras": ["c1", "c2"], "reason": None,
    "users": None, "starts_at": None, "expires_at": None})
call("grants", admin, 200, acme)
call("exclude", operator, 201, acme, body={"reason": "a nursery"})
call("exclude", operator, 200, acme, body={"reason": "a nursery",
                                           "organizations": ["fitco"]})
call("getAccount", operator, 200, acme)
for who in operator, admin, integrator, vendor:
    call("list", who, 200, query={"limit": 10})
call("list", operator, 200, query={"organization": "fitco"})
for camera, level in (("c1", "integrator"), ("c1", "vendor"),
                      ("c1", "client"), ("c9", "federated")):
    for resource in ("live", "export", "system"):
        call("explain", admin, 200, acme, query={
            "user": "Jo Doe", "organization": "fitco", "level": level,
            "camera": camera, "resource": resource})
call("sweep", operator, 200)
call("sweepState", operator, 200)
call("revoke", integrator, 200, fitco)
call("include", operator, 200, acme)

# What is refused

call("list", client, 403)
call("list", operator, 400, query={"cursor": "x"}, valid=False)
call("getAccount", integrator, 403, acme)
call("getAccount", operator, 404, none)
call("getAccount", operator, 400, {"account": "a b"}, valid=False)
call("putAccount", admin, 403, acme, body=profile)
call("putAccount", operator, 412, acme, body=profile,
     headers={"If-None-Match": "*"})
call("putAccount", operator, 412, acme, body=profile,
     headers={"If-Match": '"%s"' % ("0" * 40)})
call("putAccount", operator, 409, {"account": "thief"},
     body={"cameras": [{"id": "c1"}]})
call("putAccount", operator, 413, acme, body=b" " * (1024 * 1024 + 1))
call("putAccount", operator, 415, acme, body=b"{}", json_type=False)
call("putAccount", operator, 400, acme, body=b"{")
call("putAccount", operator, 422, acme, valid=False,
     body={"cameras": [{"id": "{}"}]})
call("deleteAccount", admin, 403, acme)
call("deleteAccount", operator, 404, none)
call("deleteAccount", operator, 412, acme,
     headers={"If-Match": '"%s"' % ("0" * 40)})
call("allow", operator, 403, acme, body={})
call("allow", ("client_admin", "none"), 404, none, body={})
call("allow", admin, 400, acme, body={"exports": "yes"}, valid=False)
call("disallow", operator, 403, acme)
call("grant", integrator, 403, fitco, body={})
call("grant", admin, 422, fitco, body={"role": "user_full"})
call("grant", admin, 400, fitco, body={"what": 1}, valid=False)
call("grant", admin, 403, fitco, body={},
     headers={"Sec-Fetch-Site": "cross-site"})
call("update", admin, 404, fitco, body={})
call("revoke", vendor, 403, fitco)
call("getGrant", admin, 404, fitco)
call("grants", integrator, 403, acme)
call("exclude", admin, 403, acme, body={"reason": "x"})
call("exclude", operator, 400, acme, body={"reason": 1}, valid=False)
call("include", admin, 403, acme)
call("explain", integrator, 403, acme,
     query={"level": "client", "resource": "live"})
call("explain", operator, 422, acme,
     query={"level": "boss", "resource": "live"}, valid=False)
call("sweep", admin, 403)
call("sweepState", admin, 403)

# Every body that the document forbids is refused, field by field

wrong = {"string": 7, "boolean": "no", "array": {}, "object": [],
         "integer": "one", "null": 7}
for path, method, operation in list(operations()):
    if "requestBody" not in operation:
        continue
    name = operation["operationId"]
    schema = lookup(operation["requestBody"]["content"]["application/json"][
        "schema"])
    who = operator if name in ("putAccount", "exclude") else admin
    target = path.replace("{account}", "acme").replace("{organization}",
                                                       "support")
    bodies = [{"unknown": 1}, [], "text", 7]
    for field, said in schema["properties"].items():
        bodies += [{field: value} for value in (7, "\u0001", [7], {"a": 1},
                                                True, None)
                   if errors(said, value)]
    for body in bodies:
        ok(errors(schema, body), "%s: %s does not fit" % (name, body))
        answer, text = send(method.upper(), target, who, body)
        ok(answer.status in (400, 422), "%s: %s: %d" % (name, body,
                                                        answer.status), text)

# And nothing is there that it does not name

for path, item in doc["paths"].items():
    target = path.replace("{account}", "acme").replace("{organization}",
                                                       "support")
    for method in ("get", "put", "post", "patch", "delete", "options"):
        if method not in item:
            answer, text = send(method.upper(), target, operator, {})
            ok(answer.status == 405, "no %s of %s" % (method, path))
            allow = set(answer.getheader("Allow", "").lower().split(", "))
            ok(allow - {"head"} == set(item) - {"parameters"},
               "as its Allow says", allow)

call("deleteAccount", operator, 204, {"account": "empty"})

for path, method, operation in operations():
    name = operation["operationId"]
    good = {int(s) for s in operation["responses"] if s < "300"}
    ok(good <= seen.get(name, set()), "every good answer of %s came" % name,
       good - seen.get(name, set()))

print("1..%d" % count)
sys.exit(failed != 0)
