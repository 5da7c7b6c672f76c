//! Published objects with the verdicts of the OASIS validator, which lie beside the project.
//! Where we differ, a row says why; `docs/formats/stix-validation.md` says it to people.

use crate::json::{Value, parse};
use crate::validate::validate;
use std::path::{Path, PathBuf};

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

/// Vectors whose default verdict we do not share: first and last line, counted from 0, and why.
const DEFAULT_DIFFERENCES: &[(usize, usize, &str)] = &[
    (102, 103, "7.2.1.4: the id of TLP:GREEN with another definition"),
    (107, 107, "7.2.1.4: the id of TLP:GREEN without its definition"),
    (111, 127, "2.9: src_ref is no identifier; its UUID lacks a digit"),
    (172, 172, "RFC 5646: bbb is a registered language, Barai"),
];

/// Vectors whose strict verdict (advice counts as error) we do not share, beyond those.
const STRICT_DIFFERENCES: &[(usize, usize, &str)] =
    &[(50, 69, "3.2: created_by_ref refers to a source, not to an identity")];

/// Vectors 109 to 127 with their reference mended: what still differs when strict.
const MENDED_STRICT_DIFFERENCES: &[(usize, usize, &str)] = &[
    (112, 112, "6.12.2: any name of a header field is one, x-foobar too"),
    (126, 126, "6.12.4: options need not be known, SO_TEST neither"),
];

/// Files in which objects are valid to us and not to the OASIS validator, how many, and why: it
/// takes `id` in a pattern for a property name that is too short (3.2 defines it).
const PATTERNS_WITH_ID: &[(&str, usize)] = &[
    ("reports-stix21/assoechap/stalkerware-2023-05-15.stix2.json.zst", 589),
    ("reports-stix21/mvt/2022-06-23_rcs_lab__rcs.stix2.json", 5),
    ("reports-stix21/mvt/2023-07-25_wyrmspy_dragonegg__wyrmspy_dragonegg.stix2.json", 7),
    ("reports-stix21/mvt/intellexa_predator__predator.stix2.json.zst", 1),
];

fn shared(file: &str) -> Option<PathBuf> {
    let path = Path::new(SHARED).join(file);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not there", path.display());
    None
}

fn read(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).expect("a readable file");
    if path.extension().is_some_and(|e| e == "zst") {
        return zstd::decode_all(bytes.as_slice()).expect("zstd");
    }
    bytes
}

fn listed(list: &[(usize, usize, &str)], line: usize) -> bool {
    list.iter().any(|(first, last, _)| (*first..=*last).contains(&line))
}

#[test]
fn the_vectors_of_the_oasis_validator_have_its_verdicts() {
    let Some(path) = shared("conformance/stix21-object-validity-vectors.jsonl.zst") else {
        return;
    };
    let text = String::from_utf8(read(&path)).expect("UTF-8");
    let (mut default_same, mut strict_same) = (0, 0);
    for (line, text) in text.lines().enumerate() {
        let vector = parse(text.as_bytes()).expect("strict JSON");
        let flag = |name| vector.get(name).and_then(Value::as_bool).expect("a verdict");
        let report = validate(vector.get("object").expect("an object"));
        if report.is_valid() == flag("valid_default") {
            default_same += 1;
        } else {
            assert!(listed(DEFAULT_DIFFERENCES, line), "{line}: {report:#?}");
        }
        let options = vector.get("options").expect("options");
        let only_strict =
            options.as_object().is_some_and(|o| o.len() == 1) && options.get("strict").is_some();
        if !only_strict {
            continue;
        }
        if report.is_clean() == flag("valid_strict_with_test_options") {
            strict_same += 1;
        } else {
            let known = [DEFAULT_DIFFERENCES, STRICT_DIFFERENCES];
            assert!(known.iter().any(|l| listed(l, line)), "{line}: {report:#?}");
        }
    }
    assert_eq!((default_same, strict_same), (196, 137));
}

#[test]
fn the_vectors_with_their_reference_mended_have_its_verdicts() {
    let Some(path) = shared("conformance/stix21-object-validity-vectors.jsonl.zst") else {
        return;
    };
    let text = String::from_utf8(read(&path)).expect("UTF-8");
    let mut mended = 0;
    for (line, text) in text.lines().enumerate() {
        let whole = text.replace("-22c398f78fb\"", "-22c398f78fb0\"");
        if whole == text {
            continue;
        }
        mended += 1;
        let vector = parse(whole.as_bytes()).expect("strict JSON");
        let flag = |name| vector.get(name).and_then(Value::as_bool).expect("a verdict");
        let report = validate(vector.get("object").expect("an object"));
        assert_eq!(report.is_valid(), flag("valid_default"), "{line}: {report:#?}");
        let options = vector.get("options").and_then(Value::as_object);
        if options.is_some_and(|o| o.len() == 1) {
            let same = report.is_clean() == flag("valid_strict_with_test_options");
            assert_eq!(same, !listed(MENDED_STRICT_DIFFERENCES, line), "{line}: {report:#?}");
        }
    }
    assert_eq!(mended, 18);
}

/// A file of the manifest with the verdicts that stand there.
struct Row {
    file: String,
    valid: usize,
    invalid: usize,
    sample: Option<usize>,
}

fn rows(manifest: &str) -> Vec<Row> {
    manifest
        .lines()
        .filter_map(|line| {
            let mut cells = line.split('|').map(str::trim).skip(1);
            let file = cells.next()?.to_owned();
            let verdict = cells.find(|cell| cell.contains(" valid / "))?;
            let mut numbers = verdict
                .split(|c: char| !c.is_ascii_digit())
                .filter_map(|n| n.parse::<usize>().ok());
            let (valid, invalid) = (numbers.next()?, numbers.next()?);
            let sample = verdict.contains("sample").then_some(valid + invalid);
            Some(Row { file, valid, invalid, sample })
        })
        .collect()
}

#[test]
fn published_collections_have_the_verdicts_of_the_oasis_validator() {
    let Some(manifest) = shared("MANIFEST.md") else {
        return;
    };
    let manifest = String::from_utf8(read(&manifest)).expect("UTF-8");
    let rows = rows(&manifest);
    assert!(rows.len() > 50, "{}", rows.len());
    for row in rows {
        let Some(path) = shared(&row.file) else {
            continue;
        };
        let bytes = read(&path);
        let document = parse(&bytes).expect("strict JSON");
        let objects = match document.get("objects").and_then(Value::as_array) {
            Some(objects) => objects,
            None => document.as_array().unwrap_or(std::slice::from_ref(&document)),
        };
        let take = row.sample.unwrap_or(objects.len());
        let valid = objects.iter().take(take).filter(|o| validate(o).is_valid()).count();
        let known = PATTERNS_WITH_ID.iter().find(|(file, _)| *file == row.file);
        let more = known.map_or(0, |(_, more)| *more);
        assert_eq!(valid, row.valid + more, "{}", row.file);
        assert_eq!(take, row.valid + row.invalid, "{}", row.file);
    }
}
