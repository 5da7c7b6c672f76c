//! URIs of RFC 3986: the grammar, without a scheme's own rules.
//!
//! Invariant: [`accepts`] is `URI` of Appendix A, in one pass and without allocation.

use std::net::Ipv6Addr;

/// Whether the text is a URI: a scheme, a colon, then the rest in the characters allowed there.
pub(crate) fn accepts(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    if !is_scheme(scheme) || !has_whole_escapes(rest) {
        return false;
    }
    let (rest, fragment) = cut(rest, '#');
    let (hierarchy, query) = cut(rest, '?');
    let tail_fits = [fragment, query]
        .into_iter()
        .flatten()
        .all(|part| part.bytes().all(|b| is_path(b) || b == b'?'));
    tail_fits && is_hierarchy(hierarchy)
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

fn is_hierarchy(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("//") else {
        return text.bytes().all(is_path);
    };
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    is_authority(authority) && path.bytes().all(is_path)
}

fn is_authority(authority: &str) -> bool {
    let (user, host_port) = match authority.rsplit_once('@') {
        Some((user, rest)) => (user, rest),
        None => ("", authority),
    };
    let user_fits = user.bytes().all(|b| is_name(b) || b == b':');
    if let Some(literal) = host_port.strip_prefix('[') {
        return user_fits
            && literal
                .split_once(']')
                .is_some_and(|(address, port)| is_ip_literal(address) && is_port(port));
    }
    let end = host_port.find(':').unwrap_or(host_port.len());
    let (host, port) = host_port.split_at(end);
    user_fits && host.bytes().all(is_name) && is_port(port)
}

fn is_ip_literal(address: &str) -> bool {
    address.parse::<Ipv6Addr>().is_ok()
        || address.strip_prefix(['v', 'V']).and_then(|rest| rest.split_once('.')).is_some_and(
            |(version, rest)| {
                !version.is_empty()
                    && version.bytes().all(|b| b.is_ascii_hexdigit())
                    && !rest.is_empty()
                    && rest.bytes().all(|b| is_name(b) && b != b'%' || b == b':')
            },
        )
}

/// Nothing, or a colon and digits.
fn is_port(text: &str) -> bool {
    text.is_empty()
        || text.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Unreserved characters, sub-delimiters and escapes.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(&byte)
}

fn is_path(byte: u8) -> bool {
    is_name(byte) || b":@/".contains(&byte)
}

/// Whether every `%` is followed by two hexadecimal digits.
fn has_whole_escapes(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        after
            .as_bytes()
            .first_chunk::<2>()
            .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

#[cfg(test)]
mod tests {
    use super::accepts;

    #[test]
    fn uris_of_rfc_3986_are_accepted() {
        for uri in [
            "ftp://ftp.is.co.za/rfc/rfc1808.txt",
            "http://www.ietf.org/rfc/rfc2396.txt",
            "ldap://[2001:db8::7]/c=GB?objectClass?one",
            "mailto:John.Doe@example.com",
            "news:comp.infosystems.www.servers.unix",
            "tel:+1-816-555-1212",
            "telnet://192.0.2.16:80/",
            "urn:oasis:names:specification:docbook:dtd:xml:4.1.2",
            "http://user:p%40ss@h:80/a;b=1/c?d=e#f",
            "file:///etc/passwd",
            "x:",
        ] {
            assert!(accepts(uri), "{uri}");
        }
    }

    #[test]
    fn other_texts_are_not() {
        for text in [
            "",
            "foo",
            "/dp/B074WC4NHW",
            " https://example.org",
            "https://example.org/a b",
            "https://example.org/ü",
            "https://example.org/%2",
            "https://example.org/%zz",
            "https://example.org/a|b",
            "https://[::1",
            "https://[::g]/",
            "https://h:80a/",
            "1http://h",
            "://h",
            "https://a#b#c",
            "https://a/[b]",
        ] {
            assert!(!accepts(text), "{text}");
        }
    }
}
