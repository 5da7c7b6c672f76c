//! Tests of the one door in, from the outside: a real desk over a real store.

#[cfg(test)]
mod approvals;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod story;
