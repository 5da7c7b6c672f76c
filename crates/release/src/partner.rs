//! Partners of this node, and who is asking.
//!
//! Invariant: an [`Audience`] exists only for a partner that was active, with a current credential
//! of its own, at the moment it was admitted. Nobody outside this crate can build one.

use std::collections::BTreeSet;
use std::fmt;

use entente_object::time::Timestamp;

use crate::decide::{Outcome, Reason, partner_is_current};
use crate::label::Window;
use crate::name::{Caveat, ExerciseId};
use crate::nation::Nation;

/// A partner's number on this node, below [`PARTNERS_MAX`]. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartnerIndex(u8);

/// The most partners of one node: one machine word of bits. NATO and its partners are 35 nations.
pub const PARTNERS_MAX: u8 = 64;

impl PartnerIndex {
    /// The number `index`, if it is in range.
    pub fn new(index: u8) -> Option<Self> {
        (index < PARTNERS_MAX).then_some(Self(index))
    }

    /// The number.
    pub fn get(self) -> u8 {
        self.0
    }

    /// Every number.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..PARTNERS_MAX).map(Self)
    }
}

/// A set of partners of this node, one bit each.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartnerSet(u64);

impl PartnerSet {
    /// Nobody.
    pub const NONE: Self = Self(0);

    /// From the stored word.
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The word to store.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// This set and `partner`.
    #[must_use]
    pub fn with(self, partner: PartnerIndex) -> Self {
        Self(self.0 | 1 << partner.0)
    }

    /// Whether `partner` is in it.
    pub fn contains(self, partner: PartnerIndex) -> bool {
        self.0 & 1 << partner.0 != 0
    }

    /// Those in both.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those in either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those in this set and not in `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether nobody is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The partners, lowest number first.
    pub fn iter(self) -> impl Iterator<Item = PartnerIndex> {
        PartnerIndex::all().filter(move |partner| self.contains(*partner))
    }
}

impl fmt::Debug for PartnerSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(PartnerIndex::get)).finish()
    }
}

impl FromIterator<PartnerIndex> for PartnerSet {
    fn from_iter<I: IntoIterator<Item = PartnerIndex>>(partners: I) -> Self {
        partners.into_iter().fold(Self::NONE, Self::with)
    }
}

/// Whether a partner takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It takes part.
    Active,
    /// It gets nothing for now.
    Suspended,
    /// It gets nothing any more, ever.
    Revoked,
}

/// What this node knows about a partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// Its number here.
    pub index: PartnerIndex,
    /// Its nation.
    pub nation: Nation,
    /// Whether it takes part.
    pub standing: Standing,
    /// While its key and certificate are current. Without a beginning or an end, they never are.
    pub credential: Window,
    /// The caveats that it has accepted.
    pub caveats: BTreeSet<Caveat>,
    /// The exercises that it is enrolled in.
    pub exercises: BTreeSet<ExerciseId>,
    /// What it subscribed to.
    pub subscription: Subscription,
}

/// Which areas a partner wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subscription {
    /// All that it may have.
    Everything,
    /// These areas only.
    Areas(BTreeSet<crate::label::Under>),
}

/// Operations, or one exercise: what is released travels in exactly one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel {
    /// The exercise, or none for operations.
    pub exercise: Option<ExerciseId>,
}

/// How a session showed who it is. The door that checked it says so; no door is trusted with more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authenticated {
    /// A client certificate, pinned for this nation.
    Certificate(Nation),
    /// A password, checked over TLS, of this nation.
    Password(Nation),
    /// A token, issued to this nation.
    Token(Nation),
}

impl Authenticated {
    /// The nation that the session is.
    pub fn nation(&self) -> Nation {
        match self {
            Self::Certificate(nation) | Self::Password(nation) | Self::Token(nation) => *nation,
        }
    }
}

/// A partner that is asking, on a channel, admitted. Only [`Audience::admit`] makes one. It is made
/// anew for every request: it does not notice a revocation that comes after it.
///
/// ```compile_fail,E0451
/// let forged = entente_release::Audience {
///     partner: entente_release::PartnerIndex::new(0).unwrap(),
///     nation: entente_release::Nation::KOR,
///     channel: entente_release::partner::Channel::default(),
/// };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience {
    partner: PartnerIndex,
    nation: Nation,
    channel: Channel,
}

impl Audience {
    /// Admits a session as `partner`: condition 2 of the rule, and enrolment for an exercise.
    pub fn admit(
        partner: &Partner,
        session: &Authenticated,
        channel: Channel,
        now: Timestamp,
    ) -> Result<Self, Reason> {
        if session.nation() != partner.nation {
            return Err(Reason::NotAuthenticated);
        }
        if let Outcome::Fails(reason) = partner_is_current(partner, now) {
            return Err(reason);
        }
        if channel.exercise.as_ref().is_some_and(|exercise| !partner.exercises.contains(exercise)) {
            return Err(Reason::NotEnrolled);
        }
        Ok(Self { partner: partner.index, nation: partner.nation, channel })
    }

    /// The partner's number.
    pub fn partner(&self) -> PartnerIndex {
        self.partner
    }

    /// The partner's nation.
    pub fn nation(&self) -> Nation {
        self.nation
    }

    /// The channel it asks on.
    pub fn channel(&self) -> &Channel {
        &self.channel
    }
}
