//! Printing for people and for scripts.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

/// How a command prints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printer {
    /// JSON for scripts.
    pub(crate) json: bool,
}

impl Printer {
    /// One JSON document.
    pub(crate) fn document(value: &Value) -> io::Result<()> {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, value)?;
        writeln!(out)
    }

    /// A line for people; nothing when JSON is printed.
    pub(crate) fn line(self, text: impl AsRef<str>) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        writeln!(io::stdout().lock(), "{}", harmless(text.as_ref()))
    }

    /// The document for scripts, or else the lines for people.
    pub(crate) fn either(self, value: &Value, lines: &[String]) -> io::Result<()> {
        if self.json {
            return Self::document(value);
        }
        lines.iter().try_for_each(|line| self.line(line))
    }
}

/// A text without what a terminal would obey: partners' texts are among it. Line ends and tabs stay.
fn harmless(text: &str) -> String {
    let plain = |c: char| if c.is_control() && !matches!(c, '\n' | '\t') { '\u{fffd}' } else { c };
    // Marks that turn the direction of what follows, and so show another text than there is.
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if turns(c) { '\u{fffd}' } else { plain(c) }).collect()
}

/// A progress bar on standard error, if somebody is there to see it.
pub(crate) fn progress(total: Option<u64>, unit: &str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = match total {
        Some(total) => ProgressBar::new(total),
        None => ProgressBar::new_spinner(),
    };
    let template = match total {
        Some(_) => format!("{{wide_bar}} {{pos}}/{{len}} {unit}, {{per_sec}}, {{eta}} left"),
        None => format!("{{spinner}} {{pos}} {unit}, {{per_sec}}, {{elapsed}}"),
    };
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn a_terminal_is_told_nothing() {
        assert_eq!(
            harmless("a\u{1b}[2Jb\rc\u{9b}d\u{202e}e"),
            "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\u{fffd}e"
        );
        assert_eq!(harmless("분석\n\tok"), "분석\n\tok");
    }
}
