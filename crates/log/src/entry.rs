//! Entries of the one log: everything that changes the state of a node.
//!
//! Invariant: an entry says what was decided, when and by what, so that folding the log takes no
//! decision, reads no clock and needs no policy. Stored forms are in [`v1`], golden and frozen.

use std::borrow::Cow;

use entente_object::id::IdKey;
use entente_release::{Nation, PartnerIndex, PartnerSet};
use uuid::Uuid;

/// A place in the log, from 0.
pub type Seq = u64;

/// The number of an interned label.
pub type LabelNumber = u32;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// An object was taken in.
    Put(Put<'a>),
    /// A label was interned.
    Label(LabelText<'a>),
    /// Objects were released to a partner.
    Release(Release),
    /// Released objects were withdrawn from a partner's view.
    Withdraw(Release),
    /// An object waits before it can be released to some partners.
    Hold(Hold),
    /// Anything else that people or machines did, as JSON: partners, programmes, approvals.
    Act(Act<'a>),
}

/// An object, as its exact bytes, with what is needed to find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put<'a> {
    /// The UUID of its id.
    pub uuid: Uuid,
    /// The type of its id.
    pub object_type: Cow<'a, str>,
    /// Its version in microseconds since 1970: `modified`, else `created`, else when it came.
    pub version: i64,
    /// Its effective label.
    pub label: LabelNumber,
    /// The nation that brought it.
    pub brought_by: Nation,
    /// SHA-256 of `bytes`.
    pub digest: [u8; 32],
    /// Exactly as received or made.
    pub bytes: Cow<'a, [u8]>,
}

impl Put<'_> {
    /// What stands for its id.
    pub fn key(&self) -> IdKey {
        IdKey::of(&self.object_type, self.uuid)
    }
}

/// A label under its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelText<'a> {
    /// The number, counted up from 0.
    pub number: LabelNumber,
    /// What is wrong with it, as stored by `entente_release::label::Faults`.
    pub faults: u8,
    /// The label's `marking-definition`.
    pub stix: Cow<'a, str>,
}

/// Objects released to one partner, in this order, by one act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The partner.
    pub partner: PartnerIndex,
    /// `date_added` of the first, in microseconds since 1970; each further one is 1 µs later.
    pub first_added: i64,
    /// The objects.
    pub objects: Vec<Seq>,
}

/// Why an object has not gone to everybody that its label names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The object.
    pub object: Seq,
    /// The partners who may have it but for what it waits for.
    pub partners: PartnerSet,
    /// Mentioned ids that are not (yet) released to all of `partners`, or whose label is not known yet.
    pub mentions: Vec<IdKey>,
    /// How many releasers must approve before each of these partners may have it.
    pub approvals: Vec<(PartnerIndex, u8)>,
    /// When to decide again, in microseconds since 1970.
    pub again_at: Option<i64>,
}

impl Hold {
    /// The object waits for nothing any more.
    pub fn ended(object: Seq) -> Self {
        Self {
            object,
            partners: PartnerSet::NONE,
            mentions: Vec::new(),
            approvals: Vec::new(),
            again_at: None,
        }
    }
}

/// A recorded act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act<'a> {
    /// What kind, such as `partner` or `programme`.
    pub kind: Cow<'a, str>,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// The details, as JSON.
    pub json: Cow<'a, str>,
}

/// Format 1 of entries, frozen: docs/formats/journal.md.
pub mod v1 {
    use super::{
        Act, Cow, Entry, Hold, IdKey, LabelNumber, LabelText, Nation, PartnerIndex, PartnerSet,
        Put, Release, Uuid,
    };
    use crate::codec::{Damaged, Reader, put_text, put_varint, put_zigzag};

    const PUT: u8 = 1;
    const LABEL: u8 = 2;
    const RELEASE: u8 = 3;
    const WITHDRAW: u8 = 4;
    const HOLD: u8 = 5;
    const ACT: u8 = 6;

    /// The code of an entry's kind.
    pub fn kind(entry: &Entry<'_>) -> u8 {
        match entry {
            Entry::Put(_) => PUT,
            Entry::Label(_) => LABEL,
            Entry::Release(_) => RELEASE,
            Entry::Withdraw(_) => WITHDRAW,
            Entry::Hold(_) => HOLD,
            Entry::Act(_) => ACT,
        }
    }

    /// Whether a kind's code is that of an object.
    pub fn is_put(kind: u8) -> bool {
        kind == PUT
    }

    /// Appends what stands in a block's head after an object's digest: all but its bytes.
    pub fn put_head(out: &mut Vec<u8>, put: &Put<'_>) {
        out.extend_from_slice(put.uuid.as_bytes());
        out.extend_from_slice(&put.version.to_le_bytes());
        out.extend_from_slice(&put.label.to_le_bytes());
        out.extend_from_slice(put.brought_by.as_str().as_bytes());
        put_text(out, &put.object_type);
    }

