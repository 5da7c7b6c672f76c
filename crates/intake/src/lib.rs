//! The one door in: objects are prepared, labelled, decided about and appended to the log.
//!
//! In scope: what every way in shares (import, TAXII, peers): validation, the effective label, who
//! receives the object at once, who later and what that waits for; partners, programmes and other
//! recorded acts; explanations and previews of the same decisions; what another programme would release.
//! Out of scope: reading files and sockets (`entente-node`, views), the rule (`entente-release`),
//! keeping (`entente-store`).
//!
//! ```text
//! bytes → prepare → screen → label → recipients → mentions → entries → append
//! ```

pub mod acts;
mod contain;
mod cooperate;
mod decide;
mod desk;
mod difference;
mod epochs;
mod feed;
mod foreign;
mod label;
mod prepare;
mod recall;
mod receive;
mod screen;
mod sources;
mod take;

pub use cooperate::{Saying, Told, meant};
pub use decide::{Explanation, Group, Summary, hex};
pub use desk::{Desk, IntakeError, PartnerRecord, latest, partners_of};
pub use difference::{Compared, ReleaseChange, ReleaseCount, ReleaseDifference};
pub use epochs::EPOCHS_AT_ONCE;
pub use feed::{Polled, feeds_of};
pub use label::Applied;
pub use prepare::{Prepared, Refused, prepare};
pub use recall::Recall;
pub use receive::{Delivery, ReceivedEntry, Recomputed, Standing};
pub use sources::{Asked, Content, Page, Row, Shown, ShownAlarm, ShownVersion, Source};
pub use take::{Outcome, Taken};
