//! Tests of the pattern crate, from the outside.

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod shapes;
