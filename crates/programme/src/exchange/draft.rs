//! A programme file while an importer writes it: keys and values, nothing checked.
//!
//! Invariant: no text can end its quotes; a value that is no text is written only if it reads as what
//! it should be.

use std::fmt::Write as _;

use toml::Value;

/// A programme file.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) text: String,
}

impl Draft {
    pub(super) fn heading(&mut self, heading: &str) {
        let _infallible = writeln!(self.text, "{heading}");
    }

    /// A text, where there is one.
    pub(super) fn text(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            let value = quoted(value);
            self.raw(key, Some(&value));
        }
    }

    /// A list of texts, where there is something in it.
    pub(super) fn list(&mut self, key: &str, values: &[String]) {
        if !values.is_empty() {
            let value = list(values);
            self.raw(key, Some(&value));
        }
    }

    /// A number or a day, where it is one; a text otherwise, which the reader refuses.
    pub(super) fn plain(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            let value = plain(value);
            self.raw(key, Some(&value));
        }
    }

    /// A value that is written as it is.
    pub(super) fn raw(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            let _infallible = writeln!(self.text, "{key} = {value}");
        }
    }
}

/// A text in quotes.
pub(super) fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// A number, a day or a truth value as it is; anything else in quotes.
pub(super) fn plain(text: &str) -> String {
    let is_plain = text.parse::<crate::day::Day>().is_ok()
        || text.parse::<crate::quantity::Quantity>().is_ok_and(|read| read.to_string() == text)
        || ["true", "false"].contains(&text);
    if is_plain { text.to_owned() } else { quoted(text) }
}

/// A list of texts.
pub(super) fn list<T: AsRef<str>>(texts: &[T]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", texts.join(", "))
}
