//! The description of the interface, made from what it is made of: the routes, and the tables of the
//! objects.
//!
//! Invariant: OpenAPI 3.1; a schema admits every object that its table admits.

use entente_object::spec::cooperation::{ALL, EXTENSION_ID};
use entente_object::spec::{Kind, Property, Table, Usage};
use serde_json::{Map, Value, json};

use crate::api::{ROUTES, Route};

/// The document that is served at `/api/v1/openapi.json`.
pub fn document() -> Value {
    let mut paths = Map::new();
    for route in ROUTES {
        let entry = paths.entry(route.path.to_owned()).or_insert_with(|| json!({}));
        if let Some(entry) = entry.as_object_mut() {
            entry.insert(route.method.to_lowercase(), operation(route));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Entente: what nations do together",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "For this nation's own people and programs. Partners have no access to it.",
        },
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": {
                "type": "http", "scheme": "bearer",
                "description": "`entente user token NAME` issues one.",
            } },
            "schemas": schemas(),
        },
    })
}

fn operation(route: &Route) -> Value {
    let answers = |schema: Value| json!({ "application/json": { "schema": schema } });
    let any = json!({ "type": "object" });
    let mut operation = json!({
        "operationId": route.name,
        "summary": route.summary,
        "description": format!("Needs one of the roles: {}.", route.roles.join(", ")),
        "responses": {
            "200": { "description": "Done.", "content": answers(any) },
            "400": { "description": "What was asked cannot be.", "content": answers(reference("Error")) },
            "401": { "description": "No token that counts.", "content": answers(reference("Error")) },
            "403": { "description": "The person has not the role.", "content": answers(reference("Error")) },
            "404": { "description": "It is not here.", "content": answers(reference("Error")) },
        },
    });
    let parameters: Vec<Value> = route
        .parameters
        .iter()
        .map(|parameter| {
            json!({
                "name": parameter.name, "in": parameter.place, "required": parameter.place == "path",
                "description": parameter.says, "schema": { "type": parameter.kind },
            })
        })
        .collect();
    if let Some(members) = operation.as_object_mut() {
        if !parameters.is_empty() {
            members.insert("parameters".to_owned(), parameters.into());
        }
        if let Some(body) = route.body {
            let body = json!({ "required": true, "content": answers(reference(body)) });
            members.insert("requestBody".to_owned(), body);
        }
    }
    operation
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn schemas() -> Value {
    let mut schemas = Map::new();
    let mut contents = Vec::new();
    for object_type in ALL {
        let mut parts = Vec::new();
        let mut schema = object(object_type.properties, &mut parts);
        if let Some(members) = schema.as_object_mut() {
            if let Some(properties) = members.get_mut("properties").and_then(Value::as_object_mut) {
                properties.insert("type".to_owned(), json!({ "const": object_type.name }));
            }
            if let Some(required) = members.get_mut("required").and_then(Value::as_array_mut) {
                required.insert(0, "type".into());
            }
            let says =
                format!("docs/formats/cooperation.md; as STIX with the extension {EXTENSION_ID}");
            members.insert("description".to_owned(), says.into());
        }
        schemas.insert(object_type.name.to_owned(), schema);
        contents.push(reference(object_type.name));
        while let Some(part) = parts.pop() {
            if !schemas.contains_key(part.name) {
                let schema = object(part.properties, &mut parts);
                schemas.insert(part.name.to_owned(), schema);
            }
        }
    }
    schemas.insert("Content".to_owned(), json!({ "oneOf": contents }));
    schemas.insert("Error".to_owned(), json!({
        "type": "object", "required": ["error"], "properties": { "error": { "type": "string" } },
    }));
    schemas.insert(
        "New".to_owned(),
        json!({
            "type": "object", "required": ["content"],
            "properties": {
                "content": reference("Content"), "to": reference("To"),
                "dry_run": { "type": "boolean", "description": "Say what would become of it." },
            },
        }),
    );
    schemas.insert("To".to_owned(), json!({
        "type": "object",
        "properties": {
            "about": { "type": "string", "description": "programme/area. Default: what it is about." },
            "rel_to": {
                "type": "array", "items": { "type": "string" },
                "description": "Nations and groups. Default: all parties.",
            },
            "tlp": { "enum": ["clear", "green", "amber", "amber+strict"], "default": "amber" },
            "caveats": { "type": "array", "items": { "type": "string" } },
        },
    }));
    Value::Object(schemas)
}

/// A table as a schema. The tables that are parts of it are added to `parts`.
fn object(table: &'static [Property], parts: &mut Vec<&'static Table>) -> Value {
    let mut properties = Map::new();
    for property in table {
        properties.insert(property.name.to_owned(), kind(&property.kind, parts));
    }
    let required: Vec<&str> = table
        .iter()
        .filter(|property| property.usage == Usage::Required)
        .map(|property| property.name)
        .collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn kind(kind: &'static Kind, parts: &mut Vec<&'static Table>) -> Value {
    match kind {
        Kind::String => json!({ "type": "string" }),
        Kind::Text(form) => json!({ "type": "string", "description": form.expected }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Integer(least, most) => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Kind::Float(..) => json!({ "type": "number" }),
        Kind::Timestamp(_) => json!({ "type": "string", "format": "date-time" }),
        Kind::Enumeration(terms) => json!({ "enum": terms.terms }),
        Kind::OpenVocabulary(terms) => {
            json!({ "type": "string", "description": format!("best one of {}", terms.terms.join(", ")) })
        }
        Kind::Identifier(_) | Kind::IdentifierAdvised(_) => {
            json!({ "type": "string", "description": "the id of an object" })
        }
        Kind::List(each) => {
            json!({ "type": "array", "minItems": 1, "items": self::kind(each, parts) })
        }
        Kind::Embedded(table) => {
            parts.push(table);
            reference(table.name)
        }
        Kind::Hex
        | Kind::Binary
        | Kind::Hashes(_)
        | Kind::Dictionary(..)
        | Kind::Extensions
        | Kind::Container
        | Kind::Objects
        | Kind::MarkingObject
        | Kind::Translations => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_to_a_schema_and_every_route_is_described() {
        let document = document();
        let text = document.to_string();
        let mut at = 0;
        while let Some(found) = text.get(at..).and_then(|rest| rest.find("#/components/schemas/")) {
            let rest = &text[at + found + "#/components/schemas/".len()..];
            let name = rest.split('"').next().unwrap();
            assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
            at += found + 1;
        }
        for route in ROUTES {
            let operation = &document["paths"][route.path][route.method.to_lowercase()];
            assert!(operation["summary"].as_str().is_some_and(|text| text.ends_with('.')));
        }
        assert_eq!(document["components"]["schemas"].as_object().unwrap().len(), 14 + 6 + 4);
    }
}
