//! Tests of the one door in, from the outside: a real desk over a real store.

#[cfg(test)]
mod approvals;
#[cfg(test)]
mod dice;
#[cfg(test)]
mod difference;
#[cfg(test)]
mod equivocation;
#[cfg(test)]
mod feeds;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod foreign;
#[cfg(test)]
mod graph;
#[cfg(test)]
mod graphs;
#[cfg(test)]
mod hijack;
#[cfg(test)]
mod markings;
#[cfg(test)]
mod mutants;
#[cfg(test)]
mod nations;
#[cfg(test)]
mod recall;
mod receive;
#[cfg(test)]
mod relay;
mod signed;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod story;
