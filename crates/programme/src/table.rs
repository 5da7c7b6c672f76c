//! Reading TOML tables with places: every mistake is noted where it stands, and reading goes on.
//!
//! Invariant: a key that is not expected is a problem, so that a misspelt restriction is never
//! silently left out.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::problem::{Problems, did_you_mean};
use crate::quantity::Quantity;

/// A table of the file.
pub(crate) struct Table<'a> {
    entries: &'a DeTable<'a>,
    /// Where its header stands.
    pub(crate) at: usize,
}

/// A text of the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word<'a> {
    pub(crate) text: &'a str,
    pub(crate) at: usize,
}

type Value<'a> = Spanned<DeValue<'a>>;

impl<'a> Table<'a> {
    /// The table `entries`, whose keys must all be `known`.
    pub(crate) fn new(
        entries: &'a DeTable<'a>,
        at: usize,
        known: &[&str],
        problems: &mut Problems<'_>,
    ) -> Self {
        for key in entries.keys() {
            let name: &str = key.get_ref();
            if !known.contains(&name) {
                let advice = did_you_mean(name, known.iter().copied());
                problems.add(key.span().start, format!("unknown key \"{name}\""), advice);
            }
        }
        Self { entries, at }
    }

    fn value(&self, key: &str) -> Option<&'a Value<'a>> {
        self.entries.get(key)
    }

    /// The value of a key that must be there.
    fn required(
        &self,
        key: &str,
        example: &str,
        problems: &mut Problems<'_>,
    ) -> Option<&'a Value<'a>> {
        let value = self.value(key);
        if value.is_none() {
            problems.add(self.at, format!("\"{key}\" is missing"), format!("add {example}"));
        }
        value
    }

