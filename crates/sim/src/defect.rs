//! Defects that are switched on to see that a checker notices.
//!
//! Invariant: no defect is in the nodes' code; each is done to a node from outside, as that defect would.

use clap::ValueEnum;

/// A defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Defect {
    /// Objects go to nations that their label does not name.
    Leak,
    /// What a page brings is not kept.
    Lose,
    /// What a page brings is kept with other bytes.
    Forge,
    /// What was received is brought as a nation's own.
    Relay,
    /// A ledger that was signed is put back and signed anew.
    Rewrite,
    /// What was written last is lost when the power is cut.
    Unsynced,
    /// Receipts are not kept.
    Unacknowledged,
    /// A revocation is not recorded.
    Revocation,
    /// A programme that was adopted does not count.
    Programme,
    /// Answers say how much the node has in all.
    TellsSize,
    /// Errors name what the node has.
    TellsError,
    /// The log has what objects say.
    TellsLog,
    /// What a lying node says is believed.
    Believes,
    /// Something is appended where the disk is full.
    HalfDone,
    /// Damage is not looked for.
    Blind,
}
