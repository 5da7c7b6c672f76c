//! Partners as bits, and who is admitted.

use entente_release::decide::Reason;
use entente_release::partner::{Authenticated, Channel, Standing};
use entente_release::{Audience, Nation, PartnerIndex, PartnerSet};

use crate::universe::{NOW, at, channel, index, names, nation, partner, window};

#[test]
fn indexes_are_below_sixty_four() {
    assert_eq!(PartnerIndex::new(63).map(PartnerIndex::get), Some(63));
    assert_eq!(PartnerIndex::new(64), None);
    let all: Vec<u8> = PartnerIndex::all().map(PartnerIndex::get).collect();
    assert_eq!(all, (0..64).collect::<Vec<u8>>());
}

#[test]
fn a_set_is_one_bit_for_each_partner() {
    for one in PartnerIndex::all() {
        let set = PartnerSet::NONE.with(one);
        assert_eq!(set.bits(), 1 << one.get());
        assert_eq!(set.with(one), set);
        assert!(PartnerIndex::all().all(|other| set.contains(other) == (other == one)));
    }
    let set = |bits| PartnerSet::from_bits(bits);
    assert!(set(0).is_empty() && !set(1 << 63).is_empty());
    assert_eq!(set(0b0110).intersection(set(0b0011)), set(0b0010));
    assert_eq!(set(0b0110).union(set(0b0011)), set(0b0111));
    assert_eq!(set(0b0110).without(set(0b0011)), set(0b0100));
    assert_eq!(set(0b1010).iter().collect::<Vec<_>>(), [index(1), index(3)]);
    assert_eq!([index(3), index(1)].into_iter().collect::<PartnerSet>(), set(0b1010));
    assert_eq!(format!("{:?}", set(0b1010)), "{1, 3}");
}

#[test]
fn a_session_is_admitted_as_the_partner_that_it_is() {
    let est = partner(7, "EST");
    for session in [Authenticated::Certificate, Authenticated::Password, Authenticated::Token] {
        let session = session(nation("EST"));
        assert_eq!(session.nation(), nation("EST"));
        let audience = Audience::admit(&est, &session, Channel::default(), at(NOW)).unwrap();
        assert_eq!((audience.partner(), audience.nation()), (index(7), nation("EST")));
        assert_eq!(audience.channel(), &Channel::default());
    }
    let other = Authenticated::Certificate(Nation::KOR);
    let refused = Audience::admit(&est, &other, Channel::default(), at(NOW));
    assert_eq!(refused, Err(Reason::NotAuthenticated));
}

#[test]
fn only_a_current_partner_is_admitted() {
    let session = Authenticated::Certificate(nation("EST"));
    for (standing, credential, refused) in [
        (Standing::Suspended, (Some(0), Some(NOW + 1)), Some(Reason::Suspended)),
        (Standing::Revoked, (Some(0), Some(NOW + 1)), Some(Reason::Revoked)),
        (Standing::Active, (Some(0), Some(NOW)), Some(Reason::CredentialNotCurrent)),
        (Standing::Active, (Some(NOW + 1), Some(NOW + 2)), Some(Reason::CredentialNotCurrent)),
        (Standing::Active, (None, Some(NOW + 1)), Some(Reason::CredentialNotCurrent)),
        (Standing::Active, (Some(0), None), Some(Reason::CredentialNotCurrent)),
        (Standing::Active, (Some(NOW), Some(NOW + 1)), None),
    ] {
        let mut est = partner(7, "EST");
        (est.standing, est.credential) = (standing, window(credential.0, credential.1));
        let admitted = Audience::admit(&est, &session, Channel::default(), at(NOW));
        assert_eq!(admitted.err(), refused, "{standing:?} {credential:?}");
    }
}

#[test]
fn an_exercise_admits_the_enrolled_alone() {
    let session = Authenticated::Certificate(nation("EST"));
    let mut est = partner(7, "EST");
    est.exercises = names(&["cc23"]);
    let audience = Audience::admit(&est, &session, channel("cc23"), at(NOW)).unwrap();
    assert_eq!(audience.channel(), &channel("cc23"));
    let refused = Audience::admit(&est, &session, channel("lk24"), at(NOW));
    assert_eq!(refused, Err(Reason::NotEnrolled));
}
