//! Rust source without its words: comments and literals blanked, so that a check meets code alone.
//!
//! The result has as many characters and lines as the source. What cannot be understood (a string
//! that never ends) is blanked to the end of the file; the compiler complains about it anyway.

/// Rust source in which only code is left.
pub(crate) struct Code {
    text: String,
    in_tests: Vec<bool>,
}

impl Code {
    pub(crate) fn of(source: &str) -> Self {
        let text = blank_words(source);
        let in_tests = test_lines(&text);
        Self { text, in_tests }
    }

    /// The lines with their numbers.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&str, usize)> {
        self.text.split('\n').zip(1..)
    }

    /// Whether the line belongs to an item under `#[cfg(test)]`.
    pub(crate) fn is_test(&self, line: usize) -> bool {
        line.checked_sub(1).and_then(|at| self.in_tests.get(at)).copied().unwrap_or(false)
    }

    /// Every `use …;`, whole even over several lines, with the number of its first line.
    pub(crate) fn imports(&self) -> Vec<(String, usize)> {
        let mut found = Vec::new();
        let mut open: Option<(String, usize)> = None;
        for (line, number) in self.lines() {
            if open.is_none() && is_import(line) {
                open = Some((String::new(), number));
            }
            if let Some((mut statement, first)) = open.take() {
                statement.push_str(line.trim());
                if statement.contains(';') {
                    found.push((statement, first));
                } else {
                    open = Some((statement, first));
                }
            }
        }
        found
    }
}

fn is_import(line: &str) -> bool {
    let line = line.trim_start();
    let line = line.strip_prefix("pub").map_or(line, |rest| {
        let rest = rest.trim_start();
        rest.strip_prefix('(')
            .and_then(|rest| rest.split_once(')'))
            .map_or(rest, |(_, after)| after)
    });
    line.trim_start().starts_with("use ")
}

fn blank_words(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    let mut previous = ' ';
    while let Some(next) = rest.chars().next() {
        let after_word = previous.is_alphanumeric() || previous == '_';
        let words = if after_word { word_length_inside(rest) } else { word_length(rest) };
        let (taken, left) = rest.split_at_checked(words).unwrap_or((rest, ""));
        if taken.is_empty() {
            out.push(next);
            previous = next;
            rest = rest.strip_prefix(next).unwrap_or("");
        } else {
            out.extend(taken.chars().map(|one| if one == '\n' { '\n' } else { ' ' }));
            previous = ' ';
            rest = left;
        }
    }
    out
}

/// How many bytes of comment or literal stand at the start of `rest`.
fn word_length(rest: &str) -> usize {
    for prefix in ["r", "br", "cr"] {
        if let Some(length) = rest.strip_prefix(prefix).and_then(raw_string_length) {
            return prefix.len() + length;
        }
    }
    word_length_inside(rest)
}

/// The same right after a letter, where `r` opens no raw string.
fn word_length_inside(rest: &str) -> usize {
    if rest.starts_with("//") {
        rest.find('\n').unwrap_or(rest.len())
    } else if rest.starts_with("/*") {
        block_comment_length(rest)
    } else if rest.starts_with('"') {
        quoted_length(rest, '"')
    } else if rest.starts_with('\'') {
        character_length(rest)
    } else {
        0
    }
}

fn block_comment_length(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(here) = rest.get(at..).filter(|here| !here.is_empty()) {
        let step = if here.starts_with("/*") {
            depth += 1;
            2
        } else if here.starts_with("*/") {
            depth = depth.saturating_sub(1);
            2
        } else {
            here.chars().next().map_or(1, char::len_utf8)
        };
        at += step;
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, one) in rest.char_indices().skip(1) {
        if one == quote && !escaped {
            return at + quote.len_utf8();
        }
        escaped = one == '\\' && !escaped;
    }
    rest.len()
}

/// A lifetime is code, a character is a word.
fn character_length(rest: &str) -> usize {
    let mut after = rest.chars().skip(1);
    let is_character = after.next() == Some('\\') || after.next() == Some('\'');
    if is_character { quoted_length(rest, '\'') } else { 0 }
}

fn raw_string_length(rest: &str) -> Option<usize> {
    let body = rest.trim_start_matches('#');
    let hashes = rest.len() - body.len();
    let body = body.strip_prefix('"')?;
    let closing = format!("\"{}", "#".repeat(hashes));
    let end = body.find(&closing).map_or(body.len(), |at| at + closing.len());
    Some(hashes + 1 + end)
}

/// For every line whether it lies in an item under `#[cfg(test)]`.
fn test_lines(code: &str) -> Vec<bool> {
    let mut lines = vec![false; code.split('\n').count()];
    for (start, _) in code.match_indices("#[cfg(test)]") {
        let end = start + item_length(code.get(start..).unwrap_or(""));
        let first = newlines(code, start);
        let last = newlines(code, end);
        lines.iter_mut().take(last + 1).skip(first).for_each(|line| *line = true);
    }
    lines
}

/// The length of an item: up to the `;` or the end of the block, whichever comes first.
fn item_length(item: &str) -> usize {
    let mut depth = 0_usize;
    for (at, one) in item.char_indices() {
        match one {
            '{' => depth += 1,
            '}' if depth <= 1 => return at,
            '}' => depth -= 1,
            ';' if depth == 0 => return at,
            _ => {}
        }
    }
    item.len()
}

fn newlines(code: &str, up_to: usize) -> usize {
    code.get(..up_to).unwrap_or(code).matches('\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blanked(source: &str) -> String {
        let blanked = blank_words(source);
        assert_eq!(blanked.chars().count(), source.chars().count());
        blanked.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_are_no_code() {
        assert_eq!(blanked("a // b\nc /* d /* e */ f */ g"), "a c g");
        assert_eq!(blanked("a /* never ends"), "a");
    }

    #[test]
    fn strings_are_no_code() {
        assert_eq!(blanked(r#"f("a \" b", x)"#), "f( , x)");
        assert_eq!(blanked(r##"f(r#"a " b"#, b"c", br"d\", x)"##), "f( , b , , x)");
        assert_eq!(blanked(r#"f("a \\", x)"#), "f( , x)");
        assert_eq!(blanked("f(\"\", x)"), "f( , x)");
    }

    #[test]
    fn characters_are_no_code_and_lifetimes_are() {
        assert_eq!(blanked(r"f('a', '\'', '\\', '한', &'a str)"), "f( , , , , &'a str)");
        assert_eq!(blanked("'\"' x '\"'"), "x");
    }

    #[test]
    fn names_that_end_in_r_open_no_raw_string() {
        assert_eq!(blanked("for r#type in bar { }"), "for r#type in bar { }");
    }

    #[test]
    fn the_lines_of_test_modules_are_known() {
        let code = Code::of("a\n#[cfg(test)]\nmod tests {\n  {}\n}\nb\n#[cfg(test)]\nuse x;\nc");
        let lines: Vec<_> = code.lines().map(|(_, line)| code.is_test(line)).collect();
        assert_eq!(lines, [false, true, true, true, true, false, true, true, false]);
    }

    #[test]
    fn imports_are_whole() {
        let code = Code::of("use a::{\n  b,\n  c::*,\n};\npub(crate) use d;\nlet used = 1;\n");
        let expected = [("use a::{b,c::*,};".to_owned(), 1), ("pub(crate) use d;".to_owned(), 5)];
        assert_eq!(code.imports(), expected);
    }
}
