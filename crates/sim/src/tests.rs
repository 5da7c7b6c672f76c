//! Each checker notices the defect that it is for.

use super::*;

/// A defect is noticed in a seed, after so many operations, by the checker that says so.
fn is_noticed(defect: Defect, (seed, operations): (u64, u64), expected: &str) {
    let said = said_of(defect, (seed, operations));
    assert!(said.contains(expected), "{defect:?} in seed {seed}: {said}");
}

/// What the checkers say of a seed with a defect.
fn said_of(defect: Defect, (seed, operations): (u64, u64)) -> String {
    let setup = Setup { seed, shown: false, twin: 0, operations, defect: Some(defect) };
    match all_of(setup, 1) {
        Ok(_) => "nothing".to_owned(),
        Err(error) => format!("{error:#}"),
    }
}

#[test]
fn objects_that_go_to_whom_they_do_not_name_are_noticed() {
    is_noticed(Defect::Leak, (4, 60), "leak: ");
}

#[test]
fn objects_that_are_lost_are_noticed() {
    is_noticed(Defect::Lose, (4, 60), "loss: ");
}

#[test]
fn objects_with_other_bytes_are_noticed() {
    is_noticed(Defect::Forge, (4, 60), "forgery: ");
}

#[test]
fn objects_that_are_passed_on_are_noticed() {
    is_noticed(Defect::Relay, (4, 60), "relay: ");
}

#[test]
fn a_ledger_that_is_signed_anew_is_noticed() {
    is_noticed(Defect::Rewrite, (4, 150), "rewrite: ");
}

#[test]
fn writes_that_a_power_cut_takes_back_are_noticed() {
    is_noticed(Defect::Unsynced, (4, 60), " were signed");
}

#[test]
fn receipts_that_are_not_kept_are_noticed() {
    is_noticed(Defect::Unacknowledged, (4, 60), "receipts: ");
}

#[test]
fn a_revocation_that_does_not_count_is_noticed() {
    is_noticed(Defect::Revocation, (4, 150), "after revocation: ");
}

#[test]
fn a_programme_that_does_not_count_is_noticed() {
    is_noticed(Defect::Programme, (4, 150), "leak: ");
}

#[test]
fn a_header_that_depends_on_what_is_hidden_is_noticed() {
    is_noticed(Defect::TellsSize, (0, 60), "twins: ");
}

#[test]
fn an_error_that_names_an_object_is_noticed() {
    is_noticed(Defect::TellsError, (4, 150), "wire: ");
}

#[test]
fn an_object_in_a_log_is_noticed() {
    is_noticed(Defect::TellsLog, (4, 60), "log: ");
}

#[test]
fn a_lie_that_is_believed_is_noticed() {
    is_noticed(Defect::Believes, (1, 150), " of the lie ");
}

#[test]
fn what_is_half_done_on_a_full_disk_is_noticed() {
    is_noticed(Defect::HalfDone, (4, 150), "full disk");
}

#[test]
fn damage_that_nobody_looks_for_is_noticed() {
    // Which table a flipped bit hits depends on the store's layout, and some damage is found anyway.
    let mut seeds = (0..SEEDS_OF_FLIPS).map(|number| 4 * number + 1);
    let noticed = seeds.find(|seed| said_of(Defect::Blind, (*seed, 150)).contains("flip: "));
    assert!(noticed.is_some(), "no seed notices it");
}

/// Seeds with five flipped bits each that are tried until one hits what is served.
const SEEDS_OF_FLIPS: u64 = 24;

#[test]
fn a_seed_holds_comes_out_the_same_again_and_has_a_twin() {
    let setup = Setup { seed: 0, shown: false, twin: 0, operations: 80, defect: None };
    all_of(setup, 2).unwrap();
}
