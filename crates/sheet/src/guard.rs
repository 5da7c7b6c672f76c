//! What keeps a text from being evaluated when a CSV file is opened (CWE-1236), and takes it off again.
//!
//! Invariants:
//! * In a guarded text no piece that a reader could take for a cell begins with a character that makes it a
//!   formula, whichever separator the reader takes and whether or not it honours quotes.
//! * `unguard(guard(text)) == text` for every text, and a text that needs no guard is left as it is.
//!
//! The guard is an apostrophe, which spreadsheets show and do not evaluate. It stands before the run of
//! apostrophes, if any, that stands before such a character; so one more is put there and one taken away.

/// Whether a character makes a formula of the cell that begins with it: those of ASCII, their full-width
/// and small forms, the minus sign, and the tab and the carriage return that readers skip.
pub fn evaluates(c: char) -> bool {
    matches!(
        c,
        '=' | '+'
            | '-'
            | '@'
            | '\t'
            | '\r'
            | '＝'
            | '＋'
            | '－'
            | '＠'
            | '﹦'
            | '﹢'
            | '﹣'
            | '﹫'
            | '−'
    )
}

/// Whether a piece may begin after it: what readers take as separators, quotes and line ends.
fn separates(c: char) -> bool {
    matches!(c, ',' | ';' | '\t' | '|' | '"' | '\r' | '\n' | '\u{0B}' | '\u{0C}')
        || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '，' | '；')
}

/// Whether a reader may skip it at the begin of a piece: spaces, controls, what has no width.
fn is_skipped(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}')
        || matches!(c, '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// The text, guarded.
pub fn guard(text: &str) -> String {
    rewrite(text, |quotes| quotes + 1)
}

/// The text, its guards taken off.
pub fn unguard(text: &str) -> String {
    rewrite(text, |quotes| quotes.saturating_sub(1))
}

/// The text with another number of apostrophes at each place where a guard belongs.
fn rewrite(text: &str, quotes: impl Fn(usize) -> usize) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    let mut at_begin = true;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if !at_begin {
            out.push(c);
            at_begin = separates(c);
            continue;
        }
        if c == '\'' || evaluates(c) {
            let mut run = usize::from(c == '\'');
            while c == '\'' && rest.next_if_eq(&'\'').is_some() {
                run += 1;
            }
            let makes =
                if c == '\'' { rest.peek().copied().filter(|c| evaluates(*c)) } else { Some(c) };
            let count = if makes.is_some() { quotes(run) } else { run };
            out.extend(std::iter::repeat_n('\'', count));
            if c != '\'' {
                out.push(c);
                at_begin = separates(c);
            } else if let Some(next) = rest.next() {
                out.push(next);
                at_begin = separates(next);
            }
            continue;
        }
        out.push(c);
        at_begin = separates(c) || is_skipped(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn a_text_that_could_be_evaluated_bears_an_apostrophe() {
        for (text, guarded) in [
            ("=1+1", "'=1+1"),
            ("  @SUM(A1)", "  '@SUM(A1)"),
            ("'=1", "''=1"),
            ("＝cmd", "'＝cmd"),
            ("a;=1", "a;'=1"),
            ("list\n- one\n- two", "list\n'- one\n'- two"),
            ("\u{FEFF}=1", "\u{FEFF}'=1"),
            ("'tis", "'tis"),
            ("a = b", "a = b"),
            ("well-known", "well-known"),
            ("", ""),
            ("|=1", "|'=1"),
            ("\t=1", "'\t'=1"),
            ("\rx", "'\rx"),
        ] {
            assert_eq!(guard(text), guarded);
            assert_eq!(unguard(guarded), text);
        }
    }

    proptest! {
        #[test]
        fn every_text_reads_back_as_it_was(text in r#"(['=+@,;|" \t\nab＝-]|\PC){0,12}"#) {
            prop_assert_eq!(unguard(&guard(&text)), text);
        }
    }
}
