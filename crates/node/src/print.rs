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
        writeln!(io::stdout().lock(), "{}", text.as_ref())
    }

    /// The document for scripts, or else the lines for people.
    pub(crate) fn either(self, value: &Value, lines: &[String]) -> io::Result<()> {
        if self.json {
            return Self::document(value);
        }
        lines.iter().try_for_each(|line| self.line(line))
    }
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
