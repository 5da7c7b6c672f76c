//! The dialogue with a server, without a server: what is asked, and what each answer leads to.

use entente_object::time::Timestamp;
use http::HeaderMap;
use proptest::proptest;

use super::*;

const NOW: &str = "2024-05-01T00:00:00Z";
const T1: &str = "2024-04-01T00:00:00.000001Z";
const T2: &str = "2024-04-02T00:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn micros(text: &str) -> i64 {
    Timestamp::parse(text).unwrap().unix_micros()
}

fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
    let pairs = headers.iter().map(|(name, value)| {
        (http::HeaderName::from_static(name), http::HeaderValue::from_str(value).unwrap())
    });
    let headers: HeaderMap = pairs.collect();
    Answer { status, headers, body: body.as_bytes().to_vec(), is_cut: false }
}

fn page(body: &str, last: &str) -> Answer {
    let media = ("content-type", MEDIA_TYPE);
    answer(200, &[media, ("x-taxii-date-added-last", last)], body)
}

fn poll() -> Poll {
    Poll::new("91a7b528", None)
}

#[track_caller]
fn reads(poll: &mut Poll, answer: &Answer) -> Page {
    match poll.read(answer, now()) {
        Ok(Turn::Page(page)) => page,
        other => panic!("{other:?}"),
    }
}

const MORE: &str = r#"{"more":true,"next":"a b&c","objects":[{"n":1},{"n":2}]}"#;

