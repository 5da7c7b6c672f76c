//! Tests of the programme crate, from the outside.

#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod compare;
#[cfg(test)]
mod exchange;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod national;
#[cfg(test)]
mod parsing;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod shipped;
