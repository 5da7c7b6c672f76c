//! Language codes of RFC 5646.
//!
//! Invariant: [`accepts`] takes every well-formed tag whose primary subtag can be registered: two
//! letters of ISO 639-1, or three letters, of which nearly all combinations in use are of
//! ISO 639-2, -3 or -5; four letters and more are reserved or unused, so a word such as `english`
//! is none.

/// Whether the text is a language code.
pub(crate) fn accepts(tag: &str) -> bool {
    let mut subtags = tag.split('-');
    let primary = subtags.next().unwrap_or_default();
    if !tag
        .split('-')
        .all(|s| (1..=8).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric()))
    {
        return false;
    }
    match primary.len() {
        1 => primary.eq_ignore_ascii_case("x") && subtags.next().is_some(),
        2 => is_assigned(primary) && is_rest(subtags),
        3 => primary.bytes().all(|b| b.is_ascii_alphabetic()) && is_rest(subtags),
        _ => false,
    }
}

fn is_assigned(primary: &str) -> bool {
    TWO_LETTERS.split(' ').any(|code| code.eq_ignore_ascii_case(primary))
}

/// What follows the primary subtag, in order: extended languages, a script, a region, variants,
/// then extensions and private use, which are free.
fn is_rest<'a>(subtags: impl Iterator<Item = &'a str>) -> bool {
    let mut stage = 0;
    for subtag in subtags {
        let letters = subtag.bytes().all(|b| b.is_ascii_alphabetic());
        let starts_with_digit = subtag.starts_with(|c: char| c.is_ascii_digit());
        let of = match subtag.len() {
            3 if letters => 0,
            4 if letters => 1,
            2 if letters => 2,
            3 if subtag.bytes().all(|b| b.is_ascii_digit()) => 2,
            5..=8 => 3,
            4 if starts_with_digit => 3,
            1 => return true,
            _ => return false,
        };
        // Scripts and regions come once; extended languages and variants can repeat.
        let may_repeat = of == 0 || of == 3;
        if of < stage || (of == stage && stage > 0 && !may_repeat) {
            return false;
        }
        stage = of;
    }
    true
}

/// ISO 639-1.
const TWO_LETTERS: &str = "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce \
    ch co cr cs cu cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv \
    ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr \
    ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn \
    no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn \
    so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo \
    xh yi yo za zh zu";

#[cfg(test)]
mod tests {
    use super::accepts;

    #[test]
    fn codes_are_told_from_other_words() {
        for tag in [
            "en",
            "ko-KR",
            "zh-Hant-TW",
            "sr-Latn",
            "es-419",
            "de-CH-1996",
            "kok",
            "zh-yue",
            "sl-rozaj-biske",
            "en-x-private",
            "x-ours",
            "EN-gb",
            "en-a-bbb-x-a",
        ] {
            assert!(accepts(tag), "{tag}");
        }
        for tag in [
            "",
            "e",
            "english",
            "xx",
            "en_US",
            "en-",
            "-en",
            "en--US",
            "español",
            "en-US-GB",
            "en-US-Latn",
            "en-Latn-Cyrl",
            "x",
            "123",
            "en-12345678901",
            "e1",
        ] {
            assert!(!accepts(tag), "{tag}");
        }
    }
}
