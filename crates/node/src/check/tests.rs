//! `entente check` on files as people have them, and its JSON form.

use std::io::Write as _;

use super::*;

const GOOD: &str = r#"{"type":"url","spec_version":"2.1","id":"url--47c3cf9a-5027-5bf0-997a-017c7edc7c55","value":"https://a.example"}"#;
const BAD: &str =
    r#"{"type":"url","spec_version":"2.1","id":"url--47c3cf9a-5027-5bf0-997a-017c7edc7c55"}"#;
const TWICE: &str = r#"{"type":"url","type":"url"}"#;
const OLD: &str = r#"{"type":"malware","id":"malware--d1c612bc-146f-4b65-b7b0-9a54a14150a4","created":"2015-04-23T11:12:34.760Z","modified":"2015-04-23T11:12:34.760Z","name":"Agent","labels":["worm"]}"#;

struct Run {
    outcome: Outcome,
    out: String,
    err: String,
}

fn check(look: Look, files: &[&std::path::Path], stdin: &str) -> Run {
    let files: Vec<PathBuf> = files.iter().map(|path| path.to_path_buf()).collect();
    let (mut input, mut out, mut err) = (stdin.as_bytes(), Vec::new(), Vec::new());
    let streams = Streams { input: &mut input, out: &mut out, err: &mut err };
    let outcome = run(&files, CheckOptions { look, ..CheckOptions::default() }, streams).unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { outcome, out: text(out), err: text(err) }
}

fn json(stdin: &str) -> Run {
    check(Look::Json, &["-".as_ref()], stdin)
}

/// `index`, `valid` and the rules of errors and warnings of each line.
fn lines(run: &Run) -> Vec<String> {
    run.out
        .lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let rules = |level: &str| -> Vec<String> {
                let found = line[level].as_array().unwrap();
                found.iter().map(|f| f["rule"].as_str().unwrap().to_owned()).collect()
            };
            let (errors, warnings) = (rules("errors").join(" "), rules("warnings").join(" "));
            format!("{} {} [{errors}] [{warnings}]", line["index"], line["valid"])
        })
        .collect()
}

