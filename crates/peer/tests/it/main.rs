//! Tests of federation from the outside: ledgers that lie, servers that are hostile, partners that ask
//! for what is not theirs.

#[cfg(test)]
mod book;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod feed;
#[cfg(test)]
mod histories;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod wrongs;