    /// A text that must be there.
    pub(crate) fn text(
        &self,
        key: &str,
        example: &str,
        problems: &mut Problems<'_>,
    ) -> Option<Word<'a>> {
        let value = self.required(key, example, problems)?;
        word(value, &format!("\"{key}\""), example, problems)
    }

    /// A text that may be there.
    pub(crate) fn optional_text(
        &self,
        key: &str,
        example: &str,
        problems: &mut Problems<'_>,
    ) -> Option<Word<'a>> {
        word(self.value(key)?, &format!("\"{key}\""), example, problems)
    }

    /// A whole number that must be there, from 0 to `most`.
    pub(crate) fn number(
        &self,
        key: &str,
        most: u8,
        example: &str,
        problems: &mut Problems<'_>,
    ) -> Option<u8> {
        let value = self.required(key, example, problems)?;
        let number = value.get_ref().as_integer().and_then(|integer| {
            u8::from_str_radix(integer.as_str(), integer.radix()).ok().filter(|n| *n <= most)
        });
        if number.is_none() {
            let reason = format!("\"{key}\" is no whole number from 0 to {most}");
            problems.add(value.span().start, reason, format!("write {example}"));
        }
        number
    }

    /// Whether something is so, where it may be left out.
    pub(crate) fn optional_bool(&self, key: &str, problems: &mut Problems<'_>) -> Option<bool> {
        let value = self.value(key)?;
        let read = value.get_ref().as_bool();
        if read.is_none() {
            let advice = format!("write {key} = true or {key} = false, without quotes");
            problems.add(
                value.span().start,
                format!("\"{key}\" is neither true nor false"),
                advice,
            );
        }
        read
    }

    /// A decimal number that must be there.
    pub(crate) fn quantity(
        &self,
        key: &str,
        example: &str,
        problems: &mut Problems<'_>,
    ) -> Option<Quantity> {
        let value = self.required(key, example, problems)?;
        let read = match value.get_ref() {
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse().ok(),
            DeValue::Float(float) => float.as_str().parse().ok(),
            DeValue::Integer(_)
            | DeValue::String(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => None,
        };
        if read.is_none() {
            let advice = format!("write {example}: at most three decimals, no exponent, no quotes");
            problems.add(value.span().start, format!("\"{key}\" is no quantity"), advice);
        }
        read
    }

    /// A day that must be there, as the text `2023-07-11`.
    pub(crate) fn day(
        &self,
        key: &str,
        example: &str,
        problems: &mut Problems<'_>,
    ) -> Option<(String, usize)> {
        let value = self.required(key, example, problems)?;
        let at = value.span().start;
        let moment = value.get_ref().as_datetime();
        let day = moment.filter(|moment| moment.time.is_none() && moment.offset.is_none());
        if let Some(date) = day.and_then(|day| day.date) {
            return Some((date.to_string(), at));
        }
        let advice = format!("write {example}, without quotes and without a time of day");
        problems.add(at, format!("\"{key}\" is no day"), advice);
        None
    }

    /// A list of texts that, where it is, is not empty and repeats nothing.
    pub(crate) fn words(
        &self,
        key: &str,
        example: &str,
        problems: &mut Problems<'_>,
    ) -> Vec<Word<'a>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let at = value.span().start;
        let Some(list) = value.get_ref().as_array() else {
            problems.add(at, format!("\"{key}\" is no list"), format!("write {example}"));
            return Vec::new();
        };
        if list.is_empty() {
            let advice = format!("name at least one, such as {example}");
            problems.add(at, format!("\"{key}\" is an empty list"), advice);
        }
        let mut words: Vec<Word<'a>> = Vec::new();
        for value in list {
            let Some(next) = word(value, "a member of the list", example, problems) else {
                continue;
            };
            if words.iter().any(|word| word.text == next.text) {
                let reason = format!("\"{}\" is named twice", next.text);
                problems.add(next.at, reason, "remove one");
            } else {
                words.push(next);
            }
        }
        words
    }

    /// The same, for a list that must be there.
    pub(crate) fn required_words(
        &self,
        key: &str,
        example: &str,
        problems: &mut Problems<'_>,
    ) -> Vec<Word<'a>> {
        let Some(_) = self.required(key, &format!("{key} = {example}"), problems) else {
            return Vec::new();
        };
        self.words(key, example, problems)
    }

    /// A table that must be there.
    pub(crate) fn table(
        &self,
        key: &str,
        known: &[&str],
        example: &str,
        problems: &mut Problems<'_>,
    ) -> Option<Table<'a>> {
        let value = self.required(key, example, problems)?;
        let at = value.span().start;
        let Some(entries) = value.get_ref().as_table() else {
            problems.add(at, format!("\"{key}\" is no table"), format!("write {example}"));
            return None;
        };
        Some(Table::new(entries, at, known, problems))
    }

    /// A table that may be there.
    pub(crate) fn optional_table(
        &self,
        key: &str,
        known: &[&str],
        example: &str,
        problems: &mut Problems<'_>,
    ) -> Option<Table<'a>> {
        self.value(key)?;
        self.table(key, known, example, problems)
    }

    /// Whether the key is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// The tables `[[key]]`, none if there are none.
    pub(crate) fn tables(
        &self,
        key: &str,
        known: &[&str],
        problems: &mut Problems<'_>,
    ) -> Vec<Table<'a>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let wrong = |at: usize, problems: &mut Problems<'_>| {
            let reason = format!("\"{key}\" is no list of tables");
            problems.add(at, reason, format!("write a heading [[{key}]] for each"));
        };
        let Some(list) = value.get_ref().as_array() else {
            wrong(value.span().start, problems);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for value in list {
            let at = value.span().start;
            match value.get_ref().as_table() {
                Some(entries) => tables.push(Table::new(entries, at, known, problems)),
                None => wrong(at, problems),
            }
        }
        tables
    }
}

fn word<'a>(
    value: &'a Value<'a>,
    what: &str,
    example: &str,
    problems: &mut Problems<'_>,
) -> Option<Word<'a>> {
    let at = value.span().start;
    let text = value.get_ref().as_str();
    if text.is_none() {
        let advice = format!("write it in quotes, such as {example}");
        problems.add(at, format!("{what} is no text"), advice);
    }
    text.map(|text| Word { text, at })
}