#[test]
fn a_collection_is_read_to_its_end_and_then_from_there() {
    let mut poll = poll();
    assert_eq!(poll.path(), "collections/91a7b528/objects/?limit=1000");
    let first = reads(&mut poll, &page(MORE, T1));
    assert_eq!(first.objects, [b"{\"n\":1}".to_vec(), b"{\"n\":2}".to_vec()]);
    assert!(first.more);
    assert_eq!(poll.path(), "collections/91a7b528/objects/?limit=1000&next=a%20b%26c");
    let last = reads(&mut poll, &page(r#"{"objects":[{"n":3}],"more":false}"#, T2));
    assert_eq!(last.after, Some(micros(T2)));
    assert!(!last.more);
    let path = poll.path();
    let added = "added_after=2024-04-02T00%3A00%3A00.000000Z";
    assert_eq!(path, format!("collections/91a7b528/objects/?limit=1000&{added}"));
    // After a page in the middle another reading goes on with those of its last date, and no cursor.
    assert_eq!(first.after, Some(micros(T1) - 1));
    let path = Poll::new("91a7b528", first.after).path();
    let added = "added_after=2024-04-01T00%3A00%3A00.000000Z";
    assert_eq!(path, format!("collections/91a7b528/objects/?limit=1000&{added}"));
}

#[test]
fn one_cursor_may_lead_to_many_pages() {
    let mut poll = poll();
    let body = |n: usize| format!(r#"{{"more":true,"next":"one","objects":[{{"n":{n}}}]}}"#);
    for n in 0..200 {
        assert!(reads(&mut poll, &page(&body(n), T1)).more, "{n}");
        assert!(poll.path().ends_with("&next=one"), "{n}");
    }
    assert!(!reads(&mut poll, &page("{}", T1)).more);
}

#[test]
fn what_follows_may_stand_before_or_after_the_list_and_the_list_may_be_absent() {
    for (body, objects, more, next) in [
        (r#"{"more":true,"next":"x","objects":[{}]}"#, 1, true, Some("x")),
        (r#"{"objects":[{}],"next":"x","more":true}"#, 1, true, Some("x")),
        (
            "{\n \"objects\" : [ {} ],\n \"more\" : true, \"next\" : \"\\u0078\"\n}\n",
            1,
            true,
            Some("x"),
        ),
        (r#"{"type":"bundle","id":"bundle--1","objects":[{},{}]}"#, 2, false, None),
        (r#"{"objects":[]}"#, 0, false, None),
        ("{}", 0, false, None),
        (" {\"more\":false} ", 0, false, None),
        (r#"{"more":true,"next":"x"}"#, 0, true, Some("x")),
    ] {
        let mut poll = poll();
        let read = reads(&mut poll, &page(body, T1));
        let next = next.map(str::to_owned);
        assert_eq!((read.objects.len(), read.more), (objects, more), "{body}");
        let path = poll.path();
        let cursor = path.split_once("&next=").map(|(_, next)| next.to_owned());
        assert_eq!(cursor, next, "{body}");
    }
    for body in [
        "",
        "[]",
        "[{}]",
        "null",
        "<html>",
        r#"{"type":"indicator","id":"x"}"#,
        r#"{"objects":{}}"#,
        r#"{"objects":null}"#,
        "{}\n{}",
        r#"{"objects":[{}"#,
        r#"{"objects":[{}],"objects":[{}]}"#,
    ] {
        let mut poll = poll();
        let read = poll.read(&page(body, T1), now());
        assert!(matches!(read, Err(Fault::Body(_))), "{body}: {read:?}");
        assert_eq!(poll.path(), "collections/91a7b528/objects/?limit=1000", "{body}");
    }
}

#[test]
fn a_cursor_that_runs_out_is_asked_for_anew_and_then_given_up_for_dates() {
    for status in [400, 404, 410, 416] {
        let mut poll = poll();
        reads(&mut poll, &page(MORE, T1));
        let over = answer(status, &[], "");
        assert_eq!(poll.read(&over, now()), Ok(Turn::Again), "{status}");
        let path = poll.path();
        assert!(path.contains("added_after=2024-04-01") && !path.contains("next="), "{path}");
        assert!(reads(&mut poll, &page(MORE, T1)).more);
        assert!(poll.path().ends_with("&next=a%20b%26c"), "{status}");
        assert_eq!(poll.read(&over, now()), Ok(Turn::Again), "{status}");
        // By dates now: those of the last date come again.
        assert_eq!(reads(&mut poll, &page(MORE, T2)).after, Some(micros(T2) - 1), "{status}");
        assert!(!poll.path().contains("next="), "{status}");
        assert_eq!(poll.read(&page(MORE, T2), now()), Err(Fault::Circle), "{status}");
    }
}

#[test]
fn cursors_in_a_circle_are_left_for_dates_and_end_where_these_do_not_move() {
    let mut poll = poll();
    reads(&mut poll, &page(MORE, T1));
    assert_eq!(reads(&mut poll, &page(MORE, T2)).after, Some(micros(T2) - 1));
    assert!(!poll.path().contains("next="));
    assert_eq!(poll.read(&page(MORE, T2), now()), Err(Fault::Circle));
    // Without any date there is no way on.
    let mut poll = self::poll();
    let undated = answer(200, &[("content-type", MEDIA_TYPE)], MORE);
    reads(&mut poll, &undated);
    assert_eq!(poll.read(&undated, now()), Err(Fault::Circle));
}

#[test]
fn without_cursors_dates_lead_on_until_they_stand_still() {
    let more = r#"{"more":true,"objects":[{"n":1}]}"#;
    let mut poll = poll();
    assert_eq!(reads(&mut poll, &page(more, T1)).after, Some(micros(T1) - 1));
    assert_eq!(reads(&mut poll, &page(more, T2)).after, Some(micros(T2) - 1));
    assert_eq!(poll.read(&page(more, T2), now()), Err(Fault::Stuck));
    assert_eq!(poll.read(&page(more, T1), now()), Err(Fault::Stuck), "backwards");
    let mut poll = self::poll();
    let undated = answer(200, &[("content-type", MEDIA_TYPE)], more);
    assert_eq!(poll.read(&undated, now()), Err(Fault::NoWay));
}

#[test]
fn dates_that_go_back_or_cannot_be_read_do_not_lead_back_and_those_of_the_future_are_refused() {
    let end = r#"{"objects":[{"n":1}]}"#;
    let start = Some(micros(T2));
    for last in [T1, "yesterday", ""] {
        let mut poll = Poll::new("c", start);
        assert_eq!(reads(&mut poll, &page(end, last)).after, start, "{last}");
    }
    let read = poll().read(&page(end, "2999-01-01T00:00:00Z"), now());
    assert!(matches!(read, Err(Fault::Future(_))), "{read:?}");
    // A clock that is an hour ahead is only wrong.
    reads(&mut poll(), &page(end, "2024-05-01T01:00:00Z"));
}

#[test]
fn more_without_end_ends() {
    let mut poll = poll();
    let ends = (0..1000).find_map(|n| {
        let body = format!(r#"{{"more":true,"next":"{n}","objects":[]}}"#);
        poll.read(&page(&body, T1), now()).err()
    });
    assert_eq!(ends, Some(Fault::Empty));
}

#[test]
fn a_page_that_is_too_long_is_asked_for_with_fewer_objects() {
    let mut poll = poll();
    let mut cut = page(MORE, T1);
    cut.is_cut = true;
    for limit in ["limit=100", "limit=10", "limit=1"] {
        assert_eq!(poll.read(&cut, now()), Ok(Turn::Again));
        assert!(poll.path().ends_with(limit), "{}", poll.path());
    }
    assert!(matches!(poll.read(&cut, now()), Err(Fault::Long(_))));
    let long = format!(r#"{{"objects":[{}{{}}]}}"#, "{},".repeat(100_000));
    assert!(matches!(self::poll().read(&page(&long, T1), now()), Err(Fault::Long(_))));
    let long = format!(r#"{{"more":true,"next":"{}"}}"#, "x".repeat(5000));
    assert!(matches!(self::poll().read(&page(&long, T1), now()), Err(Fault::Long(_))));
}

#[test]
fn an_object_that_is_too_long_is_refused_alone() {
    let body = format!(r#"{{"objects":[{{"a":"{}"}},{{"n":1}}]}}"#, "x".repeat(1 << 20));
    let read = reads(&mut poll(), &page(&body, T1));
    assert_eq!((read.objects.len(), read.refused.len(), read.refused[0].0), (1, 1, 0));
}

#[test]
fn every_status_says_what_to_do() {
    let read = |status, headers: &[(&'static str, &str)], body: &str| {
        poll().read(&answer(status, headers, body), now()).unwrap_err()
    };
    assert_eq!(read(401, &[], ""), Fault::Login);
    let told = r#"{"title":"No","description":"ask\u001b[31m us"}"#;
    assert_eq!(read(403, &[], told), Fault::Forbidden(": No: ask[31m us".to_owned()));
    assert_eq!(read(404, &[], ""), Fault::NotThere);
    assert_eq!(read(406, &[], ""), Fault::OtherVersion);
    for status in [429, 503] {
        let wait = |text: &str| read(status, &[("retry-after", text)], "").wait();
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("99999999999"), Some(RETRY_AFTER_MAX));
        assert_eq!(wait("-1"), None);
        assert_eq!(wait("Wed, 21 Oct 2099 07:28:00 GMT"), None);
        assert_eq!(read(status, &[], ""), Fault::Busy(None));
    }
    let to = "https://192.0.2.7/latest/meta-data/";
    assert_eq!(read(302, &[("location", to)], ""), Fault::SentOn(to.to_owned()));
    assert_eq!(read(300, &[], ""), Fault::SentOn("nowhere".to_owned()));
    assert_eq!(read(500, &[], "oops"), Fault::Status(500, String::new()));
    assert_eq!(read(206, &[], MORE), Fault::Status(206, String::new()));
    assert_eq!(read(204, &[], ""), Fault::Status(204, String::new()));
    for media in
        ["text/html", "application/taxii+json;version=2.0", "application/vnd.oasis.stix+json"]
    {
        let read = read(200, &[("content-type", media)], MORE);
        assert!(matches!(read, Fault::Media(_)), "{media}: {read:?}");
    }
    assert!(matches!(read(200, &[], MORE), Fault::Media(_)));
    for media in ["application/taxii+json", "application/json; charset=utf-8"] {
        reads(&mut poll(), &answer(200, &[("content-type", media)], MORE));
    }
    // Nothing more, as some servers say it.
    assert_eq!(reads(&mut poll(), &answer(416, &[], "")), Page::default());
}

#[test]
fn what_a_server_says_never_makes_another_address() {
    for next in [
        "https://192.0.2.7/",
        "//192.0.2.7/",
        "../../x",
        "a#b?c=d&limit=1",
        "\u{0}\r\nHost: x",
        "é",
    ] {
        let body = serde_json::json!({ "more": true, "next": next, "objects": [] }).to_string();
        let mut poll = Poll::new("../../x?y#z", None);
        reads(&mut poll, &page(&body, T1));
        let path = poll.path();
        let (head, value) = path.split_once("&next=").unwrap();
        assert_eq!(head, "collections/..%2F..%2Fx%3Fy%23z/objects/?limit=1000");
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~%".contains(c);
        assert!(value.chars().all(plain), "{value}");
    }
    let path = object_path("c/d", "indicator--1/../..?x", Some(micros(T2)));
    let expected = "collections/c%2Fd/objects/indicator--1%2F..%2F..%3Fx/?match%5Bversion%5D=\
                    2024-04-02T00%3A00%3A00.000Z";
    assert_eq!(path, expected);
    assert_eq!(object_path("c", "url--1", None), "collections/c/objects/url--1/");
}

#[test]
fn collections_and_roots_are_read_within_bounds() {
    let media = ("content-type", MEDIA_TYPE);
    let listed = |body: &str| collections(&answer(200, &[media], body));
    let one = r#"{"id":"a","title":"T\u0007","can_read":true,"can_write":false}"#;
    let read = listed(&format!(r#"{{"collections":[{one},{{"title":"no id"}},7]}}"#)).unwrap();
    let expected =
        Listed { id: "a".to_owned(), title: "T".to_owned(), can_read: true, can_write: false };
    assert_eq!(read, [expected]);
    assert_eq!(listed("{}"), Ok(Vec::new()));
    let many = format!(r#"{{"collections":[{}{one}]}}"#, format!("{one},").repeat(2_000));
    assert_eq!(listed(&many).unwrap().len(), COLLECTIONS_MAX);
    assert!(matches!(listed("[]"), Err(Fault::Body(_))));
    assert!(matches!(listed(r#"{"a":1,"a":2}"#), Err(Fault::Body(_))));
    let root = |body: &str| max_content_length(&answer(200, &[media], body));
    assert_eq!(root(r#"{"max_content_length":10}"#), Ok(10));
    for bad in ["{}", r#"{"max_content_length":-1}"#, r#"{"max_content_length":"9"}"#] {
        assert!(root(bad).is_err(), "{bad}");
    }
}

const ID: &str = "2d086da7-4bdc-4f91-900e-d77486753710";

#[test]
fn an_envelope_is_taken_when_the_server_says_so_of_every_object() {
    let media = ("content-type", MEDIA_TYPE);
    let post = |status, body: &str| posted(&answer(status, &[media], body));
    let body = format!(
        r#"{{"id":"{ID}","status":"complete","failure_count":2,
            "failures":[{{"id":"indicator--1","message":"bad"}},{{}}]}}"#
    );
    let Ok(Posted::Taken(status)) = post(202, &body) else { panic!() };
    assert!(status.is_complete && status.failed == 2);
    let why = |id: &str, why: &str| (id.to_owned(), why.to_owned());
    assert_eq!(status.failures, [why("indicator--1", "bad"), why("", "no reason given")]);
    // Failures that are counted and not named are failures.
    let body = format!(r#"{{"id":"{ID}","status":"pending","failure_count":3}}"#);
    let Ok(Posted::Taken(status)) = post(200, &body) else { panic!() };
    assert!(!status.is_complete && status.failed == 3);
    for bad in [
        "{}".to_owned(),
        format!(r#"{{"id":"{ID}"}}"#),
        format!(r#"{{"id":"{ID}","status":"done"}}"#),
        r#"{"id":"../../x","status":"complete"}"#.to_owned(),
    ] {
        assert!(matches!(post(202, &bad), Err(Fault::Body(_))), "{bad}");
    }
    for status in [400, 413, 422] {
        assert!(matches!(post(status, ""), Ok(Posted::Refused(_))), "{status}");
    }
    assert_eq!(post(401, ""), Err(Fault::Login));
    assert!(matches!(post(204, ""), Err(Fault::Status(204, _))));
    assert!(matches!(posted(&answer(202, &[], "{}")), Err(Fault::Media(_))));
}

#[test]
fn a_deletion_counts_when_the_server_says_that_it_did_it() {
    let read = |status| deleted(&answer(status, &[], ""));
    for status in [200, 202, 204] {
        assert_eq!(read(status), Ok(Deleted::Done));
    }
    assert_eq!(read(404), Ok(Deleted::NotThere));
    for status in [403, 405, 406] {
        assert!(matches!(read(status), Ok(Deleted::Refused(_))), "{status}");
    }
    for status in [302, 401, 429, 500, 501, 503] {
        assert!(read(status).is_err(), "{status}");
    }
}

#[test]
fn failures_wait_ever_longer_within_bounds_and_as_long_as_they_are_asked_to() {
    let every = Duration::from_mins(1);
    let wait = |failures, asked| pause(every, failures, asked, 0);
    assert_eq!(wait(0, None), every);
    let waits: Vec<u64> = (1..12).map(|failures| wait(failures, None).as_secs()).collect();
    assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640, 900, 900, 900, 900]);
    assert_eq!(wait(1, Some(Duration::from_secs(77))).as_secs(), 77);
    assert_eq!(wait(u32::MAX, None), BACK_OFF_MAX);
    let daily = Duration::from_hours(24);
    assert_eq!(pause(daily, 30, None, 0), daily);
    for dice in [1, 77, u64::MAX] {
        let wait = pause(every, 0, None, dice);
        assert!(wait >= every && wait <= every * 9 / 8, "{wait:?}");
    }
}

proptest! {
    #[test]
    fn whatever_bytes_a_server_answers_are_read_or_refused(
        status in proptest::sample::select(vec![200u16, 202, 204, 302, 400, 401, 404, 416, 429, 500]),
        noise in proptest::collection::vec(proptest::num::u8::ANY, 0..60),
        members in proptest::collection::vec((0usize..6, "[ -~]{0,8}"), 0..5),
    ) {
        crate::fuzz::answer(status, &noise);
        let member = |(kind, text): &(usize, String)| {
            let text = serde_json::Value::from(text.as_str());
            let names = ["more", "next", "objects", "collections", "failures", "status"];
            let value = ["true".to_owned(), format!("{text}"), format!("[{{\"id\":{text}}},7]")];
            format!("\"{}\":{}", names[*kind], value[(*kind).min(2)])
        };
        let members: Vec<String> = members.iter().map(member).collect();
        crate::fuzz::answer(status, format!("{{{}}}", members.join(",")).as_bytes());
    }

    #[test]
    fn whatever_a_server_answers_asking_ends(
        statuses in proptest::collection::vec(0usize..8, 1..40),
        nexts in proptest::collection::vec(0u8..4, 1..40),
        days in proptest::collection::vec(1u8..4, 1..40),
    ) {
        let mut poll = poll();
        let (mut ends, mut turns) = (false, 0);
        let mut nexts = nexts.iter().cycle();
        let mut days = days.iter().cycle();
        let mut statuses = statuses.iter().cycle();
        while !ends {
            turns += 1;
            assert!(turns < 200, "no end: {poll:?}");
            let status = [200, 200, 200, 200, 404, 416, 200, 200][*statuses.next().unwrap()];
            let body = match nexts.next().unwrap() {
                0 => r#"{"more":true,"objects":[{}]}"#.to_owned(),
                next => format!(r#"{{"more":true,"next":"{next}","objects":[{{}}]}}"#),
            };
            let last = format!("2024-04-0{}T00:00:00Z", days.next().unwrap());
            let mut answer = page(&body, &last);
            answer.status = status;
            ends = match poll.read(&answer, now()) {
                Ok(Turn::Page(page)) => !page.more,
                Ok(Turn::Again) => false,
                Err(_) => true,
            };
        }
    }
}
