//! What the terms cost.
fn main() {}
