//! Granular markings against the object they mark (sections 7.2.1, 7.2.3).
//!
//! Invariant: a selector is held to the object that has it, by its components and nothing else.

use crate::json::{Map, Value};
use crate::spec::form::index_of;
use crate::validate::path::Path;
use crate::validate::{Checker, brief};

impl Checker<'_, '_> {
    /// Every selector must find something in `object`.
    pub(super) fn selectors(&mut self, markings: &[Value<'_>], object: &Map<'_>, at: &Path<'_>) {
        let at = &at.key("granular_markings");
        for (i, marking) in markings.iter().enumerate() {
            let selectors = marking.get("selectors").and_then(Value::as_array);
            for (j, selector) in selectors.into_iter().flatten().enumerate() {
                let Some(selector) = selector.as_str() else {
                    continue;
                };
                if !resolves(selector, object) {
                    let at = &at.index(i);
                    let at = &at.key("selectors");
                    let message = format_args!(
                        "\"{}\" finds nothing in this object; select what is there",
                        brief(selector)
                    );
                    self.error(&at.index(j), ("selector-target", "7.2.3.1"), message);
                }
            }
        }
    }

    /// A marking definition must not be marked by itself.
    pub(super) fn marking_cycle(&mut self, map: &Map<'_>, at: &Path<'_>) {
        let Some(id) = map.get("id").and_then(Value::as_str) else {
            return;
        };
        let cite = ("marking-cycle", "3.2");
        let message = format_args!("a marking definition cannot be marked by itself");
        let refs = map.get("object_marking_refs").and_then(Value::as_array);
        if refs.into_iter().flatten().any(|r| r.as_str() == Some(id)) {
            self.error(&at.key("object_marking_refs"), cite, message);
        }
        let markings = map.get("granular_markings").and_then(Value::as_array);
        let cyclic = |m: &Value<'_>| m.get("marking_ref").and_then(Value::as_str) == Some(id);
        if markings.into_iter().flatten().any(cyclic) {
            self.error(&at.key("granular_markings"), cite, message);
        }
    }
}

fn resolves(selector: &str, object: &Map<'_>) -> bool {
    let mut parts = selector.split('.');
    let Some(mut value) = parts.next().and_then(|name| object.get(name)) else {
        return false;
    };
    for part in parts {
        let next = match index_of(part) {
            Some(digits) => {
                digits.parse::<usize>().ok().and_then(|index| value.as_array()?.get(index))
            }
            None => value.get(part),
        };
        match next {
            Some(next) => value = next,
            None => return false,
        }
    }
    true
}
