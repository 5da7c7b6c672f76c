//! Nations: ISO 3166-1 alpha-3 codes, and sets of them.
//!
//! Invariant: a [`Nation`] is an assigned ISO 3166-1 alpha-3 code, or a code of the user-assigned
//! range XAA–XZZ, which here means a nation that exists in exercises only. `ROK` and `UK` do not
//! parse: the codes are `KOR` and `GBR`.

use std::fmt;
use std::str::FromStr;

use uuid::{Uuid, uuid};

/// A nation by its ISO 3166-1 alpha-3 code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nation([u8; 3]);

impl Nation {
    /// The Republic of Korea.
    pub const KOR: Self = Self(*b"KOR");

    /// The three letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// The UUID of the `identity` that stands for the nation in STIX, on every node the same.
    pub fn identity(self) -> Uuid {
        /// Of the identities of parties (RFC 4122, 4.3).
        const NAMESPACE: Uuid = uuid!("2adfa9da-a6ca-4766-9bc4-521941d0f633");
        Uuid::new_v5(&NAMESPACE, self.as_str().as_bytes())
    }

    /// Whether the code is of the range XAA–XZZ: a nation in exercises only.
    pub fn is_exercise_only(self) -> bool {
        self.0.first() == Some(&b'X')
    }
}

impl FromStr for Nation {
    type Err = UnknownNation;

    fn from_str(text: &str) -> Result<Self, UnknownNation> {
        let unknown = || UnknownNation(text.to_owned());
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| unknown())?;
        let exercise = code.first() == Some(&b'X') && code.iter().all(u8::is_ascii_uppercase);
        if exercise || is_assigned(code) { Ok(Self(code)) } else { Err(unknown()) }
    }
}

/// Whether a code is among the assigned ones. Read for every object of a page, so by halving.
fn is_assigned(code: [u8; 3]) -> bool {
    let (codes, last) = ASSIGNED.as_bytes().as_chunks::<4>();
    let found = codes.binary_search_by(|four| four.first_chunk::<3>().cmp(&Some(&code)));
    found.is_ok() || last == code
}

impl fmt::Display for Nation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Nation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is no code of a nation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is no nation: use an ISO 3166-1 alpha-3 code such as KOR, GBR or POL, or XAA to XZZ \
     for a nation that exists in exercises only"
)]
pub struct UnknownNation(pub String);

/// A set of nations, in alphabetical order. Empty means nobody, never everybody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NationSet(Box<[Nation]>);

impl NationSet {
    /// Nobody.
    pub fn none() -> Self {
        Self(Box::default())
    }

    /// Whether `nation` is named.
    pub fn contains(&self, nation: Nation) -> bool {
        self.0.binary_search(&nation).is_ok()
    }

    /// Whether nobody is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The nations, alphabetical.
    pub fn iter(&self) -> impl Iterator<Item = Nation> + '_ {
        self.0.iter().copied()
    }

    /// The nations named by both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.iter().filter(|nation| other.contains(*nation)).collect()
    }
}

impl FromIterator<Nation> for NationSet {
    fn from_iter<I: IntoIterator<Item = Nation>>(nations: I) -> Self {
        let mut sorted: Vec<Nation> = nations.into_iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        Self(sorted.into_boxed_slice())
    }
}

/// The 249 officially assigned codes (ISO 3166-1:2020, as published 2024).
const ASSIGNED: &str = "\
    ABW AFG AGO AIA ALA ALB AND ARE ARG ARM ASM ATA ATF ATG AUS AUT AZE BDI BEL BEN BES BFA \
    BGD BGR BHR BHS BIH BLM BLR BLZ BMU BOL BRA BRB BRN BTN BVT BWA CAF CAN CCK CHE CHL CHN \
    CIV CMR COD COG COK COL COM CPV CRI CUB CUW CXR CYM CYP CZE DEU DJI DMA DNK DOM DZA ECU \
    EGY ERI ESH ESP EST ETH FIN FJI FLK FRA FRO FSM GAB GBR GEO GGY GHA GIB GIN GLP GMB GNB \
    GNQ GRC GRD GRL GTM GUF GUM GUY HKG HMD HND HRV HTI HUN IDN IMN IND IOT IRL IRN IRQ ISL \
    ISR ITA JAM JEY JOR JPN KAZ KEN KGZ KHM KIR KNA KOR KWT LAO LBN LBR LBY LCA LIE LKA LSO \
    LTU LUX LVA MAC MAF MAR MCO MDA MDG MDV MEX MHL MKD MLI MLT MMR MNE MNG MNP MOZ MRT MSR \
    MTQ MUS MWI MYS MYT NAM NCL NER NFK NGA NIC NIU NLD NOR NPL NRU NZL OMN PAK PAN PCN PER \
    PHL PLW PNG POL PRI PRK PRT PRY PSE PYF QAT REU ROU RUS RWA SAU SDN SEN SGP SGS SHN SJM \
    SLB SLE SLV SMR SOM SPM SRB SSD STP SUR SVK SVN SWE SWZ SXM SYC SYR TCA TCD TGO THA TJK \
    TKL TKM TLS TON TTO TUN TUR TUV TWN TZA UGA UKR UMI URY USA UZB VAT VCT VEN VGB VIR VNM \
    VUT WLF WSM YEM ZAF ZMB ZWE";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_assigned_and_exercise_codes_parse() {
        for good in ["KOR", "GBR", "POL", "XAA", "XKX", "XZZ"] {
            assert_eq!(good.parse::<Nation>().unwrap().as_str(), good);
        }
        for bad in ["ROK", "UK", "GB", "", "kor", "KORE", "ZZZ", "XaA", "X1A", "OR ", "X A", "AB "]
        {
            assert_eq!(bad.parse::<Nation>(), Err(UnknownNation(bad.into())), "{bad}");
        }
        assert_eq!(ASSIGNED.split(' ').count(), 249);
        assert!(ASSIGNED.split(' ').all(|code| code.len() == 3 && !code.starts_with('X')));
    }

    #[test]
    fn exercise_codes_are_known_as_such() {
        assert!("XBB".parse::<Nation>().unwrap().is_exercise_only());
        assert!(!Nation::KOR.is_exercise_only());
        assert_eq!(format!("{:>5}|{:?}", Nation::KOR, Nation::KOR), "  KOR|KOR");
    }

    #[test]
    fn sets_are_sorted_and_unique() {
        let set = |text: &str| -> NationSet {
            text.split_whitespace().map(|code| code.parse::<Nation>().unwrap()).collect()
        };
        assert_eq!(
            set("POL KOR POL").iter().map(|n| n.to_string()).collect::<Vec<_>>(),
            ["KOR", "POL"]
        );
        assert_eq!(set("POL KOR USA").intersection(&set("USA POL ITA")), set("POL USA"));
        assert!(NationSet::none().is_empty() && !set("KOR").is_empty());
        assert!(!NationSet::none().contains(Nation::KOR) && set("KOR").contains(Nation::KOR));
    }
}