    /// What a block's head says of an object, where it lies. A page has a thousand of them, of each
    /// of which little is asked: nothing is read before.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ObjectHead<'a> {
        fixed: &'a Fixed,
        object_type: &'a [u8],
    }

    /// UUID, version, label and nation.
    type Fixed = [u8; 16 + 8 + 4 + 3];

    impl<'a> ObjectHead<'a> {
        pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, Damaged> {
            let fixed = reader.array()?;
            let length = reader.length()?;
            Ok(Self { fixed, object_type: reader.take(length)? })
        }

        fn field<const AT: usize, const LENGTH: usize>(&self) -> [u8; LENGTH] {
            const { assert!(AT + LENGTH <= size_of::<Fixed>()) };
            let mut field = [0; LENGTH];
            field.copy_from_slice(self.fixed.get(AT..AT + LENGTH).unwrap_or(&[0; LENGTH]));
            field
        }

        /// The type of its id.
        pub fn object_type(&self) -> Result<&'a str, Damaged> {
            std::str::from_utf8(self.object_type).map_err(|_| Damaged("an object's type"))
        }

        /// The UUID of its id.
        pub fn uuid(&self) -> Uuid {
            Uuid::from_bytes(self.field::<0, 16>())
        }

        /// Its version, in microseconds since 1970.
        pub fn version(&self) -> i64 {
            i64::from_le_bytes(self.field::<16, 8>())
        }

        /// Its effective label.
        pub fn label(&self) -> LabelNumber {
            LabelNumber::from_le_bytes(self.field::<24, 4>())
        }

        /// The nation that brought it.
        pub fn brought_by(&self) -> Result<Nation, Damaged> {
            let code = self.field::<28, 3>();
            let code = std::str::from_utf8(&code).ok();
            code.and_then(|code| code.parse().ok()).ok_or(Damaged("a nation's code"))
        }
    }

    /// Appends an entry's body.
    pub fn put_body(out: &mut Vec<u8>, entry: &Entry<'_>) {
        match entry {
            Entry::Put(put) => out.extend_from_slice(&put.bytes),
            Entry::Label(label) => {
                out.extend_from_slice(&label.number.to_le_bytes());
                out.push(label.faults);
                put_text(out, &label.stix);
            }
            Entry::Release(release) | Entry::Withdraw(release) => put_release(out, release),
            Entry::Hold(hold) => put_hold(out, hold),
            Entry::Act(act) => {
                put_text(out, &act.kind);
                out.extend_from_slice(&act.at.to_le_bytes());
                put_text(out, &act.json);
            }
        }
    }

    fn put_release(out: &mut Vec<u8>, release: &Release) {
        out.push(release.partner.get());
        out.extend_from_slice(&release.first_added.to_le_bytes());
        let mut before = 0u64;
        for &object in &release.objects {
            put_zigzag(out, object.cast_signed().wrapping_sub(before.cast_signed()));
            before = object;
        }
    }

    fn put_hold(out: &mut Vec<u8>, hold: &Hold) {
        out.extend_from_slice(&hold.object.to_le_bytes());
        out.extend_from_slice(&hold.partners.bits().to_le_bytes());
        out.extend_from_slice(&hold.again_at.unwrap_or(i64::MIN).to_le_bytes());
        put_varint(out, u64::try_from(hold.approvals.len()).unwrap_or(u64::MAX));
        for (partner, releasers) in &hold.approvals {
            out.extend_from_slice(&[partner.get(), *releasers]);
        }
        for key in &hold.mentions {
            out.extend_from_slice(key.as_bytes());
        }
    }

    /// Reads the body of an entry that is not an object.
    pub fn read_body(kind: u8, body: &[u8]) -> Result<Entry<'_>, Damaged> {
        let mut reader = Reader::new(body, "an entry's body");
        let entry = match kind {
            LABEL => Entry::Label(LabelText {
                number: u32::from_le_bytes(*reader.array()?),
                faults: reader.byte()?,
                stix: Cow::Borrowed(reader.text()?),
            }),
            RELEASE => Entry::Release(read_release(&mut reader)?),
            WITHDRAW => Entry::Withdraw(read_release(&mut reader)?),
            HOLD => Entry::Hold(read_hold(&mut reader)?),
            ACT => Entry::Act(Act {
                kind: Cow::Borrowed(reader.text()?),
                at: i64::from_le_bytes(*reader.array()?),
                json: Cow::Borrowed(reader.text()?),
            }),
            _ => return Err(Damaged("a kind of entry that this version knows")),
        };
        if reader.is_empty() { Ok(entry) } else { Err(Damaged("an entry's body alone")) }
    }

    fn read_partner(reader: &mut Reader<'_>) -> Result<PartnerIndex, Damaged> {
        PartnerIndex::new(reader.byte()?).ok_or(Damaged("a partner's number"))
    }

    fn read_release(reader: &mut Reader<'_>) -> Result<Release, Damaged> {
        let partner = read_partner(reader)?;
        let first_added = i64::from_le_bytes(*reader.array()?);
        let mut objects = Vec::new();
        let mut before = 0u64;
        while !reader.is_empty() {
            before = before.wrapping_add_signed(reader.zigzag()?);
            objects.push(before);
        }
        Ok(Release { partner, first_added, objects })
    }

    fn read_hold(reader: &mut Reader<'_>) -> Result<Hold, Damaged> {
        let object = u64::from_le_bytes(*reader.array()?);
        let partners = PartnerSet::from_bits(u64::from_le_bytes(*reader.array()?));
        let again_at = Some(i64::from_le_bytes(*reader.array()?)).filter(|at| *at != i64::MIN);
        let mut approvals = Vec::new();
        for _ in 0..reader.varint()? {
            approvals.push((read_partner(reader)?, reader.byte()?));
        }
        let mut mentions = Vec::new();
        while !reader.is_empty() {
            mentions.push(IdKey::from_bytes(*reader.array()?));
        }
        Ok(Hold { object, partners, mentions, approvals, again_at })
    }
}
