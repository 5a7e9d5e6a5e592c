//! Which roots and seals count? A table of visits, and the answer at the last of them.

use super::shown::{Form, Mark, NOBODY, Role, Root, Seal, Signed, Visit};
use Answer::{Accepted, Refused};
use Form::{Broken, Malleated, Plain};
use Signed::{As, By, Tampered};

/// What a verifier says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The versions of root and snapshot that count.
    Accepted(u64, u64),
    Refused,
}

/// Visits by one who remembers, and the answer at the last.
pub struct Case {
    pub name: &'static str,
    pub visits: Vec<Visit>,
    pub answer: Answer,
    /// Where TUF answers otherwise: how, and why that is right.
    pub tuf: Option<(Answer, &'static str)>,
}

const ONE: Root = Root {
    file: 1,
    version: 1,
    root: Role(&[0, 1, 2], 2),
    policy: Role(&[3, 4, 5], 2),
    days: 99,
    signed: By(&[0, 1]),
};
/// Of the same keys as root 1.
const TWO: Root = Root { file: 2, version: 2, ..ONE };
/// Of other root keys, signed by both.
const MOVED: Root = Root { root: Role(&[1, 6, 7], 2), signed: By(&[0, 1, 6]), ..TWO };
const SEAL: Seal = Seal { version: 5, days: 9, signed: By(&[3, 4]) };
const EXPIRED: i64 = -1;

/// Roots after the first, and a good seal.
fn roots(roots: &[Root]) -> Vec<Visit> {
    vec![visit(roots, SEAL)]
}

/// Root 1 alone, and seals one after the other.
fn seals(seals: &[Seal]) -> Vec<Visit> {
    seals.iter().map(|seal| visit(&[], *seal)).collect()
}

fn sealed(signed: Signed) -> Vec<Visit> {
    seals(&[Seal { signed, ..SEAL }])
}

fn visit(after: &[Root], seal: Seal) -> Visit {
    Visit { roots: [&[ONE], after].concat(), seal }
}

fn first(one: Root) -> Vec<Visit> {
    vec![Visit { roots: vec![one], seal: SEAL }]
}

fn next(signed: Signed) -> Vec<Visit> {
    roots(&[Root { signed, ..TWO }])
}

fn moved(signed: Signed) -> Vec<Visit> {
    roots(&[Root { signed, ..MOVED }])
}

/// Every case.
pub fn cases() -> Vec<Case> {
    let agreed = thresholds().into_iter().chain(chains()).chain(memories());
    let agreed = agreed.map(|(name, answer, visits)| Case { name, visits, answer, tuf: None });
    agreed.chain(differences()).collect()
}

type Agreed = (&'static str, Answer, Vec<Visit>);

#[rustfmt::skip] // one case a line
fn thresholds() -> Vec<Agreed> {
    vec![
        ("root 1 by two of three", Accepted(1, 5), roots(&[])),
        ("root 1 by all of three", Accepted(1, 5), first(Root { signed: By(&[0, 1, 2]), ..ONE })),
        ("root 1 by one of two", Refused, first(Root { signed: By(&[0]), ..ONE })),
        ("root 1 by another role's keys", Refused, first(Root { signed: By(&[3, 4]), ..ONE })),
        ("root 1 by nobody", Refused, first(Root { signed: By(&[]), ..ONE })),
        ("threshold over the keys", Refused, first(Root { root: Role(&[0, 1], 3), ..ONE })),
        ("threshold 0", Refused, first(Root { root: Role(&[0, 1], 0), ..ONE })),
        ("one key twice in a role", Refused, first(Root { root: Role(&[0, 0], 1), ..ONE })),
        ("seal by two others of three", Accepted(1, 5), sealed(By(&[5, 3]))),
        ("seal by all of three", Accepted(1, 5), sealed(By(&[3, 4, 5]))),
        ("seal by one of two", Refused, sealed(By(&[3]))),
        ("seal by nobody", Refused, sealed(By(&[]))),
        ("seal by one, who signs twice", Refused, sealed(By(&[3, 3]))),
        ("seal by one, again under another's id", Refused, sealed(As(&[Mark(3, 3, Plain), Mark(3, 4, Plain)]))),
        ("seal by one, again under nobody's id", Refused, sealed(As(&[Mark(3, 3, Plain), Mark(3, NOBODY, Plain)]))),
        ("seal by two, one again under nobody's id", Accepted(1, 5), sealed(As(&[Mark(3, 3, Plain), Mark(4, 4, Plain), Mark(3, NOBODY, Plain)]))),
        ("seal by two, each under the other's id", Refused, sealed(As(&[Mark(3, 4, Plain), Mark(4, 3, Plain)]))),
        ("seal by one and an unknown key", Refused, sealed(By(&[3, 6]))),
        ("seal by two and an unknown key", Accepted(1, 5), sealed(By(&[6, 3, 4]))),
        ("seal by one and a root key", Refused, sealed(By(&[3, 0]))),
        ("seal by two, one in its other form", Accepted(1, 5), sealed(As(&[Mark(3, 3, Malleated), Mark(4, 4, Plain)]))),
        ("seal by one in both forms", Refused, sealed(As(&[Mark(3, 3, Plain), Mark(3, 3, Malleated)]))),
        ("seal by one in both forms, one under another's id", Refused, sealed(As(&[Mark(3, 3, Plain), Mark(3, 4, Malleated)]))),
        ("seal by two, one broken", Refused, sealed(As(&[Mark(3, 3, Plain), Mark(4, 4, Broken)]))),
        ("seal by three, one broken", Accepted(1, 5), sealed(As(&[Mark(3, 3, Plain), Mark(4, 4, Broken), Mark(5, 5, Plain)]))),
        ("seal changed after signing", Refused, sealed(Tampered(&[3, 4]))),
        ("root 1 changed after signing", Refused, first(Root { signed: Tampered(&[0, 1]), ..ONE })),
    ]
}

#[rustfmt::skip] // one case a line
fn chains() -> Vec<Agreed> {
    let three = Root { file: 3, version: 3, ..TWO };
    vec![
        ("root 2 of the same keys", Accepted(2, 5), next(By(&[0, 1]))),
        ("root 2 by one of two", Refused, next(By(&[0]))),
        ("root 2 by one, who signs twice", Refused, next(By(&[0, 0]))),
        ("root 2 by one in both forms under two ids", Refused, next(As(&[Mark(0, 0, Plain), Mark(0, 1, Malleated)]))),
        ("root 2 in other forms", Accepted(2, 5), next(As(&[Mark(0, 0, Malleated), Mark(1, 1, Malleated)]))),
        ("root 2 changed after signing", Refused, next(Tampered(&[0, 1]))),
        ("root 2 by strangers", Refused, next(By(&[6, 7]))),
        ("root 2 by policy keys", Refused, next(By(&[3, 4]))),
        ("new keys, by old and new", Accepted(2, 5), moved(By(&[0, 1, 6]))),
        ("new keys, by the old alone", Refused, moved(By(&[0, 2]))),
        ("new keys, by the new alone", Refused, moved(By(&[6, 7]))),
        ("new keys, by old and too few of the new", Refused, moved(By(&[0, 1]))),
        ("new keys, by new and too few of the old", Refused, moved(By(&[1, 6]))),
        ("a key in both roles counts for both", Accepted(2, 5), moved(By(&[1, 2, 7]))),
        ("fewer keys, by old and new", Accepted(2, 5), roots(&[Root { root: Role(&[0], 1), ..TWO }])),
        ("fewer keys, by the one that stays", Refused, roots(&[Root { root: Role(&[0], 1), signed: By(&[0]), ..TWO }])),
        ("a lower threshold, by the new one", Refused, roots(&[Root { root: Role(&[0, 1, 2], 1), signed: By(&[0]), ..TWO }])),
        ("a higher threshold, by the old one", Refused, roots(&[Root { root: Role(&[0, 1, 2], 3), ..TWO }])),
        ("a higher threshold, by both", Accepted(2, 5), roots(&[Root { root: Role(&[0, 1, 2], 3), signed: By(&[0, 1, 2]), ..TWO }])),
        ("root 3 without root 2 is not seen", Accepted(1, 5), roots(&[three])),
        ("root 2 says that it is 3", Refused, roots(&[Root { version: 3, ..TWO }])),
        ("root 2 says that it is 1", Refused, roots(&[Root { version: 1, ..TWO }])),
        ("root 3 says that it is 2", Refused, roots(&[TWO, Root { version: 2, ..three }])),
        ("root 3 by keys that root 2 took away", Refused, roots(&[MOVED, Root { root: Role(&[1, 6, 7], 2), signed: By(&[0, 2]), ..three }])),
        ("root 3 back to the old keys", Accepted(3, 5), roots(&[MOVED, Root { signed: By(&[0, 1, 6]), ..three }])),
        ("the only root expired", Refused, first(Root { days: EXPIRED, ..ONE })),
        ("the last root expired", Refused, roots(&[Root { days: EXPIRED, ..TWO }])),
        ("the first root expired, the last not", Accepted(2, 5), vec![Visit { roots: vec![Root { days: EXPIRED, ..ONE }, TWO], seal: SEAL }]),
        ("the middle root expired, the last not", Accepted(3, 5), roots(&[Root { days: EXPIRED, ..TWO }, three])),
        ("seal by policy keys that root 2 took away", Refused, roots(&[Root { policy: Role(&[5, 6], 1), ..TWO }])),
        ("seal by policy keys that root 2 gave", Accepted(2, 5), vec![visit(&[Root { policy: Role(&[5, 6], 1), ..TWO }], Seal { signed: By(&[6]), ..SEAL })]),
    ]
}

#[rustfmt::skip] // one case a line
fn memories() -> Vec<Agreed> {
    let at = |version| Seal { version, ..SEAL };
    let ended = |version| Seal { days: EXPIRED, ..at(version) };
    // Other keys for the policy role, of which none has signed what is remembered.
    let other_keys = Root { policy: Role(&[6, 7], 1), ..TWO };
    let anew = |version| Seal { signed: By(&[6]), ..at(version) };
    let added = Root { policy: Role(&[3, 4, 5, 6], 2), ..TWO };
    vec![
        ("an expired seal", Refused, seals(&[ended(5)])),
        ("an older seal", Refused, seals(&[at(5), at(4)])),
        ("the same seal", Accepted(1, 5), seals(&[at(5), at(5)])),
        ("a newer seal", Accepted(1, 6), seals(&[at(5), at(6)])),
        ("a much newer seal", Accepted(1, 5000), seals(&[at(5), at(5000)])),
        ("a newer seal that expired", Refused, seals(&[at(5), ended(6)])),
        ("a newer seal by one of two", Refused, seals(&[at(5), Seal { signed: By(&[3]), ..at(6) }])),
        ("newer, then the older", Refused, seals(&[at(5), at(6), at(5)])),
        ("an older seal under a newer root of the same keys", Refused, vec![visit(&[], at(5)), visit(&[TWO], at(4))]),
        ("an older seal under a root of other policy keys", Accepted(2, 1), vec![visit(&[], at(5)), visit(&[other_keys], anew(1))]),
        ("an older seal under a root that adds a policy key", Refused, vec![visit(&[], SEAL), visit(&[added], Seal { version: 4, ..SEAL })]),
        ("under other policy keys, then an older one again", Refused, vec![visit(&[], at(5)), visit(&[other_keys], anew(2)), visit(&[other_keys], anew(1))]),
    ]
}

fn differences() -> Vec<Case> {
    let seal = |days| Seal { days, ..SEAL };
    let twice = |marks| sealed(As(marks));
    vec![
        Case {
            name: "the same version with other bytes",
            visits: seals(&[seal(9), seal(8)]),
            answer: Refused,
            tuf: Some((Accepted(1, 5), "it keeps the timestamp that it has, and never looks at the other")),
        },
        Case {
            name: "seal by two, one of whom signs twice",
            visits: twice(&[Mark(3, 3, Plain), Mark(3, 3, Plain), Mark(4, 4, Plain)]),
            answer: Accepted(1, 5),
            tuf: Some((Refused, "it refuses an envelope with a key id twice; here one key counts once")),
        },
        Case {
            name: "seal by two, one of them in both forms",
            visits: twice(&[Mark(3, 3, Plain), Mark(3, 3, Malleated), Mark(4, 4, Plain)]),
            answer: Accepted(1, 5),
            tuf: Some((Refused, "it refuses an envelope with a key id twice; here one key counts once")),
        },
        Case {
            name: "root 1 shown again after root 2",
            visits: vec![visit(&[TWO], SEAL), visit(&[], SEAL)],
            answer: Refused,
            tuf: Some((
                Accepted(2, 5),
                "it keeps root 2 in its own folder; here the tree that is judged has all",
            )),
        },
    ]
}
