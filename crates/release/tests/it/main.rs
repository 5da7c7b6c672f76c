//! Tests of the release rule, from the outside.

#[cfg(test)]
mod approvals;
#[cfg(test)]
mod combine;
#[cfg(test)]
mod label_marking;
#[cfg(test)]
mod lattice;
#[cfg(test)]
mod mentions;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod partners;
#[cfg(test)]
mod recipients;
#[cfg(test)]
mod seal;
#[cfg(test)]
mod universe;
#[cfg(test)]
mod words;