#[test]
fn the_lines_are_exactly_so() {
    let run = json(&format!("[{GOOD},\n{BAD},\n{TWICE},7]"));
    let id = r#""id":"url--47c3cf9a-5027-5bf0-997a-017c7edc7c55""#;
    let start = GOOD.len() + BAD.len() + 5;
    let lines: Vec<&str> = run.out.lines().collect();
    assert_eq!(lines[0], format!(r#"{{"index":0,{id},"valid":true,"errors":[],"warnings":[]}}"#));
    assert!(lines[1].starts_with(&format!(
        r#"{{"index":1,{id},"valid":false,"errors":[{{"path":"value","rule":"missing-property","section":"6.15.1","message":""#
    )), "{}", lines[1]);
    let at = start + TWICE.rfind("\"type\"").unwrap();
    assert_eq!(
        lines[2],
        format!(
            r#"{{"index":2,"id":null,"valid":false,"errors":[{{"path":"","rule":"strict-json","section":"RFC 7493","message":"byte {at}: this key occurs twice in its object; keep one of the two members"}}],"warnings":[]}}"#
        )
    );
    assert!(lines[3].contains(r#""rule":"not-an-object""#), "{}", lines[3]);
    assert_eq!((run.outcome, run.err.as_str(), lines.len()), (Outcome::Invalid, "", 4));
}

#[test]
fn files_of_every_kind_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{GOOD}\n{{\"type\":\n{BAD}\n");
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("a.ndjson"), &text).unwrap();
    let gz = std::fs::File::create(path("b.ndjson.gz")).unwrap();
    let mut gz = flate2::write::GzEncoder::new(gz, flate2::Compression::fast());
    gz.write_all(text.as_bytes()).unwrap();
    gz.finish().unwrap();
    std::fs::write(path("c.ndjson.zst"), zstd::encode_all(text.as_bytes(), 1).unwrap()).unwrap();
    let want = json(&text);
    assert_eq!(
        lines(&want),
        ["0 true [] []", "1 false [strict-json] []", "2 false [missing-property] []"]
    );
    for name in ["a.ndjson", "b.ndjson.gz", "c.ndjson.zst"] {
        let found = check(Look::Json, &[&path(name)], "");
        assert_eq!((found.outcome, &found.out), (Outcome::Invalid, &want.out), "{name}");
    }
    let all = check(Look::Json, &[folder.path()], "");
    let indexes: Vec<u64> = (0..9).collect();
    let found: Vec<u64> = lines(&all).iter().map(|l| l[..1].parse().unwrap()).collect();
    assert_eq!((all.outcome, found), (Outcome::Invalid, indexes));
}

#[test]
fn stix_2_0_is_upgraded_and_said_so() {
    let bundle = format!(
        r#"{{"type":"bundle","id":"bundle--1c7fcf82-94b6-4d6f-9d2c-6e8a3b0b5c11","spec_version":"2.0","objects":[{OLD}]}}"#
    );
    let run = json(&bundle);
    assert_eq!(lines(&run), ["0 true [] [stix-2.0]"]);
    assert!(run.out.contains("malware--d1c612bc"));
    let run = json(&OLD.replace("malware", "incident"));
    assert_eq!(lines(&run), ["0 false [stix-2.0] []"]);
    assert!(run.out.contains("STIX 2.0 has no type incident"), "{}", run.out);
    assert_eq!(check(Look::Plain, &["-".as_ref()], &bundle).outcome, Outcome::Valid);
}

#[test]
fn people_read_where_what_and_how_many() {
    let run = check(Look::Plain, &["-".as_ref()], &format!("{GOOD}\n{BAD}\n{TWICE}"));
    let (text, summary) = run.out.split_at(run.out.rfind("3 objects").unwrap());
    assert!(text.starts_with(
        "standard input: object 1: url--47c3cf9a-5027-5bf0-997a-017c7edc7c55\n  error value: "
    ));
    assert!(
        text.contains("(missing-property, STIX 2.1 §6.15.1)\nstandard input: object 2: without")
    );
    assert!(text.ends_with("(strict-json, RFC 7493)\n"), "{text}");
    assert!(summary.starts_with("3 objects: 1 valid, 2 invalid, 0 with warnings; 0.0 MB, "));
    assert!(!run.out.contains('\x1b'));
    let run = check(Look::Coloured, &["-".as_ref()], BAD);
    assert!(run.out.contains("\x1b[31merror\x1b[0m value: "), "{}", run.out);
}

#[test]
fn quiet_prints_the_summary_only() {
    let (mut input, mut out, mut err) = (BAD.as_bytes(), Vec::new(), Vec::new());
    let streams = Streams { input: &mut input, out: &mut out, err: &mut err };
    let options = CheckOptions { quiet: true, ..CheckOptions::default() };
    assert_eq!(run(&["-".into()], options, streams).unwrap(), Outcome::Invalid);
    assert!(out.starts_with(b"1 objects: 0 valid, 1 invalid"));
}

#[test]
fn nothing_in_a_file_reaches_the_terminal_as_a_control() {
    let hostile = BAD.replace("7c55", r"\u001b[2J\u202e\u0007");
    for look in [Look::Plain, Look::Json] {
        let run = check(look, &["-".as_ref()], &hostile);
        assert_eq!(run.outcome, Outcome::Invalid);
        assert!(!run.out.contains(['\x1b', '\x07']), "{}", run.out);
    }
    let run = check(Look::Plain, &["-".as_ref()], &hostile);
    assert!(run.out.contains(r"\u{1b}[2J\u{202e}\u{7}"), "{}", run.out);
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("empty")).unwrap();
    std::fs::write(path("good.json"), GOOD).unwrap();
    let mut cut = zstd::encode_all(GOOD.repeat(9).as_bytes(), 1).unwrap();
    cut.truncate(cut.len() - 5);
    std::fs::write(path("cut.zst"), cut).unwrap();
    let run = check(
        Look::Json,
        &[&path("none.json"), &path("empty"), &path("cut.zst"), &path("good.json")],
        "",
    );
    assert_eq!((run.outcome, run.outcome.exit_code()), (Outcome::Unreadable, 2));
    assert!(lines(&run).last().unwrap().ends_with("true [] []"));
    let told: Vec<&str> = run.err.lines().collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told.iter().all(|line| line.contains(": cannot be read: ")));
}

#[test]
fn a_broken_list_is_an_error_of_its_own() {
    let run = json(&format!("[{GOOD},,{GOOD}]"));
    assert_eq!(lines(&run), ["0 true [] []", "1 false [broken-list] []"]);
    assert_eq!(lines(&json("neither")), ["0 false [no-objects] []"]);
    assert_eq!(lines(&json("")), [""; 0]);
}

#[test]
fn a_reader_that_leaves_ends_the_check() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for look in [Look::Json, Look::Plain] {
        let (mut input, mut err) = (BAD.as_bytes(), Vec::new());
        let streams = Streams { input: &mut input, out: &mut Gone, err: &mut err };
        let options = CheckOptions { look, ..CheckOptions::default() };
        assert_eq!(run(&["-".into()], options, streams).unwrap(), Outcome::Invalid);
    }
}

#[test]
fn colour_is_for_terminals_and_for_who_wants_it() {
    use std::ffi::OsStr;
    assert_eq!(Look::of(true, true, None), Look::Json);
    assert_eq!(Look::of(false, true, None), Look::Coloured);
    assert_eq!(Look::of(false, true, Some(OsStr::new(""))), Look::Coloured);
    assert_eq!(Look::of(false, true, Some(OsStr::new("1"))), Look::Plain);
    assert_eq!(Look::of(false, false, None), Look::Plain);
}
